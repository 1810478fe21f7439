"""Converts values of a space to parameters of what it trains: names, kinds, ranges, defaults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sweeper.errors import Invalid, Path, choices, shown
from sweeper.schema.rules import each, flag, number, whole
from sweeper.space.axes import Point
from sweeper.trainable.contract import Parameter, Parametrised

if TYPE_CHECKING:
    from sweeper.space.space import Space


def coerce(value: Any, parameter: Parameter) -> Any:
    """`value` as the kind of `parameter`, within its range and choices; raises `Invalid`."""
    if value is None and parameter.default is None:
        return None
    if parameter.kind is tuple:
        if not isinstance(value, list | tuple):
            raise Invalid(f"must be a list, but got {shown(value)}")
        return tuple(each(lambda item: _element(item, parameter), value))
    read = _KINDS[parameter.kind](value)
    _in_range(read, parameter)
    if parameter.choices is not None and read not in parameter.choices:
        valid = [str(choice) for choice in parameter.choices]
        raise Invalid(f"has no choice {shown(value)}{choices(str(value), valid)}")
    return read


def base(space: Space, trainable: Parametrised) -> dict[str, Any]:
    """Every parameter's value where no axis sets it: its default, or what `fixed` says."""
    known = trainable.parameters
    params = {name: parameter.default for name, parameter in known.items()}
    for name, value in space.fixed.items():
        here: Path = ("fixed", name)
        params[name] = fitted(space, trainable, name, value, here, "is")
    return params


def points_of(space: Space, trainable: Parametrised, name: str) -> tuple[Point, ...]:
    """The points of one axis, their parameters coerced."""
    here: Path = ("axes", name)
    try:
        points = space.axes[name].points(name)
    except Invalid as error:
        raise error.under(*here) from error
    return tuple(_point(space, trainable, name, point) for point in points)


@dataclass(frozen=True)
class Span:
    """The points of an axis: its whole grid, or the two ends of a range that has no grid."""

    points: tuple[Point, ...]
    grid: bool


def span_of(space: Space, trainable: Parametrised, name: str) -> Span:
    """The span of one axis, its parameters coerced."""
    ends = space.axes[name].ends
    try:
        return Span(points_of(space, trainable, name), True)
    except Invalid:
        if ends is None:
            raise
    return Span(tuple(point_at(space, trainable, name, end) for end in ends), False)


def point_at(space: Space, trainable: Parametrised, name: str, label: Any) -> Point:
    """The point of one axis with this label, its parameters coerced."""
    try:
        point = space.axes[name].point(name, label)
    except Invalid as error:
        raise error.under("axes", name) from error
    return _point(space, trainable, name, point)


def _point(space: Space, trainable: Parametrised, name: str, point: Point) -> Point:
    params = {}
    for parameter, value in point.params.items():
        here: Path = ("axes", name, *point.path)
        verb = "is" if parameter == name else f"sets {parameter}, which is"
        params[parameter] = fitted(space, trainable, parameter, value, here, verb)
    numeric = name in params and not isinstance(point.label, str)
    return replace(point, params=params, label=params[name] if numeric else point.label)


def fitted(
    space: Space, trainable: Parametrised, name: str, value: Any, path: Path, verb: str = "is"
) -> Any:
    """`value` as a value of the parameter `name`; any value where any name is accepted.

    Raises `Invalid` at `path`; in its message `verb` says how the parameter was set.
    """
    known = trainable.parameters
    if not known:
        return value
    if name not in known:
        raise Invalid(f"{verb} no parameter of {space.identity}{choices(name, known)}", path)
    try:
        return coerce(value, known[name])
    except Invalid as error:
        own = verb == "is"
        raise Invalid(
            error.message if own else f"sets {name}, which {error.message}",
            (*path, *(error.path if own else ())),
        ) from error


def _element(value: Any, parameter: Parameter) -> Any:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        _in_range(value, parameter)
    return value


def _in_range(value: Any, parameter: Parameter) -> None:
    if parameter.low is not None and value < parameter.low:
        raise Invalid(f"must be at least {parameter.low:g}, but got {shown(value)}")
    if parameter.high is not None and value > parameter.high:
        raise Invalid(f"must be at most {parameter.high:g}, but got {shown(value)}")


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise Invalid(f"must be text, but got {shown(value)}")
    return value


_KINDS: dict[type, Callable[[Any], Any]] = {
    bool: flag,
    int: whole(),
    float: lambda value: float(number(value)),
    str: _string,
}
