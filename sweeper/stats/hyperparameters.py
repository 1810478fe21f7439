"""Usable ranges, sensitivity to hyperparameters, and their effective dimension."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations

import numpy as np
import numpy.typing as npt

from sweeper.score import Array, known
from sweeper.stats.bootstrap import RESAMPLES, Estimate, bounded, resampled_means

_AT_ONCE = 1e7

USABLE_SHARE = 0.8
"""The share of the best value's gain over the low reference from which on a value is usable."""


def usable_range(
    scores: npt.ArrayLike, *, low: float = 0.0, high: float = 1.0, minimise: bool = False
) -> npt.NDArray[np.bool_]:
    """Which of `scores` [values of an axis] lie above low + 0.8 · (best − low); NaN does not.

    Where smaller is better the same holds from `high` downwards. Nothing is usable where even the
    best is no better than `low`.
    """
    scores = np.asarray(scores, float)
    gain = high - scores if minimise else scores - low
    best = np.nanmax(gain, initial=-np.inf)
    if not best > 0:
        return np.zeros(len(scores), bool)
    return np.asarray(np.nan_to_num(gain, nan=-np.inf) >= USABLE_SHARE * best - 1e-12)


def least_usable(
    scores: npt.ArrayLike, *, low: float = 0.0, high: float = 1.0, minimise: bool = False
) -> float:
    """The score from which on `usable_range` calls one usable, or down to which."""
    if minimise:
        return float(high - USABLE_SHARE * (high - np.nanmin(scores)))
    return float(low + USABLE_SHARE * (np.nanmax(scores) - low))


def sensitivity(
    scores: npt.ArrayLike, rng: np.random.Generator, *, at_once: float = _AT_ONCE
) -> Estimate:
    """Φ: what one setting for all tasks loses against a setting for each (Adkins et al. 2024).

    `scores` is [settings × seeds × tasks], higher is better. With Γ(t, h) the mean of setting h
    over seeds, on the scale on which the 5th and the 95th percentile of all scores of task t are 0
    and 1, Φ = mean_t max_h Γ(t, h) − max_h mean_t Γ(t, h): 0 where one setting is best in every
    task, NaN where a task's percentiles are equal. A setting that lacks a score, or has an infinite
    one, is left out.

    A resample draws the same seeds for all settings; `n` counts (seed, task). Maxima of means of
    few seeds are too high, and more so in resamples: Φ and its interval then are, too.
    `at_once` numbers are resampled at once.
    """
    tasks, _ = _normalised(scores)
    block = int(np.clip(at_once / (len(tasks[0]) * len(tasks)), 1, RESAMPLES))

    def draw() -> Array:
        counts = [min(block, RESAMPLES - start) for start in range(0, RESAMPLES, block)]
        return np.concatenate(
            [_loss(np.stack([resampled_means(task, rng, n) for task in tasks])) for n in counts]
        )

    seeds = [task.shape[1] for task in tasks]
    return bounded(float(_loss(_averages(tasks))), seeds, draw, within=(0.0, math.inf))


def effective_dimension(
    scores: npt.ArrayLike, settings: npt.ArrayLike, *, share: float = 0.95
) -> int | None:
    """d: how many hyperparameters must be tuned for each task (Adkins et al. 2024).

    `scores` is as in `sensitivity`; `settings` [settings × hyperparameters] numbers the values of a
    grid. d is the size of the smallest set that reaches `share` of mean_t max_h Γ(t, h) when it is
    tuned for each task and the others keep the values of the setting that is best on average.
    `None` where Φ is NaN. All 2^hyperparameters sets may be tried.
    """
    gamma, complete = task_averages(scores)
    if np.isnan(gamma).any():
        return None
    target = share * gamma.max(axis=1).mean()
    best = _tuned(gamma, np.asarray(settings)[complete])
    return next(size for size, value in enumerate(best) if value >= target - 1e-12)


def tuning_curve(gamma: Array, settings: npt.ArrayLike) -> Array:
    """The best mean over tasks of Γ [tasks × settings] where 0, 1, … all hyperparameters are tuned
    for each task, [hyperparameters + 1]; `settings` are as in `effective_dimension`.

    From the best common setting, Γ's first value, to the best of each task, Γ's last.
    """
    return np.array([*_tuned(gamma, np.asarray(settings))])


def task_averages(scores: npt.ArrayLike) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Γ [tasks × complete settings] of scores as in `sensitivity`, and which settings these are."""
    tasks, complete = _normalised(scores)
    return _averages(tasks), complete


def _tuned(gamma: Array, settings: Array) -> Iterator[float]:
    """The best mean for each number of hyperparameters that are tuned for each task."""
    differs = settings != settings[gamma.mean(axis=0).argmax()]
    names = range(settings.shape[1])
    for size in range(len(names) + 1):
        kept = combinations(names, len(names) - size)
        allowed = (~differs[:, list(some)].any(axis=1) for some in kept)
        yield max(float(gamma[:, some].max(axis=1).mean()) for some in allowed)


def _normalised(scores: npt.ArrayLike) -> tuple[list[Array], Array]:
    """Scores of complete settings, normalised by task, [settings × seeds] a task; which they are.

    A seed that no setting has in a task is not asked for there.
    """
    scores = np.asarray(scores, float)
    if scores.ndim != 3 or not scores.shape[2]:
        raise ValueError(
            f"scores must be [settings × seeds × tasks], but their shape is {scores.shape}"
        )
    missing = ~np.isfinite(scores)
    seeds = ~missing.all(axis=0)
    complete = ~(missing & seeds).any(axis=(1, 2))
    if not complete.any() or not seeds.any(axis=0).all():
        raise ValueError("no setting has a score in every task under every seed")
    tasks = []
    for task in range(scores.shape[2]):
        low, high = np.nanpercentile(known(scores[..., task]), [5, 95])
        own = scores[complete][:, seeds[:, task], task]
        tasks.append((own - low) / (high - low if high > low else np.nan))
    return tasks, complete


def _averages(tasks: list[Array]) -> Array:
    """Γ as [tasks × settings]."""
    return np.stack([task.mean(axis=1) for task in tasks])


def _loss(gamma: Array) -> Array:
    """Φ of Γ [tasks × settings × …]; never below 0, rounding or not."""
    loss = gamma.max(axis=1).mean(axis=0) - gamma.mean(axis=0).max(axis=0)
    return np.asarray(np.maximum(0.0, loss))
