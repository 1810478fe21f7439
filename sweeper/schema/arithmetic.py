"""Operators and functions of expressions, none of which can grow without bound."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable
from typing import Any

from sweeper.errors import shown

_MAX_BITS = 1024
_MAX_ITEMS = 10_000


def truth(value: Any) -> bool:
    """`value`, which must be true or false: raises `TypeError`."""
    if not isinstance(value, bool):
        raise TypeError(f"{shown(value)} is neither true nor false")
    return value


def _numbers(compute: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """`compute` for numbers alone: `'%999999d' % 1` and `'a' * 10**9` are no arithmetic."""

    def checked(left: Any, right: Any) -> Any:
        if not isinstance(left, int | float) or not isinstance(right, int | float):
            wrong = right if isinstance(left, int | float) else left
            raise TypeError(f"{shown(wrong)} is no number")
        return compute(left, right)

    return checked


def _power(base: Any, exponent: Any) -> Any:
    if isinstance(base, int) and isinstance(exponent, int):
        if exponent > 0 and base.bit_length() * exponent > _MAX_BITS:
            raise OverflowError(f"{shown(base)} ** {shown(exponent)} is too large")
    elif base < 0 and not float(exponent).is_integer():
        raise ValueError(f"{shown(base)} ** {shown(exponent)} is no real number")
    try:
        return base**exponent
    except OverflowError as error:
        raise OverflowError(f"{shown(base)} ** {shown(exponent)} is too large") from error


def _log2(value: Any) -> float:
    if not isinstance(value, int | float) or value <= 0:
        raise ValueError(f"log2 takes a number above 0, but got {shown(value)}")
    return math.log2(value)


def _plus(left: Any, right: Any) -> Any:
    if isinstance(left, str | tuple) and isinstance(right, str | tuple):
        if len(left) + len(right) > _MAX_ITEMS:
            raise OverflowError(f"text and lists have at most {_MAX_ITEMS} items")
        return left + right  # type: ignore[operator]
    return _add(left, right)


def _rounded(value: Any, digits: int = 0) -> Any:
    if not isinstance(digits, int) or abs(digits) > 15:
        raise ValueError(f"round takes at most 15 digits, but got {shown(digits)}")
    return round(value, digits) if digits else round(value)


_add = _numbers(operator.add)

BINARY: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: _plus,
    ast.Sub: _numbers(operator.sub),
    ast.Mult: _numbers(operator.mul),
    ast.Div: _numbers(operator.truediv),
    ast.FloorDiv: _numbers(operator.floordiv),
    ast.Mod: _numbers(operator.mod),
    ast.Pow: _numbers(_power),
}
"""Operators between two values."""


def _number(compute: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """`compute` for a number alone."""

    def checked(value: Any) -> Any:
        if not isinstance(value, int | float):
            raise TypeError(f"{shown(value)} is no number")
        return compute(value)

    return checked


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """`compare` for two numbers, two texts or two lists."""

    def checked(left: Any, right: Any) -> bool:
        try:
            return compare(left, right)
        except TypeError:
            both = f"{shown(left)} and {shown(right)}"
            raise TypeError(f"{both} cannot be compared by size") from None

    return checked


def _held(item: Any, items: Any) -> bool:
    """Whether `items`, a list or a text, holds `item`."""
    if not isinstance(items, list | tuple | str):
        raise TypeError(f"{shown(items)} is no list that {shown(item)} could be in")
    if isinstance(items, str) and not isinstance(item, str):
        raise TypeError(f"{shown(item)} is no part of a text, as of {shown(items)}")
    return item in items


def _called(name: str, compute: Callable[..., Any]) -> Callable[..., Any]:
    """`compute`, which says what it was given where that is nothing for it."""

    def call(*values: Any) -> Any:
        try:
            return compute(*values)
        except TypeError:
            raise TypeError(f"{name}({', '.join(map(shown, values))}) means nothing") from None

    return call


UNARY: dict[type, Callable[[Any], Any]] = {
    ast.UAdd: _number(operator.pos),
    ast.USub: _number(operator.neg),
    ast.Not: lambda value: not truth(value),
}
"""Operators before a value."""

COMPARE: dict[type, Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: _ordered(operator.lt),
    ast.LtE: _ordered(operator.le),
    ast.Gt: _ordered(operator.gt),
    ast.GtE: _ordered(operator.ge),
    ast.In: _held,
    ast.NotIn: lambda item, items: not _held(item, items),
}
"""Comparisons."""

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "min": min,
    "max": max,
    "abs": abs,
    "round": _rounded,
    "len": len,
    "int": int,
    "float": float,
    "log2": _log2,
}

FUNCTIONS = {name: _called(name, compute) for name, compute in _FUNCTIONS.items()}
"""Functions that an expression may call."""
