"""Converts values of a space to parameters of what it trains: names, kinds, ranges, defaults."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sweeper.errors import Invalid, Mistakes, Path, choices, cut, shown
from sweeper.schema.rules import each, flag, number, whole
from sweeper.space.axes import Point
from sweeper.space.blocks.parts import every_axis, parts
from sweeper.text import Labels, canonical, is_number
from sweeper.trainable.contract import Parameter, Parametrised, defaults_of, listed_of, named

if TYPE_CHECKING:
    from sweeper.space.space import Space


def coerce(value: Any, parameter: Parameter) -> Any:
    """`value` as the kind of `parameter`, within its range and choices; raises `Invalid`."""
    if value is None and parameter.default is None:
        return None
    if parameter.kind in (tuple, list):
        words = parameter.choices or ()
        if isinstance(value, str) and value in words:
            return value
        if not isinstance(value, list | tuple):
            rule = " or ".join(["a list", *map(str, words)])
            raise Invalid(f"must be {rule}, but got {shown(value)}")
        one = _call if parameter.kind is list else lambda item: _element(item, parameter)
        return tuple(each(one, value))
    if listed_of(parameter) and isinstance(value, list | tuple):
        if not value:
            raise Invalid("must be a number or a list of some, but got []")
        return tuple(each(lambda item: _number(item, parameter), value))
    return _number(value, parameter)


def _number(value: Any, parameter: Parameter) -> Any:
    """`value`, which is no list, as the kind of `parameter`, within its range and choices."""
    read = _KINDS[parameter.kind](value)
    _in_range(read, parameter)
    if parameter.choices is not None and read not in parameter.choices:
        valid = [str(choice) for choice in parameter.choices]
        raise Invalid(f"has no choice {shown(value)}{choices(str(value), valid)}")
    return read


def base(space: Space, trainable: Parametrised) -> dict[str, Any]:
    """Every parameter's value where no axis sets it: what `fixed` says, or else its default.

    Defaults that others' values leave out are among them. A default is the one that the space was
    loaded with, whatever it is now.
    """
    params = defaults_of(trainable.parameters)
    mistakes = Mistakes()
    for part, given in (("defaults", outdated(space, trainable)), ("fixed", space.fixed)):
        for name, value in given.items():
            with mistakes.under():
                params[name] = fitted(space, trainable, name, value, (part, name), "is")
    mistakes.check()
    return params


def by_task(space: Space, trainable: Parametrised) -> dict[str, dict[str, Any]]:
    """What `by_task` sets on each task that it names; raises `Invalid` where it may not."""
    found: dict[str, dict[str, Any]] = {}
    mistakes = Mistakes()
    for task, params in space.by_task.items():
        if task not in space.tasks:
            said = f"is no task of the space{choices(task, space.tasks)}"
            mistakes.add(Invalid(said, ("by_task", task)))
            continue
        found[task] = {}
        for name, value in params.items():
            with mistakes.under():
                here = ("by_task", task, name)
                found[task][name] = fitted(space, trainable, name, value, here)
    mistakes.check()
    return found


def defaults(space: Space, trainable: Parametrised) -> dict[str, Any]:
    """The defaults of the parameters that `space` does not fix, as plain JSON data."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in defaults_of(trainable.parameters).items()
        if name not in space.fixed
    }


def outdated(space: Space, trainable: Parametrised) -> dict[str, Any]:
    """The defaults that `space` was loaded with and that are others now, or none any more."""
    now = defaults(space, trainable)
    return {
        name: value
        for name, value in space.defaults.items()
        if name not in now or now[name] != value
    }


def later(space: Space, trainable: Parametrised) -> set[str]:
    """The parameters that there were not yet when `space` was loaded, where that is known."""
    known = {*space.defaults, *space.fixed}
    return set(trainable.parameters) - known if space.defaults else set()


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
    """The points of an axis: its whole grid, or the two ends of a range.

    A range that a sampler draws from is never written out: it may be very long.
    """

    points: tuple[Point, ...]
    grid: bool


def span_of(space: Space, trainable: Parametrised, name: str) -> Span:
    """The span of one axis, its parameters coerced."""
    axis = space.axes[name]
    ends = axis.ends
    if ends is None or axis.grid:
        return Span(points_of(space, trainable, name), True)
    if space.sampler.name == "grid":
        with suppress(Invalid):
            return Span(points_of(space, trainable, name), True)
    return Span(tuple(point_at(space, trainable, name, end) for end in ends), False)


def point_at(space: Space, trainable: Parametrised, name: str, label: Any) -> Point:
    """The point of one axis with this label, its parameters coerced."""
    try:
        point = space.axes[name].point(name, label)
    except Invalid as error:
        raise error.under("axes", name) from error
    return _point(space, trainable, name, point)


