"""Code that numeric axes share: values in a list, or points of a range."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from sweeper.errors import Invalid
from sweeper.space.axes import MAX_POINTS, AxisModel, Point
from sweeper.text import canonical

_DIGITS = 12

NO_GRID = (
    "needs a count of points for a grid; or a sampler that draws from it, as in sampler: random "
    "(with grid: true on axes that stay a grid)"
)
"""What is wrong with a range in a grid."""


def one_form(axis: AxisModel) -> None:
    """Raises `Invalid` unless `axis` has either values or a range from low to high, above 0 if log.

    Its keys beside `values` are those of a range: `low`, `high`, `log`, `count` and maybe more.
    """
    given: Any = axis
    if given.values is not None:
        ranged = axis.model_fields_set - set(AxisModel.model_fields) - {"values"}
        if ranged:
            others = " and ".join(sorted(ranged))
            raise Invalid(f"takes values, or low and high, but got values and {others}")
        return
    low, high = given.low, given.high
    if low is None or high is None:
        raise Invalid("needs values, or low and high")
    if low >= high:
        raise Invalid(f"needs low < high, but got low={canonical(low)} and high={canonical(high)}")
    if given.log and low <= 0:
        raise Invalid(f"needs low > 0 for a log range, but got low={canonical(low)}")
    size, what = (
        (high / low, "high / low for a log range") if given.log else (high - low, "high - low")
    )
    if not math.isfinite(size):
        ends = f"low={canonical(low)} and high={canonical(high)}"
        raise Invalid(f"needs a finite {what}, but got {ends}")
    if given.count is not None and given.count > MAX_POINTS:
        raise Invalid(f"takes a count of at most {MAX_POINTS}, but got {given.count}")
    check_step(axis)


def rounded(value: float) -> float:
    """The number to 12 digits, so that 0.3 is 0.3 however it was computed."""
    return float(f"{value:.{_DIGITS}g}")


def check_step(axis: AxisModel) -> None:
    """Raises `Invalid` where the steps of a range do not lead from its low to its high."""
    given: Any = axis
    if given.step is None or given.values is not None:
        return
    if given.count is not None and not given.log:
        raise Invalid("takes either step or count, but got both")
    if (_exact(given.high) - _exact(given.low)) % _exact(given.step):
        whole = all(isinstance(one, int) for one in (given.low, given.high, given.step))
        last = given.low + steps_of(given.low, given.high, given.step) * given.step
        raise Invalid(
            f"needs steps that lead from low to high, but got low={canonical(given.low)}, "
            f"high={canonical(given.high)} and step={canonical(given.step)}"
            + (f": the last step leads to {last}" if whole and last > given.low else "")
        )


def steps_of(low: Any, high: Any, step: Any) -> int:
    """How many steps lead from low to high."""
    return int((_exact(high) - _exact(low)) // _exact(step))


def step_at(low: Any, step: Any, number: int) -> float:
    """Where `number` steps lead from low, without the error of adding floats."""
    return float(_exact(low) + number * _exact(step))


def on_step(low: Any, high: Any, step: Any, value: float) -> float:
    """The step of a range that is nearest to a value."""
    number = round((value - low) / step)
    return step_at(low, step, min(max(number, 0), steps_of(low, high, step)))


def _exact(value: Any) -> Decimal:
    return Decimal(str(value))


def listed(name: str, values: Sequence[Any]) -> tuple[Point, ...]:
    """A point for each of the values that stand in the space."""
    return tuple(
        Point(value, value, {name: value}, ("values", index)) for index, value in enumerate(values)
    )


def spaced(
    low: Any, high: Any, count: int, *, log: bool, rule: Callable[[float], Any]
) -> list[Any]:
    """`count` numbers from `low` to `high`, evenly or by ratio; `rule` rounds all but the ends.

    Raises `Invalid` where two of them are the same.
    """
    shares = (index / (count - 1) for index in range(1, count - 1))
    between = [
        rule(low * (high / low) ** share if log else low + (high - low) * share) for share in shares
    ]
    grid = [low, *between, high]
    if len(set(grid)) < len(grid):
        raise Invalid(f"is too narrow a range for {count} different values")
    return grid
