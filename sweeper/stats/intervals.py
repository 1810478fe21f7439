"""Point estimates with intervals, of one cell or of many at once."""

from __future__ import annotations

import math
from copy import deepcopy
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from sweeper.score import STATISTICS, Array, known, tasks_for
from sweeper.stats.bootstrap import (
    MIN_SEEDS,
    RESAMPLES,
    Cells,
    Estimate,
    bounded,
    by_task,
    percentiles,
    pooled,
    stand_ins,
)
from sweeper.stats.cluster_bootstrap import pooled_seeds
from sweeper.stats.widening.stretch import UNBOUNDED, factor, stretched

_FEWEST = 200
_DRAWS = 1e8


def estimate(
    scores: npt.ArrayLike,
    how: str,
    rng: np.random.Generator,
    within: tuple[float, float] = UNBOUNDED,
) -> Estimate:
    """Point and interval of `scores` [runs × tasks], each row a seed.

    `how` is `iqm`, `mean` or `median` of all runs (Agarwal et al. 2021, §4.3), or `task_median`. No
    bound lies outside `within`.
    """
    tasks = by_task(scores)
    found = stand_ins(np.concatenate(tasks))
    seeds = [len(task) for task in tasks]
    strata = np.split(found.scores[None], np.cumsum(seeds)[:-1], axis=1)
    point = STATISTICS[how](*(part[0] for part in strata)) if len(found.scores) else np.nan
    (point,) = found.known(np.asarray(point))

    def draw() -> Array:
        return np.asarray(pooled(strata, how, rng, RESAMPLES)[0])

    one = bounded(float(point), seeds, draw, how, within)
    if one.low is None or one.high is None:
        return one
    low, _ = found.known(np.array(one.low), np.array(one.high))
    return replace(one, low=None, high=None) if np.isnan(low) else one


def optimality_gap(
    scores: npt.ArrayLike, rng: np.random.Generator, *, gamma: float = 1.0
) -> Estimate:
    """How far runs [runs × tasks] stay below `gamma`, mean of max(0, gamma − score).

    Smaller is better; what exceeds `gamma` makes up for nothing (Agarwal et al. 2021, §4.3).
    """
    gaps = np.maximum(0.0, gamma - np.asarray(scores, float))
    return estimate(gaps, "mean", rng, (0.0, math.inf))


