"""The selection bias of the best of many configurations, measured on fresh seeds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sweeper.score import STATISTICS, Array, known
from sweeper.stats.bootstrap import MIN_SEEDS, RESAMPLES, Estimate, bounded, by_task, pooled

_AT_ONCE = 1e7

_FEWEST, _DRAWS = 200, 1e8


def unpaired_difference(
    before: npt.ArrayLike, after: npt.ArrayLike, how: str, rng: np.random.Generator
) -> Estimate:
    """How much higher `before` is than `after`, both [seeds × tasks], each under seeds of its own.

    They are resampled independently (`difference` is for the same seeds); `n` counts runs of both.
    Beside infinite scores the interval is unknown.
    """
    sides = [by_task(before), by_task(after)]
    runs = [np.concatenate(side) for side in sides]
    whole = all(map(len, runs))
    values = [known(STATISTICS[how](*side)) for side in sides] if whole else [np.nan, np.nan]
    point = float(values[0] - values[1])
    if np.isinf(np.concatenate(runs)).any():
        return Estimate(point, None, None, sum(map(len, runs)))

    def draw() -> Array:
        draws = [pooled([task[None] for task in side], how, rng, RESAMPLES)[0] for side in sides]
        return np.asarray(draws[0] - draws[1])

    return bounded(point, [len(task) for side in sides for task in side], draw)


def lead(
    scores: npt.ArrayLike,
    winner: int,
    fresh: npt.ArrayLike,
    how: str,
    rng: np.random.Generator,
    *,
    at_once: float = _AT_ONCE,
) -> tuple[Estimate, Estimate]:
    """By how much a trial leads the median one, and which share of that, in [0, 1], was luck.

    `scores` is [trials × seeds × tasks] without NaN, higher is better; `fresh` [seeds × tasks] are
    those of trial `winner` under other seeds: what it loses there was luck. A resample draws the
    same seeds for all trials, and fresh ones independently. There is no share of a lead whose
    interval is unknown, as beside infinite scores, or not above 0: it is NaN then. `at_once` trials
    × resamples are held at once.
    """
    scores, tasks = np.asarray(scores, float), by_task(fresh)
    values = STATISTICS[how](*np.moveaxis(scores, 2, 0))
    seeds = [scores.shape[1]] * scores.shape[2]
    if any(np.isinf(part).any() for part in (scores, *tasks)):
        found = Estimate(float(values[winner] - np.median(values)), None, None, sum(seeds))
        return found, Estimate(np.nan, None, None, 0)
    enough = min(seeds) >= MIN_SEEDS
    own, ahead = _resampled(scores, winner, how, rng, at_once) if enough else np.zeros((2, 0))
    found = bounded(values[winner] - np.median(values), seeds, lambda: ahead)
    if found.low is None or found.low <= 0 or not all(map(len, tasks)):
        return found, Estimate(np.nan, None, None, 0)
    lost = values[winner] - STATISTICS[how](*tasks)

    def shares() -> Array:
        again = pooled([task[None] for task in tasks], how, rng, len(own))[0]
        return _share(own - again, ahead)

    point = float(_share(np.array([lost]), np.array([found.point]))[0])
    return found, bounded(point, [len(task) for task in tasks], shares, within=(0.0, 1.0))


def _resampled(
    scores: Array, winner: int, how: str, rng: np.random.Generator, at_once: float
) -> tuple[Array, Array]:
    """What the winner comes to in resamples, and its lead over the median trial; [resamples]."""
    strata = list(np.moveaxis(scores, 2, 0))
    resamples = int(np.clip(_DRAWS / scores.size, _FEWEST, RESAMPLES))
    block = max(1, int(at_once / len(scores)))
    parts = []
    for start in range(0, resamples, block):
        values = pooled(strata, how, rng, min(block, resamples - start))
        parts.append(np.stack([values[winner], values[winner] - np.median(values, axis=0)]))
    own, ahead = np.concatenate(parts, axis=1)
    return own, ahead


def _share(lost: Array, ahead: Array) -> Array:
    """The share of leads [resamples] that was lost; of none all."""
    shares = np.divide(lost, ahead, where=ahead > 0, out=np.ones_like(lost))
    return np.clip(shares, 0.0, 1.0)
