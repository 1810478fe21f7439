"""How often a 95 % interval holds the truth, by seeds, tasks and the distribution of scores.

    python -m benchmarks.sweeper.interval_coverage [repeats=2000] [resamples=1000]

Prints a row for docs/measured.md for each statistic and distribution: the share of simulated
experiments whose interval holds the value of infinitely many seeds; in brackets that of a plain
percentile interval; and how many times as wide ours is as the narrowest of its kind that holds 95
of 100, all stretched alike. Tasks lie 0.2 apart around 0.8,
and runs spread by about 0.2 within them, so that the optimality gap clips some. The probability of
improvement is that of scores 0.1 higher, Spearman's correlation that of two normals correlated by
0.5: it sees ranks alone, so that it is the same under any other margins. Intervals of fewer than
`MIN_SEEDS` seeds are those that are never shown.

A second table is of cells that pool configurations under the same seeds, of one task and normal
scores: the seed's luck is a share of a run's variance, and the same for all configurations.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import product
from typing import Any

import numpy as np
import scipy
from scipy.stats import expon, norm, t

from sweeper import stats
from sweeper.score import STATISTICS, Array
from sweeper.stats.bootstrap import LEVEL, percentiles, pooled
from sweeper.stats.comparisons import (
    average,
    rank_correlation,
    resampled_correlation,
    resampled_share,
)
from sweeper.stats.widening.stretch import factor

SEEDS, TASKS = (3, 5, 10, 20), (1, 5)
SCORES = {"normal": norm(0.8, 0.2), "skewed": expon(0.6, 0.2), "heavy-tailed": t(3, 0.8, 0.2)}
SHIFT, CORRELATION = 0.1, 0.5
CONFIGURATIONS, SHARES = (8,), (0.0, 0.5, 0.9)
BLOCK = 20
"""So many experiments share their draws."""


@dataclass(frozen=True)
class Measured:
    """A statistic as experiments have it; an experiment's scores are a list of strata, one a task.

    Strata are [experiments × runs], of statistics of two sides those of one behind the other's.
    """

    draw: Callable[[list[Array], np.random.Generator, int], Array]
    """From strata to resampled statistics [experiments × resamples]."""
    point: Callable[[list[Array]], Array]
    """From strata to the statistic itself [experiments]."""
    truth: Callable[[Any, int], float]
    """What infinitely many seeds come to, by the distribution of scores and the tasks."""
    how: str = "mean"
    """As `stretch.factor` takes it."""
    sides: int = 1
    """How many runs each seed has in a stratum."""
    groups: int = 1
    """How many of these sides are resampled by themselves."""


def gap(scores: Array) -> Array:
    return np.maximum(0.0, 1.0 - scores)


def grid(scores: Any, tasks: int) -> list[Array]:
    """What infinitely many seeds of each task score, as 4,000 equally likely values."""
    values = scores.ppf((np.arange(4000) + 0.5) / 4000)
    return [values + 0.2 * (place - (tasks - 1) / 2) for place in range(tasks)]


def one_sided(how: str, of: Callable[[Array], Array] = np.asarray) -> Measured:
    """A statistic of all runs of a configuration."""
    statistic = STATISTICS[how]
    return Measured(
        lambda strata, rng, resamples: pooled([of(part) for part in strata], how, rng, resamples),
        lambda strata: statistic(*map(of, strata)),
        lambda scores, tasks: float(statistic(*map(of, grid(scores, tasks)))),
        how,
    )


def sides(strata: list[Array]) -> Iterator[list[list[Array]]]:
    """The two halves of each stratum of each experiment."""
    for every in zip(*strata, strict=True):
        yield [np.split(task, 2) for task in every]


def won(better: Array, other: Array) -> Array:
    return (better + SHIFT)[:, None] > other


def improvements(strata: list[Array], rng: np.random.Generator, resamples: int) -> Array:
    return np.stack(
        [
            np.mean([resampled_share(won(*task), rng, resamples) for task in every], axis=0)
            for every in sides(strata)
        ]
    )


def better_by_chance(scores: Any, tasks: int) -> float:
    (values,) = grid(scores, 1)
    return float(np.searchsorted(values, values + SHIFT).mean() / len(values))


def correlated(x: Array, e: Array) -> Array:
    return np.stack([x, CORRELATION * x + (1 - CORRELATION**2) ** 0.5 * e])


def correlations(strata: list[Array], rng: np.random.Generator, resamples: int) -> Array:
    draws = [
        np.stack([resampled_correlation(correlated(*task), rng, resamples) for task in every])
        for every in sides(strata)
    ]
    return np.stack([average(some) for some in draws])


MEASURED = {
    "IQM": one_sided("iqm"),
    "mean": one_sided("mean"),
    "median": one_sided("median"),
    "median of task means": one_sided("task_median"),
    "optimality gap": one_sided("mean", gap),
    "probability of improvement": Measured(
        improvements,
        lambda strata: np.array(
            [np.mean([won(*task).mean() for task in every]) for every in sides(strata)]
        ),
        better_by_chance,
        sides=2,
        groups=2,
    ),
}

CORRELATIONS = Measured(
    correlations,
    lambda strata: np.array(
        [
            np.mean([rank_correlation(*correlated(*task)) for task in every])
            for every in sides(strata)
        ]
    ),
    lambda scores, tasks: float(6 / np.pi * np.arcsin(CORRELATION / 2)),
    sides=2,
)


def needed(
    one: Measured, scores: Any, runs: int, tasks: int, repeats: int, resamples: int
) -> tuple[Array, float]:
    """By which factors percentile intervals of `repeats` experiments hold the truth, and ours.

    `runs` of each task, whose scores are drawn from `scores`.
    """
    rng, truth, found = np.random.default_rng(runs + 100 * tasks), one.truth(scores, tasks), []
    for start in range(0, repeats, BLOCK):
        count = min(BLOCK, repeats - start)
        offsets = 0.2 * (np.arange(tasks) - (tasks - 1) / 2)
        size = (count, runs * one.sides)
        strata = [scores.rvs(size=size, random_state=rng) + own for own in offsets]
        for point, drawn in zip(one.point(strata), one.draw(strata, rng, resamples), strict=True):
            found.append(_factor(truth - point, *(percentiles(drawn[~np.isnan(drawn)]) - point)))
    return np.array(found), factor([runs] * tasks * one.groups, one.how)


def _factor(miss: float, low: float, high: float) -> float:
    """The factor with which an interval from `low` to `high` around 0 reaches `miss`."""
    side = high if miss > 0 else low
    return 0.0 if miss == 0 else float(miss / side) if miss * side > 0 else np.inf


def rows(repeats: int, resamples: int) -> Iterator[tuple[str, str, list[tuple[Array, float]]]]:
    """Statistic, distribution, and what `needed` gives by tasks and seeds."""
    settings = [(tasks, seeds) for tasks in TASKS for seeds in SEEDS]
    for name, one in MEASURED.items():
        for kind, scores in SCORES.items():
            yield (
                name,
                kind,
                [needed(one, scores, n, k, repeats, resamples) for k, n in settings],
            )
    found = [needed(CORRELATIONS, norm(), n, k, repeats, resamples) for k, n in settings]
    yield "Spearman's correlation", "any", found


OF_RUNS = ("iqm", "mean", "median")
"""The statistics of all runs together; of a single task's the median of task means is the mean."""


