"""The axes of a space in groups, zipped axes together, each group after those it depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sweeper.errors import Invalid, Mistakes, choices, cut, shown
from sweeper.planning.parameters import point_at, points_of, span_of
from sweeper.space.axes import Point
from sweeper.space.blocks.block import BLOCK
from sweeper.space.space import Space
from sweeper.text import canonical, counted
from sweeper.trainable.contract import Parametrised

MAX_AXES = 200
"""The most axes of a space."""

Labels = frozenset[str | int | float]


@dataclass(frozen=True)
class AxisGroup:
    """One axis, or the axes of a zip group, its first one first."""

    names: tuple[str, ...]
    rows: tuple[tuple[Point, ...], ...]
    """Rows of one point for each axis: the grid, or the ends of a range."""
    grid: bool
    """Whether `rows` are a grid."""
    when: Mapping[str, Labels]
    """The labels with which the group is active, by the axis that it depends on."""
    sets: Mapping[str, tuple[str, ...]]
    """The parameters that each of its axes sets."""

    @property
    def name(self) -> str:
        """The first of its axes."""
        return self.names[0]

    def active(self, chosen: Mapping[str, Point]) -> bool:
        """Whether its axes count with the points `chosen` for the axes before it."""
        for axis, labels in self.when.items():
            if axis not in chosen or chosen[axis].label not in labels:
                return False
        return True


def axis_groups(space: Space, trainable: Parametrised) -> tuple[AxisGroup, ...]:
    """The groups of `space` in the order of its axes, each behind those that it depends on.

    Raises `Invalid` where axes do not go together, or two set the same parameter.
    """
    if len(space.axes) > MAX_AXES:
        raise Invalid(f"must be at most {MAX_AXES}, but there are {len(space.axes)}", ("axes",))
    groups = _groups(space)
    home = {name: group for group in groups for name in group}
    waiting = []
    for group in groups:
        needs = {home[target] for target in _targets(space, group, home)}
        waiting.append((group, needs))
    ordered: list[tuple[str, ...]] = []
    while waiting:
        free = next((group for group, needs in waiting if needs <= set(ordered)), None)
        if free is None:
            raise _circle(dict(waiting))
        ordered.append(free)
        waiting = [(group, needs) for group, needs in waiting if group != free]
    arranged = tuple(_group(space, trainable, names) for names in ordered)
    _check_owners(space, arranged)
    return arranged


def _groups(space: Space) -> list[tuple[str, ...]]:
    """Zip groups, and the other axes alone, in the order of their first axes."""
    leads: dict[str, tuple[str, ...]] = {}
    followers: set[str] = set()
    mistakes = Mistakes()
    zipped: set[str] = set()
    for index, group in enumerate(space.zip):
        for place, name in enumerate(group):
            if name in zipped:  # of the space's groups, in one of a block's
                rule = f"repeats {cut(name)}, which moves with others already: zip all in one group"
                mistakes.add(Invalid(rule, ("zip", index, place)))
            elif name not in space.axes:
                rule = f"must be an axis, but got {shown(name)}{choices(name, space.axes)}"
                mistakes.add(Invalid(rule, ("zip", index, place)))
            elif place and space.axes[name].when is not None:
                rule = f"must stand on {group[0]}, the first of its zip group, not on {name}"
                mistakes.add(Invalid(rule, ("axes", name, "when")))
        zipped |= set(group)
        leads[group[0]] = group
        followers |= set(group[1:])
    mistakes.check()
    return [leads.get(name, (name,)) for name in space.axes if name not in followers]


def _targets(space: Space, group: tuple[str, ...], home: Mapping[str, Any]) -> list[str]:
    """The axes that a group depends on."""
    targets = list(space.axes[group[0]].when or ())
    for target in targets:
        here = ("axes", group[0], "when", target)
        if target in space.derived and target not in space.axes:
            raise Invalid(
                "must be an axis, but is derived: name the axes that it is computed from", here
            )
        if target == "task" and target not in space.axes:
            raise Invalid(
                "is no axis, every trial runs on all tasks: by_task sets a parameter on one of "
                "them, as in by_task: {TASK: {gamma: 0.99}}",
                here,
            )
        if target == BLOCK and target not in space.axes:
            raise Invalid(
                "is no axis: an axis of one block stands in it, as in blocks: {NAME: {axes: …}}",
                here,
            )
        if target not in space.axes:
            fixed = ", but fixed" if target in space.fixed else ""
            others = [name for name in space.axes if name not in group]
            raise Invalid(f"is no axis{fixed}{choices(target, others)}", here)
        if target in group:
            what = "itself" if target == group[0] else f"{target}, which is zipped with it"
            raise Invalid(f"must be another axis, but {group[0]} depends on {what}", here)
        axis = space.axes[target]
        if axis.ends is not None and axis.size(target) is None:
            raise Invalid(
                f"must be an axis with values, but {target} is a range: list its values", here
            )
    return targets


def _circle(waiting: Mapping[tuple[str, ...], set[tuple[str, ...]]]) -> Invalid:
    """The complaint about one of the circles among groups that all wait for each other."""
    path = [next(iter(waiting))]
    while path.count(path[-1]) < 2:
        path.append(next(group for group in waiting if group in waiting[path[-1]]))
    circle = path[path.index(path[-1]) :]
    names = " → ".join(group[0] for group in circle)
    return Invalid(f"depends on itself in a circle: {names}", ("axes", circle[0][0], "when"))


def _group(space: Space, trainable: Parametrised, names: tuple[str, ...]) -> AxisGroup:
    leading = space.axes[names[0]]
    when = {
        target: _labels(space, trainable, names[0], target, wanted)
        for target, wanted in (leading.when or {}).items()
    }
    spans = [span_of(space, trainable, name) for name in names]
    sets = {
        name: tuple(dict.fromkeys(key for point in span.points for key in point.params))
        for name, span in zip(names, spans, strict=True)
    }
    if len(names) > 1:
        return AxisGroup(names, _zipped(space, trainable, names), True, when, sets)
    rows = tuple((point,) for point in spans[0].points)
    return AxisGroup(names, rows, spans[0].grid, when, sets)


def _zipped(
    space: Space, trainable: Parametrised, group: tuple[str, ...]
) -> tuple[tuple[Point, ...], ...]:
    columns = [points_of(space, trainable, name) for name in group]
    for name, column in zip(group, columns, strict=True):
        if len(column) != len(columns[0]):
            raise Invalid(
                f"must join axes of the same length, but {group[0]} has "
                f"{counted(len(columns[0]), 'value')} and {name} has {len(column)}",
                ("zip", space.zip.index(group)),
            )
    return tuple(zip(*columns, strict=True))


def _labels(
    space: Space, trainable: Parametrised, name: str, target: str, wanted: tuple[Any, ...]
) -> Labels:
    """The labels of `target` that `wanted` stands for, by label or by value."""
    if space.axes[target].ends is not None:
        return _in_range(space, trainable, name, target, wanted)
    points = points_of(space, trainable, target)
    found: set[str | int | float] = set()
    for item in wanted:
        text = canonical(item)
        fitting = [p.label for p in points if text in (canonical(p.label), canonical(p.value))]
        if not fitting:
            valid = [canonical(point.label) for point in points]
            raise Invalid(
                f"must be a value of {target}, but got {shown(item)}{choices(text, valid)}",
                ("axes", name, "when", target),
            )
        found.update(fitting)
    return frozenset(found)


def _in_range(
    space: Space, trainable: Parametrised, name: str, target: str, wanted: tuple[Any, ...]
) -> Labels:
    """The labels of a range that `wanted` stands for; it is not written out."""
    try:
        return frozenset(point_at(space, trainable, target, item).label for item in wanted)
    except Invalid as error:
        where = ("axes", name, "when", target)
        raise Invalid(f"must be a value of {target}: {error.message}", where) from error


def _check_owners(space: Space, groups: tuple[AxisGroup, ...]) -> None:
    """No parameter is set twice, but by axes of which never two are active at once."""
    home = {name: group for group in groups for name in group.names}
    owners: dict[str, list[str]] = {}
    for name in space.axes:
        for parameter in home[name].sets[name]:
            if parameter in space.fixed:
                raise Invalid(f"sets {cut(parameter)}, which fixed sets too", ("axes", name))
            for other in owners.setdefault(parameter, []):
                if not _exclusive(home[name], home[other]):
                    raise Invalid(
                        f"sets {cut(parameter)}, which axes.{cut(other)} sets too", ("axes", name)
                    )
            owners[parameter].append(name)


def _exclusive(one: AxisGroup, other: AxisGroup) -> bool:
    """Whether both depend on one axis with no label of it in common."""
    return any(
        not labels & other.when[axis] for axis, labels in one.when.items() if axis in other.when
    )
