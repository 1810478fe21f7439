"""`int`: whole numbers given one by one, or a range by steps, evenly, or by ratio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, model_validator

from sweeper.errors import Invalid, shown
from sweeper.schema.rules import Flag, Positive, distinct, each, items, whole
from sweeper.space.axes import MAX_POINTS, AxisModel, Point
from sweeper.space.axes._numbers import NO_GRID, listed, on_step, one_form, spaced

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


def _values(value: Any) -> list[int]:
    numbers = each(whole(), items(value))
    distinct(str(item) for item in numbers)
    return numbers


Whole = Annotated[int, BeforeValidator(whole())]


class Axis(AxisModel):
    """`values`, or every whole number (or every `step`-th, or `count` of them) of a range.

    `network.layers: {kind: int, low: 1, high: 16, log: true, count: 5}`
    """

    structural: ClassVar[bool] = True

    values: Annotated[list[int] | None, BeforeValidator(_values)] = None
    """The whole numbers one by one, as in `values: [64, 128, 256]`."""
    low: Whole | None = None
    """The smallest number of a range, as in `low: 1`."""
    high: Whole | None = None
    """The largest number of a range, as in `high: 16`."""
    log: Flag = False
    """Whether the range is spaced by ratio, as in `log: true`; a grid of it needs a `count`."""
    step: Positive | None = None
    """From one number to the next, as in `step: 5`; steps must lead from `low` to `high`. With
    `log` what is drawn by ratio goes to the nearest step."""
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
        """The number of its values; `None` for a range whose grid does not hold them all."""
        if self.values is not None:
            return len(self.values)
        assert self.low is not None and self.high is not None
        if self.log or self.count is not None:
            return None
        return (self.high - self.low) // (self.step or 1) + 1

    def points(self, name: str) -> tuple[Point, ...]:
        """The values, or those of the range, both ends included."""
        if self.values is not None:
            return listed(name, self.values)
        assert self.low is not None and self.high is not None
        if self.count is not None:
            grid = spaced(self.low, self.high, self.count, log=self.log, rule=self.nearest)
        elif (size := self.size(name)) is None or size > MAX_POINTS:
            raise Invalid(NO_GRID)
        else:
            grid = list(range(self.low, self.high + 1, self.step or 1))
        return tuple(Point(value, value, {name: value}) for value in grid)

    def nearest(self, label: Any) -> Any:
        """The number that a step leads to, and that is nearest to the one that was drawn."""
        if self.values is not None:
            return label
        return round(label if self.step is None else on_step(self.low, self.high, self.step, label))

    def point(self, name: str, label: Any) -> Point:
        """The number itself; in a range any whole number will do that its steps lead to."""
        if self.values is not None:
            return super().point(name, label)
        assert self.low is not None and self.high is not None
        value = whole()(label)
        if not self.low <= value <= self.high or (value - self.low) % (self.step or 1):
            steps = f" by steps of {self.step}" if self.step else ""
            raise Invalid(f"must be from {self.low} to {self.high}{steps}, but got {shown(label)}")
        return Point(value, value, {name: value})

    def distribution(self, name: str) -> BaseDistribution:
        """The range; or, where values are given, a categorical over exactly these."""
        from optuna.distributions import CategoricalDistribution, IntDistribution

        if self.values is not None:
            return CategoricalDistribution(self.values)
        assert self.low is not None and self.high is not None
        step = 1 if self.log else self.step or 1  # Optuna takes one of both, `nearest` adds steps
        return IntDistribution(self.low, self.high, log=self.log, step=step)
