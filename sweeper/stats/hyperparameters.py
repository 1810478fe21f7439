"""What a sweep says of its hyperparameters: which of their values are usable."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def usable_range(
    scores: npt.ArrayLike, *, low: float = 0.0, high: float = 1.0, minimise: bool = False
) -> npt.NDArray[np.bool_]:
    """Which of `scores` [values of an axis] lie above low + 0.8 · (best − low); NaN does not.

    Where smaller is better the same holds from `high` downwards. Nothing is usable where even the
    best is no better than `low`.
    """
    scores = np.asarray(scores, float)
    gain = high - scores if minimise else scores - low
    best = np.nanmax(gain, initial=-np.inf)
    if not best > 0:
        return np.zeros(len(scores), bool)
    return np.asarray(np.nan_to_num(gain, nan=-np.inf) >= 0.8 * best - 1e-12)
