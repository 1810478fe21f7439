"""Expands a space into configurations: its whole grid in a fixed order, or one from a sampler."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice, product
from math import prod
from typing import TYPE_CHECKING, Any

from sweeper.errors import Invalid
from sweeper.lookup import is_file
from sweeper.planning.configurations.axis_groups import AxisGroup, axis_groups
from sweeper.planning.configurations.constraints import Formulas, Rejected, check_by_task
from sweeper.planning.configurations.sequences import smooth
from sweeper.planning.parameters import (
    base,
    by_task,
    culprit,
    defaulted,
    later,
    point_at,
    points_of,
)
from sweeper.space.axes import AxisKind, Point
from sweeper.space.space import Space
from sweeper.text import canonical, labels_text
from sweeper.trainable.contract import Parametrised, beside, counted_by, only_of
from sweeper.trainable.frozen import text_of
from sweeper.trainable.several_agents import ByAgent, own

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

DROP = "drop"
"""The `invalid` of a space that leaves invalid combinations out."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """One combination of values of the active axes, and the parameters that follow from it."""

    values: Mapping[str, Any]
    """Axis -> value; an inactive axis is absent, here and in `labels`."""
    labels: Mapping[str, str | int | float]
    """Axis -> number on numeric axes, canonical text elsewhere."""
    params: dict[str, Any]
    """Every parameter, derived ones included."""
    text: str
    """The canonical JSON of `params`, but for parameters that came after the space was loaded."""
    unset: Mapping[str, str]
    """Formulas without a value, as `derived.lr`, each with the name that it lacks."""
    chosen: Collection[str] = ()
    """Of the parameters that others' values may leave out, and of those that count the numbers of a
    list, those that the space sets."""


@dataclass(frozen=True, slots=True)
class Grid:
    """The grid of a space."""

    configurations: tuple[Configuration, ...]
    """The valid combinations, the last axis fastest."""
    dropped: int
    """How many combinations are not valid and were left out."""
    shared: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """How many configurations a block, named second, shares with one before it."""


class Expansion:
    """The configurations of a space; raises `Invalid` where the space's parts do not fit."""

    def __init__(self, space: Space, trainable: Parametrised) -> None:
        self.space, self.trainable = space, trainable
        self._base = base(space, trainable)
        self._later = later(space, trainable)
        self._only = {
            name: only for name, one in trainable.parameters.items() if (only := only_of(one))
        }
        self._counts = {
            name: count
            for name, one in trainable.parameters.items()
            if (count := counted_by(one)) is not None
        }
        self._by_agent: ByAgent = getattr(trainable, "by_agent", {})
        self._groups = axis_groups(space, trainable)
        owners = dict.fromkeys(space.fixed, "fixed")
        for group in self._groups:
            for name, sets in group.sets.items():
                owners.update({name: f"axes.{name}"} | dict.fromkeys(sets, f"axes.{name}"))
        self._by_task = by_task(space, trainable)
        check_by_task(space, owners)
        self.kept_on: set[tuple[str, str]] = set()
        self.left_out_on: dict[tuple[str, str], str] = {}
        """Of what `by_task` sets on tasks, by task and name, that which some configuration has been
        seen to have, and that which another has not, with why."""
        self._formulas = Formulas(space, trainable, owners)
        self._helpers = {name for name, axis in space.axes.items() if axis.helper}
        self._defaults = {
            name: point_at(space, trainable, name, axis.default) for name, axis in defaulted(space)
        }
        self.axes = tuple(name for group in self._groups for name in group.names)
        """The axes in their order here: each after those that it depends on."""
        self.conditional = frozenset(
            name for group in self._groups if group.when for name in group.names
        )
        """The axes that are absent from some configurations."""
        self.refused: set[str] = set()
        """The texts of the configurations that what is trained was seen to refuse."""
        self.drawn: dict[str, dict[Any, Point]] = {
            name: {} for name, axis in space.axes.items() if is_file(axis.kind)
        }
        """The points of axes of users' own kinds that were drawn, by their labels."""
        self._grid: Grid | None = None
        self._grid_is_checked = False
        self._distributions: dict[str, BaseDistribution] = {}
        self._rows: dict[str, dict[str, tuple[Point, ...]]] = {}

    def grid(self, *, check: bool = False) -> Grid:
        """Every configuration of the grid; it is computed once.

        Raises `Invalid` at the first combination that is not valid, unless the space drops these,
        and at a configuration whose parameters were there before. Whether what is trained accepts a
        configuration is asked with `check`, and where combinations are dropped.
        """
        if self._grid is None:
            self._grid = self._computed_grid(check=check or self.space.invalid == DROP)
        elif check and not self._grid_is_checked:
            for configuration in self._grid.configurations:
                self.check(configuration)
        self._grid_is_checked |= check or self.space.invalid == DROP
        return self._grid

    def _computed_grid(self, *, check: bool) -> Grid:
        for group in self._groups:
            if not group.grid:
                points_of(self.space, self.trainable, group.name)
        found: dict[str, Configuration] = {}
        dropped = 0
        for chosen in self.combinations():
            try:
                configuration = self.configuration(chosen)
                if check:
                    self.check(configuration)
            except Rejected:
                if self.space.invalid != DROP:
                    raise
                dropped += 1
                continue
            before = found.setdefault(configuration.text, configuration)
            if before is not configuration:
                both = f"{labels_text(before.labels)} and {labels_text(configuration.labels)}"
                hint = "; axes of one agent need a when, as in when: {agent: td3}"
                hint = hint if len(self.space.agents) > 1 else ""
                raise Invalid(f"hold two trials with the same parameters: {both}{hint}", ("axes",))
        return Grid(tuple(found.values()), dropped)

    def draw(self, choose: Callable[[str, BaseDistribution, AxisKind], Any]) -> Configuration:
        """The configuration of the labels that `choose` gives the active axes.

        Raises `Rejected` where the combination is not valid.
        """
        return self.made_of(self.chosen_by(choose))

    def chosen_by(
        self, choose: Callable[[str, BaseDistribution, AxisKind], Any]
    ) -> dict[str, Point]:
        """The points of the labels that `choose` gives the active axes, in their order.

        It is asked for the first axis of a zip group alone.
        """
        chosen: dict[str, Point] = {}
        for group in self._groups:
            if group.active(chosen):
                axis = self.space.axes[group.name]
                label = choose(group.name, self.distribution(group.name), axis)
                chosen.update(zip(group.names, self._row(group, label), strict=True))
        return chosen

    def made_of(self, chosen: Mapping[str, Point]) -> Configuration:
        """The configuration of these points; `Rejected` where it is not a valid one."""
        try:
            made = self.configuration(chosen)
        except Invalid as error:
            raise Rejected(error.message, error.path) from error
        self.check(made)
        return made

    def key(self, made: Configuration) -> str:
        """What is equal for configurations whose runs are the same: the text of its parameters."""
        return made.text

    def cells(self) -> list[dict[str, str | int | float]]:
        """All combinations of the labels of axes with `grid: true`."""
        groups = [group for group in self._groups if self.space.axes[group.name].grid]
        rows = [[row[0].label for row in group.rows] for group in groups]
        names = [group.name for group in groups]
        return [dict(zip(names, labels, strict=True)) for labels in product(*rows)]

    def chosen(self, made: Configuration) -> list[str]:
        """The axes whose values were chosen for it: active, and the first of their groups."""
        return [group.name for group in self._groups if group.name in made.labels]

    def sets(self, axis: str) -> tuple[str, ...]:
        """The parameters that an axis sets."""
        return next(group.sets[axis] for group in self._groups if axis in group.sets)

    def needs(self, axis: str) -> Mapping[str, Collection[str | int | float]]:
        """The labels of other axes with which an axis counts, by axis; empty where it always does.

        Of a zip group it is the first axis that says so.
        """
        return next((group.when for group in self._groups if axis in group.names), {})

    def reference(self) -> Configuration | None:
        """The configuration of all defaults; `None` where an active axis has none.

        Of a zip group the first axis decides. Raises `Invalid` where it is not a valid one.
        """
        chosen: dict[str, Point] = {}
        for group in self._groups:
            if not group.active(chosen):
                continue
            if group.name not in self._defaults:
                return None
            row = self._row(group, self._defaults[group.name].label)
            self._check_row(group, row)
            chosen.update(zip(group.names, row, strict=True))
        made = self.configuration(chosen)
        self.check(made)
        return made

    def check(self, made: Configuration) -> None:
        """Raises `Rejected` where what is trained refuses `made` on one of the tasks."""
        for task in self.space.tasks:
            params = self.params_on(made, task)
            try:
                self._check_counts(params, {*made.chosen, *self._by_task.get(task, ())})
                self.trainable.check(params, task)
            except ValueError as error:
                self.refused.add(text_of(params))
                raise Rejected(
                    f"cannot be trained by {self.space.identity}, {labels_text(made.labels)} on "
                    f"{task}: {error}",
                    culprit(self.space, str(error), task, made.labels),
                ) from error

    def _check_counts(self, params: Mapping[str, Any], given: Collection[str]) -> None:
        """Raises `ValueError` where a list has other than as many numbers as are given for it."""
        for name, count in self._counts.items():
            listed, number = params.get(name), params.get(count)
            if count in given and isinstance(listed, list | tuple) and len(listed) != number:
                raise ValueError(
                    f"{name} must list a number for each of {count}={number}, got {[*listed]}: "
                    f"leave {count} out, or let it be {len(listed)}"
                )

    def params_on(self, made: Configuration, task: str) -> dict[str, Any]:
        """Every parameter of a configuration on one of the tasks.

        What `by_task` sets there is left out where it is no parameter beside the others.
        """
        on_task = self._by_task.get(task)
        if not on_task:
            return made.params
        params = {**made.params, **on_task}
        given = {*made.chosen, *on_task}
        for name in on_task.keys() & self._only.keys() - {*made.chosen}:
            only = self._only[name]
            if beside(only, params):
                self.kept_on.add((task, name))
            else:
                given.remove(name)
                self.left_out_on[task, name] = _missing(name, only, params)
        self._settle(params, given)
        return own(self._by_agent, params) if self._by_agent else params

    def check_by_task(self) -> None:
        """Raises `Invalid` for what `by_task` sets and no configuration that was checked has."""
        for key, why in self.left_out_on.items():
            if key not in self.kept_on:
                raise Invalid(f"is no parameter of any trial there: {why}", ("by_task", *key))

    def combinations(self) -> Iterator[dict[str, Point]]:
        """The points of the active axes, in the order of the grid; each changes the one before.

        A range without a grid has its ends for points.
        """
        return self._walk(0, {})

    def configuration(self, chosen: Mapping[str, Point]) -> Configuration:
        """The configuration of these points; raises `Rejected` where a formula refuses them."""
        params = dict(self._base)
        helpers: dict[str, Any] = {}
        for name, point in chosen.items():
            (helpers if name in self._helpers else params).update(point.params)
        labels = {name: point.label for name, point in chosen.items()}
        nulls = [name for p in chosen.values() for name, item in p.params.items() if item is None]
        given = {*self.space.fixed, *(name for p in chosen.values() for name in p.params)}
        self._settle(params, given)
        unset = self._formulas.complete(params, labels, helpers | dict.fromkeys(nulls))
        given |= {name for name in self.space.derived if f"derived.{name}" not in unset}
        self._settle(params, given)
        if self._by_agent:
            try:
                params = own(self._by_agent, params)
            except ValueError as error:
                raise Invalid(str(error), ("agent",)) from error
        values = {name: point.value for name, point in chosen.items()}
        kept = given & {*self._only, *self._counts.values()}
        return Configuration(values, labels, params, self.text(params), unset, kept)

    def _settle(self, params: dict[str, Any], given: Collection[str]) -> None:
        """Leaves out of `params` the defaults that are not there beside the others, and adds those
        that are; what is `given` stays.
        """
        for name, only in self._only.items():
            if name in given:
                continue
            if beside(only, params):
                params.setdefault(name, self._base[name])
            else:
                params.pop(name, None)

    def text(self, params: Mapping[str, Any]) -> str:
        """Parameters as canonical JSON, without those that came after the space was loaded."""
        return text_of({name: item for name, item in params.items() if name not in self._later})

    def size(self, most: int) -> int:
        """The number of combinations, or some number above `most` where there are more."""
        bound = prod(self.sizes())
        if bound <= most or not self.conditional:
            return bound
        return sum(1 for _ in islice(self.combinations(), most + 1))

    def sizes(self) -> list[int]:
        """The number of rows of each group: an axis, or axes that move together."""
        return [len(group.rows) for group in self._groups]

    def _walk(self, number: int, chosen: dict[str, Point]) -> Iterator[dict[str, Point]]:
        if number == len(self._groups):
            yield chosen
            return
        group = self._groups[number]
        if not group.active(chosen):
            yield from self._walk(number + 1, chosen)
            return
        for row in group.rows:
            chosen.update(zip(group.names, row, strict=True))
            yield from self._walk(number + 1, chosen)
        for name in group.names:
            del chosen[name]

    def distribution(self, name: str) -> BaseDistribution:
        """What the labels of an axis are chosen from, or the rows of the zip group it leads."""
        found = self._distributions.get(name)
        if found is None:
            found = self._distributions[name] = self._made_distribution(name)
        return found

    def _made_distribution(self, name: str) -> BaseDistribution:
        from optuna.distributions import CategoricalDistribution

        group = next(group for group in self._groups if group.name == name)
        if len(group.names) > 1:
            return CategoricalDistribution([row[0].label for row in group.rows])
        found: BaseDistribution = self.space.axes[name].distribution(name)
        return smooth(found) if self.space.sampler.name == "gp" else found

    def _row(self, group: AxisGroup, label: Any) -> tuple[Point, ...]:
        """The row of a label, else of the only one with that value; of a range any number's."""
        if not group.grid:
            nearest = self.space.axes[group.name].nearest(label)
            point = point_at(self.space, self.trainable, group.name, nearest)
            if group.name in self.drawn:
                self.drawn[group.name][label] = point
            return (point,)
        rows = self._rows.get(group.name)
        if rows is None:
            rows = {canonical(row[0].label): row for row in group.rows}
            self._rows[group.name] = rows
        row = rows.get(canonical(label))
        if row is None:
            point = point_at(self.space, self.trainable, group.name, label)
            row = rows.get(canonical(point.label), (point,))
        return row

    def _check_row(self, group: AxisGroup, row: tuple[Point, ...]) -> None:
        for name, point in zip(group.names[1:], row[1:], strict=True):
            default = self._defaults.get(name)
            if default is not None and default.label != point.label:
                raise Invalid(
                    f"must be {canonical(point.label)}, which moves together with the default of "
                    f"{group.name}, but is {canonical(default.label)}",
                    ("axes", name, "default"),
                )


def _missing(name: str, only: Mapping[str, Collection[Any]], params: Mapping[str, Any]) -> str:
    """What a parameter belongs to, and what is in the place of that."""
    of = " and ".join(f"{other}={' or '.join(map(str, valid))}" for other, valid in only.items())
    here = " and ".join(f"{other} is {params.get(other)}" for other in only)
    return f"{name} is a parameter of {of}, and {here}"
