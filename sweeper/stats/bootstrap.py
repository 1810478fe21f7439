"""The bootstrap: resamples of seeds within each task, and intervals of a statistic from them.

Drawing runs again says how an estimate would vary under other seeds on these tasks; the tasks are
fixed (stratified bootstrap, Agarwal et al. 2021, §4.1).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sweeper.score import AVERAGED, STATISTICS, TASK_MEDIAN, Array, median
from sweeper.stats.widening.stretch import UNBOUNDED, factor, stretched

MIN_SEEDS = 5
"""With fewer seeds in a task an interval is unknown: of three even widened ones cover as little as
84 % (`benchmarks/sweeper/interval_coverage.py`)."""

FEW_SEEDS = 10
FEW_COVER = (0.88, 0.97)
"""The least and the most that 95 % intervals cover with `MIN_SEEDS` to less than `FEW_SEEDS` seeds,
by statistic and by how scores are distributed (`benchmarks/sweeper/interval_coverage.py`)."""

RESAMPLES = 2000
"""Bootstrap resamples; fewer, down to 200, where more than 10⁸ numbers would be drawn."""

LEVEL = 0.95
"""Confidence of every interval."""

_AT_ONCE = 2e6

_FAR = 1e5
"""So many times as large as the largest score is what stands for an infinite one: more would cost
digits where differences are added up."""

_ROUNDING = 1e-6


@dataclass(frozen=True)
class Estimate:
    """A point and its interval; `low` and `high` are `None` where the interval is unknown.

    The point is NaN where nothing defines it; `n` counts the scores behind it.
    """

    point: float
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True)
class Cells:
    """Estimates of many cells; all arrays are [cells]. Unknown bounds are NaN."""

    point: Array
    low: Array
    high: Array
    n: Array


@dataclass(frozen=True)
class StandIns:
    """Scores with a number for each infinite one, with which resamples can be reckoned.

    It lies so far outside all others, which are from `least` to `most`, that every mean with it
    does, too.
    """

    scores: Array
    least: float
    most: float

    def known(self, *values: Array) -> tuple[Array, ...]:
        """`values`, all NaN at places at which an infinite score decides one of them.

        Bounds of others may lie outside all scores, where intervals are stretched, but not by more
        than these spread.
        """
        spread = self.most - self.least + _ROUNDING * max(1.0, abs(self.least), abs(self.most))
        least, most = self.least - spread, self.most + spread
        inside = np.all([(least <= some) & (some <= most) for some in values], axis=0)
        return tuple(np.where(inside, some, np.nan) for some in values)


def stand_ins(scores: Array) -> StandIns:
    """`scores` with a number for each infinite one; the same where there is none."""
    if not np.isinf(scores).any():
        return StandIns(scores, -math.inf, math.inf)
    finite = scores[np.isfinite(scores)]
    least, most = (float(finite.min()), float(finite.max())) if len(finite) else (1.0, -1.0)
    far = _FAR * max(1.0, abs(least), abs(most))
    return StandIns(np.where(np.isinf(scores), np.sign(scores) * far, scores), least, most)


def by_task(scores: npt.ArrayLike) -> list[Array]:
    """The scores of each task without NaN; `ValueError` unless `scores` is [runs × tasks]."""
    scores = np.asarray(scores, float)
    if scores.ndim != 2 or not scores.shape[1]:
        raise ValueError(f"scores must be [runs × tasks], but their shape is {scores.shape}")
    return [column[~np.isnan(column)] for column in scores.T]


def bounded(
    point: float,
    seeds: Sequence[int],
    draw: Callable[[], Array],
    how: str = "mean",
    within: tuple[float, float] = UNBOUNDED,
) -> Estimate:
    """`point` with the interval that the resampled statistics of `draw` [resamples] give.

    `seeds` counts those of each task: with fewer than `MIN_SEEDS` in any, or without a point, the
    interval is unknown and nothing is drawn. `how` is as in `stretch.factor`, and no bound lies
    outside `within`.
    """
    if min(seeds) < MIN_SEEDS or np.isnan(point):
        return Estimate(float(point), None, None, sum(seeds))
    low, high = stretched(point, percentiles(draw()), factor(seeds, how), within)
    return Estimate(float(point), float(low), float(high), sum(seeds))


def pooled(strata: Sequence[Array], how: str, rng: np.random.Generator, resamples: int) -> Array:
    """Resampled statistics of the runs of all tasks, [cells × resamples].

    Stratum t is [cells × runs of task t].
    """
    if how == TASK_MEDIAN:
        return median([resampled_means(part, rng, resamples) for part in strata], axis=0)
    if how == "mean":
        sums = [resampled_means(part, rng, resamples) * part.shape[1] for part in strata]
        return np.asarray(sum(sums) / sum(part.shape[1] for part in strata))
    if len(strata) == 1:
        return resampled_stratum(strata[0], how, rng, resamples)
    return resampled(strata, STATISTICS[how], rng, resamples)


def resampled(
    strata: Sequence[Array],
    statistic: Callable[..., Array],
    rng: np.random.Generator,
    resamples: int,
) -> Array:
    """Resampled statistics [cells × resamples]; stratum t is [cells × runs of task t].

    `statistic` gets an array a stratum, [… × runs], and reduces the last axis. scipy draws within
    each stratum, the same indices for all cells.
    """
    from scipy import stats  # takes a second to import, and one task needs it not

    count = len(strata[0])
    width = max(1, int(_AT_ONCE / (resamples * sum(part.shape[1] for part in strata))))
    (stream,) = rng.spawn(1)
    state = stream.bit_generator.state
    parts = []
    for start in range(0, count, width):
        stream.bit_generator.state = state
        result = stats.bootstrap(
            [part[start : start + width] for part in strata],
            lambda *parts, axis: statistic(*parts),
            n_resamples=resamples,
            method="percentile",
            vectorized=True,
            axis=-1,
            rng=stream,
        )
        parts.append(result.bootstrap_distribution)
    return np.concatenate(parts)


def resampled_stratum(values: Array, how: str, rng: np.random.Generator, resamples: int) -> Array:
    """`pooled` of a single stratum [cells × runs], without looking at any resample.

    IQM and median are means of some order statistics, and those of a resample are the cell's own,
    at the sorted positions that were drawn: so one product of matrices gives all of them.
    """
    runs = values.shape[1]
    positions = np.sort(rng.integers(runs, size=(resamples, runs)))[:, AVERAGED[how](runs)]
    rows = np.arange(resamples)[:, None] * runs
    counts = np.bincount((rows + positions).ravel(), minlength=resamples * runs)
    weights = counts.reshape(resamples, runs) / positions.shape[1]
    return np.asarray(np.sort(values) @ weights.T.astype(values.dtype))


def multiplicities(runs: int, rng: np.random.Generator, resamples: int) -> Array:
    """How often each resample draws each of `runs` runs, [resamples × runs]."""
    return rng.multinomial(runs, np.full(runs, 1 / runs), size=resamples)


def resampled_means(
    values: Array, rng: np.random.Generator, resamples: int, *, at_once: float = _AT_ONCE
) -> Array:
    """Means of resampled `values` [… × runs], as [… × resamples]: the same runs for all rows.

    `at_once` multiplicities are drawn at once.
    """
    runs = values.shape[-1]
    block = max(1, int(at_once / runs))
    sums = [
        values @ multiplicities(runs, rng, min(block, resamples - start)).T.astype(values.dtype)
        for start in range(0, resamples, block)
    ]
    return np.asarray(np.concatenate(sums, axis=-1) / runs)


def percentiles(draws: Array) -> tuple[Array, Array]:
    """The bounds of the percentile interval along the last axis of `draws` [… × resamples]."""
    tail = 50 * (1 - LEVEL)
    low, high = np.percentile(draws, [tail, 100 - tail], axis=-1)
    return low, high
