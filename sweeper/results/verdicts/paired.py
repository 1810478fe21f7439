"""The two sides of a claim on the same resamples of whole seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, reduce
from typing import Any

import numpy as np

from sweeper.errors import NothingToShow
from sweeper.score import Array, worst
from sweeper.space.claims.claim import Claim
from sweeper.space.claims.statement import BEST, OF_AXES, USABLE, Quantity
from sweeper.stats.bootstrap import StandIns, multiplicities, stand_ins
from sweeper.stats.cluster_bootstrap import drawn_seeds
from sweeper.stats.hyperparameters import USABLE_SHARE
from sweeper.stats.verdicts import Difference

_RESAMPLES = 4000

_ROUNDING = 1e-12
"""Scores that differ by less are equally good."""


@dataclass(frozen=True)
class TaskRuns:
    """The runs of some configurations on one task, [runs] each, in the order of their seeds."""

    seeds: Array
    values: Array

    def of(self, seeds: Array) -> tuple[Array, Array]:
        """The values under some seeds [runs], and how many there are under each [seeds]."""
        kept = np.isin(self.seeds, seeds)
        return self.values[kept], np.unique(self.seeds[kept], return_counts=True)[1]


Cell = dict[str, TaskRuns]
"""By task the runs that count of one value of an axis, or of a whole side."""


def cell(tasks: Array, seeds: Array, values: Array) -> Cell:
    """The runs of which `tasks`, `seeds` and `values` [runs] are, by task."""
    order = np.argsort(seeds, kind="stable")
    tasks, seeds, values = tasks[order], seeds[order], np.asarray(values, float)[order]
    return {str(t): TaskRuns(seeds[tasks == t], values[tasks == t]) for t in np.unique(tasks)}


@dataclass(frozen=True)
class Side:
    """A quantity of a claim, and the runs that it is of."""

    quantity: Quantity
    labels: tuple[Any, ...]
    """The values of its axis that have runs; one `None` where it has no axis."""
    cells: list[Cell]
    """The runs of each of these values."""
    how: str
    minimise: bool
    used: frozenset[str] = frozenset()
    """The runs that stand behind it."""
    planned: frozenset[str] = frozenset()
    """Those and the runs of its configurations that have not ended with a value."""

    @property
    def seeds(self) -> dict[str, Array]:
        """The seeds of each task that all its values have."""
        tasks = set.intersection(*(set(one) for one in self.cells))
        every = {task: [np.unique(one[task].seeds) for one in self.cells] for task in tasks}
        found = {task: reduce(np.intersect1d, own) for task, own in every.items()}
        return {task: seeds for task, seeds in found.items() if len(seeds)}

    @property
    def one_run(self) -> bool:
        """Whether each of its values has one run a seed and task."""
        every = [own.seeds for one in self.cells for own in one.values()]
        return all(len(np.unique(seeds)) == len(seeds) for seeds in every)


@dataclass(frozen=True)
class Compared:
    """A claim as the runs of a study have it: its sides, and their difference."""

    left: float
    """Infinite where runs that diverged decide it, as `right`."""
    right: float
    difference: Difference
    """What the claim says is above 0."""
    runs: int
    """How many runs stand behind both."""
    planned: int
    """How many there are of their configurations."""


def compared(claim: Claim, found: Sequence[Side]) -> Compared:
    """Both sides, and the difference that the claim is about, on resamples of whole seeds.

    Both sides have the same resamples of a task's seeds. `NothingToShow` where they share a task,
    and no seed of it.
    """
    seeds = _shared(found)
    known, found = _finite(found)
    drawn = dict(zip(seeds, _draws(tuple(map(len, seeds.values()))), strict=True))
    once = {task: np.ones((1, len(own)), int) for task, own in seeds.items()}
    points, resampled = (
        _quantities(found, [_statistics(side, seeds, times) for side in found])
        for times in (once, drawn)
    )
    statement, first = claim.statement, found[0]
    if isinstance(statement.right, float):
        points, resampled = ([*both, np.full(1, statement.right)] for both in (points, resampled))
    sign = 1 if statement.larger else -1
    by_axis = statement.left.name in OF_AXES
    exact = statement.left.name == BEST or isinstance(statement.right, float)
    one_run = not by_axis and all(side.one_run for side in found)
    draws = sign * (resampled[0] - resampled[1]) - statement.by
    lost = np.zeros(len(draws), bool) if by_axis else _decided(resampled[: len(found)], known)
    draws = np.where(lost & (draws != 0), np.copysign(np.inf, draws), draws)
    difference = Difference(
        float(sign * (points[0] - points[1])[0] - statement.by),
        draws,
        tuple(map(len, seeds.values())),
        how=first.how if one_run else "mean",
        by_count=by_axis or bool(lost.any()),
        zeros=float(statement.or_equal) if exact else 0.5,
    )
    ends = [float(one[0]) for one in points]
    if not by_axis:
        for place, side in enumerate(found):
            ends[place] = _known(ends[place], known, side.minimise)
    counts = (
        len(frozenset[str]().union(*runs))
        for runs in ([side.used for side in found], [side.planned for side in found])
    )
    return Compared(ends[0], ends[1], difference, *counts)


@lru_cache(maxsize=8)
def _draws(sizes: tuple[int, ...]) -> list[Array]:
    """How often each resample draws each seed of tasks with so many [resamples × seeds]."""
    rng = np.random.default_rng(0)
    return [multiplicities(size, rng, _RESAMPLES) for size in sizes]


def _finite(found: Sequence[Side]) -> tuple[StandIns, list[Side]]:
    """The sides with a number for each infinite score, the same in both."""
    parts = [own.values for side in found for one in side.cells for own in one.values()]
    known = stand_ins(np.concatenate(parts))
    made = iter(np.split(known.scores, np.cumsum([*map(len, parts)])[:-1]))

    def finite(one: Cell) -> Cell:
        return {task: replace(own, values=next(made)) for task, own in one.items()}

    return known, [replace(side, cells=[*map(finite, side.cells)]) for side in found]


def _shared(found: Sequence[Side]) -> dict[str, Array]:
    """The seeds of each task that are drawn: of a task of both sides those that both have."""
    own = [side.seeds for side in found]
    shared: dict[str, Array] = {}
    for task in sorted(set().union(*own)):
        shared[task] = reduce(np.intersect1d, [one[task] for one in own if task in one])
        if not len(shared[task]):
            raise NothingToShow(f"the two sides have no seed in common on {task}")
    if not shared:
        raise NothingToShow("the values of its axis have no seed in common")
    return shared


def _statistics(side: Side, seeds: Mapping[str, Array], drawn: Mapping[str, Array]) -> Array:
    """The statistics of a side's cells [cells × resamples], of seeds `drawn` a task."""
    own = side.seeds
    tasks = [task for task in seeds if task in own]
    times = np.concatenate([drawn[task] for task in tasks], axis=1)
    found = []
    for one in side.cells:
        parts = [one[task].of(seeds[task]) for task in tasks]
        values = np.concatenate([values for values, _ in parts])[None]
        found.append(drawn_seeds(values, [counts for _, counts in parts], side.how, times))
    return np.concatenate(found)


