"""The rules of a space's keys: checks of each, and the short forms that they may be written in."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from sweeper.errors import Invalid, Mistakes, closest, cut, shown
from sweeper.schema.base_model import validated
from sweeper.schema.expression import parse
from sweeper.schema.rules import (
    accepted,
    accepts,
    distinct,
    each,
    each_of,
    items,
    mapping,
    nullable,
    text,
    whole,
    with_calls,
)
from sweeper.space.keys.axes_rule import known_keys
from sweeper.space.sections import Objective, Score, Task

MAX_SEEDS = 1_000_000

TRAINED = ("agent", "function", "command")
"""The keys of which each space has one: what it trains."""


OF_PARAMETERS = ("fixed", "axes", "derived", "by_task")
"""The keys that hold parameters by their names."""


@accepts({"$ref": "#/definitions/tasks"})
def tasks_rule(value: Any) -> dict[str, Any]:
    """Named tasks with their low and high; at least one."""
    if isinstance(value, str | list):
        rule = "must be a mapping, like {mujoco/Hopper-v4: {low: 0, high: 3000}}"
        raise Invalid(f"{rule}, but got {shown(value)}")
    tasks = mapping(value)
    if not tasks:
        raise Invalid("must hold at least one task with its low and high, but is empty")
    if "" in tasks:
        raise Invalid("must have a name for each task, but one is empty")
    return each_of(_task, tasks)


def _task(value: Any) -> Task:
    if not isinstance(value, dict):
        raise Invalid(f"must be a mapping with low and high, but got {shown(value)}")
    return validated(Task, value)


@accepts({"$ref": "#/definitions/seeds"})
def seeds_rule(value: Any) -> tuple[int, ...]:
    """A list of different seeds, a number n for 0 … n - 1, or `{from: 2020, count: 10}`."""
    if isinstance(value, dict):
        return _seeds_from(value)
    if isinstance(value, list | tuple):
        seeds = each(whole(0), items(value))
        distinct(str(seed) for seed in seeds)
        return tuple(seeds)
    try:
        count = whole(1)(value)
    except Invalid as error:
        raise Invalid(f"{error.message}; or a list, as in [0, 1, 5], or from and count") from error
    if count > MAX_SEEDS:
        raise Invalid(f"must be at most {MAX_SEEDS}, but got {shown(value)}")
    return tuple(range(count))


def rungs_rule(value: Any) -> tuple[int, ...]:
    """Numbers of seeds, each larger than the one before: at least two, and at least 2 seeds."""
    how = "are growing numbers of seeds, as in [2, 5, 10]; seeds themselves are {from: 0, count: 5}"
    rungs = each(whole(2), items(value))
    if len(rungs) < 2:
        raise Invalid(f"needs two rungs or more, but got {shown(value)}: rungs {how}")
    for place, (before, after) in enumerate(pairwise(rungs), 1):
        if after <= before:
            raise Invalid(f"must be more than the {before} before it: rungs {how}", (place,))
    seeds_rule(rungs[-1])
    return tuple(rungs)


def _seeds_from(value: Mapping[str, Any]) -> tuple[int, ...]:
    """The seeds of `{from: 2020, count: 10}`: 2020 … 2029."""
    valid, first, count, mistakes = ("from", "count"), 0, 1, Mistakes()
    with mistakes.under():
        known_keys(value, valid)
    meant = {closest(key, valid) for key in value if key not in valid}
    for key in valid:
        if value.get(key) is None and key not in meant:
            mistakes.add(Invalid(f"needs the key {key!r}, as in {{from: 2020, count: 10}}"))
    with mistakes.under("from"):
        first = whole(0)(value.get("from") or 0)
    with mistakes.under("count"):
        count = len(seeds_rule(whole(1)(1 if value.get("count") is None else value["count"])))
    mistakes.check()
    return tuple(range(first, first + count))


_FIXED = {"type": "object", "additionalProperties": {"$ref": "#/definitions/value"}}


@accepts(_FIXED)
def fixed_rule(value: Any) -> dict[str, Any]:
    """Values of parameters by dotted name; null is one, too."""
    fixed, mistakes = {}, Mistakes()
    for name, item in mapping(value).items():
        with mistakes.under(name):
            if isinstance(item, dict):
                inside = cut(next(iter(item), "x"))
                rule = "must be a value, but got a mapping"
                if name in OF_PARAMETERS:
                    raise Invalid(f"{rule}: leave out {name}, as in {inside}")
                raise Invalid(f"{rule}; parameters have dotted names, like {cut(name)}.{inside}")
            fixed[name] = with_calls(nullable, item)
    mistakes.check()
    return fixed


@accepts({"type": "array", "items": {**_FIXED, "minProperties": 1}})
def enqueue_rule(value: Any) -> tuple[dict[str, Any], ...]:
    """A list of configurations, each a mapping of some axes to values."""
    if value is None or value == []:
        return ()
    if not isinstance(value, list | tuple):
        raise Invalid(
            f"must be a list of configurations, as in [{{lr: 1e-3}}], but got {shown(value)}"
        )
    return tuple(each(_enqueued, value))


@accepts({**accepted(text), "type": ["array", "string"], "items": accepted(text)})
def warm_start_rule(value: Any) -> tuple[str, ...]:
    """The name of a study, or a list of several different ones."""
    if value is None or value == []:
        return ()
    names = tuple(each(text, value)) if isinstance(value, list | tuple) else (text(value),)
    distinct(names)
    return names


def _enqueued(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not value:
        raise Invalid(f"must say values of axes, as in {{lr: 1e-3}}, but got {shown(value)}")
    return fixed_rule(value)


@accepts({"type": "object", "additionalProperties": {**_FIXED, "type": ["object", "null"]}})
def by_task_rule(value: Any) -> dict[str, dict[str, Any]]:
    """For each task that is named, values of parameters by dotted name."""
    given = {task: params for task, params in mapping(value).items() if params is not None}
    return each_of(fixed_rule, given)


@accepts({"$ref": "#/definitions/score"})
def score_rule(value: Any) -> Any:
    """One score, or a list of several: the further ones stand under the first's `also`."""
    if not isinstance(value, list | tuple):
        return value
    kinds = [Score, *[Objective] * (len(items(value)) - 1)]
    first, *others = each(_scored, zip(kinds, value, strict=True))
    return {**first, "also": others}


