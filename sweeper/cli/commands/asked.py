"""What a space asks for, in the words of its language: as it was understood, to be looked over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sweeper.planning.checks import population
from sweeper.space.axes import AxisKind, AxisModel
from sweeper.space.blocks.block import Block
from sweeper.space.sections import Objective, Score
from sweeper.space.space import Space
from sweeper.text import canonical, counted, few, ranges

_LONGEST = 60
"""The most characters of a value that are shown."""

_MOST_TASKS = 4

_SHARED = frozenset(AxisModel.model_fields)
"""The keys that axes of all kinds have: what is a kind's own is shown before them."""


def lines(space: Space) -> Iterator[str]:
    """What is trained, on what and how it is scored, then what all trials share and the axes."""
    yield f"trains: {space.identity}"
    tasks = [f"{name} ({task.low:g} to {task.high:g})" for name, task in space.tasks.items()]
    yield f"tasks: {few(tasks, _MOST_TASKS)}"
    tested = f", and {ranges(space.held_out)} for rerank" if space.held_out else ""
    numbers = ", ".join(map(str, space.rungs))
    rungs = f", in rungs of {numbers}" if numbers else ""
    yield f"seeds: {ranges(space.seeds)}{rungs}{tested}"
    scores = zip(space.scores, space.directions, strict=True)
    yield f"score: {'; '.join(_score(*each) for each in scores)}"
    if space.score.bounds:
        yield f"score.constraints: {', '.join(map(str, space.score.bounds))}"
    if space.evaluation is not None:
        given = space.evaluation.model_dump(exclude_none=True, exclude_defaults=True)
        yield f"evaluation: {_pairs(given)}"
    if space.baseline:
        yield f"baseline: {_pairs(space.baseline)}"
    if space.sampler.name != "grid" or space.pruner is not None:
        yield f"sampler: {_chosen(space)}"
    if space.population is not None:
        yield f"population: {population.summary(space)}"
        yield from (f"  searches {name}: {_told(axis)}" for name, axis in space.searched.items())
    yield from _searched(space)
    for task, params in space.by_task.items():
        yield f"on {task}: {_pairs(params)}"
    for name, block in space.blocks.items():
        yield f"block {name}:"
        yield from (f"  {line}" for line in _searched(block, space))


def _score(rule: Score | Objective, direction: str) -> str:
    whose = f", reference {rule.reference}" if isinstance(rule, Score) and rule.reference else ""
    return f"{direction} {rule.metric}, at {rule.at}, aggregate {rule.aggregate}{whose}"


def _chosen(space: Space) -> str:
    """The sampler, how many trials it chooses, and the pruner."""
    parts = [f"{space.sampler.told}{_arguments(space.sampler.options)}"]
    if space.trials is not None:
        begun = f", of them {len(space.enqueue)} enqueued" if space.enqueue else ""
        parts.append(f"{counted(space.trials, 'trial')}{begun}")
    if space.warm_start:
        parts.append(f"which knows trials of {few(list(space.warm_start))}")
    if space.pruner is not None:
        ours = {"seeds": space.pruner.seeds, "promote": space.pruner.promote or None}
        given = {key: value for key, value in ours.items() if value is not None}
        parts.append(f"pruner {space.pruner.name}{_arguments(space.pruner.options | given)}")
    return ", ".join(parts)


def _arguments(options: Mapping[str, Any]) -> str:
    return f" ({_pairs(options)})" if options else ""


def _told(axis: AxisKind) -> str:
    """The kind of an axis and its keys, its own before those that all kinds have."""
    given = axis.model_dump(mode="json", exclude_defaults=True, exclude={"kind", "when"})
    own = {key: given[key] for key in sorted(given, key=_SHARED.__contains__)}
    return ", ".join(filter(None, (axis.kind, _pairs(own))))


def _searched(space: Space | Block, told: Space | None = None) -> Iterator[str]:
    """What all trials of a space, or of one of its blocks, share, and what tells them apart.

    What is as the space `told` has it is left out.
    """
    known = told.fixed if told is not None else {}
    fixed = {name: one for name, one in space.fixed.items() if known.get(name, ...) != one}
    if fixed:
        yield f"fixed: {_pairs(fixed)}"
    for name, axis in space.axes.items():
        if told is not None and axis == told.axes.get(name):
            continue
        when = f", when {_conditions(axis.when)}" if axis.when else ""
        yield f"axis {name}: {_told(axis)}{when}"
    for group in space.zip:
        yield f"zip: {', '.join(group)}"
    for name, formula in space.derived.items():
        yield f"derived: {name} = {formula}"
    for constraint in space.constraints:
        yield f"constraint: {constraint}"


def _conditions(when: Mapping[str, tuple[Any, ...]]) -> str:
    return " and ".join(
        f"{name}={' or '.join(map(canonical, values))}" for name, values in when.items()
    )


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={_short(value)}" for name, value in values.items())


def _short(value: Any) -> str:
    text = canonical(value)
    if len(text) <= _LONGEST:
        return text
    number = f" ({len(value)} in all)" if isinstance(value, list | tuple | dict) else ""
    return f"{text[: _LONGEST - 1]}…{number}"
