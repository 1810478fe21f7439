"""Settles what a population searches: these axes are taken out of those that make trials."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sweeper.errors import Invalid, Mistakes, Path, choices, cut, shown
from sweeper.planning.parameters import point_at, points_of
from sweeper.schema.expression import parse
from sweeper.space.axes import AxisKind
from sweeper.space.space import Space
from sweeper.text import canonical, counted
from sweeper.trainable.contract import Parameter, Trainable, named

_KINDS = ("float", "int", "normal")
"""The kinds of axes that a population searches."""

_KEY = "population"


def settled(space: Space, trainable: Trainable) -> Space:
    """The space with the axes that its population searches under `searched`; raises `Invalid`.

    `trainable` is the agent of the members. A space without a population stays as it is.
    """
    population = space.population
    if population is None or space.searched:
        return space
    _check_trained(space)
    names = _searched(space, trainable)
    mistakes = Mistakes()
    with mistakes.under():
        _check_rounds(space)
    with mistakes.under():
        _check_uses(space, names)
    with mistakes.under():
        _check_metrics(space, names)
    mistakes.check()
    return space.model_copy(
        update={
            "axes": {name: axis for name, axis in space.axes.items() if name not in names},
            "searched": {name: space.axes[name] for name in names},
            "population": population.model_copy(update={"over": tuple(names)}),
        }
    )


def _check_trained(space: Space) -> None:
    """Raises `Invalid` where what is trained, or how trials are made, knows no populations."""
    here: Path = (_KEY,)
    if space.agent is None or space.analysis is not None:
        rule = "must go: the members of a population are an agent's, and the space trains"
        raise Invalid(f"{rule} {cut(space.identity)}", here)
    if space.blocks:
        raise Invalid("must go, as the space has blocks: write one space for each of them", here)
    if space.score.metric.startswith(f"{_KEY}."):
        place = [0] if space.score.also else []
        rule = "must be a metric of the members, by which they are ranked, but got"
        raise Invalid(f"{rule} {shown(space.score.metric)}", ("score", *place, "metric"))
    for part in ("fixed", "axes", "derived"):
        if _KEY in getattr(space, part):
            raise Invalid("must stand one level up: it is a key of the space", (part, _KEY))
    for task, params in space.by_task.items():
        if _KEY in params:
            raise Invalid("is one for all tasks, a key of the space", ("by_task", task, _KEY))


def _searched(space: Space, trainable: Trainable) -> list[str]:
    """The axes that the population searches, in their order; raises `Invalid` without any."""
    assert space.population is not None
    why = {name: _unfit(space, trainable, name) for name in space.axes}
    able = [name for name, reason in why.items() if not reason]
    asked, mistakes = space.population.over, Mistakes()
    said = f"; those that can: {', '.join(able)}" if able else "; no axis of the space can"
    for place, name in enumerate(asked or ()):
        here = (_KEY, "over", place)
        if name not in space.axes:
            mistakes.add(Invalid(f"is no axis{choices(name, able or space.axes)}", here))
        elif why[name]:
            mistakes.add(Invalid(f"cannot be searched: {name} {why[name]}{said}", here))
    mistakes.check()
    if not (able if asked is None else asked):
        reasons = "; ".join(f"{cut(name)} {reason}" for name, reason in why.items())
        rule = f"needs an axis to search, of kind {', '.join(_KINDS)}"
        raise Invalid(f"{rule}: {reasons}" if why else f"{rule}, and the space has none", (_KEY,))
    return [name for name in space.axes if name in (able if asked is None else asked)]


def _unfit(space: Space, trainable: Trainable, name: str) -> str:
    """Why a population cannot search an axis; empty where it can."""
    axis = space.axes[name]
    if axis.kind not in _KINDS:
        return f"is a {axis.kind}, and numbers are perturbed"
    if axis.helper:
        return "is a helper, which what is trained never gets"
    if axis.when:
        return "has a when, and all members need it"
    if axis.grid:
        return "has grid: true"
    if any(name in group for group in space.zip):
        return "moves together with others (zip)"
    one = named(trainable.parameters, name)
    values = _values(space, trainable, name, axis)
    by_agent: Mapping[str, Mapping[str, Parameter]] = getattr(trainable, "by_agent", {})
    owners = [known.get(name) for known in by_agent.values()] or [one]
    if not all(found is not None for found in owners):
        return "is no parameter of all agents"
    if not all(found.packable for found in owners if found is not None):
        return "may not differ within a pack"
    if len(values) < 2:
        return "has one value alone"
    whole = any(found.kind is int for found in owners if found is not None)
    if whole and axis.kind != "int" and axis.ends is not None:
        return "is a whole number: give its axis the kind int"
    return ""


def _values(space: Space, trainable: Trainable, name: str, axis: AxisKind) -> list[Any]:
    """The values of an axis, or the ends of its range; raises `Invalid` for one that is no value
    of its parameter."""
    if axis.ends is None:
        return [*points_of(space, trainable, name)]
    return [point_at(space, trainable, name, end) for end in axis.ends]


def _check_rounds(space: Space) -> None:
    """Raises `Invalid` for rounds at other steps than evaluations, or that no run reaches."""
    population, evaluation = space.population, space.evaluation
    assert population is not None and evaluation is not None
    every, here = population.every, (_KEY, "every")
    if every % evaluation.every:
        near = max(1, round(every / evaluation.every)) * evaluation.every
        raise Invalid(
            f"must be a multiple of evaluation.every={evaluation.every}, such as {near}, as "
            f"members are ranked by evaluations, but got {every}",
            here,
        )
    least = min(map(space.steps_on, space.tasks))
    if every >= least:
        rule = f"must be less than steps={least}, or there is no round"
        raise Invalid(f"{rule}, but got {every}", here)
    slowest = population.frequencies[-1]
    if slowest * every >= least:
        most = (least - 1) // every
        place = len(population.frequencies) - 1
        raise Invalid(
            f"must be at most {most}, the rounds of a run, or its sub-population never evolves, "
            f"but got {slowest}",
            (_KEY, "frequencies", place),
        )


def _check_uses(space: Space, names: list[str]) -> None:
    """Raises `Invalid` for what needs one value of what a population searches."""
    mistakes = Mistakes()
    for name in names:
        for path in _uses(space, name):
            why = f"names {name}, which the population searches: it has no one value in a trial"
            mistakes.add(Invalid(why, path))
    mistakes.check()


def _check_metrics(space: Space, names: list[str]) -> None:
    """Raises `Invalid` for scores and bounds by metrics of members that no run reports."""
    assert space.population is not None
    told = [f"{_KEY}.{one}" for one in ("parent", space.score.metric, *names)]
    valid, last = [f"{_KEY}.leader", *(f"{one}.0" for one in told)], space.population.size - 1
    place = [0] if space.score.also else []
    asked: list[tuple[str, Path]] = [
        (metric, ("score", *place, "constraints", metric)) for metric in space.score.constraints
    ]
    for index, rule in enumerate(space.score.also, 1):
        asked.append((rule.metric, ("score", index, "metric")))
    mistakes = Mistakes()
    for metric, path in asked:
        what, _, member = metric.rpartition(".")
        one = what in told and member.isdecimal() and int(member) <= last
        if metric.startswith(f"{_KEY}.") and metric != valid[0] and not one:
            why = f"must be a metric that populations of members 0 to {last} report"
            mistakes.add(Invalid(f"{why}, but got {shown(metric)}{choices(metric, valid)}", path))
    mistakes.check()


def _uses(space: Space, name: str) -> Iterator[Path]:
    """Where a space speaks of the parameter `name` besides its axis."""
    if name in space.fixed:
        yield ("fixed", name)
    for key in ("derived", "constraints"):
        texts = getattr(space, key)
        places = texts.items() if isinstance(texts, dict) else enumerate(texts)
        yield from ((key, place) for place, text in places if name in (place, *parse(text).names))
    for other, axis in space.axes.items():
        if name in (axis.when or ()):
            yield ("axes", other, "when", name)
    yield from (("by_task", task, name) for task, own in space.by_task.items() if name in own)
    if name in space.baseline:
        yield ("baseline", name)
    yield from (("enqueue", place, name) for place, one in enumerate(space.enqueue) if name in one)


def summary(space: Space) -> str:
    """What a space's population does, in one line: `16 members search optimizer.lr, …`."""
    population = space.population
    assert population is not None
    size, several = population.size, len(population.frequencies)
    said = f"{counted(size, 'member')} search {', '.join(space.searched)} in rounds of "
    said += counted(population.every, "step", ",")
    if several == 1:
        return said
    rounds = ", ".join(map(canonical, population.frequencies))
    return f"{said} in {counted(several, 'sub-population')}, which evolve every {rounds} rounds"
