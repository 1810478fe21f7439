"""Checks a space against what it trains, before anything starts."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

from sweeper import lookup
from sweeper.errors import Invalid, choices, shown
from sweeper.errors import Path as Location
from sweeper.figures import MOST
from sweeper.parameters import axis_points, base, points_of, shallowest
from sweeper.plan import MAX_RUNS, described, trials
from sweeper.space import Space
from sweeper.trainable import Trainable, load_trainable

_CONTRACT = (
    "parameters",
    "metrics",
    "packs",
    "tasks",
    "check",
    "layers",
    "signature",
    "pack_size",
    "start",
)
_AXIS_OPTIONS = ("x", "y", "hue", "facet")


def checked(space: Space, folder: Path) -> Space:
    """The space with paths made absolute and layer sets written out.

    Raises `Invalid` with the path of what does not fit; `folder` is the space file's.
    """
    space = _absolute(space, folder)
    trainable = load_trainable(space)
    missing = [name for name in _CONTRACT if not hasattr(trainable, name)]
    if missing:
        raise Invalid(f"cannot be trained: it lacks {', '.join(missing)}", ("agent",))
    _check_names(space, trainable)
    space = _resolve(space, trainable)
    _check_size(space)
    _check_trials(space, trainable)
    return _check_figures(space, folder, trainable)


def _absolute(space: Space, folder: Path) -> Space:
    try:
        if space.function is not None:
            path, name = lookup.split(space.function, folder)
            return space.model_copy(update={"function": f"{path}:{name}"})
        assert space.agent is not None
        agent = lookup.located("agents.learners", space.agent, folder)
        return space.model_copy(update={"agent": agent})
    except Invalid as error:
        raise error.under("function" if space.function is not None else "agent") from error


def _check_names(space: Space, trainable: Trainable) -> None:
    valid = trainable.tasks()
    for task in space.tasks:
        if valid and task not in valid and ".py:" not in task:
            raise Invalid(f"is no task of {space.identity}{choices(task, valid)}", ("tasks", task))
    metric = space.score.metric
    if trainable.metrics and metric not in trainable.metrics:
        raise Invalid(
            f"must be a metric of {space.identity}, but got {metric!r}"
            f"{choices(metric, trainable.metrics)}",
            ("score", "metric"),
        )


def _resolve(space: Space, trainable: Trainable) -> Space:
    known = base(space, trainable)
    fixed = {name: known[name] for name in space.fixed}
    space = space.model_copy(update={"fixed": fixed})
    for name, axis in space.axes.items():
        if axis.structural:
            points_of(space, trainable, name)
    find = shallowest(space, trainable)
    axes = {}
    for name, axis in space.axes.items():
        try:
            axes[name] = axis.resolved(name, find)
        except Invalid as error:
            raise error.under("axes", name) from error
    return space.model_copy(update={"axes": axes})


def _check_size(space: Space) -> None:
    sizes = {name: len(axis.points(name)) for name, axis in space.axes.items()}
    runs = prod(sizes.values()) * len(space.tasks) * len(space.seeds)
    if runs > MAX_RUNS:
        by_axis = " × ".join(str(size) for size in sizes.values())
        raise Invalid(
            f"× tasks × seeds make {runs} runs ({by_axis} × {len(space.tasks)} × "
            f"{len(space.seeds)}), but a plan has at most {MAX_RUNS}",
            ("axes",),
        )


def _check_figures(space: Space, folder: Path, trainable: Trainable) -> Space:
    figures = []
    for index, figure in enumerate(space.figures):
        try:
            name = lookup.located("sweeper.figures", figure.name, folder)
        except Invalid as error:
            raise error.under("figures", index) from error
        try:
            _check_options(
                figure.options, lookup.keywords("sweeper.figures", name), space, trainable
            )
        except Invalid as error:
            raise error.under("figures", index, figure.name) from error
        figures.append(figure.model_copy(update={"name": name}))
    return space.model_copy(update={"figures": tuple(figures)})


def _check_options(
    options: Mapping[str, Any], valid: list[str], space: Space, trainable: Trainable
) -> None:
    sizes = {name: len(axis.points(name)) for name, axis in space.axes.items()}
    sizes["task"] = len(space.tasks)
    seen: dict[Any, str] = {}
    for option, value in options.items():
        if option not in valid:
            raise Invalid(f"is an unknown option{choices(option, valid)}", (option,))
        if option == "metric" and trainable.metrics and value not in trainable.metrics:
            metrics = choices(str(value), trainable.metrics)
            raise Invalid(f"must be a metric, but got {shown(value)}{metrics}", (option,))
        if option not in _AXIS_OPTIONS or value is None:
            continue
        if value not in sizes:
            axes = choices(str(value), sizes)
            raise Invalid(f"must be an axis, but got {shown(value)}{axes}", (option,))
        if value in seen:
            raise Invalid(f"must be another axis than {seen[value]}, but got {value!r}", (option,))
        if sizes[value] > MOST.get(option, sizes[value]):
            raise Invalid(
                f"takes an axis of at most {MOST[option]} values, but {value!r} has {sizes[value]}",
                (option,),
            )
        seen[value] = option


def _check_trials(space: Space, trainable: Trainable) -> None:
    for trial, params, _ in trials(space, trainable, axis_points(space, trainable)):
        for task in space.tasks:
            try:
                trainable.check(params, task)
            except ValueError as error:
                raise Invalid(
                    f"cannot be trained by {space.identity}, {described(trial)} on {task}: {error}",
                    _culprit(space, str(error)),
                ) from error


def _culprit(space: Space, message: str) -> Location:
    """Where the parameter was set that `message` mentions first."""
    mentioned = [
        (message.find(name), (part, name))
        for part, names in (("fixed", space.fixed), ("axes", space.axes))
        for name in names
        if name in message
    ]
    return min(mentioned)[1] if mentioned else ("axes",)