def _scored(given: tuple[type[Score | Objective], Any]) -> dict[str, Any]:
    kind, value = given
    if not isinstance(value, dict):
        raise Invalid(f"must be a mapping of metric, at, …, but got {shown(value)}")
    validated(kind, value)
    return value


@accepts({"$ref": "#/definitions/figures"})
def figures_rule(value: Any) -> list[Any] | None:
    """Names of figures, or mappings of one name to its options; `None` where nothing is said."""
    if value is None:
        return None
    return each(_figure, value if isinstance(value, list | tuple) else items(value))


def _figure(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        return {"name": value, "options": {}}
    if isinstance(value, dict) and set(value) == {"name", "options"}:
        return value
    if not isinstance(value, dict) or len(value) != 1:
        raise Invalid(
            f"must be a figure's name and options, like {{heatmap: {{x: …, y: …}}}}, "
            f"but got {shown(value)}"
        )
    ((name, options),) = value.items()
    return {"name": name, "options": mapping(options)}


@accepts(
    {"type": "array", "items": {"type": "array", "minItems": 2, "items": accepted(text)}},
)
def zip_rule(value: Any) -> tuple[tuple[str, ...], ...]:
    """Groups of axes that move together; no axis twice."""
    if value is None or value == []:
        return ()
    if not isinstance(value, list | tuple):
        raise Invalid(f"must be a list of lists of axes, like [[a, b]], but got {shown(value)}")
    groups = tuple(each(_group, value))
    seen: dict[str, int] = {}
    mistakes = Mistakes()
    for index, group in enumerate(groups):
        for place, axis in enumerate(group):
            if axis in seen:
                rule = f"repeats {cut(axis)}, which stands in [{seen[axis]}]"
                mistakes.add(Invalid(rule, (index, place)))
            seen.setdefault(axis, index)
    mistakes.check()
    return groups


def _group(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or len(value) < 2:
        raise Invalid(f"must be a list of at least two axes, but got {shown(value)}")
    return tuple(each(text, value))


@accepts({"type": "object", "additionalProperties": accepted(text)})
def derived_rule(value: Any) -> dict[str, str]:
    """Expressions by the parameter that each computes."""
    return each_of(_expression, mapping(value))


@accepts({"type": "array", "items": accepted(text)})
def constraints_rule(value: Any) -> tuple[str, ...]:
    """Expressions that must be true; no one twice."""
    if value is None or value == []:
        return ()
    if not isinstance(value, list | tuple):
        raise Invalid(f"must be a list of expressions, but got {shown(value)}")
    constraints = tuple(each(_expression, value))
    distinct(constraints)
    return constraints


def _expression(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise Invalid(f"must be an expression, as text, but got {shown(value)}")
    parse(value)
    return value


@accepts({"$ref": "#/definitions/agent"})
def agent_rule(value: Any) -> str | tuple[str, ...]:
    """The name of an agent, or a list of several different ones."""
    if not isinstance(value, list | tuple):
        return text(value)
    names = tuple(each(text, value))
    distinct(names)
    if not names:
        raise Invalid("must name an agent, but is empty")
    return names if len(names) > 1 else names[0]