def _quantities(found: Sequence[Side], statistics: Sequence[Array]) -> list[Array]:
    """What the sides come to [resamples], of their cells' statistics [cells × resamples]."""
    if found[0].quantity.name == USABLE:
        gains = [1 - own if found[0].minimise else own for own in statistics]
        best = np.max(np.concatenate(gains), axis=0)
        least = np.where(best > 0, USABLE_SHARE * best - _ROUNDING, np.inf)
        return [np.asarray((gain >= least).sum(axis=0), float) for gain in gains]
    if found[0].quantity.name == BEST:
        pairs = enumerate(zip(found, statistics, strict=True))
        return [_best(side, own, first) for first, (side, own) in pairs]
    return [own[0] for own in statistics]


def _best(side: Side, own: Array, first: int) -> Array:
    """The best value in each resample [resamples].

    Of values that are equally good the least and the largest in turn, and of the other side
    (`first` 1) the other way round, so that they speak for no claim that they do not all fulfil.
    """
    gains, labels = -own if side.minimise else own, np.asarray(side.labels, float)
    top = gains.max(axis=0)
    tied = gains >= top - _ROUNDING * np.maximum(1.0, np.abs(top))
    least = np.where(tied, labels[:, None], np.inf).min(axis=0)
    largest = np.where(tied, labels[:, None], -np.inf).max(axis=0)
    return np.asarray(np.where(np.arange(first, first + len(top)) % 2, largest, least))


def _known(value: float, known: StandIns, minimise: bool) -> float:
    """`value`, or what a diverged run counts as where such runs decide it."""
    return worst(minimise=minimise) if _decided([np.array([value])], known).any() else value


def _decided(values: Sequence[Array], known: StandIns) -> Array:
    """In which resamples [resamples] runs that diverged decide one of `values` [resamples]."""
    return np.asarray(np.any([np.isnan(known.known(one)[0]) for one in values], axis=0))
