"""Performance profiles: the share of runs, or of tasks, above each of many thresholds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sweeper.score import Array
from sweeper.stats.bootstrap import (
    MIN_SEEDS,
    RESAMPLES,
    Cells,
    by_task,
    percentiles,
    resampled_means,
)


def score_distribution(
    scores: npt.ArrayLike, taus: npt.ArrayLike, rng: np.random.Generator, *, below: bool = False
) -> Cells:
    """Share of runs [runs × tasks], each row a seed, that score above each of `taus` [cells].

    With `below` the share under it. Intervals are pointwise (run-score distribution: Agarwal et al.
    2021, §4.2). To draw a task's runs anew is to draw how many fall between neighbouring taus: a
    multinomial, whose cost does not grow with the runs.
    """
    tasks, taus = by_task(scores), np.asarray(taus, float)
    levels, place = np.unique(taus, return_inverse=True)
    shares = [_reached(task, levels, below) for task in tasks]
    n = sum(map(len, tasks))
    point, low, high = (np.full(len(taus), np.nan) for _ in range(3))
    if n:
        counts = [len(task) * share for task, share in zip(tasks, shares, strict=True)]
        point = (np.sum(counts, axis=0) / n)[place]
    if min(map(len, tasks)) >= MIN_SEEDS:
        drawn = np.zeros((RESAMPLES, len(levels)))
        for task, share in zip(tasks, shares, strict=True):
            ends = [0.0, *share, 1.0] if below else [1.0, *share, 0.0]
            between = np.abs(np.diff(ends))
            reached = rng.multinomial(len(task), between / between.sum(), size=RESAMPLES)
            reached = np.cumsum(reached, axis=1)[:, :-1]
            drawn += reached if below else len(task) - reached
        bounds = percentiles((drawn / n).T)
        low, high = bounds[0][place], bounds[1][place]
    return Cells(point, low, high, np.full(len(taus), n))


def _reached(scores: Array, levels: Array, below: bool) -> Array:
    """The share of `scores` [runs] above each of `levels`, or `below` it; 0 of no runs."""
    ordered = np.sort(scores)
    under = np.searchsorted(ordered, levels, side="left" if below else "right")
    return np.asarray((under if below else len(ordered) - under) / max(1, len(ordered)))


def average_score_distribution(
    scores: npt.ArrayLike, taus: npt.ArrayLike, rng: np.random.Generator
) -> Cells:
    """Share of tasks whose mean over runs [runs × tasks] is above each of `taus` [cells].

    A step function of few steps, biased where runs vary much; intervals are pointwise (Agarwal et
    al. 2021, §4.2).
    """
    tasks = by_task(scores)
    means = np.array([task.mean() for task in tasks if len(task)])
    above = means > np.asarray(taus, float)[:, None]
    count = len(above)
    point, low, high = (np.full(count, np.nan) for _ in range(3))
    if above.size:
        point = above.mean(axis=1)
    if min(map(len, tasks)) >= MIN_SEEDS:
        drawn = np.stack([resampled_means(task, rng, RESAMPLES) for task in tasks])
        low, high = percentiles(
            np.stack([(drawn > tau).mean(axis=0) for tau in np.asarray(taus, float)])
        )
    return Cells(point, low, high, np.full(count, sum(map(len, tasks))))
