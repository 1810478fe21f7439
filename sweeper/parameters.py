"""A space's values as the parameters of what it trains: known names, kinds, ranges, defaults."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any

from sweeper.axes import Network, Point
from sweeper.errors import Invalid, Path, choices, shown
from sweeper.trainable import Parameter, Trainable
from sweeper.values import canonical, each, flag, number, whole

if TYPE_CHECKING:
    from sweeper.space import Space


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


def base(space: Space, trainable: Trainable) -> dict[str, Any]:
    """Every parameter's value where no axis sets it: its default, or what `fixed` says."""
    known = trainable.parameters
    params = {name: parameter.default for name, parameter in known.items()}
    for name, value in space.fixed.items():
        here: Path = ("fixed", name)
        params[name] = _coerced(space, trainable, name, value, here, "is")
    return params


def axis_points(space: Space, trainable: Trainable) -> dict[str, tuple[Point, ...]]:
    """Each axis's points, their parameters coerced; no parameter is set twice."""
    owners = dict.fromkeys(space.fixed, "fixed")
    points: dict[str, tuple[Point, ...]] = {}
    for name in space.axes:
        points[name] = points_of(space, trainable, name)
        for parameter in dict.fromkeys(key for point in points[name] for key in point.params):
            if parameter in owners:
                raise Invalid(
                    f"sets {parameter}, which {owners[parameter]} sets too", ("axes", name)
                )
            owners[parameter] = f"axes.{name}"
    return points


def points_of(space: Space, trainable: Trainable, name: str) -> tuple[Point, ...]:
    """The points of one axis, their parameters coerced."""
    here: Path = ("axes", name)
    try:
        points = space.axes[name].points(name)
    except Invalid as error:
        raise error.under(*here) from error
    return tuple(_point(space, trainable, name, point) for point in points)


def shallowest(space: Space, trainable: Trainable) -> Callable[[], Network]:
    """Finds, once and when asked, the network of fewest layers among all combinations."""
    found: list[Network] = []

    def find() -> Network:
        if not found:
            found.append(min(_networks(space, trainable), key=lambda network: network.layers))
        return found[0]

    return find


def _networks(space: Space, trainable: Trainable) -> Iterator[Network]:
    names = [name for name, axis in space.axes.items() if axis.structural]
    common = base(space, trainable)
    for combination in product(*(points_of(space, trainable, name) for name in names)):
        params = dict(common)
        for point in combination:
            params.update(point.params)
        label = " ".join(["network", *(canonical(point.label) for point in combination)])
        for task in space.tasks:
            try:
                layers = trainable.layers(params, task)
            except ValueError as error:
                raise Invalid(f"cannot count the layers of {label} on {task}: {error}") from error
            yield Network(layers, f"{label} on {task}")


def _point(space: Space, trainable: Trainable, name: str, point: Point) -> Point:
    params = {}
    for parameter, value in point.params.items():
        here: Path = ("axes", name, *point.path)
        verb = "is" if parameter == name else f"sets {parameter}, which is"
        params[parameter] = _coerced(space, trainable, parameter, value, here, verb)
    numeric = name in params and not isinstance(point.label, str)
    return replace(point, params=params, label=params[name] if numeric else point.label)


def _coerced(
    space: Space, trainable: Trainable, name: str, value: Any, path: Path, verb: str
) -> Any:
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
