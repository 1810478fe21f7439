"""Performance profiles: the share of runs, or of tasks, above each of many thresholds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from sweeper.score import Array
from sweeper.stats.bootstrap import (
    MIN_SEEDS,
    RESAMPLES,
    Cells,
    by_task,
    percentiles,
    pooled,
    resampled_means,
)


def score_distribution(
    scores: npt.ArrayLike, taus: npt.ArrayLike, rng: np.random.Generator
) -> Cells:
    """Share of runs [runs × tasks], each row a seed, that score above each of `taus` [cells].

    Intervals are pointwise (run-score distribution: Agarwal et al. 2021, §4.2).
    """
    tasks = by_task(scores)
    above = [(task > np.asarray(taus)[:, None]).astype(float) for task in tasks]
    return _profile(
        np.concatenate(above, axis=1), tasks, lambda: pooled(above, "mean", rng, RESAMPLES)
    )


def average_score_distribution(
    scores: npt.ArrayLike, taus: npt.ArrayLike, rng: np.random.Generator
) -> Cells:
    """Share of tasks whose mean over runs [runs × tasks] is above each of `taus` [cells].

    A step function of few steps, biased where runs vary much; intervals are pointwise (Agarwal et
    al. 2021, §4.2).
    """
    tasks = by_task(scores)
    means = np.array([task.mean() for task in tasks if len(task)])
    column = np.asarray(taus)[:, None]

    def draw() -> Array:
        drawn = np.stack([resampled_means(task, rng, RESAMPLES) for task in tasks])
        return np.stack([(drawn > tau).mean(axis=0) for tau in column])

    return _profile(means > column, tasks, draw)


def _profile(above: Array, tasks: Sequence[Array], draw: Callable[[], Array]) -> Cells:
    """The means of `above` [cells × any] and the intervals of what `draw` gives."""
    count = len(above)
    point, low, high = (np.full(count, np.nan) for _ in range(3))
    if above.size:
        point = above.mean(axis=1)
    if min(map(len, tasks)) >= MIN_SEEDS:
        low, high = percentiles(draw())
    return Cells(point, low, high, np.full(count, sum(map(len, tasks))))
