"""An axis of the space as figures show it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from sweeper.space.blocks.parts import every_axis, parts
from sweeper.study.study import Study
from sweeper.text import canonical, is_number, united

TASK = "task"
"""The axis of the tasks, and their column in all tables."""

TRIAL = "trial"
"""The axis of the trials, which a figure of few of them may show, and their column."""

STUDY = "study"
"""The axis that tells studies apart, in a figure of several."""

UNSEARCHED = (TASK, TRIAL)
"""The axes that are none of the space's; their columns have their names."""

MARK = "axis "
"""What the columns of axes begin with in a figure's tables, and no other column does."""

ABSENT = "–"
"""What stands for an axis in trials in which it is inactive."""

NULL = "null"
"""What stands for a parameter that is null, which is a value."""

BINS = 8
"""Into how many bins a figure of cells puts the numbers that a sampler drew."""

_APART = 0.08
"""How far the inactive stands from the numbers at least: drawn ones may almost touch."""

_MANY = 12
"""So many numbers need no bins."""


@dataclass(frozen=True)
class Axis:
    """An axis of the space, or the tasks, as a figure shows it."""

    name: str
    labels: tuple[Any, ...]
    """Numbers in ascending order, or texts in the order of the space."""
    numeric: bool
    absent: bool = False
    """Whether the last label, a NaN or `ABSENT`, stands for trials in which it is inactive."""
    drawn: bool = False
    """Whether a sampler drew its numbers from a range: hardly two trials share one."""
    logged: bool | None = None
    """Whether the space spaces its numbers by ratio; `None` where it gives them one by one."""
    title: str = ""
    """What figures and tables call it: its name, where the space gives no title."""
    own: bool = False
    """Whether it is one of `UNSEARCHED`, of which there is a column anyway."""
    derived: bool = False
    """Whether it is no axis of the space but a parameter that follows from those."""
    nothing: str = ABSENT
    """What the last label of an `absent` one is called: `NULL` where all those trials have that."""

    def __post_init__(self) -> None:
        """Its name stands for a title that is not given."""
        object.__setattr__(self, "title", self.title or self.name)

    @property
    def searched(self) -> bool:
        """Whether it is an axis of the space."""
        return not self.own and not self.derived

    @property
    def column(self) -> str:
        """Its column in a figure's tables, which is none of the figure's own whatever its name."""
        return self.name if self.own else f"{MARK}{self.name}"

    def within(self, column: pd.Series) -> Axis:
        """The axis with those labels alone that a column of runs has."""
        there = set(column.dropna().unique().tolist())
        missing = self.labels[-1:] if self.absent and column.isna().any() else ()
        labels = tuple(label for label in self.known if label in there)
        return replace(self, labels=(*labels, *missing), absent=bool(missing))

    @property
    def known(self) -> list[Any]:
        """The labels that are values of the axis."""
        return list(self.labels[:-1] if self.absent else self.labels)

    @property
    def whole(self) -> bool:
        """Whether its labels are whole numbers, as sizes are."""
        return self.numeric and all(float(label).is_integer() for label in self.known)

    @property
    def log(self) -> bool:
        """Whether its numbers are spaced by ratio: as the space says, or else as they lie."""
        known = self.known
        if not self.numeric or len(known) < 2 or min(known) <= 0:
            return False
        if self.logged is not None:
            return self.logged
        ratios, steps = np.diff(np.log(known)), np.diff(known)
        if max(known) / min(known) < 5:
            return False
        return len(known) == 2 or _spread(ratios) < _spread(steps)

    @property
    def places(self) -> Any:
        """Where the labels stand along x: numbers at their value or logarithm, texts side by side.

        Where the axis is inactive stands behind them all.
        """
        if not self.numeric:
            return np.arange(len(self.labels), dtype=float)
        values = np.array(self.known, float)
        places = np.log10(values) if self.log else values
        if not self.absent:
            return places
        gap = max(np.diff(places).min(), _APART * np.ptp(places)) if len(places) > 1 else 1.0
        return np.append(places, places[-1] + 1.5 * gap if len(places) else 0.0)

    @property
    def gap(self) -> float:
        """The smallest distance of two places along x."""
        places = self.places
        return float(np.diff(places).min()) if len(places) > 1 else 1.0

    def codes(self, table: pd.DataFrame) -> Any:
        """The position of each row's label among `labels`."""
        codes = _places(self.known, table[self.column])
        return np.where(codes < 0, len(self.labels) - 1, codes) if self.absent else codes


@dataclass(frozen=True)
class Binned(Axis):
    """Numbers that a sampler drew, in bins; a label is the middle of its bin."""

    edges: tuple[float, ...] = ()

    def codes(self, table: pd.DataFrame) -> Any:
        """The position of each row's bin among `labels`."""
        values = table[self.column].to_numpy(float)
        codes = np.searchsorted(self.edges[1:-1], values, side="right")
        return np.where(np.isnan(values), len(self.labels) - 1, codes)


def binned(axis: Axis) -> Axis:
    """`axis`, its numbers in `BINS` bins of one width (or ratio) if a sampler drew many of them."""
    known = axis.known
    if not axis.drawn or len(known) <= _MANY:
        return axis
    space = np.geomspace if axis.log else np.linspace
    edges = space(known[0], known[-1], 2 * BINS + 1)
    middles = [float(f"{middle:.2g}") for middle in edges[1::2]]
    labels = middles if len(set(middles)) == BINS else edges[1::2].tolist()
    return Binned(
        axis.name,
        (*labels, *axis.labels[len(known) :]),
        numeric=True,
        absent=axis.absent,
        drawn=True,
        logged=axis.log,
        title=axis.title,
        nothing=axis.nothing,
        edges=tuple(edges[::2]),
    )


