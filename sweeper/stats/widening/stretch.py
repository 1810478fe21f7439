"""How far percentile intervals of few seeds are stretched, to hold the truth in 95 of 100 cases.

A bootstrap of n seeds spreads by √((n − 1)/n) less than the statistic does, and knows no tails but
those of n scores. Student's interval has the same to mend, which makes it t/z times as wide as a
normal one: Hesterberg (2015), "What Teachers Should Know about the Bootstrap", §3.2, widens the
percentiles for both. Here it is the bounds' distances from the point that are multiplied, as beyond
the lowest and the highest score of five there is no percentile.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from sweeper.score import Array
from sweeper.stats.widening import student

_FROM_FIVE = {
    "iqm": "1.34 1.24 1.19 1.08 1.09 1.05 1.06 1.04 1.05 1.08 1.04 1.02 1.06 "
    "1.04 1.03 1.04 1.02 1.03 1.04 1.03 1.02 1.01 1.02 1.02 1.03 1.02",
    "median": "1.12 1.06 1.58 1.18 1.02 1.04 1.09 1.08 1.30 1.12 1.17 1.05 1.00 "
    "1.03 1.07 1.07 1.17 1.07 1.15 1.06 1.01 1.00 1.00 1.04 1.07 1.04",
}
"""The factors of 5, 6, … seeds."""

MEASURED: Mapping[str, Mapping[int, float]] = {
    how: dict(enumerate(map(float, factors.split()), start=5))
    for how, factors in _FROM_FIVE.items()
}
"""By statistic and seeds the factor with which intervals of one task, a run a seed, hold the truth
of normal scores in 95 of 100. Trimmed means jump where n // 4 does, and medians have few resamples;
both need less than Student's factor, which is right for means
(`benchmarks/sweeper/interval_stretch.py`)."""

_NORMAL = 1.959963984540054
UNBOUNDED = (-math.inf, math.inf)
"""The limits of a statistic that has none."""


def factor(seeds: Sequence[int], how: str = "mean") -> float:
    """How many times as far from the point the bounds of 95 % percentile intervals have to lie.

    `seeds` counts those of each task, or whatever is resampled by itself. `how` is the statistic
    where each seed has one run; of seeds with several runs it is to be left out.
    """
    if len(seeds) == 1 and seeds[0] in MEASURED.get(how, ()):
        return MEASURED[how][seeds[0]]
    return _students(sum(seeds), len(seeds))


def _students(seeds: int, groups: int) -> float:
    """√(n / (n − groups)) · t / z, of n seeds in so many groups, each with a mean of its own."""
    freedom = seeds - groups
    return math.sqrt(seeds / freedom) * student.quantile(0.95, freedom) / _NORMAL


def stretched(
    point: Array | float,
    bounds: tuple[Array, Array],
    by: float,
    within: tuple[float, float] = UNBOUNDED,
) -> tuple[Array, Array]:
    """Percentile bounds `by` times as far from the point, and `within` what the statistic can be.

    A bound on the other side of the point, as of a statistic that is larger in resamples, stays.
    """
    low, high = bounds
    low = low - (by - 1) * np.maximum(0.0, point - low)
    high = high + (by - 1) * np.maximum(0.0, high - point)
    return np.maximum(low, within[0]), np.minimum(high, within[1])
