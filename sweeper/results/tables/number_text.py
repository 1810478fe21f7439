"""Numbers as figures and tables write them, to as many digits as tell them apart."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sweeper.results.axis import Axis
from sweeper.results.tables.wording import has_no_width

_MANY = 12
"""So many numbers of a grid may each have a tick."""

_MOST_DECIMALS = 6

_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def texts(axis: Axis) -> list[str]:
    """The labels as ticks and legends show them."""
    if not axis.numeric:
        return [str(label) for label in axis.labels]
    small = [label for label in axis.known if label and not 1e-3 <= abs(label) < 1e5]
    powers = bool(small) and axis.log
    shown = [power(label) if powers or label in small else f"{label:g}" for label in axis.known]
    return [*shown, axis.nothing] if axis.absent else shown


def ticks(axis: Axis) -> tuple[Any, list[str]]:
    """Places along an axis and what stands there: every label, or of many numbers round ones."""
    known = axis.known
    one = len(set(known)) < 2
    if not axis.numeric or one or not (axis.drawn or len(known) > _MANY):
        return axis.places, texts(axis)
    numbers = _ratios(known[0], known[-1]) if axis.log else _steps(known, whole=axis.whole)
    short = Axis(axis.name, tuple(numbers), numeric=True, logged=axis.log)
    places = np.log10(numbers) if axis.log else np.array(numbers, float)
    if not axis.absent:
        return places, texts(short)
    return np.append(places, axis.places[-1]), [*texts(short), axis.nothing]


def log_ticks(low: float, high: float) -> tuple[list[float], list[str]]:
    """Numbers along a logarithmic axis between its ends, and their labels."""
    numbers = _ratios(low, high)
    plain = all(1e-3 <= number < 1e5 for number in numbers)
    return numbers, [f"{number:g}" if plain else power(number) for number in numbers]


def symlog_ticks(low: float, high: float) -> tuple[list[float], list[str]]:
    """Numbers along an axis that is linear from -1 to 1 and logarithmic beyond, and their labels.

    They are 0, ±1 and powers of ten, of which every second or third stands where there are many;
    or round numbers between ends that have hardly one of these between them.
    """
    most = math.floor(math.log10(max(1.0, abs(low), abs(high))))
    powers = [10.0**exponent for exponent in range(0, most + 1, 1 + most // 4)]
    numbers = [*(-one for one in reversed(powers)), 0.0, *powers]
    numbers = [number for number in numbers if low <= number <= high]
    numbers = numbers if len(numbers) > 1 else _steps([low, high], whole=False)
    texts = [f"{abs(one):g}" if most < 5 or abs(one) <= 1 else power(abs(one)) for one in numbers]
    return numbers, ["−" * (one < 0) + text for one, text in zip(numbers, texts, strict=True)]


def _ratios(low: float, high: float) -> list[float]:
    """Powers of ten from `low` to `high`, more numbers where there are few of these."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for digits in ((1,), (1, 3), (1, 2, 5), range(1, 10)):
        every = -(-len(powers) // _MANY)
        numbers = [float(f"{digit}e{power}") for power in powers[::every] for digit in digits]
        found = [number for number in numbers if low <= number <= high]
        if len(found) > 2:
            return found
    return _steps([low, high], whole=False)


def _steps(known: list[float], *, whole: bool) -> list[float]:
    """About five round numbers from the first to the last of `known`."""
    low, high = known[0], known[-1]
    size = 10.0 ** math.floor(math.log10((high - low) / 4))
    sizes = [size * factor for factor in (1, 2, 2.5, 5, 10)]
    step = next(one for one in sizes if (high - low) / one <= 5)
    step = max(1.0, float(round(step))) if whole else step
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [float(f"{number * step:.12g}") for number in range(first, last + 1)] or [low, high]


def power(value: float) -> str:
    """A number as a power of ten: 1e-5 is 10⁻⁵, 2.5e-4 is 2.5×10⁻⁴."""
    mantissa, exponent = f"{value:.3e}".split("e")
    ten = f"10{str(int(exponent)).translate(_RAISED)}"
    short = f"{float(mantissa):g}"
    return ten if short == "1" else f"{short}×{ten}"


def decimals(values: Any) -> int:
    """How many decimals the largest of `values` asks for: 0 from 100 on, 1 from 10, 2 from 0.1 on.

    Below that as many as show two of its digits, six at most.
    """
    largest = max((abs(value) for value in values if np.isfinite(value)), default=0.0)
    if largest >= 10:
        return 1 if largest < 100 else 0
    most = _MOST_DECIMALS
    return 2 if largest >= 0.1 or largest == 0 else min(most, 1 - math.floor(math.log10(largest)))


def enough(point: float, low: float, high: float, common: int) -> int:
    """How many decimals a value and its interval have in a table of `common` decimals.

    More than these where the interval would seem to have no width, or the value to be 0, as far
    as six would do.
    """
    low, high = (point, point) if np.isnan(low) else (low, high)
    more = range(common, _MOST_DECIMALS + 1)
    wide = [p for p in more if has_no_width(low, high) or fixed(low, p) != fixed(high, p)]
    seen = [p for p in wide if point == 0 or any(d in "123456789" for d in fixed(point, p))]
    return next(iter([*seen[:1], *wide[:1]]), common)


def one(value: float) -> str:
    """A value that stands alone, to about three digits."""
    return fixed(value, decimals([value]))


def fixed(value: float, places: int) -> str:
    """A value with so many decimals, powers of ten from 100,000 on, and a true minus."""
    text = f"{value:z.{places}f}" if abs(value) < 1e5 else f"{value:.2e}"
    return text.replace("-", "−")
