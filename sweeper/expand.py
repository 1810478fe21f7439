"""Configurations of a space: the cells of its grid, and single ones that somebody chooses."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from sweeper.axes import Point
from sweeper.errors import Invalid
from sweeper.parameters import axis_points, base
from sweeper.trainable import Trainable
from sweeper.values import canonical

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

    from sweeper.space import Space


@dataclass(frozen=True, slots=True)
class Configuration:
    """A value for every axis, and the parameters that follow."""

    values: Mapping[str, Any]
    labels: Mapping[str, str | int | float]
    params: dict[str, Any]
    text: str
    """Canonical JSON of `params`."""


class Rejected(Invalid):
    """A combination that the space or what it trains does not allow."""


class Expansion:
    """The configurations that a space allows."""

    def __init__(self, space: Space, trainable: Trainable) -> None:
        self._space, self._trainable = space, trainable
        self._base = base(space, trainable)
        self.axes = tuple(space.axes)
        self.dropped = 0

    def grid(self) -> Iterator[Configuration]:
        """Every cell; the last axis changes fastest."""
        seen: dict[str, Configuration] = {}
        points = axis_points(self._space, self._trainable)
        for combination in product(*points.values()):
            cell = self._made(dict(zip(points, combination, strict=True)))
            if cell.text in seen:
                both = f"{described(seen[cell.text].labels)} and {described(cell.labels)}"
                raise Invalid(f"hold two trials with the same parameters: {both}", ("axes",))
            seen[cell.text] = cell
            yield cell

    def draw(self, choose: Callable[[str, BaseDistribution], Any]) -> Configuration:
        """The configuration of the labels that `choose` gives; raises `Rejected`."""
        points = {}
        for name, axis in self._space.axes.items():
            label = choose(name, axis.distribution(name))
            points[name] = _point(axis, name, label)
        made = self._made(points)
        for task in self._space.tasks:
            try:
                self._trainable.check(made.params, task)
            except ValueError as error:
                raise Rejected(str(error)) from error
        return made

    def chosen(self, configuration: Configuration) -> list[str]:
        """The axes that were chosen for it: switched on, and not following another."""
        return [name for name in self.axes if name in configuration.labels]

    def _made(self, points: Mapping[str, Point]) -> Configuration:
        params = dict(self._base)
        for point in points.values():
            params.update(point.params)
        text = json.dumps(params, sort_keys=True, separators=(",", ":"))
        return Configuration(
            {name: point.value for name, point in points.items()},
            {name: point.label for name, point in points.items()},
            params,
            text,
        )


def described(labels: Mapping[str, Any]) -> str:
    """A configuration as messages name it: `optimizer.lr=1e-5, sn.layers=none`."""
    return ", ".join(f"{name}={canonical(label)}" for name, label in labels.items())


def _point(axis: Any, name: str, label: Any) -> Point:
    if getattr(axis, "values", True) is None:
        return Point(label, label, {name: label})
    found: Point = next(point for point in axis.points(name) if point.label == label)
    return found
