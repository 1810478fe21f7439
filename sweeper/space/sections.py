"""The smaller parts of a space, and the rules within each."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, ValidationInfo, model_validator

from sweeper import lookup
from sweeper.errors import Invalid, shown
from sweeper.schema.base_model import Section, validated
from sweeper.schema.rules import (
    Number,
    Positive,
    Text,
    distinct,
    each,
    items,
    mapping,
    one_of,
    positive,
    simple,
    text,
    whole,
)
from sweeper.space.axes import AxisKind, AxisModel


def _ordered(low: float, high: float) -> None:
    if low >= high:
        raise Invalid(f"needs low < high, but got low={low:g} and high={high:g}")
    if not math.isfinite(high - low):
        raise Invalid(f"needs a finite high - low, but got low={low:g} and high={high:g}")


class Task(Section):
    """The scores of a task that count as 0 and as 1."""

    low: Number
    """The score that counts as 0, as in `low: 0.5`."""
    high: Number
    """The score that counts as 1, as in `high: 14`."""

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        _ordered(self.low, self.high)
        return self


class Evaluation(Section):
    """How often and how long agents are evaluated: the `Evaluation` of trainables."""

    every: Positive
    """Environment steps from one evaluation to the next, as in `every: 125000`."""
    episodes: Positive | None = None
    """Episodes of one evaluation, as in `episodes: 10`; or else `steps`."""
    steps: Positive | None = None
    """Environment steps of one evaluation, as in `steps: 125000`; or else `episodes`."""
    cap: Positive = 10_000
    """The most environment steps of one episode, as in `cap: 2000`."""

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if self.episodes is None and self.steps is None:
            raise Invalid("needs either episodes or steps: how long one evaluation is")
        if self.episodes is not None and self.steps is not None:
            raise Invalid("takes either episodes or steps, but got both")
        return self


class Rule(Section):
    """How a run's reports become one number, and a trial's runs one value."""

    metric: Text
    """The metric that is scored, as in `metric: return`."""
    at: Annotated[str, BeforeValidator(one_of("final", "max", "auc"))] = "final"
    """Which of a run's reports count: the last, the best, or the area under all: `at: max`."""
    aggregate: Annotated[str, BeforeValidator(one_of("iqm", "mean", "median"))] = "iqm"
    """How a trial's runs become one value, as in `aggregate: mean`."""


Direction = Annotated[str, BeforeValidator(one_of("maximize", "minimize"))]


class Objective(Rule):
    """A further score; `low` counts as 0 and `high` as 1, on every task."""

    direction: Direction = "maximize"
    """Which of its values are better, as in `direction: minimize`."""
    low: Number = 0.0
    """The value that counts as 0, as in `low: 0.5`."""
    high: Number = 1.0
    """The value that counts as 1, as in `high: 14`."""

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        _ordered(self.low, self.high)
        return self


class Score(Rule):
    """What is searched for; in a list of several, figures and tables show the first."""

    also: tuple[Objective, ...] = ()
    """The further scores of a list, as in `score: [{metric: return}, {metric: loss}]`."""


class Checkpoint(Section):
    """How often workers save the states of their runs, and what stays of them."""

    every_s: Annotated[float, BeforeValidator(positive)] = 30.0
    """Seconds from one save to the next, as in `every_s: 60`; at least ten times as long as a save
    takes."""
    keep: Annotated[str, BeforeValidator(one_of("none", "final", "best"))] = "none"
    """Weights that stay in the study's `weights/<run>.npz`: those of the end, or of the best
    evaluation by the score's metric."""
    max_gb: Annotated[float, BeforeValidator(positive)] = 50.0
    """The most gigabytes (10⁹ bytes) that the study's checkpoints and kept weights may take. A save
    that finds no room is left out and counted; the run goes on."""


class Limits(Section):
    """How often a run may fail before it ends."""

    deaths: Positive = 3
    """Deaths of its worker while it was stepped alone and gained nothing, as in `deaths: 5`."""
    failures: Positive = 3
    """Attempts that raised, as in `failures: 1`."""


class Figure(Section):
    """A figure that is drawn when the study ends: its name and what it is asked to show."""

    name: Text
    options: dict[str, Any]


MAX_SEEDS = 1_000_000

_COLUMNS = (
    *("run", "trial", "task", "seed", "state", "score", "value", "step"),
    *("attempts", "seconds", "worker", "low", "high", "n", "nan", "failed", "pruned", "missing"),
    *("point", "planned", "scored", "usable", "bold"),
)
"""The columns of every table; no axis may be called like one."""


