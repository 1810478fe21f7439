"""Axis limits that cut off extreme interval bounds, which would squeeze all points together."""

from __future__ import annotations

from typing import Any

import numpy as np


def focus(points: Any, bounds: Any) -> tuple[float, float] | None:
    """Limits without the `bounds` that would squeeze all `points` together; `None` if none would.

    All points stay, and what lies within three interquartile ranges of the middle half.
    """
    values = np.concatenate([points, bounds])
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    first, third = np.percentile(values, [25, 75])
    reach = 3 * (third - first)
    least = min(np.nanmin(points), max(values.min(), first - reach))
    most = max(np.nanmax(points), min(values.max(), third + reach))
    margin = 0.06 * (most - least)
    whole = least <= values.min() and most >= values.max()
    return None if whole else (float(least - margin), float(most + margin))


def limits(table: Any) -> dict[int, tuple[float, float]]:
    """The limits of y, from `focus`, in those panels of a table of points whose bands are cut."""
    found = {
        int(number): focus(own["point"], own[["low", "high"]].to_numpy().ravel())
        for number, own in table.groupby("(panel)")
    }
    return {number: limits for number, limits in found.items() if limits is not None}


CUT_OFF = "Bands that leave the axis are cut off"
"""What a caption says where `focus` gave limits."""
