"""Verdicts on several claims at once: p values of resampled differences, and Holm's correction.

A claim is written as a difference that it says is above 0. Whole seeds were resampled; how far the
point lies from 0, in standard errors of these resamples, is judged by Student's distribution, as
intervals are widened by it (`stretch`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from sweeper.score import Array
from sweeper.stats.bootstrap import LEVEL, MIN_SEEDS
from sweeper.stats.widening import student
from sweeper.stats.widening.stretch import factor

SUPPORTED, REFUTED, UNDECIDED = "supported", "refuted", "undecided"

MOST_SEEDS = 1000
"""More seeds are not asked for: a difference that needs them is next to none."""

_ALPHA = 1 - LEVEL
_NO_SPREAD = 1e-9
"""Resamples that differ by less, as a share of the point, agree."""


@dataclass(frozen=True)
class Difference:
    """What a claim says is above 0: its point, and its resamples [resamples]."""

    point: float
    draws: Array
    seeds: tuple[int, ...]
    """How many seeds were drawn of each task."""
    how: str = "mean"
    """The statistic where each seed has one run, as `stretch.factor` takes it."""
    by_count: bool = False
    """Whether its resamples are counted: it takes few values, or is infinite in some of them."""
    zeros: float = 0.5
    """The share of resamples at 0 that speak for the claim."""

    @property
    def known(self) -> bool:
        """Whether there are seeds enough, and a point."""
        return not math.isnan(self.point) and min(self.seeds, default=0) >= MIN_SEEDS

    @property
    def deviate(self) -> float:
        """How far it lies above 0, in standard errors of a normal distribution of its resamples."""
        spread = self._spread
        if spread:
            return self.point / spread
        above = float(np.mean(self.draws > 0) + self.zeros * np.mean(self.draws == 0))
        least = 1 / (len(self.draws) + 1)
        return NormalDist().inv_cdf(min(max(above, least), 1 - least))

    def p(self, times: float = 1.0) -> float:
        """The two-sided p value; that of `times` as many seeds if all else stays as it is."""
        seeds = [round(times * one) for one in self.seeds]
        freedom, more = sum(seeds) - len(seeds), sum(seeds) / sum(self.seeds)
        return student.tails(self.deviate * math.sqrt(more) / self._wider(seeds), freedom)

    def interval(self, level: float) -> tuple[float, float]:
        """The bounds at the confidence `level`: 0 lies outside where p is below 1 - level."""
        freedom = sum(self.seeds) - len(self.seeds)
        reach = student.quantile(level, freedom) * self._wider(self.seeds)
        spread = self._spread
        if spread:
            return self.point - reach * spread, self.point + reach * spread
        low = 100 * NormalDist().cdf(-reach)
        ends = np.percentile(self.draws, [low, 100 - low], method="inverted_cdf")
        return float(ends[0]), float(ends[1])

    def seeds_needed(self, alpha: float) -> int | None:
        """The least seeds of a task that would decide it if all else stays as it is.

        `None` where `MOST_SEEDS` would not.
        """
        own = min(self.seeds)
        low, high = own, MOST_SEEDS
        if self.p(high / own) > alpha:
            return None
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.p(middle / own) > alpha else (low, middle)
        return high

    @property
    def _spread(self) -> float:
        """The standard deviation of the resamples; 0 where they are to be counted."""
        if self.by_count:
            return 0.0
        away = self.draws - self.point
        far = float(np.abs(away).max())  # the squares of the largest numbers are none
        spread = far * float(np.std(away / far)) if far else 0.0
        return spread if spread > _NO_SPREAD * abs(self.point) else 0.0

    def _wider(self, seeds: Sequence[int]) -> float:
        """How much wider than the resamples' spread a normal statistic's is with so many seeds."""
        freedom = sum(seeds) - len(seeds)
        students = student.quantile(LEVEL, freedom) / NormalDist().inv_cdf((1 + LEVEL) / 2)
        return factor(seeds, self.how) / students


@dataclass(frozen=True)
class Judged:
    """The verdict on one of several claims."""

    verdict: str
    p: float
    """After Holm's correction; NaN where it is unknown."""
    alpha: float
    """What the p value of this claim alone is held against."""


def holm(differences: Sequence[Difference | None]) -> list[Judged]:
    """The verdicts on several claims, of which at most 5 in 100 families have a false one.

    Holm (1979): the smallest of m p values is held against 0.05 / m, the next against
    0.05 / (m - 1), up to the first that is larger. `None` is a claim of which nothing is known,
    which counts as one of p 1.
    """
    ps = [one.p() if one is not None and one.known else 1.0 for one in differences]
    found: dict[int, Judged] = {}
    corrected, decided, alpha = 0.0, True, _ALPHA
    for rank, place in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        one, left = differences[place], len(ps) - rank
        alpha = _ALPHA / left if decided else alpha
        decided = decided and ps[place] <= alpha
        corrected = max(corrected, min(1.0, left * ps[place]))
        if one is None or not one.known:
            found[place] = Judged(UNDECIDED, math.nan, alpha)
            continue
        side = SUPPORTED if one.deviate > 0 else REFUTED
        found[place] = Judged(side if decided else UNDECIDED, corrected, alpha)
    return [found[place] for place in range(len(ps))]
