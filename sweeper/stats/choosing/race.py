"""Which of several configurations are worse than the best, by a few seeds that all have run under.

A table [configurations × seeds] is taken as a two-way layout: a seed that is easier raises all.
What is left of a configuration's spread after that is uncertain with few seeds, so its variance is
drawn towards that of all others: the moderated t test of Smyth (2004, doi 10.2202/1544-6115.1027),
but never below what its own seeds show. Bonferroni's correction over all configurations is for the
best one having been chosen as the best.
"""

from __future__ import annotations

import math

import numpy as np

from sweeper.score import Array
from sweeper.stats.widening import student

_LEAST = 1e-5
"""The least variance, as a share of the median: where all seeds scored alike it is not known."""


def behind(values: Array, among: Array | None = None) -> tuple[int, Array]:
    """The best row of `values` [configurations × seeds], larger ones being better, and for each row
    the p value of its being as good as that; 1 for the best row.

    With `among` [configurations] only rows where it is true may be the best; where it is nowhere,
    all p values are 1.

    Bonferroni's correction is in them: where those below 0.05 are called worse, the truly best
    configuration is one of them in at most 5 of 100 studies; in 7 of 100 if it spreads ten times as
    widely as all others, of which its first two seeds may say nothing. At least two seeds.
    """
    means = values.mean(axis=1)
    chosen = means if among is None or not among.any() else np.where(among, means, -np.inf)
    best, count = int(np.argmax(chosen)), len(values)
    found = np.ones(count)
    if count < 2 or (among is not None and not among.any()):
        return best, found
    variances, freedom = _moderated(values)
    errors = np.sqrt((variances + variances[best]) / values.shape[1])
    for row in np.flatnonzero(means < means[best]):
        gap = float(means[best] - means[row])
        t = gap / errors[row] if errors[row] else math.inf
        found[row] = min(1.0, (count - 1) * student.tails(t, freedom) / 2)
    return best, found


def beyond(excess: Array) -> Array:
    """For each row of `excess` [configurations × seeds] the p value of its mean not being above 0.

    By Student's t of its seeds, with Bonferroni's correction over all configurations. A row's
    variance counts as at least that of all on average, as few seeds may agree by chance. 1 where a
    number is not finite. At least two seeds.
    """
    found = np.ones(len(excess))
    known = np.flatnonzero(np.isfinite(excess).all(axis=1))
    if not len(known):
        return found
    count, seeds = excess.shape
    own = excess[known].var(axis=1, ddof=1)
    for row, variance in zip(known, np.maximum(own, own.mean()), strict=True):
        mean, error = float(excess[row].mean()), math.sqrt(variance / seeds)
        if mean > 0:
            t = mean / error if error else math.inf
            found[row] = min(1.0, count * student.tails(t, seeds - 1) / 2)
    return found


def _moderated(values: Array) -> tuple[Array, int]:
    """The variance of each row once seeds are accounted for, and its degrees of freedom."""
    count, seeds = values.shape
    left = values - values.mean(axis=0)
    own = left.var(axis=1, ddof=1) * count / (count - 1)
    freedom = seeds - 1
    middle = float(np.median(own))
    if not middle:
        return np.maximum(own, own.mean()), freedom
    own = np.maximum(own, _LEAST * middle)
    more, common = _prior(own, freedom)
    if math.isinf(more):
        return np.maximum(own, common), freedom * (count - 1)
    drawn = (more * common + freedom * own) / (more + freedom)
    return np.maximum(own, drawn), int(more + freedom)


def _prior(own: Array, freedom: int) -> tuple[float, float]:
    """The degrees of freedom and the variance of what all rows have in common.

    By the moments of the logarithms of their variances, Smyth (2004), section 6.2.
    """
    from scipy.special import digamma, polygamma  # 0.1 s, which workers without rungs need not wait

    half = freedom / 2
    logs = np.log(own) - digamma(half) + math.log(half)
    spread = float(logs.var(ddof=1) - polygamma(1, half))
    if spread <= 0:
        return math.inf, float(np.exp(logs.mean()))
    other = _inverse_trigamma(spread)
    shift = float(digamma(other)) - math.log(other)
    return 2 * other, float(np.exp(logs.mean() + shift))


def _inverse_trigamma(value: float) -> float:
    """The y with trigamma(y) = value, by Newton's method, Smyth (2004), appendix."""
    from scipy.special import polygamma

    found = 0.5 + 1 / value
    for _ in range(50):
        there = float(polygamma(1, found))
        step = there * (1 - there / value) / float(polygamma(2, found))
        found += step
        if abs(step) < 1e-9 * found:
            break
    return found
