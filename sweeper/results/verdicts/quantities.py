"""The quantities of a claim, of a study's runs and of resamples of their seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from sweeper.errors import NothingToShow
from sweeper.results.axis import TASK
from sweeper.results.data import Data
from sweeper.results.estimates import averaged
from sweeper.results.run_tables import VALUE
from sweeper.results.slices.part import Part
from sweeper.results.slices.pooling import pooled
from sweeper.score import Array, worst
from sweeper.space.claims.claim import Claim
from sweeper.space.claims.statement import BEST, OF_AXES, SCORE, USABLE, Quantity
from sweeper.stats.bootstrap import StandIns, multiplicities, stand_ins
from sweeper.stats.cluster_bootstrap import drawn_seeds
from sweeper.stats.hyperparameters import USABLE_SHARE
from sweeper.stats.verdicts import Difference
from sweeper.study.study import Study
from sweeper.text import counted

_RESAMPLES = 4000

Units = dict[str, list[int]]
"""The seeds of each task."""


@dataclass(frozen=True)
class Side:
    """A quantity of a claim, and the runs that it is of."""

    quantity: Quantity
    labels: tuple[Any, ...]
    """The values of its axis that have runs; one `None` where it has no axis."""
    cells: list[pd.DataFrame]
    """The runs that count of each of these values."""
    how: str
    minimise: bool

    @property
    def units(self) -> Units:
        """The seeds of each task that all its values have."""
        found = [set(zip(one[TASK], one["seed"], strict=True)) for one in self.cells]
        units: Units = {}
        for task, seed in sorted(set.intersection(*found)):
            units.setdefault(task, []).append(int(seed))
        return units

    @property
    def one_run(self) -> bool:
        """Whether each of its values has one run a seed and task."""
        return not any(one.duplicated([TASK, "seed"]).any() for one in self.cells)

    @property
    def runs(self) -> int:
        """How many runs stand behind it."""
        return sum(map(len, self.cells))


@dataclass(frozen=True)
class Compared:
    """A claim as the runs of a study have it: its sides, and their difference."""

    left: float
    """Infinite where runs that diverged decide it, as `right`."""
    right: float
    difference: Difference
    """What the claim says is above 0."""
    runs: int


def sides(study: Study, data: Data, claim: Claim) -> list[Side]:
    """The quantities of a claim; `NothingToShow` where no configuration of one is complete.

    `SweeperError` for a condition, an axis or a metric that the study does not have.
    """
    return [_side(study, data, claim, one) for one in claim.statement.quantities]


def _side(study: Study, data: Data, claim: Claim, quantity: Quantity) -> Side:
    where = [*claim.where, *([quantity.where] if quantity.where else [])]
    own = Part.of(study, {"where": where, "pool": claim.pool}).data(data, claim.at)
    axis = own.axis(quantity.axis) if quantity.axis is not None else None
    metric = None if quantity.name in (SCORE, *OF_AXES) else quantity.name
    runs = pooled(own, [axis]).table(metric)
    if axis is not None and axis.drawn and quantity.name == USABLE:
        raise NothingToShow(f"a sampler drew the values of {axis.name}: none are listed to count")
    codes = axis.codes(runs) if axis is not None else np.zeros(len(runs), int)
    labels = axis.known if axis is not None else [None]
    cells = {label: averaged(runs[codes == place]) for place, label in enumerate(labels)}
    cells = {label: cell for label, cell in cells.items() if len(cell)}
    if not cells:
        ended = len(own.runs) - int(own.runs["state"].isin(["open", "running"]).sum())
        raise NothingToShow(
            f"no configuration of {quantity} is complete: of its "
            f"{counted(len(own.runs), 'run')} {ended} have ended"
        )
    return Side(quantity, tuple(cells), [*cells.values()], data.how, own.minimise)


def compared(claim: Claim, found: Sequence[Side]) -> Compared:
    """Both sides, and the difference that the claim is about, on resamples of whole seeds.

    Both sides have the same resamples of a task's seeds. `NothingToShow` where they share a task,
    and no seed of it.
    """
    units = _shared(found)
    known, found = _finite(found)
    rng = np.random.default_rng(0)
    draws = {task: multiplicities(len(seeds), rng, _RESAMPLES) for task, seeds in units.items()}
    once = {task: np.ones((1, len(seeds)), int) for task, seeds in units.items()}
    points, resampled = (
        _quantities(found, [_statistics(side, known, units, drawn) for side in found])
        for drawn in (once, draws)
    )
    statement, first = claim.statement, found[0]
    if isinstance(statement.right, float):
        points, resampled = ([*both, np.full(1, statement.right)] for both in (points, resampled))
    sign = 1 if statement.larger else -1
    by_axis, exact = statement.left.name in OF_AXES, statement.left.name == BEST
    one_run = not by_axis and all(side.one_run for side in found)
    difference = Difference(
        float(sign * (points[0] - points[1])[0] - statement.by),
        sign * (resampled[0] - resampled[1]) - statement.by,
        tuple(map(len, units.values())),
        how=first.how if one_run else "mean",
        few_values=by_axis,
        zeros=float(statement.or_equal) if exact else 0.5,
    )
    left, right = (float(one[0]) for one in points)
    if not by_axis:
        left, right = (_known(one, known, first.minimise) for one in (left, right))
    return Compared(left, right, difference, sum(side.runs for side in found))


def _finite(found: Sequence[Side]) -> tuple[StandIns, list[Side]]:
    """The sides with a number for each infinite score, the same in both."""
    cells = [cell for side in found for cell in side.cells]
    known = stand_ins(np.concatenate([cell[VALUE].to_numpy(float) for cell in cells]))
    parts = np.split(known.scores, np.cumsum([len(cell) for cell in cells])[:-1])
    made = iter([cell.assign(**{VALUE: part}) for cell, part in zip(cells, parts, strict=True)])
    return known, [replace(side, cells=[next(made) for _ in side.cells]) for side in found]


def _shared(found: Sequence[Side]) -> Units:
    """The seeds of each task that are drawn: of a task of both sides those that both have."""
    own = [side.units for side in found]
    units: Units = {}
    for task in sorted(set().union(*own)):
        having = [set(one[task]) for one in own if task in one]
        seeds = sorted(set.intersection(*having))
        if not seeds:
            raise NothingToShow(f"the two sides have no seed in common on {task}")
        units[task] = seeds
    if not units:
        raise NothingToShow("the values of its axis have no seed in common")
    return units


def _statistics(side: Side, known: StandIns, units: Units, drawn: Mapping[str, Array]) -> Array:
    """The statistics of a side's cells [cells × resamples], of seeds `drawn` a task."""
    tasks = [task for task in units if task in side.units]
    times = np.concatenate([drawn[task] for task in tasks], axis=1)
    return np.concatenate([_statistic(side, cell, units, tasks, times) for cell in side.cells])


