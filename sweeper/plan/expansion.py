"""The configurations of a space: all of its grid in one order, or drawn one by one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from math import prod
from typing import TYPE_CHECKING, Any

from sweeper.errors import Invalid, Path
from sweeper.plan.axis_groups import Block, arranged
from sweeper.plan.constraints import Formulas, Rejected
from sweeper.plan.parameters import base, point_at, points_of
from sweeper.space.axes import Point
from sweeper.space.space import Space
from sweeper.text import canonical, described
from sweeper.trainable.contract import Trainable

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

__all__ = ["Configuration", "Expansion", "Rejected", "described"]

DROP = "drop"


@dataclass(frozen=True, slots=True)
class Configuration:
    """One combination of the active axes, with all that follows from it."""

    values: Mapping[str, Any]
    """Axis -> value; an inactive axis is absent, here and in `labels`."""
    labels: Mapping[str, str | int | float]
    """Axis -> number on numeric axes, canonical text elsewhere."""
    params: dict[str, Any]
    """Every parameter, derived ones included."""
    text: str
    """The canonical JSON of `params`."""


class Expansion:
    """What a space expands to for what it trains; raises `Invalid` where its parts do not fit."""

    def __init__(self, space: Space, trainable: Trainable) -> None:
        self._space, self._trainable = space, trainable
        self._base = base(space, trainable)
        self._blocks = arranged(space, trainable)
        owners = dict.fromkeys(space.fixed, "fixed")
        for block in self._blocks:
            for name, sets in block.sets.items():
                owners.update({name: f"axes.{name}"} | dict.fromkeys(sets, f"axes.{name}"))
        self._formulas = Formulas(space, trainable, owners)
        self._defaults = {
            name: point_at(space, trainable, name, axis.default) for name, axis in _defaulted(space)
        }
        self.axes = tuple(name for block in self._blocks for name in block.names)
        """The axes in their order here: each after those that it depends on."""
        self.conditional = frozenset(
            name for block in self._blocks if block.when for name in block.names
        )
        """The axes that are absent from some configurations."""
        self.dropped = 0
        """How many combinations `grid` has left out so far."""

    def grid(self) -> Iterator[Configuration]:
        """Every configuration of the grid, the last axis fastest.

        A combination that is not valid raises `Invalid`, or is left out and counted in `dropped`
        where the space says `drop`; only then does it ask what is trained. Raises `Invalid` at a
        configuration whose parameters were there before.
        """
        for block in self._blocks:
            if not block.grid:
                points_of(self._space, self._trainable, block.name)
        drop = self._space.invalid == DROP
        seen: dict[str, Configuration] = {}
        for chosen in self.combinations():
            try:
                made = self.configuration(chosen)
                if drop:
                    self.check(made)
            except Rejected:
                if not drop:
                    raise
                self.dropped += 1
                continue
            before = seen.setdefault(made.text, made)
            if before is not made:
                both = f"{described(before.labels)} and {described(made.labels)}"
                raise Invalid(f"hold two trials with the same parameters: {both}", ("axes",))
            yield made

    def draw(self, choose: Callable[[str, BaseDistribution], Any]) -> Configuration:
        """The configuration of the labels that `choose` gives the active axes, in their order.

        It is asked for the first axis of a zip group alone. Raises `Rejected` where the
        combination is not valid.
        """
        chosen: dict[str, Point] = {}
        for block in self._blocks:
            if block.active(chosen):
                label = choose(block.name, self._distribution(block))
                chosen.update(zip(block.names, self._row(block, label), strict=True))
        try:
            made = self.configuration(chosen)
        except Invalid as error:
            raise Rejected(error.message, error.path) from error
        self.check(made)
        return made

    def chosen(self, made: Configuration) -> list[str]:
        """The axes that were chosen for it: active, and not following another."""
        return [block.name for block in self._blocks if block.name in made.labels]

    def reference(self) -> Configuration | None:
        """The configuration of all defaults; `None` where an active axis has none.

        Of a zip group the first axis decides. Raises `Invalid` where it is not a valid one.
        """
        chosen: dict[str, Point] = {}
        for block in self._blocks:
            if not block.active(chosen):
                continue
            if block.name not in self._defaults:
                return None
            row = self._row(block, self._defaults[block.name].label)
            self._check_row(block, row)
            chosen.update(zip(block.names, row, strict=True))
        made = self.configuration(chosen)
        self.check(made)
        return made

    def check(self, made: Configuration) -> None:
        """Raises `Rejected` where what is trained refuses `made` on one of the tasks."""
        for task in self._space.tasks:
            try:
                self._trainable.check(made.params, task)
            except ValueError as error:
                raise Rejected(
                    f"cannot be trained by {self._space.identity}, {described(made.labels)} on "
                    f"{task}: {error}",
                    culprit(self._space, str(error)),
                ) from error

    def combinations(self) -> Iterator[dict[str, Point]]:
        """The points of the active axes, in the order of the grid; each changes the one before.

        A range without a grid has its ends for points.
        """
        return self._walk(0, {})

    def configuration(self, chosen: Mapping[str, Point]) -> Configuration:
        """What follows from these points; raises `Rejected` where a formula refuses them."""
        params = dict(self._base)
        for point in chosen.values():
            params.update(point.params)
        labels = {name: point.label for name, point in chosen.items()}
        self._formulas.complete(params, labels)
        values = {name: point.value for name, point in chosen.items()}
        text = json.dumps(params, sort_keys=True, separators=(",", ":"))
        return Configuration(values, labels, params, text)

    def size(self, most: int) -> int:
        """The number of combinations, or some number above `most` where there are more."""
        bound = prod(self.sizes())
        if bound <= most or not self.conditional:
            return bound
        return sum(1 for _ in islice(self.combinations(), most + 1))

    def sizes(self) -> list[int]:
        """The number of rows of each block: an axis, or axes that move together."""
        return [len(block.rows) for block in self._blocks]

    def _walk(self, number: int, chosen: dict[str, Point]) -> Iterator[dict[str, Point]]:
        if number == len(self._blocks):
            yield chosen
            return
        block = self._blocks[number]
        if not block.active(chosen):
            yield from self._walk(number + 1, chosen)
            return
        for row in block.rows:
            chosen.update(zip(block.names, row, strict=True))
            yield from self._walk(number + 1, chosen)
        for name in block.names:
            del chosen[name]

    def _distribution(self, block: Block) -> BaseDistribution:
        """That of the leading axis; the rows of a zip group can only be taken as they are."""
        from optuna.distributions import CategoricalDistribution

        found: BaseDistribution = (
            self._space.axes[block.name].distribution(block.name)
            if len(block.names) == 1
            else CategoricalDistribution([row[0].label for row in block.rows])
        )
        return found

    def _row(self, block: Block, label: Any) -> tuple[Point, ...]:
        point = point_at(self._space, self._trainable, block.name, label)
        if len(block.names) == 1:
            return (point,)
        text = canonical(point.label)
        return next(row for row in block.rows if canonical(row[0].label) == text)

    def _check_row(self, block: Block, row: tuple[Point, ...]) -> None:
        for name, point in zip(block.names[1:], row[1:], strict=True):
            default = self._defaults.get(name)
            if default is not None and default.label != point.label:
                raise Invalid(
                    f"must be {canonical(point.label)}, which moves together with the default of "
                    f"{block.name}, but is {canonical(default.label)}",
                    ("axes", name, "default"),
                )


def _defaulted(space: Space) -> Iterator[tuple[str, Any]]:
    """The axes with a default, each a value that its axis has."""
    for name, axis in space.axes.items():
        if axis.default is None:
            continue
        try:
            axis.point(name, axis.default)
        except Invalid as error:
            raise error.under("axes", name, "default") from error
        yield name, axis


def culprit(space: Space, message: str) -> Path:
    """Where the parameter was set, or the task given, that `message` mentions first."""
    mentioned = [
        (message.find(name), (part, name))
        for part, names in (
            ("fixed", space.fixed),
            ("axes", space.axes),
            ("derived", space.derived),
            ("tasks", space.tasks),
        )
        for name in names
        if name in message
    ]
    return min(mentioned)[1] if mentioned else ("axes",)
