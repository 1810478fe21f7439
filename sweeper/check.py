"""Checks a space against what it trains, before anything starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from sweeper import lookup, sampling
from sweeper.errors import Invalid, choices, shown
from sweeper.errors import Path as Location
from sweeper.expand import Configuration, Expansion, described
from sweeper.figures import MOST
from sweeper.parameters import base, points_of, shallowest
from sweeper.plan import MAX_RUNS
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
_DRAWN = 1000
"""How many configurations of a sampler's are tried before anything starts."""

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
    _check_keep(space, trainable)
    space = _resolve(space, trainable)
    _check_size(space)
    sampling.check(space, Expansion(space, trainable))
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
    for index, rule in enumerate(space.scores):
        if trainable.metrics and rule.metric not in trainable.metrics:
            raise Invalid(
                f"must be a metric of {space.identity}, but got {rule.metric!r}"
                f"{choices(rule.metric, trainable.metrics)}",
                ("score", *([index] if space.score.also else []), "metric"),
            )


def _check_keep(space: Space, trainable: Trainable) -> None:
    if space.checkpoint.keep == "none" or getattr(trainable, "keeps_weights", False):
        return
    where = "in run.folder, which stays" if space.function else "with packs that have weights()"
    raise Invalid(
        f"must be none, but got {space.checkpoint.keep!r}: {space.identity} has no weights that "
        f"sweeper knows of; keep files {where}",
        ("checkpoint", "keep"),
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
    if space.sampler.name != "grid":
        runs = (space.trials or 0) * len(space.tasks) * len(space.seeds)
        if runs > MAX_RUNS:
            rule = f"× tasks × seeds make {runs} runs, but a plan has at most {MAX_RUNS}"
            raise Invalid(rule, ("trials",))
        return
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
    sizes = {name: _size(space, name) for name in space.axes}
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


def _size(space: Space, axis: str) -> int:
    """How many values the axis has; a range that a sampler draws from, one a trial."""
    if space.sampler.name == "grid":
        return len(space.axes[axis].points(axis))
    distribution = space.axes[axis].distribution(axis)
    return len(getattr(distribution, "choices", range(space.trials or 0)))


def _check_trials(space: Space, trainable: Trainable) -> None:
    for cell in _cells(space, Expansion(space, trainable)):
        for task in space.tasks:
            try:
                trainable.check(cell.params, task)
            except ValueError as error:
                raise Invalid(
                    f"cannot be trained by {space.identity}, {described(cell.labels)} on {task}: "
                    f"{error}",
                    _culprit(space, str(error)),
                ) from error


def _cells(space: Space, expansion: Expansion) -> Iterator[Configuration]:
    """All cells of a grid; of what a sampler may draw, the ends of ranges with all choices.

    Where these are too many, a thousand of them at random.
    """
    if space.sampler.name == "grid":
        yield from expansion.grid()
        return
    rng = np.random.default_rng(0)
    for _ in range(_DRAWN):
        yield expansion.draw(lambda _, over: sampling.at(over, _corner(rng, over)))


def _corner(rng: np.random.Generator, over: Any) -> float:
    ends = np.array([0.0, 1.0 - 1e-9])
    return float(rng.random() if hasattr(over, "choices") else rng.choice(ends))


def _culprit(space: Space, message: str) -> Location:
    """Where the parameter was set that `message` mentions first."""
    mentioned = [
        (message.find(name), (part, name))
        for part, names in (("fixed", space.fixed), ("axes", space.axes))
        for name in names
        if name in message
    ]
    return min(mentioned)[1] if mentioned else ("axes",)
