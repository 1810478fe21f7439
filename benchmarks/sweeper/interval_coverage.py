"""How often a 95 % interval holds the truth, by seeds, tasks and the distribution of scores.

    python -m benchmarks.sweeper.interval_coverage [repeats=400] [resamples=1000]

Prints a row for docs/measured.md for each statistic and distribution: the share of simulated
experiments whose interval holds the value of infinitely many seeds. Tasks lie 0.2 apart around 0.8,
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
from datetime import date
from itertools import product
from typing import Any

import numpy as np
import scipy
from scipy.stats import expon, norm, t

from sweeper import stats
from sweeper.score import STATISTICS, Array
from sweeper.stats.bootstrap import percentiles, pooled
from sweeper.stats.comparisons import average, resampled_correlation, resampled_share

SEEDS, TASKS = (3, 5, 10, 20), (1, 5)
SCORES = {"normal": norm(0.8, 0.2), "skewed": expon(0.6, 0.2), "heavy-tailed": t(3, 0.8, 0.2)}
SHIFT, CORRELATION = 0.1, 0.5
CONFIGURATIONS, SHARES = (8,), (0.0, 0.5, 0.9)
BLOCK = 20
"""So many experiments share their draws."""

Draw = Callable[[list[Array], np.random.Generator, int], Array]
"""From some experiments, a stratum [experiments × runs] a task, to [experiments × resamples]."""


def gap(scores: Array) -> Array:
    return np.maximum(0.0, 1.0 - scores)


def grid(scores: Any, tasks: int) -> list[Array]:
    """What infinitely many seeds of each task score, as 4,000 equally likely values."""
    values = scores.ppf((np.arange(4000) + 0.5) / 4000)
    return [values + 0.2 * (place - (tasks - 1) / 2) for place in range(tasks)]


def one_sided(how: str, of: Callable[[Array], Array]) -> tuple[Draw, Callable[..., float]]:
    """A statistic of the pooled runs of a configuration, and its truth."""

    def draw(strata: list[Array], rng: np.random.Generator, resamples: int) -> Array:
        return pooled([of(part) for part in strata], how, rng, resamples)

    def truth(scores: Any, tasks: int) -> float:
        return float(STATISTICS[how](of(np.concatenate(grid(scores, tasks)))))

    return draw, truth


OF_RUNS = ("iqm", "mean", "median")
"""The statistics of all runs together; of a single task's the median of task means is the mean."""

POOLED = {
    "IQM": one_sided("iqm", np.asarray),
    "mean": one_sided("mean", np.asarray),
    "median": one_sided("median", np.asarray),
    "optimality gap": one_sided("mean", gap),
}


def improvements(strata: list[Array], rng: np.random.Generator, resamples: int) -> Array:
    """The strata are [experiments × 2 runs]: those of the better configuration first."""
    found = []
    for both in zip(*strata, strict=True):
        sides = [np.split(task, 2) for task in both]
        wins = [(better + SHIFT)[:, None] > other for better, other in sides]
        found.append(np.mean([resampled_share(won, rng, resamples) for won in wins], axis=0))
    return np.stack(found)


def correlations(strata: list[Array], rng: np.random.Generator, resamples: int) -> Array:
    """The strata are [experiments × 2 runs] of standard normals."""
    found = []
    for both in zip(*strata, strict=True):
        sides = [np.split(task, 2) for task in both]
        pairs = [np.stack([x, CORRELATION * x + (1 - CORRELATION**2) ** 0.5 * e]) for x, e in sides]
        draws = [resampled_correlation(pair, rng, resamples) for pair in pairs]
        found.append(average(np.stack(draws)))
    return np.stack(found)


def coverage(
    draw: Draw, truth: float, scores: Any, runs: int, tasks: int, repeats: int, resamples: int
) -> float:
    """The share of `repeats` experiments whose interval holds `truth`; `runs` of each task."""
    rng = np.random.default_rng(runs + 100 * tasks)
    held = []
    for start in range(0, repeats, BLOCK):
        count = min(BLOCK, repeats - start)
        offsets = 0.2 * (np.arange(tasks) - (tasks - 1) / 2)
        strata = [scores.rvs(size=(count, runs), random_state=rng) + own for own in offsets]
        for drawn in draw(strata, rng, resamples):
            low, high = percentiles(drawn[~np.isnan(drawn)])
            held.append(low <= truth <= high)
    return float(np.mean(held))


def rows(repeats: int, resamples: int) -> Iterator[tuple[str, str, list[float]]]:
    """Statistic, distribution and the coverage by tasks and seeds."""
    settings = [(tasks, seeds) for tasks in TASKS for seeds in SEEDS]
    for name, (draw, truth) in POOLED.items():
        for kind, scores in SCORES.items():
            known = {tasks: truth(scores, tasks) for tasks in TASKS}
            yield (
                name,
                kind,
                [coverage(draw, known[k], scores, n, k, repeats, resamples) for k, n in settings],
            )
    for kind, scores in SCORES.items():
        (values,) = grid(scores, 1)
        share = float(np.searchsorted(values, values + SHIFT).mean() / len(values))
        found = [
            coverage(improvements, share, scores, 2 * n, k, repeats, resamples) for k, n in settings
        ]
        yield "probability of improvement", kind, found
    rho = 6 / np.pi * np.arcsin(CORRELATION / 2)
    found = [coverage(correlations, rho, norm(), 2 * n, k, repeats, resamples) for k, n in settings]
    yield "Spearman's correlation", "any", found


def pooled_rows(repeats: int) -> Iterator[tuple[int, float, list[float]]]:
    """Configurations, the seed's share of the variance, and the coverage by statistic and seeds."""
    for configurations, share in product(CONFIGURATIONS, SHARES):
        found = []
        for how, seeds in product(OF_RUNS, SEEDS[1:]):
            rng = np.random.default_rng(seeds)
            cell, _, seed = np.indices((repeats, configurations, seeds))
            luck = rng.normal(size=(repeats, 1, seeds))
            own = rng.normal(size=(repeats, configurations, seeds))
            values = share**0.5 * luck + (1 - share) ** 0.5 * own
            columns = (values, cell, np.zeros_like(cell), seed)
            cells = stats.cells(*(column.ravel() for column in columns), how, rng)
            found.append(float(np.mean((cells.low <= 0) & (cells.high >= 0))))
        yield configurations, share, found


def main(repeats: str = "400", resamples: str = "1000") -> None:
    versions = f"numpy {np.__version__}, scipy {scipy.__version__}"
    print(f"{date.today()}, {versions}: {repeats} experiments each, {resamples} resamples\n")
    heads = [f"n = {n}, {k} task{'s' if k > 1 else ''}" for k in TASKS for n in SEEDS]
    print("| statistic | scores | " + " | ".join(heads) + " |")
    print("|---|---|" + "---|" * len(heads))
    for name, kind, found in rows(int(repeats), int(resamples)):
        print(f"| {name} | {kind} | " + " | ".join(f"{share:.0%}" for share in found) + " |")
    heads = [f"{how}, n = {n}" for how in OF_RUNS for n in SEEDS[1:]]
    print("\n| configurations | the seed's share | " + " | ".join(heads) + " |")
    print("|---|---|" + "---|" * len(heads))
    for count, part, found in pooled_rows(int(repeats)):
        print(f"| {count} | {part:.0%} | " + " | ".join(f"{one:.0%}" for one in found) + " |")


if __name__ == "__main__":
    main(**dict(word.split("=", 1) for word in sys.argv[1:]))
