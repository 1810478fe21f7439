"""Comparisons of two samples: difference, probability of improvement, rank correlation."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sweeper.score import STATISTICS, Array, known
from sweeper.stats.bootstrap import (
    RESAMPLES,
    Estimate,
    bounded,
    by_task,
    multiplicities,
    resampled,
)


def difference(
    first: npt.ArrayLike, second: npt.ArrayLike, how: str, rng: np.random.Generator
) -> Estimate:
    """How much higher `first` is than `second`, both [seeds × tasks] and paired by (seed, task).

    A resample draws the same pairs of both. A pair with a NaN on either side is left out; `n`
    counts pairs. Beside infinite scores the interval is unknown.
    """
    tasks = _pairs(first, second)
    pairs = np.concatenate(tasks, axis=1)
    points = known(STATISTICS[how](*tasks)) if pairs.size else np.full(2, np.nan)
    if np.isinf(pairs).any():
        return Estimate(float(points[0] - points[1]), None, None, pairs.shape[1])

    def draw() -> Array:
        draws = resampled(tasks, STATISTICS[how], rng, RESAMPLES)
        return np.asarray(draws[0] - draws[1])

    return bounded(points[0] - points[1], [task.shape[1] for task in tasks], draw, how)


def improvement(first: npt.ArrayLike, second: npt.ArrayLike, rng: np.random.Generator) -> Estimate:
    """Probability that a run of `first` scores higher than one of `second`, averaged over tasks.

    Both are [runs × tasks], of the same tasks and resampled independently. Ties count half, so
    that both directions add up to 1: U of Mann and Whitney over the number of pairs (Agarwal et
    al. 2021). A task without runs on a side does not enter; `n` counts the runs of both.
    """
    sides = by_task(first), by_task(second)
    if len(sides[0]) != len(sides[1]):
        counts = " and ".join(str(len(side)) for side in sides)
        raise ValueError(f"both must have the same tasks, but there are {counts}")
    tasks = list(zip(*sides, strict=True))
    wins = [(x[:, None] > y) + 0.5 * (x[:, None] == y) for x, y in tasks]
    shares = np.array([won.mean() if won.size else np.nan for won in wins])

    def draw() -> Array:
        return np.asarray(np.mean([resampled_share(won, rng, RESAMPLES) for won in wins], axis=0))

    runs = [len(side) for task in tasks for side in task]
    return bounded(float(average(shares)), runs, draw, within=(0.0, 1.0))


def resampled_share(won: Array, rng: np.random.Generator, resamples: int) -> Array:
    """Means of `won` [runs × runs] over resampled rows and columns, [resamples]."""
    rows, columns = (multiplicities(runs, rng, resamples).astype(float) for runs in won.shape)
    return np.asarray(((rows @ won) * columns).sum(axis=1) / won.size)


def spearman(first: npt.ArrayLike, second: npt.ArrayLike, rng: np.random.Generator) -> Estimate:
    """Spearman's rank correlation within each task, averaged over tasks; both [runs × tasks].

    A resample draws pairs. Pairs with a NaN on either side are left out; a task in which one side
    is constant has no correlation and counts as one without scores; `n` counts pairs. The interval
    of perfect order has no width.
    """
    tasks = _pairs(first, second)
    found = np.array([rank_correlation(*task) for task in tasks])
    counts = [0 if np.isnan(rho) else task.shape[1] for rho, task in zip(found, tasks, strict=True)]

    def draw() -> Array:
        draws = average(np.stack([resampled_correlation(task, rng, RESAMPLES) for task in tasks]))
        return np.asarray(draws[~np.isnan(draws)])

    return bounded(float(average(found)), counts, draw, within=(-1.0, 1.0))


def clustered_spearman(
    first: npt.ArrayLike, second: npt.ArrayLike, clusters: npt.ArrayLike, rng: np.random.Generator
) -> Estimate:
    """Spearman's rank correlation of pairs, [pairs] each, that come in `clusters`, [pairs].

    A resample draws clusters with all their pairs: those of one are no independent pairs. Pairs
    with a NaN on either side are left out; `n` counts the others. With fewer than `MIN_SEEDS`
    clusters the interval is unknown, as the point is where one side is constant.
    """
    pairs = np.stack([np.asarray(first, float), np.asarray(second, float)])
    whole = ~np.isnan(pairs).any(axis=0)
    pairs = pairs[:, whole]
    _, owner = np.unique(np.asarray(clusters)[whole], return_inverse=True)
    count = int(owner.max(initial=-1)) + 1
    point = float(rank_correlation(*pairs)) if count else np.nan

    def draw() -> Array:
        times = multiplicities(count, rng, RESAMPLES)[:, owner].astype(float)
        middle = (times.sum(axis=1, keepdims=True) + 1) / 2
        x, y = (_weighted_ranks(side, times) - middle for side in pairs)
        spreads = (times * x * x).sum(axis=1) * (times * y * y).sum(axis=1)
        with np.errstate(invalid="ignore"):
            draws = (times * x * y).sum(axis=1) / np.sqrt(spreads)
        return np.asarray(draws[~np.isnan(draws)])

    found = bounded(point, [count], draw, within=(-1.0, 1.0))
    return Estimate(found.point, found.low, found.high, pairs.shape[1])


def rank_correlation(first: Array, second: Array) -> Array:
    """Spearman's ρ along the last axis, NaN where one side is constant; ties share their rank."""
    from scipy.stats import rankdata

    middle = (first.shape[-1] + 1) / 2
    x, y = (rankdata(side, axis=-1) - middle for side in (first, second))
    with np.errstate(invalid="ignore"):
        return np.asarray((x * y).sum(-1) / np.sqrt((x * x).sum(-1) * (y * y).sum(-1)))


def _weighted_ranks(values: Array, times: Array) -> Array:
    """Ranks of `values` [pairs] in samples that hold each `times` [samples × pairs]; ties share."""
    _, group = np.unique(values, return_inverse=True)
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(group.max() + 1))
    sizes = np.add.reduceat(times[:, order], starts, axis=1)
    return np.asarray((np.cumsum(sizes, axis=1) - sizes + (sizes + 1) / 2)[:, group])


def resampled_correlation(pairs: Array, rng: np.random.Generator, resamples: int) -> Array:
    """`rank_correlation` of resampled `pairs` [2 × runs], as [resamples]."""
    runs = pairs.shape[1]
    return rank_correlation(*pairs[:, rng.integers(runs, size=(resamples, runs))])


def unbeaten(scores: npt.ArrayLike) -> Array:
    """Which rows of `scores` [trials × scores] no other equals in all and exceeds in one.

    Larger is better: the Pareto front.
    """
    scores = np.asarray(scores, float)
    beaten = [bool(((scores >= own).all(1) & (scores > own).any(1)).any()) for own in scores]
    return ~np.array(beaten, bool)


def average(values: Array) -> Array:
    """Mean of `values` [tasks × …] over tasks without NaN, NaN of none."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.nansum(values, axis=0) / (~np.isnan(values)).sum(axis=0))


def _pairs(first: npt.ArrayLike, second: npt.ArrayLike) -> list[Array]:
    """The pairs without NaN of each task, [2 × runs]; the arguments are [runs × tasks]."""
    pair = np.stack([np.asarray(first, float), np.asarray(second, float)])
    if pair.ndim != 3 or not pair.shape[2]:
        raise ValueError(f"scores must be [runs × tasks], but their shape is {pair.shape[1:]}")
    return [both[:, ~np.isnan(both).any(axis=0)] for both in np.moveaxis(pair, 2, 0)]