def cells(
    values: npt.ArrayLike,
    cell: npt.ArrayLike,
    task: npt.ArrayLike,
    seed: npt.ArrayLike,
    how: str,
    rng: np.random.Generator,
    *,
    stretch: bool = True,
) -> Cells:
    """Estimates for runs listed one by one; the first four arguments are [runs].

    `cell` numbers the cells from 0 without gaps, `task` and `seed` are integers. A cell may hold
    runs of several configurations: those under one seed of a task are drawn together. Its interval
    is unknown where one of its tasks has fewer than `MIN_SEEDS` different seeds. Cells with the
    same number of runs under each seed are resampled together, by the same draws, and all others
    from the same state of `rng`: which other cells there are changes no interval, as long as their
    runs leave the number of resamples what it is. Without `stretch` the bounds are plain
    percentiles, which hold less than they say where seeds are few.
    """
    values = np.asarray(values, float)
    cell, task, seed = (np.asarray(column, int) for column in (cell, task, seed))
    order, counts = _clusters(cell, task, seed)
    found, count = stand_ins(values[order]), len(counts)
    values = found.scores
    sizes, seeds = counts.sum(axis=(1, 2)), (counts > 0).sum(axis=2)
    known = ((seeds == 0) | (seeds >= MIN_SEEDS)).all(axis=1)
    starts = np.cumsum(sizes) - sizes
    point, low, high = (np.full(count, np.nan) for _ in range(3))
    resamples = int(np.clip(_DRAWS / max(1, sizes[known].sum()), _FEWEST, RESAMPLES))
    if resamples < RESAMPLES and not np.isfinite(found.least):
        values = values.astype(np.float32)
    patterns, members = np.unique(counts, axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        chosen = np.flatnonzero(members.reshape(-1) == number)
        block = values[starts[chosen][:, None] + np.arange(pattern.sum())]
        point[chosen] = STATISTICS[how](*_split(block, pattern.sum(axis=1)))
        drawn = known[chosen]
        if drawn.any():
            tasks = [own[own > 0] for own in pattern if own.any()]
            draws = pooled_seeds(block[drawn], tasks, how, deepcopy(rng), resamples)
            bounds = percentiles(draws)
            if stretch:
                by = factor([len(own) for own in tasks], how if pattern.max() == 1 else "mean")
                bounds = stretched(point[chosen[drawn]], bounds, by)
            low[chosen[drawn]], high[chosen[drawn]] = bounds
    (point,), (low, high) = found.known(point), found.known(low, high)
    return Cells(point, low, high, sizes)


def deviations(values: npt.ArrayLike, cell: npt.ArrayLike, how: str, *, error: bool) -> Cells:
    """Points with the standard deviation of all values of their cell to either side of them.

    With `error` it is the standard error, which is that over the root of n. It is that of a sample,
    with n - 1, and of all values also where the statistic leaves some out. Bounds are NaN where a
    cell has a single value, or an infinite one. `values` and `cell` are [runs].
    """
    values, cell = np.asarray(values, float), np.asarray(cell, int)
    point = points(values, cell, np.zeros_like(cell), how)
    n = np.bincount(cell)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(cell, values) / n
        spread = np.sqrt(np.bincount(cell, (values - mean[cell]) ** 2) / (n - 1))
        spread = spread / np.sqrt(n) if error else spread
    return Cells(point, point - spread, point + spread, n)


def points(values: npt.ArrayLike, cell: npt.ArrayLike, task: npt.ArrayLike, how: str) -> Array:
    """The estimates of `cells` alone, [cells], NaN where a cell is empty."""
    values, cell, task = np.asarray(values), np.asarray(cell), tasks_for(how, task)
    values = values[np.lexsort((task, cell))]
    shape = int(cell.max(initial=-1)) + 1, int(task.max(initial=-1)) + 1
    counts = np.bincount(cell * shape[1] + task, minlength=shape[0] * shape[1]).reshape(shape)
    sizes = counts.sum(axis=1)
    starts = np.cumsum(sizes) - sizes
    found = np.full(len(sizes), np.nan)
    patterns, members = np.unique(counts, axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        if pattern.any():
            chosen = np.flatnonzero(members.reshape(-1) == number)
            block = values[starts[chosen][:, None] + np.arange(pattern.sum())]
            found[chosen] = STATISTICS[how](*_split(block, pattern))
    return known(found)


def _split(block: Array, sizes: Array) -> list[Array]:
    """The runs of each task in `block` [cells × runs], `sizes` of them; none for no runs."""
    held = sizes[sizes > 0]
    return np.split(block, np.cumsum(held)[:-1], axis=-1)


def _clusters(cell: Array, task: Array, seed: Array) -> tuple[Array, Array]:
    """The order of runs by cell, task and seed, and how many each seed has.

    The arguments are [runs]. The numbers are [cells × tasks × seeds], seeds with fewer runs first
    and zeros last: cells that differ in the names of their seeds alone have the same.
    """
    if not len(cell):
        return np.zeros(0, int), np.zeros((0, 1, 1), int)
    order = np.lexsort((seed, task, cell))
    columns = np.stack([cell, task, seed])[:, order]
    new = np.append(True, (np.diff(columns) != 0).any(axis=0))
    cluster = np.cumsum(new) - 1
    size = np.bincount(cluster)
    cell, task, _ = columns[:, new]
    ranked = np.lexsort((size, task, cell))
    cell, task, size = cell[ranked], task[ranked], size[ranked]
    place = np.empty_like(ranked)
    place[ranked] = np.arange(len(ranked))
    first = np.append(True, (np.diff(cell) != 0) | (np.diff(task) != 0))
    starts = np.flatnonzero(first)[np.cumsum(first) - 1]
    rank = np.arange(len(cell)) - starts
    counts = np.zeros((cell[-1] + 1, task.max() + 1, rank.max() + 1), int)
    counts[cell, task, rank] = size
    return order[np.argsort(place[cluster], kind="stable")], counts