@dataclass(frozen=True)
class Numbered(Axis):
    """Tasks whose names end in numbers, at these; a label is a task's number."""

    tasks: tuple[str, ...] = ()
    """Their names, in the order of the labels."""

    def codes(self, table: pd.DataFrame) -> Any:
        """The position of each row's task among `labels`."""
        return _places(self.tasks, table[self.column])


def _places(labels: Sequence[Any], column: pd.Series) -> Any:
    """The position of each label of `column` among `labels` [rows], -1 where it is none of them."""
    return pd.Index(list(labels), dtype=object).get_indexer(column.astype(object)).astype(int)


def numbered(axis: Axis) -> Axis:
    """`axis`; that of tasks which differ in the number at their end alone, at these numbers."""
    ends = [re.fullmatch(r"(.+/)(\d+)", str(label)) for label in axis.labels]
    found = [end for end in ends if axis.name == TASK and end is not None]
    if len(found) < max(2, len(ends)) or len({end[1] for end in found}) > 1:
        return axis
    order = sorted(found, key=lambda end: int(end[2]))
    return Numbered(
        TASK,
        tuple(int(end[2]) for end in order),
        numeric=True,
        title=f"n of {order[0][1]}n",
        own=True,
        tasks=tuple(end[0] for end in order),
    )


def axis_of(name: str, study: Study) -> Axis:
    """The axis of the study's space that is called `name`."""
    labels, numeric, absent = _labels(study.plan.labels(name))
    axis = every_axis(study.space)[name]
    return Axis(
        name,
        labels,
        numeric,
        absent,
        study.space.sampler.name != "grid" and not hasattr(axis.distribution(name), "choices"),
        _logged(axis),
        axis.title or name,
    )


@dataclass(frozen=True)
class DerivedAxis:
    """A parameter that follows from the axes and varies, as an axis."""

    axis: Axis
    labels: tuple[Any, ...]
    """Its label in each trial."""
    settles: tuple[str, ...]
    """The axes that have one label wherever it has one."""


def derived_axes(study: Study) -> list[DerivedAxis]:
    """What formulas compute, and what an axis of another name or a block sets, where it varies."""
    plan, axes = study.plan, every_axis(study.space)
    names = dict.fromkeys(name for space in parts(study.space) for name in space.derived)
    for axis in axes:
        names |= dict.fromkeys(plan.expansion.sets(axis))
    made = [plan.configuration(trial.number) for trial in plan.trials]
    drawn, found = study.space.sampler.name != "grid", []
    for name in names:
        values = united([_label(one.params[name]) if name in one.params else None for one in made])
        nulls = NULL in values and None not in values
        shown = [None if nulls and value == NULL else value for value in values]
        labels, numeric, absent = _labels(shown)
        if not numeric:
            shown, (labels, numeric, absent) = values, _labels(values)
        if name in axes or len(labels) < 2:
            continue
        nothing, called = np.nan if numeric else ABSENT, NULL if nulls and numeric else ABSENT
        found.append(
            DerivedAxis(
                Axis(
                    name, labels, numeric, absent, drawn and numeric, derived=True, nothing=called
                ),
                tuple(nothing if label is None else label for label in shown),
                tuple(
                    axis for axis in axes if _settles(values, [m.labels.get(axis) for m in made])
                ),
            )
        )
    return found


def _settles(labels: Sequence[Any], others: Sequence[Any]) -> bool:
    """Whether each of `labels` stands beside one of `others` alone."""
    return len(set(zip(labels, others, strict=True))) == len(set(labels))


def _labels(found: Iterable[Any]) -> tuple[tuple[Any, ...], bool, bool]:
    """Each label once, in order; whether all are numbers; whether some trial has none."""
    once = dict.fromkeys(found)
    known: list[Any] = [label for label in once if label is not None]
    numeric = all(isinstance(label, int | float) for label in known)
    missing = [np.nan if numeric else ABSENT] if None in once else []
    return (*(sorted(known) if numeric else known), *missing), numeric, bool(missing)


def _label(value: Any) -> Any:
    """A parameter's value as an axis would call it."""
    return value if is_number(value) else canonical(value)


def _logged(axis: Any) -> bool | None:
    """Whether an axis of a space has a range by ratio; `None` where it has no range."""
    if getattr(axis, "low", None) is None:
        return None
    return bool(getattr(axis, "log", False))


def _spread(values: Any) -> float:
    return float(np.std(values) / abs(np.mean(values)))


def visible(table: pd.DataFrame) -> pd.DataFrame:
    """`table` as a CSV has it: without the columns in brackets, which only drawing needs.

    Axes have their names there; a column of the figure's own that is called like one of them is
    `figure …`.
    """
    table = table[[name for name in table.columns if not name.startswith("(")]]
    axes = {name.removeprefix(MARK) for name in table.columns if name.startswith(MARK)}
    names = []
    for name in table.columns:
        shown = name.removeprefix(MARK)
        while not name.startswith(MARK) and shown in axes:
            shown = f"figure {shown}"
        names.append(shown)
    return table.set_axis(names, axis=1)