def axes_rule(value: Any, info: ValidationInfo) -> dict[str, AxisKind]:
    """Named axes, each checked by its kind; at least one, and none called like another."""
    axes = {}
    folder: Path | None = info.context
    for name, keys in mapping(value).items():
        if keys is not None:
            try:
                axes[name] = _axis(name, keys, folder)
            except Invalid as error:
                raise error.under(name) from error
    if not axes:
        raise Invalid("must hold at least one axis, but is empty")
    called = {"task": "task", **{name: axis.title or name for name, axis in axes.items()}}
    for name, axis in axes.items():
        others = [other for other, title in called.items() if axis.title in (other, title)]
        others = [other for other in others if other != name]
        if others:
            rule = f"must not be what {others[0]} is called, but got {shown(axis.title)}"
            raise Invalid(rule, (name, "title"))
    return axes


def _axis(name: str, keys: Any, folder: Path | None) -> AxisKind:
    if name in _COLUMNS or not name or name != name.strip():
        raise Invalid(f"is no name for an axis; taken: {', '.join(_COLUMNS)}")
    if not isinstance(keys, dict):
        raise Invalid(f"must be an axis, like {{kind: float, values: […]}}, but got {shown(keys)}")
    valid = lookup.names("sweeper.space.axes")
    kind = keys.get("kind")
    if kind is None:
        raise Invalid(f"needs the key 'kind'; valid kinds: {', '.join(valid)}")
    try:
        kind = lookup.located("sweeper.space.axes", text(kind), folder)
    except Invalid as error:
        raise error.under("kind") from error
    found = lookup.find("sweeper.space.axes", kind)
    if not (isinstance(found, type) and issubclass(found, AxisModel)):
        raise Invalid("must name a class derived from sweeper.space.axes.AxisModel", ("kind",))
    axis: Any = validated(found, {**keys, "kind": kind})
    checked: AxisKind = axis
    return checked


def tasks_rule(value: Any) -> dict[str, Any]:
    """Named tasks with their low and high; at least one."""
    if isinstance(value, str | list):
        rule = "must be a mapping, like {mujoco/Hopper-v4: {low: 0, high: 3000}}"
        raise Invalid(f"{rule}, but got {shown(value)}")
    tasks = {name: keys for name, keys in mapping(value).items() if keys is not None}
    if not tasks:
        raise Invalid("must hold at least one task with its low and high, but is empty")
    for name, keys in tasks.items():
        if not name:
            raise Invalid("must have a name for each task, but one is empty")
        if not isinstance(keys, dict):
            raise Invalid(f"must be a mapping with low and high, but got {shown(keys)}", (name,))
    return tasks


def seeds_rule(value: Any) -> tuple[int, ...]:
    """A list of different seeds, or a number n for 0 … n - 1."""
    if isinstance(value, list | tuple):
        seeds = each(whole(0), items(value))
        distinct(str(seed) for seed in seeds)
        return tuple(seeds)
    count = whole(1)(value)
    if count > MAX_SEEDS:
        raise Invalid(f"must be at most {MAX_SEEDS}, but got {shown(value)}")
    return tuple(range(count))


def fixed_rule(value: Any) -> dict[str, Any]:
    """Values of parameters by dotted name."""
    fixed = {}
    for name, item in mapping(value).items():
        if isinstance(item, dict):
            raise Invalid(
                "must be a value, but got a mapping; parameters have dotted names, like "
                f"{name}.{next(iter(item), 'x')}",
                (name,),
            )
        if item is not None:
            try:
                fixed[name] = simple(item)
            except Invalid as error:
                raise error.under(name) from error
    return fixed


def score_rule(value: Any) -> Any:
    """One score, or a list of several: the further ones stand under the first's `also`."""
    if not isinstance(value, list | tuple):
        return value
    first, *others = items(value)
    return {**_scored(0, first), "also": [_scored(1 + i, other) for i, other in enumerate(others)]}


def _scored(index: int, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Invalid(f"must be a mapping of metric, at, …, but got {shown(value)}", (index,))
    try:
        validated(Objective if index else Score, value)
    except Invalid as error:
        raise error.under(index) from error
    return value


def figures_rule(value: Any) -> list[Any]:
    """Names of figures, or mappings of one name to its options."""
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
