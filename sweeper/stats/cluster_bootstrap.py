"""The cluster bootstrap: resamples seeds that have several runs each, all drawn together.

Runs under one seed share its luck (initial weights, levels, noise), whatever their configuration:
to draw them singly would take them for so many seeds (Cameron, Gelbach & Miller 2008, §2).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from sweeper.score import AVERAGED, TASK_MEDIAN, Array, median
from sweeper.stats.bootstrap import multiplicities, pooled

_AT_ONCE = 5e5
"""So many numbers fit into a cache."""


def pooled_seeds(
    values: Array,
    counts: Sequence[Array],
    how: str,
    rng: np.random.Generator,
    resamples: int,
    *,
    at_once: float = _AT_ONCE,
) -> Array:
    """Resampled statistics of the runs of all tasks, [cells × resamples]: seeds drawn in each.

    `values` is [cells × runs], task by task and seed by seed; `counts` has, a task, the number of
    runs under each of its seeds. With one run each it is `pooled`. `at_once` numbers are looked at
    at once.
    """
    sizes = np.concatenate(counts)
    ends = np.cumsum([len(own) for own in counts])[:-1]
    if sizes.max() == 1:
        return pooled(np.split(values, ends, axis=1), how, rng, resamples)
    drawn = np.concatenate([multiplicities(len(own), rng, resamples) for own in counts], axis=1)
    return drawn_seeds(values, counts, how, drawn, at_once=at_once)


def drawn_seeds(
    values: Array, counts: Sequence[Array], how: str, drawn: Array, *, at_once: float = _AT_ONCE
) -> Array:
    """Statistics [cells × resamples] of resamples that hold seed k `drawn` [resamples × seeds]
    times, task by task; all else is as in `pooled_seeds`."""
    sizes = np.concatenate(counts)
    ends = np.cumsum([len(own) for own in counts])[:-1]
    if how not in ("mean", TASK_MEDIAN):
        return _order_means(values, sizes, drawn, how, at_once)
    sums = np.add.reduceat(values, np.cumsum(sizes) - sizes, axis=1)
    if how == "mean":
        return _means(sums, drawn, sizes)
    parts = zip(np.split(sums, ends, axis=1), np.split(drawn, ends, axis=1), counts, strict=True)
    return median([_means(*part) for part in parts], axis=0)


def _means(sums: Array, drawn: Array, sizes: Array) -> Array:
    """Means [cells × resamples] of seeds `drawn` [resamples × seeds], of their runs' `sums`."""
    return np.asarray(sums @ drawn.T.astype(sums.dtype) / (drawn @ sizes))


def _order_means(values: Array, sizes: Array, drawn: Array, how: str, at_once: float) -> Array:
    """IQM or median of resamples that hold seed k `drawn` [resamples × seeds] times.

    They are means of the ordered values from place `start` to `stop`. With W(i) of a resample's
    runs at or below the i-th of the cell's own in order, and from there up to the next one a gap of
    g(i), that mean is the lowest value + Σ g(i) · min(stop − W(i), stop − start) / (stop − start)
    over all i with W(i) < stop; and W is a product of matrices.
    """
    kept = AVERAGED[how](drawn @ sizes)
    stop = kept.stop.astype(values.dtype)[:, None]
    width = stop - kept.start[:, None]
    times = drawn.astype(values.dtype)
    seeds, runs = np.repeat(np.arange(len(sizes)), sizes), values.shape[1]
    found = np.empty((len(values), len(drawn)), values.dtype)
    high = int(np.clip(at_once // runs, 1, len(drawn)))
    for some in _parts(len(values), at_once // (runs * high)):
        order = np.argsort(values[some], axis=1)
        ordered = np.take_along_axis(values[some], order, axis=1)
        gaps = np.diff(ordered)[..., None]
        owned = seeds[order][:, None, :-1] == np.arange(len(sizes))[:, None]
        below = np.cumsum(owned, axis=-1, dtype=values.dtype)
        for part in _parts(len(drawn), high):
            left = times[part] @ below
            np.subtract(stop[part], left, out=left)
            np.clip(left, 0, width[part], out=left)
            found[some, part] = ordered[:, :1] + (left @ gaps)[..., 0] / width[part, 0]
    return found


def _parts(count: int, size: float) -> Iterator[slice]:
    size = max(1, int(size))
    return (slice(start, start + size) for start in range(0, count, size))
