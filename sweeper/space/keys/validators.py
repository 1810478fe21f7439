"""The rules of a space's keys: checks of each, and the short forms that they may be written in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationInfo

from sweeper import lookup
from sweeper.errors import Invalid, Mistakes, choices, closest, cut, shown
from sweeper.schema.base_model import validated
from sweeper.schema.expression import parse
from sweeper.schema.rules import (
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
from sweeper.space.axes import AxisKind, AxisModel
from sweeper.space.axes._frozen import FrozenAxis
from sweeper.space.sections import Objective, Score, Task

MAX_SEEDS = 1_000_000

TRAINED = ("agent", "function", "command")
"""The keys of which each space has one: what it trains."""


_COLUMNS = (
    *("run", "trial", "task", "seed", "state", "score", "value", "step"),
    *("attempts", "seconds", "worker", "low", "high", "n", "nan", "failed", "pruned", "missing"),
    *("point", "planned", "scored", "usable", "bold"),
)
"""The columns of every table; no axis may be called like one."""


OF_PARAMETERS = ("fixed", "axes", "derived", "by_task")
"""The keys that hold parameters by their names."""


_LOG_NORMAL = ("log_normal", "lognormal", "q_log_normal", "qlognormal")
_LOGARITHM = (
    ": draw the logarithm, as in log_lr: {kind: normal, mean: -7, sd: 1, helper: true}, and derive "
    "the number, as in derived: {lr: 2.718281828459045 ** log_lr}"
)
"""How numbers are said whose logarithms are normal."""


@dataclass(frozen=True)
class Context:
    """What the rules of a space need besides its data."""

    folder: Path | None = None
    """The folder that paths of files are relative to; `None` where all are absolute."""
    frozen: Mapping[str, Mapping[str, Any]] | None = None
    """What axes of users' own kinds are, by axis: no file is imported, whether it stands here or
    not; `None` where the files are imported."""


def axes_rule(value: Any, info: ValidationInfo) -> dict[str, AxisKind]:
    """Named axes, each checked by its kind, none called like another."""
    axes: dict[str, AxisKind] = {}
    context = info.context or Context()
    mistakes = Mistakes()
    for name, keys in mapping(value).items():
        with mistakes.under(name):
            axes[name] = _axis(name, keys, context)
    called = {"task": "task", **{name: axis.title or name for name, axis in axes.items()}}
    for name, axis in axes.items():
        others = [other for other, title in called.items() if axis.title in (other, title)]
        others = [other for other in others if other != name]
        if others:
            rule = f"must not be what {cut(others[0])} is called, but got {shown(axis.title)}"
            mistakes.add(Invalid(rule, (name, "title")))
    mistakes.check()
    return axes


def _axis(name: str, keys: Any, context: Context) -> AxisKind:
    mistakes = Mistakes()
    with mistakes.under():
        _check_name(name)
    with mistakes.under():
        found = _kept(name, keys, context)
    mistakes.check()
    return found


def _check_name(name: str) -> None:
    if name in _COLUMNS or not name or name != name.strip():
        where = "; the seeds are said by seeds: [10, 11]" if name == "seed" else ""
        raise Invalid(f"is no name for an axis{where}; taken: {', '.join(_COLUMNS)}")


def _kept(name: str, keys: Any, context: Context) -> AxisKind:
    """The axis of these keys, as its kind has it."""
    if not isinstance(keys, dict):
        raise Invalid(f"must be an axis, like {{kind: float, values: […]}}, but got {shown(keys)}")
    valid = lookup.names("sweeper.space.axes")
    kind = keys.get("kind")
    if kind is None:
        missing = Invalid(f"needs the key 'kind'; valid kinds: {', '.join(valid)}")
        raise _with_unknown_keys(missing, keys, valid)
    if context.frozen is not None and isinstance(kind, str) and lookup.is_file(kind):
        held: Any = FrozenAxis.of(keys, context.frozen.get(name))
        return held  # type: ignore[no-any-return]
    try:
        kind = lookup.located("sweeper.space.axes", text(kind), context.folder)
    except Invalid as error:
        logarithm = f"is none of {', '.join(valid)}, but got {shown(kind)}{_LOGARITHM}"
        wrong = Invalid(logarithm) if str(kind).lower() in _LOG_NORMAL else error
        raise _with_unknown_keys(wrong.under("kind"), keys, valid) from error
    found = lookup.find("sweeper.space.axes", kind)
    if not (isinstance(found, type) and issubclass(found, AxisModel)):
        raise Invalid("must name a class derived from sweeper.space.axes.AxisModel", ("kind",))
    axis: Any = validated(found, {**keys, "kind": kind})
    checked: AxisKind = axis
    return checked


def _with_unknown_keys(error: Invalid, keys: Mapping[str, Any], kinds: Iterable[str]) -> Invalid:
    """The mistake about an axis's kind, and those about keys that no kind of axis has."""
    models = [lookup.find("sweeper.space.axes", kind) for kind in kinds]
    valid = list(dict.fromkeys(key for model in models for key in model.model_fields))
    mistakes = Mistakes()
    if error.path or not any(closest(key, valid) == "kind" for key in keys if key not in valid):
        mistakes.add(error)
    with mistakes.under():
        known_keys(keys, valid)
    first, *others = mistakes.found
    return Invalid(first.message, first.path, others)


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


def known_keys(value: Mapping[str, Any], valid: Sequence[str]) -> dict[str, Any]:
    """The mapping, which must have no other keys than `valid`."""
    mistakes = Mistakes()
    for key in value:
        if key not in valid:
            mistakes.add(Invalid(f"is an unknown key{choices(key, valid)}", (key,)))
    mistakes.check()
    return dict(value)


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


def by_task_rule(value: Any) -> dict[str, dict[str, Any]]:
    """For each task that is named, values of parameters by dotted name."""
    given = {task: params for task, params in mapping(value).items() if params is not None}
    return each_of(fixed_rule, given)


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


def derived_rule(value: Any) -> dict[str, str]:
    """Expressions by the parameter that each computes."""
    return each_of(_expression, mapping(value))


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


def agent_rule(value: Any) -> str | tuple[str, ...]:
    """The name of an agent, or a list of several different ones."""
    if not isinstance(value, list | tuple):
        return text(value)
    names = tuple(each(text, value))
    distinct(names)
    if not names:
        raise Invalid("must name an agent, but is empty")
    return names if len(names) > 1 else names[0]