def pooled_rows(repeats: int) -> Iterator[tuple[int, str, list[tuple[Array, float]]]]:
    """Configurations, the seed's share of the variance, and as `rows` by statistic and seeds."""
    for configurations, share in product(CONFIGURATIONS, SHARES):
        found = []
        for how, seeds in product(OF_RUNS, SEEDS[1:]):
            rng = np.random.default_rng(seeds)
            cell, _, seed = np.indices((repeats, configurations, seeds))
            luck = rng.normal(size=(repeats, 1, seeds))
            own = rng.normal(size=(repeats, configurations, seeds))
            values = share**0.5 * luck + (1 - share) ** 0.5 * own
            columns = (column.ravel() for column in (values, cell, np.zeros_like(cell), seed))
            cells = stats.cells(*columns, how, rng, stretch=False)
            bounds = zip(
                -cells.point, cells.low - cells.point, cells.high - cells.point, strict=True
            )
            found.append((np.array([_factor(*one) for one in bounds]), factor([seeds])))
        yield configurations, f"{share:.0%}", found


def shown(measured: tuple[Array, float]) -> str:
    """`95.1 % (89), 1.04`: intervals that hold, plain ones, and how much wider than needed."""
    factors, ours = measured
    held, plain = (float(np.mean(factors <= by)) for by in (ours, 1.0))
    return f"{held:.1%} ({100 * plain:.0f}), {ours / np.quantile(factors, LEVEL):.2f}"


def table(heads: list[str], named: list[str], found: Iterator[tuple[Any, ...]]) -> None:
    print("\n| " + " | ".join([*named, *heads]) + " |")
    print("|---" * (len(named) + len(heads)) + "|")
    for *names, cells in found:
        print(f"| {' | '.join(map(str, names))} | {' | '.join(map(shown, cells))} |", flush=True)


def main(repeats: str = "2000", resamples: str = "1000") -> None:
    versions = f"numpy {np.__version__}, scipy {scipy.__version__}"
    print(f"{date.today()}, {versions}: {repeats} experiments each, {resamples} resamples")
    heads = [f"n = {n}, {k} task{'s' if k > 1 else ''}" for k in TASKS for n in SEEDS]
    table(heads, ["statistic", "scores"], rows(int(repeats), int(resamples)))
    heads = [f"{how}, n = {n}" for how in OF_RUNS for n in SEEDS[1:]]
    table(heads, ["configurations", "the seed's share"], pooled_rows(int(repeats)))


if __name__ == "__main__":
    main(**dict(word.split("=", 1) for word in sys.argv[1:]))
