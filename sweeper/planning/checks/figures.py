"""Checks the figures of a space: their files, options, axes and metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sweeper import lookup
from sweeper.errors import Invalid, Mistakes, choices, shown
from sweeper.planning.configurations.expansion import Expansion
from sweeper.schema.rules import distinct
from sweeper.score import AT
from sweeper.space import figure_options, figure_rules
from sweeper.space.axes import AxisKind
from sweeper.space.axes._labels import ABSENT, label_of, places
from sweeper.space.blocks.parts import JoinedAxis, every_axis, parts
from sweeper.space.figure_options import CLOCKS, MOST, SCORE, takes, takes_several
from sweeper.space.figure_rules import INTERVAL, RULES
from sweeper.space.space import Space
from sweeper.text import canonical
from sweeper.trainable.contract import among


def checked(space: Space, folder: Path, metrics: Sequence[str], expansion: Expansion) -> Space:
    """The space with its figures' paths made absolute.

    Of an axis that some configurations lack, its absence counts as a value.
    """
    if not space.figures:
        return space
    absent = expansion.conditional
    sizes = {name: _size(space, name) + (name in absent) for name in every_axis(space)}
    sizes |= {name: size for name, size in _derived(space, expansion).items() if name not in sizes}
    sizes["task"] = len(space.tasks)
    figures, mistakes, count = [], Mistakes(), _trials(space, expansion)
    for index, figure in enumerate(space.figures):
        with mistakes.under("figures", index):
            name = lookup.located("sweeper.figures", figure.name, folder)
            here = ("figures", index, figure.name)
            ruled: dict[str, Any] = {}
            with mistakes.under(*here):
                ruled = figure_options.checked(name, figure.options)
            options, valid = {**figure.options, **ruled}, takes(name)
            with mistakes.under(*here):
                fitting = {
                    key: one for key, one in options.items() if key in valid or key not in RULES
                }
                most = figure_options.MOST_METRICS.get(name, MOST["metric"])
                named = figure_options.axes_of(name)
                known = [*metrics, SCORE] if metrics and name == "curves" else metrics
                _check_options(fitting, valid, sizes, known, most, named)
            with mistakes.under(*here):
                figure_rules.check_band(ruled.get("band", INTERVAL), space.score.aggregate)
            with mistakes.under(*here):
                check_where(space, ruled.get("where", ()), count)
            with mistakes.under(*here):
                _check_trials(ruled.get("trial", ()), count)
            figures.append(figure.model_copy(update={"name": name}))
    mistakes.check()
    return space.model_copy(update={"figures": tuple(figures)})


def _check_options(
    options: Mapping[str, Any],
    valid: Mapping[str, str],
    sizes: Mapping[str, int],
    metrics: Sequence[str],
    most: int,
    named: Sequence[str],
) -> None:
    seen: dict[str, str] = {}
    few = bool({"top", "trial"} & {*options})
    mistakes = Mistakes()
    for option, value in options.items():
        with mistakes.under():
            if option not in valid:
                raise Invalid(f"is an unknown option{choices(option, valid)}", (option,))
            if option == "metric":
                _check_metrics(value, most if takes_several(valid[option]) else 1, metrics)
            if option == "at" and value is not None and value not in AT:
                raise Invalid(f"must be one of {', '.join(AT)}, but got {shown(value)}", ("at",))
            if option == "x" and option not in named:
                _check_clock(value)
            if option in named and value is not None and not (value == "trial" and few):
                _check_axis(option, value, sizes, seen)
    mistakes.check()


def _check_clock(value: Any) -> None:
    """Raises `Invalid` for what cannot stand in the place of steps.

    Whether all runs report it is checked in `clocks`, as far as that is known.
    """
    if value is not None and (not isinstance(value, str) or value not in CLOCKS):
        rule = f"must be one of {', '.join(CLOCKS)} (without it: steps)"
        raise Invalid(f"{rule}, but got {shown(value)}", ("x",))


def _check_axis(option: str, value: Any, sizes: Mapping[str, int], seen: dict[str, str]) -> None:
    """Raises `Invalid` for what is no axis, is one of `seen`, or has too many values."""
    if not isinstance(value, str) or value not in sizes:
        axes = choices(str(value), sizes)
        raise Invalid(f"must be an axis, but got {shown(value)}{axes}", (option,))
    if value in seen:
        raise Invalid(f"must be another axis than {seen[value]}, but got {shown(value)}", (option,))
    if sizes[value] > MOST.get(option, sizes[value]):
        rule = f"takes an axis of at most {MOST[option]} values"
        raise Invalid(f"{rule}, but {shown(value)} has {sizes[value]}", (option,))
    seen[value] = option


def check_where(space: Space, conditions: Sequence[str], count: int | None = None) -> None:
    """Raises `Invalid` for a condition on runs that is about nothing that they have.

    `count` is how many trials there are, where that is known.
    """
    valid = [*every_axis(space), "task", "seed", "trial"]
    valid += [name for one in parts(space) for name in (*one.fixed, *one.derived, *one.defaults)]
    valid += [name for own in space.by_task.values() for name in own]
    for condition in conditions:
        name = condition.partition("=")[0].strip()
        if name not in valid:
            what = f"names {shown(name)}, which is no axis or parameter"
            raise Invalid(f"{what}{choices(name, dict.fromkeys(valid))}", ("where",))
        _check_value(space, name, condition.partition("=")[2], count)


def _check_value(space: Space, name: str, text: str, count: int | None) -> None:
    """Raises `Invalid` where a condition names no task, no seed, none of the `count` trials, or no
    value of an axis with listed values.

    Ranges, further conditions, and what may stand for no value, are left to the figure.
    """
    found = every_axis(space).get(name)
    of_runs: dict[str, Sequence[Any]] = {
        "task": [*space.tasks],
        "seed": space.seeds,
        "trial": range(count or 0),
    }
    if found is None and of_runs.get(name):
        if ".." not in text and "=" not in text:
            _check_label(name, text, of_runs[name])
        return
    axes = found.axes if isinstance(found, JoinedAxis) else [found] if found is not None else []
    asked = [one.strip() for one in (text, *text.split(","))]
    left = ".." in text or "=" in text or not {"null", ABSENT}.isdisjoint(asked)
    if not axes or left or any(one.ends is not None for one in axes):
        return
    listed = [point.label for one in axes for point in one.points(name)]
    fixed = [one.fixed[name] for one in parts(space) if name in one.fixed]
    _check_label(name, text, [*listed, *map(label_of, fixed)])


def _check_label(name: str, text: str, labels: Iterable[Any]) -> None:
    """Raises `Invalid` where none of the values in `text` is one of `labels`."""
    valid = list(dict.fromkeys(labels))
    asked = [one.strip() for one in (text, *text.split(","))]
    if all(places(valid, one) is None for one in asked):
        near = choices(text, map(canonical, valid))
        raise Invalid(f"asks for {name}={text.strip()}{near}", ("where",))


def _trials(space: Space, expansion: Expansion) -> int | None:
    """How many trials the space has; `None` where that is not known before they are drawn."""
    if space.sampler.name != "grid":
        return space.trials
    try:
        return len(expansion.grid().configurations)
    except Invalid:  # which the check of the trials tells
        return None


def _check_trials(asked: Sequence[int], count: int | None) -> None:
    if count is not None and asked and asked[-1] >= count:
        rule = f"must be of the space's trials (0 to {count - 1})"
        raise Invalid(f"{rule}, but got {asked[-1]}", ("trial",))


def _check_metrics(value: Any, most: int, known: Sequence[str]) -> None:
    """One metric, or a list of different ones where a figure takes more, at `most` so many."""
    listed = isinstance(value, list | tuple)
    names = list(value) if listed else [value]
    if listed and most == 1:
        raise Invalid(f"must be one metric, but got {shown(value)}", ("metric",))
    if not 0 < len(names) <= most:
        raise Invalid(f"takes 1 to {most} metrics, but got {len(names)}", ("metric",))
    distinct(map(str, names), ("metric",))
    for index, name in enumerate(names):
        if known and not among(known, str(name)):
            path = ("metric", index) if listed else ("metric",)
            raise Invalid(
                f"must be a metric, but got {shown(name)}{choices(str(name), known)}", path
            )


def _size(space: Space, axis: str) -> int:
    """The number of values of the axis; of a range that is drawn from at most one a trial."""
    found = every_axis(space)[axis]
    if isinstance(found, JoinedAxis):
        return sum(_size_of(space, axis, one) for one in found.axes)
    return _size_of(space, axis, found)


def _derived(space: Space, expansion: Expansion) -> dict[str, int]:
    """How many values parameters have that follow from the axes; at most one a trial."""
    names = dict.fromkeys(name for one in parts(space) for name in one.derived)
    for axis in every_axis(space):
        names |= dict.fromkeys(expansion.sets(axis))
    if space.sampler.name != "grid":
        return dict.fromkeys(names, space.trials or 0)
    try:
        made = expansion.grid().configurations
    except Invalid:  # which the check of the trials tells
        return dict.fromkeys(names, 0)
    return {name: len({canonical(one.params.get(name)) for one in made}) for name in names}


def _size_of(space: Space, axis: str, found: AxisKind) -> int:
    if space.sampler.name == "grid" or found.ends is None or found.grid:
        try:
            return len(found.points(axis))
        except Invalid:  # which the check of the trials tells
            return 0
    size, trials = found.size(axis), space.trials or 0
    return trials if size is None else min(size, trials)
