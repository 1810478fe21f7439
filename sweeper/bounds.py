"""Intervals in words, whoever speaks of them."""

from __future__ import annotations

import math
from collections.abc import Callable

from sweeper.stats import FEW_COVER, FEW_SEEDS

INTERVALS = "95 % stratified bootstrap intervals over seeds"

NO_SPREAD = "no spread"
"""What is said instead of an interval where all resamples agree: it is not known to be certain."""


def flat(low: float, high: float) -> bool:
    """Whether an interval has no width but that of rounding, as where all scores are equal."""
    return math.isclose(low, high, rel_tol=1e-6, abs_tol=1e-12)


def bounds(low: float | None, high: float | None, text: Callable[[float], str]) -> str:
    """An interval in words: one without width is none, as all resamples agreed."""
    if low is None or high is None or math.isnan(low):
        return "interval unknown"
    return NO_SPREAD if flat(low, high) else f"{text(low)} to {text(high)}"


def coverage(seeds: int) -> str:
    """What intervals of so many seeds are worth, where that is less than they promise."""
    if seeds >= FEW_SEEDS:
        return ""
    least, most = (round(100 * share) for share in FEW_COVER)
    return f"intervals of fewer than {FEW_SEEDS} seeds cover {least} to {most} %"
