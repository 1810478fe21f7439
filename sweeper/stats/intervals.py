"""What some runs are worth: a point with its interval, for one cell or for many at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sweeper.score import STATISTICS, Array
from sweeper.stats.bootstrap import (
    MIN_SEEDS,
    RESAMPLES,
    Cells,
    Estimate,
    bounded,
    by_task,
    percentiles,
    pooled,
    resampled_means,
)

_FEWEST = 200
_DRAWS = 1e8


def estimate(scores: npt.ArrayLike, how: str, rng: np.random.Generator) -> Estimate:
    """Point and interval of `scores` [runs × tasks], each row a seed, all runs pooled.

    `how` is `iqm`, `mean` or `median` (Agarwal et al. 2021, §4.3).
    """
    tasks = by_task(scores)
    runs = np.concatenate(tasks)
    point = float(STATISTICS[how](runs)) if len(runs) else np.nan
    strata = [task[None] for task in tasks]
    seeds = [len(task) for task in tasks]
    return bounded(point, seeds, lambda: pooled(strata, how, rng, RESAMPLES)[0])


def optimality_gap(
    scores: npt.ArrayLike, rng: np.random.Generator, *, gamma: float = 1.0
) -> Estimate:
    """How far runs [runs × tasks] stay below `gamma`, mean of max(0, gamma − score).

    Smaller is better; what exceeds `gamma` makes up for nothing (Agarwal et al. 2021, §4.3).
    """
    return estimate(np.maximum(0.0, gamma - np.asarray(scores, float)), "mean", rng)


def task_median(scores: npt.ArrayLike, rng: np.random.Generator) -> Estimate:
    """Median over tasks of their mean over runs [runs × tasks], as Atari papers report it.

    Not the median of all runs, which is `estimate`'s (Agarwal et al. 2021, rliable's median).
    """
    tasks = by_task(scores)
    means = [task.mean() for task in tasks if len(task)]

    def draw() -> Array:
        return np.median([resampled_means(task, rng, RESAMPLES) for task in tasks], axis=0)

    return bounded(np.median(means) if means else np.nan, [len(task) for task in tasks], draw)


def cells(
    values: npt.ArrayLike,
    cell: npt.ArrayLike,
    task: npt.ArrayLike,
    seed: npt.ArrayLike,
    how: str,
    rng: np.random.Generator,
) -> Cells:
    """Estimates for runs listed one by one; the first four arguments are [runs].

    `cell` numbers the cells from 0 without gaps, `task` and `seed` are integers. A cell may hold
    runs of several configurations; its interval is unknown where one of its tasks has fewer than
    `MIN_SEEDS` different seeds. Cells with the same number of runs in each task are resampled
    together, by the same draws.
    """
    values = np.asarray(values, float)
    cell, task, seed = (np.asarray(column, int) for column in (cell, task, seed))
    order = np.lexsort((seed, task, cell))
    values, cell, task, seed = values[order], cell[order], task[order], seed[order]
    count = int(cell[-1]) + 1 if len(cell) else 0
    sizes = _tally(cell, task, count)
    known = ((sizes == 0) | (_tally(*_different(cell, task, seed), count) >= MIN_SEEDS)).all(axis=1)
    starts = np.concatenate([[0], np.cumsum(sizes.sum(axis=1))])[:-1]
    point, low, high = (np.full(count, np.nan) for _ in range(3))
    resamples = int(np.clip(_DRAWS / max(1, sizes[known].sum()), _FEWEST, RESAMPLES))
    if resamples < RESAMPLES:
        values = values.astype(np.float32)
    patterns, members = np.unique(sizes, axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        chosen = np.flatnonzero(members.reshape(-1) == number)
        block = values[starts[chosen][:, None] + np.arange(pattern.sum())]
        point[chosen] = STATISTICS[how](block)
        drawn = known[chosen]
        if drawn.any():
            strata = np.split(block[drawn], np.cumsum(pattern[pattern > 0])[:-1], axis=1)
            bounds = percentiles(pooled(strata, how, rng, resamples))
            low[chosen[drawn]], high[chosen[drawn]] = bounds
    return Cells(point, low, high, sizes.sum(axis=1))


def points(values: npt.ArrayLike, cell: npt.ArrayLike, how: str) -> Array:
    """The estimates of `cells` alone, [cells], NaN where a cell is empty."""
    values, cell = np.asarray(values), np.asarray(cell)
    values = values[np.argsort(cell, kind="stable")]
    sizes = np.bincount(cell)
    starts = np.cumsum(sizes) - sizes
    found = np.full(len(sizes), np.nan)
    for size in np.unique(sizes[sizes > 0]):
        chosen = np.flatnonzero(sizes == size)
        found[chosen] = STATISTICS[how](values[starts[chosen][:, None] + np.arange(size)])
    return found


def _tally(cell: Array, task: Array, count: int) -> Array:
    """How many entries each cell has of each task, [cells × tasks]."""
    tasks = int(task.max()) + 1 if len(task) else 0
    return np.bincount(cell * tasks + task, minlength=count * tasks).reshape(count, tasks)


def _different(cell: Array, task: Array, seed: Array) -> tuple[Array, Array]:
    """`cell` and `task` with repeated seeds left out; the arguments are sorted by all three."""
    new = np.ones(len(cell), bool)
    new[1:] = (np.diff(cell) != 0) | (np.diff(task) != 0) | (np.diff(seed) != 0)
    return cell[new], task[new]
