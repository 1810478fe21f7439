"""Points and intervals of what all runs are pooled for: one cell, a difference, many cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sweeper.score import STATISTICS, Array
from sweeper.stats.bootstrap import (
    MIN_SEEDS,
    RESAMPLES,
    percentiles,
    resampled,
    resampled_stratum,
)

_FEWEST = 200
_DRAWS = 1e8


@dataclass(frozen=True)
class Estimate:
    """A point and its interval; `low` and `high` are `None` where the interval is unknown."""

    point: float
    low: float | None
    high: float | None
    n: int


def estimate(scores: npt.ArrayLike, how: str, rng: np.random.Generator) -> Estimate:
    """Point and interval of `scores` [runs × tasks], each row a seed."""
    scores = np.asarray(scores, float)
    tasks = [column[~np.isnan(column)] for column in scores.T]
    point = float(STATISTICS[how](np.concatenate(tasks)))
    n = sum(map(len, tasks))
    if min(map(len, tasks)) < MIN_SEEDS:
        return Estimate(point, None, None, n)
    low, high = percentiles(resampled([task[None] for task in tasks], how, rng, RESAMPLES))
    return Estimate(point, float(low[0]), float(high[0]), n)


def difference(
    first: npt.ArrayLike, second: npt.ArrayLike, how: str, rng: np.random.Generator
) -> Estimate:
    """How much higher `first` is than `second`, both [seeds × tasks] and paired by (seed, task).

    A resample draws the same pairs of both. A pair with a NaN on either side is left out; `n`
    counts pairs.
    """
    pair = np.stack([np.asarray(first, float), np.asarray(second, float)])
    tasks = [both[:, ~np.isnan(both).any(axis=0)] for both in np.moveaxis(pair, 2, 0)]
    points = STATISTICS[how](np.concatenate(tasks, axis=1))
    point = float(points[0] - points[1])
    n = sum(task.shape[1] for task in tasks)
    if min(task.shape[1] for task in tasks) < MIN_SEEDS:
        return Estimate(point, None, None, n)
    draws = resampled(tasks, how, rng, RESAMPLES)
    low, high = percentiles(draws[:1] - draws[1:])
    return Estimate(point, float(low[0]), float(high[0]), n)


@dataclass(frozen=True)
class Cells:
    """Estimates of many cells; all arrays are [cells]. Unknown bounds are NaN."""

    point: Array
    low: Array
    high: Array
    n: Array


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
            draw = resampled_stratum if len(strata) == 1 else resampled
            bounds = percentiles(draw(strata, how, rng, resamples))
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
