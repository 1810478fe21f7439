"""Performance profiles: the share of runs, or of tasks, above each of many thresholds."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from sweeper.score import Array
from sweeper.stats.bootstrap import (
    MIN_SEEDS,
    RESAMPLES,
    Cells,
    by_task,
    multiplicities,
    percentiles,
    resampled_means,
)
from sweeper.stats.widening.stretch import factor, stretched


def score_distribution(
    scores: npt.ArrayLike, taus: npt.ArrayLike, rng: np.random.Generator, *, below: bool = False
) -> Cells:
    """Share of runs that score above each of `taus` [cells]; with `below` the share under it.

    `scores` is [seeds × tasks], or [configurations × seeds × tasks] where several are pooled: all
    runs of a seed are drawn together. Intervals are pointwise (run-score distribution: Agarwal et
    al. 2021, §4.2).
    """
    scores, taus = np.asarray(scores, float), np.asarray(taus, float)
    scores = scores[None] if scores.ndim == 2 else scores
    if scores.ndim != 3 or not scores.shape[2]:
        raise ValueError(f"scores must be [seeds × tasks], but their shape is {scores.shape}")
    levels, place = np.unique(taus, return_inverse=True)
    tasks = [_reached(task, levels, below) for task in np.moveaxis(scores, 2, 0)]
    n = int(sum(runs.sum() for runs, _ in tasks))
    point, low, high = (np.full(len(taus), np.nan) for _ in range(3))
    if n:
        point = (np.sum([reached.sum(axis=0) for _, reached in tasks], axis=0) / n)[place]
    if min(len(runs) for runs, _ in tasks) >= MIN_SEEDS:
        counted, total = np.zeros((RESAMPLES, len(levels))), np.zeros((RESAMPLES, 1))
        for runs, reached in tasks:
            drawn = multiplicities(len(runs), rng, RESAMPLES).astype(float)
            counted += drawn @ reached
            total += (drawn @ runs)[:, None]
        by = factor([len(runs) for runs, _ in tasks])
        low, high = (bound[place] for bound in percentiles((counted / total).T))
        low, high = stretched(point, (low, high), by, (0.0, 1.0))
    return Cells(point, low, high, np.full(len(taus), n))


def _reached(scores: Array, levels: Array, below: bool) -> tuple[Array, Array]:
    """Of each seed that has some of `scores` [configurations × seeds], how many [seeds], and how
    many of them are above each of `levels` or `below` it [seeds × levels].
    """
    seeds = [own[~np.isnan(own)] for own in scores.T]
    ordered = [np.sort(own) for own in seeds if len(own)]
    runs = np.array([len(own) for own in ordered], int)
    side: Literal["left", "right"] = "left" if below else "right"
    under = np.array([np.searchsorted(own, levels, side=side) for own in ordered], int)
    under = under.reshape(len(runs), len(levels))
    return runs, under if below else runs[:, None] - under


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
        bounds = percentiles(
            np.stack([(drawn > tau).mean(axis=0) for tau in np.asarray(taus, float)])
        )
        low, high = stretched(point, bounds, factor([*map(len, tasks)]), (0.0, 1.0))
    return Cells(point, low, high, np.full(count, sum(map(len, tasks))))
