"""Statistics in plain Python, written from the formulas: what `sweeper.stats` is held against.

Scores are a list a task of the runs' scores.
"""

from __future__ import annotations

import statistics
from itertools import chain, product

import numpy as np
from scipy.stats import norm, t

from sweeper.stats.widening import stretch


def iqm(tasks):
    runs = sorted(chain(*tasks))
    cut = len(runs) // 4
    return statistics.fmean(runs[cut : len(runs) - cut])


def mean(tasks):
    return statistics.fmean(chain(*tasks))


def median(tasks):
    return statistics.median(chain(*tasks))


def optimality_gap(tasks, gamma=1.0):
    return statistics.fmean(max(0.0, gamma - score) for score in chain(*tasks))


def task_median(tasks):
    return statistics.median(statistics.fmean(task) for task in tasks)


def improvement(first, second):
    won = {1: 1.0, 0: 0.5, -1: 0.0}
    return statistics.fmean(
        statistics.fmean(won[int(np.sign(a - b))] for a, b in product(x, y))
        for x, y in zip(first, second, strict=True)
    )


def above(tasks, tau):
    return statistics.fmean(score > tau for score in chain(*tasks))


def tasks_above(tasks, tau):
    return statistics.fmean(statistics.fmean(task) > tau for task in tasks)


def widening(seeds, how="mean"):
    """How many times as wide as percentiles say intervals of so many seeds a task are."""
    if len(seeds) == 1 and how in stretch.MEASURED:
        return stretch.MEASURED[how][seeds[0]]
    n, freedom = sum(seeds), sum(seeds) - len(seeds)
    return (n / freedom) ** 0.5 * t.ppf(0.975, freedom) / norm.ppf(0.975)


def bootstrap(statistic, *sides, repeats=2000, seed=7, how="mean", seeds=None):
    """The bounds of a 95 % interval, and the spread of what they are bounds of.

    Each task of each side is resampled by itself; `statistic` takes the sides. Percentiles are
    widened for the `seeds` of each task, which are those of all sides.
    """
    rng = np.random.default_rng(seed)

    def again(task):
        return [task[place] for place in rng.integers(len(task), size=len(task))]

    draws = [statistic(*([again(task) for task in side] for side in sides)) for _ in range(repeats)]
    point, by = statistic(*sides), widening(seeds or [*map(len, chain(*sides))], how)
    low, high = (point + by * (end - point) for end in np.percentile(draws, [2.5, 97.5]))
    return low, high, np.std(draws)


def close(found, expected):
    """Whether an interval is another one, within the Monte-Carlo error of both.

    A bound of 2,000 normal draws has an error of 0.06 of their spread, two differ by 0.08: 0.3 is
    beyond any accident.
    """
    low, high, spread = expected
    return abs(found.low - low) < 0.3 * spread and abs(found.high - high) < 0.3 * spread
