"""Checks of the numbers that a user's function or program reports and returns."""

from __future__ import annotations

import numbers
import operator
from collections.abc import Mapping
from typing import Any

from sweeper.errors import cut, shown

RESULT = "value"
"""The metric under which the returned number is reported."""


def returned(name: str, result: Any, reports: int) -> dict[str, float]:
    """The metrics that a function returned: a number, or nothing where it has reported some.

    Raises `TypeError` for everything else.
    """
    if result is None and reports:
        return {}
    if isinstance(result, bool) or not isinstance(result, numbers.Real):
        raise TypeError(f"{name} must return a number, but returned {cut(repr(result))}")
    return {RESULT: float(result)}


def reported(step: Any, metrics: Mapping[str, Any]) -> tuple[int, dict[str, float]]:
    """A report's step and metrics as numbers; raises `ValueError` or `TypeError` for others."""
    try:
        step = operator.index(step)
    except TypeError as error:
        raise TypeError(f"step must be an integer, but got {cut(repr(step))}") from error
    if step < 0:
        raise ValueError(f"step must be at least 0, but got {step}")
    return step, {name: number(name, value) for name, value in metrics.items()}


def number(name: str, value: Any) -> float:
    """The reported `value` of the metric `name`; raises `TypeError` for what is no number."""
    try:
        if isinstance(value, str | bytes):
            raise TypeError("float() would take text for a number")
        return float(value)
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise TypeError(
            f"the metric {shown(name)} must be a number, but got {cut(repr(value))}"
        ) from error


def ended(error: BaseException) -> Exception:
    """The error that stands for `sys.exit()` and its like in the user's file."""
    failure = RuntimeError(f"a function must return a number, but {error!r} ended it or its import")
    failure.__cause__ = error
    return failure