def _statistic(
    side: Side, cell: pd.DataFrame, units: Units, tasks: Sequence[str], times: Array
) -> Array:
    counts, values = [], []
    for task in tasks:
        own = cell[(cell[TASK] == task) & cell["seed"].isin(units[task])]
        own = own.sort_values("seed", kind="stable")
        values.append(own[VALUE].to_numpy(float))
        counts.append(np.unique(own["seed"], return_counts=True)[1])
    return drawn_seeds(np.concatenate(values)[None], counts, side.how, times)


def _quantities(found: Sequence[Side], statistics: Sequence[Array]) -> list[Array]:
    """What the sides come to [resamples], of their cells' statistics [cells × resamples]."""
    if found[0].quantity.name == USABLE:
        gains = [1 - own if found[0].minimise else own for own in statistics]
        best = np.max(np.concatenate(gains), axis=0)
        least = np.where(best > 0, USABLE_SHARE * best - 1e-12, np.inf)
        return [np.asarray((gain >= least).sum(axis=0), float) for gain in gains]
    if found[0].quantity.name == BEST:
        pairs = zip(found, statistics, strict=True)
        return [np.asarray(side.labels, float)[_best(side, own)] for side, own in pairs]
    return [own[0] for own in statistics]


def _best(side: Side, own: Array) -> Array:
    return np.asarray(own.argmin(axis=0) if side.minimise else own.argmax(axis=0))


def _known(value: float, known: StandIns, minimise: bool) -> float:
    """`value`, or what a diverged run counts as where such runs decide it."""
    decided = np.isnan(known.known(np.array([value]))[0]).any()
    return worst(minimise=minimise) if decided else value
