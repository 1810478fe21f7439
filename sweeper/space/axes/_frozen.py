"""An axis of a user's own kind as its study's plan has it: its points, without the kind's code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from sweeper.errors import Invalid, SweeperError, shown
from sweeper.schema.base_model import validated
from sweeper.space.axes import AxisKind, AxisModel, Point
from sweeper.text import canonical

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

_BASE = ("kind", "default", "when", "grid", "helper", "title")
_MADE = ("keys", "grid", "ends", "drawn", "distribution")


class FrozenAxis(AxisModel):
    """The keys of an axis as the space has them, and all that its kind made of them."""

    given: dict[str, Any]
    """All its keys."""
    made: dict[str, Any] | None = None
    """What `freeze` gave; `None` where its kind was never asked."""

    @classmethod
    def of(cls, keys: Mapping[str, Any], made: Mapping[str, Any] | None) -> Self:
        """The axis with these keys, of which the plan knows what its kind has `made`."""
        if made is not None and not set(_MADE) <= set(made):
            raise Invalid(f"must have been frozen with {', '.join(_MADE)}, but got {shown(made)}")
        base = {name: keys[name] for name in _BASE if name in keys}
        return validated(cls, {**base, "given": dict(keys), "made": made})

    @property
    def ends(self) -> tuple[float, float] | None:
        """The ends of the range that samplers draw from; `None` where they draw its points."""
        ends = self._made("ends")
        return None if ends is None else (ends[0], ends[1])

    def size(self, name: str) -> int | None:
        """The number of points of its grid; `None` where it has none."""
        return None if self._grid is None else len(self._grid)

    def points(self, name: str) -> tuple[Point, ...]:
        """The grid that its kind made of it; raises `Invalid` where it has none."""
        if self._grid is None:
            raise Invalid("has no grid")
        return self._grid

    def point(self, name: str, label: Any) -> Point:
        """The point with this label, also of those that were drawn between the grid's."""
        known = self._known.get(canonical(_plain(label)))
        return super().point(name, label) if known is None else known

    def distribution(self, name: str) -> BaseDistribution:
        """The distribution of its labels."""
        from optuna.distributions import json_to_distribution

        return json_to_distribution(self._made("distribution"))

    def model_dump(self, **options: Any) -> dict[str, Any]:
        """Its keys as plain data, as its kind gives them."""
        keys = self.given if options.get("exclude_defaults") else self._made("keys")
        return {
            name: value for name, value in keys.items() if name not in options.get("exclude", ())
        }

    @cached_property
    def _grid(self) -> tuple[Point, ...] | None:
        grid = self._made("grid")
        return None if grid is None else tuple(map(_point, grid))

    @cached_property
    def _known(self) -> dict[str, Point]:
        """The points by the text of their labels."""
        points = {canonical(point.label): point for point in self._grid or ()}
        return points | {text: _point(body) for text, *body in self._made("drawn")}

    def _made(self, part: str) -> Any:
        """Raises `SweeperError` where the plan does not have it."""
        if self.made is None:
            raise SweeperError(
                f"the axis kind {self.kind} is a file that looking does not run, and the study's "
                "plan does not hold its values: it was begun by an earlier version of sweeper; "
                "`sweeper run` on it runs the file and writes them down"
            )
        return self.made[part]


def freeze(name: str, axis: AxisKind, drawn: Mapping[Any, Point]) -> dict[str, Any]:
    """All that the kind of the axis called `name` makes of it, as plain data.

    `drawn` are points between those of its grid that the plan has, by what its distribution drew.
    """
    from optuna.distributions import distribution_to_json

    try:
        grid = [_body(point) for point in axis.points(name)]
    except Invalid:
        if axis.ends is None:
            raise
        grid = None
    others = {canonical(_plain(label)): _body(point) for label, point in drawn.items()}
    for label in (*(axis.ends or ()), axis.default):
        if axis.ends is not None and label is not None:
            others[canonical(label)] = _body(axis.point(name, label))
    return {
        "keys": axis.model_dump(mode="json"),
        "grid": grid,
        "ends": axis.ends,
        "drawn": [[text, *body] for text, body in others.items()],
        "distribution": distribution_to_json(axis.distribution(name)),
    }


def _plain(label: Any) -> Any:
    """A number without NumPy, which samplers draw with."""
    return float(label) if isinstance(label, float) else label


def _body(point: Point) -> list[Any]:
    return [point.value, point.label, dict(point.params)]


def _point(body: Sequence[Any]) -> Point:
    value, label, params = body
    return Point(_read(value), label, {name: _read(one) for name, one in params.items()})


def _read(value: Any) -> Any:
    return tuple(map(_read, value)) if isinstance(value, list | tuple) else value
