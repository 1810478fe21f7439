"""A hyperparameter that a population searches: the values that it may have, drawn and perturbed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Self

Number = int | float

_DIGITS = 12


@dataclass(frozen=True)
class Searched:
    """Numbers of a list, or of a range from `low` to `high`, as the axis of a space says them."""

    values: tuple[Number, ...] = ()
    """The numbers of a list, the smallest first; empty for a range."""
    low: Number = 0
    high: Number = 0
    log: bool = False
    """Whether numbers of the range are drawn by ratio."""
    step: Number | None = None
    """From one number of the range to the next; `None` where all between the ends are valid."""
    mean: float | None = None
    """Of a normal distribution that is cut off at both ends its mean."""
    sd: float | None = None
    """Its standard deviation, before it is cut off."""

    @classmethod
    def of_json(cls, body: Mapping[str, Any]) -> Self:
        """The hyperparameter that a run's description holds: the keys of its axis."""
        if "values" in body:
            return cls(tuple(sorted(body["values"])))
        step = body.get("step", 1 if body["kind"] == "int" else None)
        log, mean, sd = bool(body.get("log")), body.get("mean"), body.get("sd")
        return cls((), body["low"], body["high"], log, step, mean, sd)

    @property
    def ends(self) -> tuple[Number, Number]:
        """Its smallest and its largest value."""
        return (self.values[0], self.values[-1]) if self.values else (self.low, self.high)

    def drawn(self, share: float) -> Number:
        """The value below which a `share` in [0, 1) of all that is drawn lies."""
        if self.values:
            return self.values[_place(share, len(self.values))]
        if self.mean is not None and self.sd is not None:
            whole = NormalDist(self.mean, self.sd)
            below, under = whole.cdf(self.low), whole.cdf(self.high)
            return self._valid(whole.inv_cdf(below + share * (under - below)))
        if self.log:
            return self._valid(self.low * (self.high / self.low) ** share)
        if self.step is not None:
            steps = round((self.high - self.low) / self.step) + 1
            return self._valid(self.low + _place(share, steps) * self.step)
        return self._valid(self.low + share * (self.high - self.low))

    def perturbed(self, value: Number, share: float, factors: Sequence[float]) -> Number:
        """A value near `value`, of several that are equally likely the one at `share` in [0, 1).

        Of a list it is a neighbour; in a range `value` times one of `factors`, at most an end. By
        steps it is another step, unless `value` is the end.
        """
        if self.values:
            here = min(range(len(self.values)), key=lambda at: abs(self.values[at] - value))
            beside = [self.values[at] for at in (here - 1, here + 1) if 0 <= at < len(self.values)]
            return beside[_place(share, len(beside))] if beside else value
        wanted = value * factors[_place(share, len(factors))]
        found = self._valid(wanted)
        if self.step is not None and found == value and wanted != value:
            found = self._valid(value + self.step if wanted > value else value - self.step)
        return found

    def _valid(self, value: float) -> Number:
        """The number of the range that is nearest to `value`."""
        inside = min(max(value, self.low), self.high)
        if self.step is None:
            return inside
        found = self.low + round((inside - self.low) / self.step) * self.step
        return found if isinstance(found, int) else float(f"{found:.{_DIGITS}g}")


def _place(share: float, count: int) -> int:
    """Which of `count` equal parts of [0, 1) holds `share`."""
    return min(int(share * count), count - 1)
