"""`float`: numbers given one by one, or a linear or logarithmic range."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import BeforeValidator, model_validator

from sweeper.errors import Invalid, shown
from sweeper.schema.rules import Flag, Number, distinct, each, items, number, whole
from sweeper.space.axes import AxisModel, Point
from sweeper.space.axes._numbers import listed, one_form, spaced
from sweeper.text import canonical

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

_DIGITS = 12


def _values(value: Any) -> list[float]:
    numbers = [float(item) for item in each(number, items(value))]
    distinct(canonical(item) for item in numbers)
    return numbers


class Axis(AxisModel):
    """`values`, or `low` to `high`: both ends and `count` points in all, evenly or by ratio.

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
        """The number of its values; `None` for a range."""
        return None if self.values is None else len(self.values)

    def point(self, name: str, label: Any) -> Point:
        """The number itself; in a range any number will do."""
        if self.values is not None:
            return super().point(name, label)
        assert self.low is not None and self.high is not None
        value = float(number(label))
        if not self.low <= value <= self.high:
            raise Invalid(f"must be from {self.low:g} to {self.high:g}, but got {shown(label)}")
        return Point(value, value, {name: value})

    def points(self, name: str) -> tuple[Point, ...]:
        """The values, or `count` of them from low to high, both included."""
        if self.values is not None:
            return listed(name, self.values)
        if self.count is None:
            raise Invalid("needs a count of points for a grid")
        assert self.low is not None and self.high is not None
        grid = spaced(self.low, self.high, self.count, log=self.log, rule=_rounded)
        return tuple(Point(value, value, {name: value}) for value in grid)

    def distribution(self, name: str) -> BaseDistribution:
        """The range; or, where values are given, a categorical over exactly these."""
        from optuna.distributions import CategoricalDistribution, FloatDistribution

        if self.values is not None:
            return CategoricalDistribution(self.values)
        assert self.low is not None and self.high is not None
        return FloatDistribution(self.low, self.high, log=self.log)


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