def defaulted(space: Space) -> Iterator[tuple[str, Any]]:
    """The axes with a default, each a value that its axis has."""
    for name, axis in space.axes.items():
        if axis.default is None:
            continue
        try:
            axis.point(name, axis.default)
        except Invalid as error:
            raise error.under("axes", name, "default") from error
        yield name, axis


def baseline(space: Space, trainable: Parametrised) -> dict[str, str | int | float]:
    """The labels of the axes' values that `baseline` names; raises `Invalid` for unknown ones."""
    found = {}
    axes, mistakes = every_axis(space), Mistakes()
    for name, value in space.baseline.items():
        here: Path = ("baseline", name)
        if name not in axes:
            mistakes.add(Invalid(f"is no axis{choices(name, axes)}", here))
            continue
        holding = [one for one in parts(space) if name in one.axes]
        try:
            point = point_at(holding[0], trainable, name, value) if len(holding) == 1 else None
            found[name] = (point or axes[name].point(name, value)).label
        except Invalid as error:
            mistakes.add(Invalid(f"{error.message} (baseline=null compares with none)", here))
    mistakes.check()
    return found


def _point(space: Space, trainable: Parametrised, name: str, point: Point) -> Point:
    if space.axes[name].helper:
        return point
    params = {}
    for parameter, value in point.params.items():
        here: Path = ("axes", name, *point.path)
        verb = "is" if parameter == name else f"sets {cut(parameter)}, which is"
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
    parameter = named(known, name)
    if parameter is None:
        raise Invalid(f"{verb} no parameter of {space.identity}{choices(name, known)}", path)
    try:
        return coerce(value, parameter)
    except Invalid as error:
        own = verb == "is"
        raise Invalid(
            error.message if own else f"sets {cut(name)}, which {error.message}",
            (*path, *(error.path if own else ())),
        ) from error


def culprit(
    space: Space, message: str, task: str | None = None, labels: Labels = MappingProxyType({})
) -> Path:
    """The place of the parameter or task that `message` mentions first, the longest name there.

    What `by_task` sets on `task`, and what axes set by their values' `labels`, is among them, and
    stands for a name before what it overrides.
    """
    here = {} if task is None else space.by_task.get(task, {})
    places: list[tuple[str, Path]] = [(name, ("by_task", str(task), name)) for name in here]
    places += _set(space, labels)
    for part, names in (
        ("axes", space.axes),
        ("derived", space.derived),
        ("fixed", space.fixed),
        ("tasks", space.tasks),
    ):
        places += [(name, (part, name)) for name in names]
    mentioned = [(name, place) for name, place in places if name in message]
    if not mentioned:
        return ("axes",)
    return min(mentioned, key=lambda one: (message.find(one[0]), -len(one[0])))[1]


def _set(space: Space, labels: Labels) -> Iterator[tuple[str, Path]]:
    """The parameters that values with these labels set, each with its place."""
    for axis, label in labels.items():
        found = space.axes.get(axis)
        if found is None or not isinstance(getattr(found, "values", None), Mapping):
            continue
        for point in found.points(axis):
            if point.label == label and isinstance(point.value, Mapping):
                for name in point.params:
                    key = name if name in point.value else name.removeprefix(f"{axis}.")
                    yield name, ("axes", axis, *point.path, key)


def _element(value: Any, parameter: Parameter) -> Any:
    if isinstance(value, list | tuple | dict):
        raise Invalid(f"must be a number or text, but got {shown(value)}")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if is_number(value):
        _in_range(value, parameter)
    return value


def _call(value: Any) -> Any:
    """A name, or a name with its arguments: `{name: {argument: value}}`."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping) and len(value) == 1:
        ((name, arguments),) = value.items()
        if isinstance(arguments, Mapping):
            return {str(name): {str(key): one for key, one in arguments.items()}}
    rule = "must be a name, or a name with its arguments, like {name: {argument: value}}"
    raise Invalid(f"{rule}, but got {shown(value)}")


def _in_range(value: Any, parameter: Parameter) -> None:
    if parameter.low is not None and value < parameter.low:
        raise Invalid(f"must be at least {parameter.low:g}, but got {canonical(value)}")
    if parameter.high is not None and value > parameter.high:
        raise Invalid(f"must be at most {parameter.high:g}, but got {canonical(value)}")


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise Invalid(f"must be text, but got {shown(value)}")
    return value


_KINDS: dict[type, Callable[[Any], Any]] = {
    bool: flag,
    int: whole(),
    float: lambda value: float(number(value)),
    str: _string,
    object: lambda value: value,
}
