"""`float`: numbers given one by one, or a linear or logarithmic range."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import BeforeValidator, model_validator

from sweeper.errors import Invalid, shown
from sweeper.schema.rules import Flag, Number, distinct, each, items, number, positive, whole
from sweeper.space.axes import MAX_POINTS, AxisModel, Point
from sweeper.space.axes._numbers import (
    NO_GRID,
    listed,
    on_step,
    one_form,
    rounded,
    spaced,
    step_at,
    steps_of,
)
from sweeper.text import canonical

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


def _values(value: Any) -> list[float]:
    numbers = [float(item) for item in each(number, items(value))]
    distinct(canonical(item) for item in numbers)
    return numbers


class Axis(AxisModel):
    """`values`, or `low` to `high`: both ends and `count` points in all, evenly or by ratio, or by
    steps.

    `optimizer.lr: {kind: float, low: 1e-5, high: 1e-3, log: true, count: 5, default: 1e-4}`
    """

    values: Annotated[list[float] | None, BeforeValidator(_values)] = None
    """The numbers one by one, as in `values: [1e-4, 1e-3]`."""
    low: Number | None = None
    """The smallest number of a range, as in `low: 1e-5`."""
    high: Number | None = None
    """The largest number of a range, as in `high: 1e-3`."""
    log: Flag = False
    """Whether the range is spaced by ratio, as in `log: true`."""
    step: Annotated[float | None, BeforeValidator(positive)] = None
    """From one number to the next, as in `step: 0.1`; steps must lead from `low` to `high`. With
    `log` what is drawn by ratio goes to the nearest step, and a grid needs a `count`."""
    count: Annotated[int | None, BeforeValidator(whole(2))] = None
    """How many points of the range a grid has, both ends included, as in `count: 5`."""

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        one_form(self)
        return self

    @property
    def ends(self) -> tuple[float, float] | None:
        """The ends of its range; `None` where its values are listed."""
        if self.low is None or self.high is None:
            return None
        return self.low, self.high

    def size(self, name: str) -> int | None:
        """The number of its values; `None` for a range without steps or by ratio."""
        if self.values is not None:
            return len(self.values)
        if self.step is None or self.log:
            return None
        return steps_of(self.low, self.high, self.step) + 1

    def point(self, name: str, label: Any) -> Point:
        """The number itself; in a range any number will do that its steps lead to."""
        if self.values is not None:
            return super().point(name, label)
        assert self.low is not None and self.high is not None
        value = float(number(label))
        if not self.low <= value <= self.high:
            raise Invalid(f"must be from {self.low:g} to {self.high:g}, but got {shown(label)}")
        nearest = self.nearest(value)
        if not math.isclose(nearest, value, rel_tol=1e-9, abs_tol=1e-9 * (self.step or 1)):
            raise Invalid(
                f"must be from {self.low:g} to {self.high:g} by steps of {self.step:g}, "
                f"but got {shown(label)}"
            )
        return Point(nearest, nearest, {name: nearest})

    def nearest(self, label: Any) -> Any:
        """The number that a step leads to, and that is nearest to the one that was drawn."""
        if self.values is not None or self.step is None:
            return label
        return on_step(self.low, self.high, self.step, label)

    def points(self, name: str) -> tuple[Point, ...]:
        """The values, or `count` of them, or all steps, from low to high, both included."""
        if self.values is not None:
            return listed(name, self.values)
        if self.count is not None:
            rule = rounded if self.step is None else self.nearest
            grid = spaced(self.low, self.high, self.count, log=self.log, rule=rule)
        elif (size := self.size(name)) is None or size > MAX_POINTS:
            raise Invalid(NO_GRID)
        else:
            grid = [step_at(self.low, self.step, number) for number in range(size)]
        return tuple(Point(value, value, {name: value}) for value in grid)

    def distribution(self, name: str) -> BaseDistribution:
        """The range; or, where values are given, a categorical over exactly these."""
        from optuna.distributions import CategoricalDistribution, FloatDistribution

        if self.values is not None:
            return CategoricalDistribution(self.values)
        assert self.low is not None and self.high is not None
        step = None if self.log else self.step  # Optuna takes one of both, `nearest` adds steps
        return FloatDistribution(self.low, self.high, log=self.log, step=step)
