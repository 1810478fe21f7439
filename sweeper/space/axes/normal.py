"""`normal`: numbers of a normal distribution, which may be cut off at one end or both."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import BeforeValidator, model_validator

from sweeper.errors import Invalid, shown
from sweeper.schema.rules import Number, number, positive, whole
from sweeper.space.axes import MAX_POINTS, AxisModel, Point
from sweeper.space.axes._numbers import NO_GRID, rounded
from sweeper.text import canonical

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

_TAIL = 1e-9
"""The share of the distribution at either end that is never drawn."""

_LEAST = 1e-6
"""The smallest share of the distribution that the ends may leave."""


class Axis(AxisModel):
    """Numbers that `random` and `qmc` draw; a grid has `count` of them, each for an equal share.

    `reward.scale: {kind: normal, mean: 1, sd: 0.2, low: 0, count: 5}`
    """

    mean: Number
    """The mean, as in `mean: 1`; of the distribution before it is cut off."""
    sd: Annotated[float, BeforeValidator(positive)]
    """The standard deviation, as in `sd: 0.2`; likewise."""
    low: Number | None = None
    """The smallest number that is drawn, as in `low: 0`."""
    high: Number | None = None
    """The largest number that is drawn, as in `high: 2`."""
    count: Annotated[int | None, BeforeValidator(whole(1))] = None
    """How many points a grid has, as in `count: 5`: the medians of so many equal shares."""

    @model_validator(mode="after")
    def _some(self) -> Self:
        if self.count is not None and self.count > MAX_POINTS:
            raise Invalid(f"takes a count of at most {MAX_POINTS}, but got {self.count}")
        first, last = self._shares
        if last - first < _LEAST:
            low, high = (canonical(end) for end in (self.low, self.high))
            raise Invalid(
                "needs ends that leave some of the distribution, but got "
                f"low={low} and high={high} of mean={self.mean:g} and sd={self.sd:g}"
            )
        return self

    @property
    def _shares(self) -> tuple[float, float]:
        """The shares of the distribution below the first and below the last number."""
        whole_one = NormalDist(self.mean, self.sd)
        first = _TAIL if self.low is None else max(_TAIL, whole_one.cdf(self.low))
        last = 1 - _TAIL if self.high is None else min(1 - _TAIL, whole_one.cdf(self.high))
        return first, last

    @property
    def ends(self) -> tuple[float, float]:
        """The numbers between which all are drawn."""
        return self.quantile(0.0), self.quantile(1.0)

    def size(self, name: str) -> int | None:
        """`None`: it is a range."""
        return None

    def quantile(self, share: float) -> float:
        """The number below which `share` of what is drawn lies."""
        first, last = self._shares
        value = NormalDist(self.mean, self.sd).inv_cdf(first + share * (last - first))
        low = value if self.low is None else max(value, self.low)
        return low if self.high is None else min(low, self.high)

    def points(self, name: str) -> tuple[Point, ...]:
        """`count` numbers, the medians of equal shares."""
        if self.count is None:
            raise Invalid(NO_GRID)
        shares = [(index + 0.5) / self.count for index in range(self.count)]
        values = [rounded(self.quantile(share)) for share in shares]
        return tuple(Point(value, value, {name: value}) for value in values)

    def point(self, name: str, label: Any) -> Point:
        """The number itself, if it may be drawn."""
        value = float(number(label))
        low, high = self.ends
        if not low <= value <= high:
            raise Invalid(f"must be from {low:g} to {high:g}, but got {shown(label)}")
        return Point(value, value, {name: value})

    def distribution(self, name: str) -> BaseDistribution:
        """The range between its ends: Optuna has no normal distribution."""
        from optuna.distributions import FloatDistribution

        return FloatDistribution(*self.ends)
