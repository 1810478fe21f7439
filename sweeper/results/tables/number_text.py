"""Numbers as figures and tables write them, to as many digits as tell them apart."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sweeper.results.axis import ABSENT, Axis

_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def texts(axis: Axis) -> list[str]:
    """The labels as ticks and legends show them."""
    if not axis.numeric:
        return [str(label) for label in axis.labels]
    small = [label for label in axis.known if label and not 1e-3 <= abs(label) < 1e5]
    powers = bool(small) and axis.log
    shown = [power(label) if powers or label in small else f"{label:g}" for label in axis.known]
    return [*shown, ABSENT] if axis.absent else shown


def power(value: float) -> str:
    """A number as a power of ten: 1e-5 is 10⁻⁵, 2.5e-4 is 2.5×10⁻⁴."""
    mantissa, exponent = f"{value:.3e}".split("e")
    ten = f"10{str(int(exponent)).translate(_RAISED)}"
    short = f"{float(mantissa):g}"
    return ten if short == "1" else f"{short}×{ten}"


def decimals(values: Any) -> int:
    """How many decimals show two digits of the largest of `values`, and never less than of 9.99."""
    largest = max((abs(value) for value in values if np.isfinite(value)), default=0.0)
    if largest >= 10:
        return 1 if largest < 100 else 0
    return 2 if largest >= 0.1 or largest == 0 else min(6, 1 - math.floor(math.log10(largest)))


def fixed(value: float, places: int) -> str:
    """A value with so many decimals, powers of ten from 100,000 on, and a true minus."""
    text = f"{value:z.{places}f}" if abs(value) < 1e5 else f"{value:.2e}"
    return text.replace("-", "−")
