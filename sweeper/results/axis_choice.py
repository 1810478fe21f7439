"""The axes that a figure shows: those that a user names, and by default the first that fit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from sweeper.errors import SweeperError, choices, listed, shown
from sweeper.results.axis import STUDY, TRIAL, Axis
from sweeper.space.figure_options import MOST

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


ALL, BEST = "all", "best"
POOLS = (ALL, BEST)
"""What a point shows of the axes that a figure does not: all values, or the best configuration."""


@dataclass(frozen=True)
class AxisChoice:
    """The axes of a study, the tasks among them, and rules for which of them a figure shows."""

    study: str
    axes: Mapping[str, Axis]
    """All axes and the tasks, also those with one label."""
    zip: tuple[tuple[str, ...], ...]
    """Axes that move together."""
    distribution: Callable[[str], BaseDistribution]
    """From an axis to the Optuna distribution of its labels."""
    settles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """From a derived axis to the axes that have one label wherever it has one."""
    pool: str = ALL
    """One of `POOLS`."""
    joint: bool = False
    """Whether they are those of several studies, which the axis `STUDY` tells apart."""

    @cached_property
    def varied(self) -> list[str]:
        """The axes with more than one value."""
        return [name for name, axis in self.axes.items() if len(axis.labels) > 1 and axis.searched]

    @cached_property
    def independent(self) -> list[str]:
        """The varied axes, of those that move together the first alone."""
        following = {name for group in self.zip for name in group[1:]}
        return [name for name in self.varied if name not in following]

    def within(self, runs: pd.DataFrame) -> AxisChoice:
        """The axes with those values alone that these runs have."""
        axes = {name: axis.within(runs[axis.column]) for name, axis in self.axes.items()}
        return replace(self, axes=axes)

    def with_trials(self, numbers: Sequence[int]) -> AxisChoice:
        """The axes and that of these trials, which figures may show where they are few."""
        if TRIAL in self.axes or len(numbers) > MOST["facet"]:
            return self
        trials = Axis(TRIAL, tuple(numbers), False, own=True)
        return replace(self, axes={**self.axes, TRIAL: trials})

    def axis(self, name: str) -> Axis:
        """The axis called `name`; `SweeperError` for an unknown one."""
        if name not in self.axes:
            raise SweeperError(
                f"{shown(name)} is no axis of {self.study}{choices(name, self.axes)}"
            )
        return self.axes[name]

    def titles(self, names: Iterable[str]) -> list[str]:
        """What figures and tables call these axes."""
        return [self.axes[name].title for name in names]

    def first(
        self, taken: Iterable[str | None], *, most: int | None = None, numeric: bool = False
    ) -> str | None:
        """The first varied axis that is not `taken` and moves with none of them; numeric first."""
        taken = {*taken, *self.moved(taken)}
        free = [name for name in self.varied if name not in taken]
        free = [name for name in free if most is None or len(self.axes[name].labels) <= most]
        if numeric:
            free.sort(key=lambda name: not self.axes[name].numeric)
        return free[0] if free else None

    def moved(self, shown: Iterable[str | None]) -> dict[str, str]:
        """The varied axes not `shown` that move with a shown one, each with that one."""
        pairs = [(name, axis) for group in self.zip for axis in group for name in group]
        pairs += [(name, axis) for axis, names in self.settles.items() for name in names]
        hidden = {name for name in self.varied if name not in shown}
        return {name: axis for name, axis in pairs if name in hidden and axis in shown}

    def with_study(
        self, *options: str | None, given: Sequence[str | None] = ()
    ) -> tuple[str | None, ...]:
        """The `options` that name axes, the first free one with that of the studies, if any.

        No figure pools several studies: `SweeperError` where none is free, and none is `given`.
        """
        if not self.joint or STUDY in (*options, *given):
            return options
        if None not in options:
            raise SweeperError(f"one of the axes must be {STUDY}, where several studies are shown")
        place = options.index(None)
        return (*options[:place], STUDY, *options[place + 1 :])

    def check_distinct(self, **chosen: str | None) -> None:
        """`SweeperError` where two of the options name one axis, or one names none."""
        seen: dict[str, str] = {}
        for option, name in chosen.items():
            if name is None:
                continue
            self.axis(name)
            if name in seen:
                raise SweeperError(
                    f"{seen[name]} and {option} must differ, but both are {shown(name)}"
                )
            seen[name] = option

    def check_few(self, **chosen: str | None) -> None:
        """`SweeperError` where the axis of an option has too many values to be told apart."""
        for option, name in chosen.items():
            count, most = len(self.axis(name).labels) if name else 0, MOST[option]
            if count > most:
                fitting = [other for other, axis in self.axes.items() if len(axis.labels) <= most]
                raise SweeperError(
                    f"{option} takes an axis of at most {most} values, but {shown(name)} has "
                    f"{count}; fitting: {listed(str(name), fitting) or 'none'}"
                )
