"""Axis kinds, one file each: the file name is the kind, and each defines a class `Axis`.

A kind is a pydantic model of the keys beside `kind`, derived from `AxisModel`; what other rooms use
of it is `AxisKind`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Protocol, Self

from pydantic import BeforeValidator

from sweeper.errors import Invalid, Path, choices, shown
from sweeper.schema.base_model import Section
from sweeper.schema.rules import (
    Flag,
    Text,
    accepts,
    distinct,
    each,
    each_of,
    items,
    mapping,
    nullable,
    simple,
)
from sweeper.text import canonical

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

MAX_POINTS = 100_000
"""The most values one axis may have."""


@dataclass(frozen=True)
class Point:
    """One value of an axis."""

    value: Any
    """The value itself, lists as tuples."""
    label: str | int | float
    """What tables, figures and Optuna show: a number on numeric axes, canonical text elsewhere."""
    params: Mapping[str, Any]
    """The parameters it sets, by dotted name."""
    path: Path = ()
    """Where it stands, below its axis in the space."""


@dataclass(frozen=True)
class Network:
    """The shallowest network among all combinations of the other axes."""

    layers: int
    described: str
    """Which it is, as in `network 24/128 on minatar/breakout`."""


@accepts(
    {
        "type": "object",
        "additionalProperties": {
            "anyOf": [
                {"type": ["number", "string", "boolean", "null"]},
                {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/nullable"}},
            ]
        },
    }
)
def _conditions(value: Any) -> dict[str, tuple[Any, ...]] | None:
    """For each axis that is named, the labels or values of which it must have one."""
    return each_of(_wanted, mapping(value)) or None


def _wanted(value: Any) -> tuple[Any, ...]:
    listed = isinstance(value, list | tuple)
    checked = each(nullable, items(value)) if listed else [nullable(value)]
    distinct(canonical(item) for item in checked)
    return tuple(checked)


class AxisModel(Section):
    """The base of every `Axis`: a section of a space with the key `kind`; a kind adds `points`."""

    structural: ClassVar[bool] = False
    """Whether its values can change the network's depth."""

    kind: Text
    """Which kind of axis it is: one of those below, or `path/file.py:Axis` of your own."""
    default: Annotated[Any, BeforeValidator(simple)] = None
    """The value, or its label, that the axis has in the reference configuration: one of its values,
    or a number in its range. It changes no result."""
    when: Annotated[dict[str, tuple[Any, ...]] | None, BeforeValidator(_conditions)] = None
    """The axis counts only where other axes have these values (or labels; a list means any of
    them; several axes must all agree): `when: {optimizer: adam}`. Elsewhere it sets nothing."""

    grid: Flag = False
    """Whether each draw of the other axes is tried with every value of this one, under the samplers
    `random` and `qmc`: `grid: true`."""
    helper: Flag = False
    """Whether only formulas read it, as in `helper: true`: what is trained never gets it."""
    title: Text | None = None
    """What figures and tables call the axis, as papers do: `title: Adam's step size η`. No other
    axis may be called so. It changes no result."""

    @property
    def ends(self) -> tuple[float, float] | None:
        """The ends of its range; `None` where its values are listed."""
        return None

    def size(self, name: str) -> int | None:
        """The number of its values; `None` for a range whose grid does not hold them all."""
        return len(self.points(name))

    def nearest(self, label: Any) -> Any:
        """The label of the value nearest to what its distribution drew: here that itself."""
        return label

    def quantile(self, share: float) -> Any:
        """The label at a share (0 to 1) of all draws; `None` where its distribution tells."""
        return None

    @abstractmethod
    def points(self, name: str) -> tuple[Point, ...]:
        """The grid of the axis called `name`, in its order; raises `Invalid`."""

    def point(self, name: str, label: Any) -> Point:
        """The point with this label, else the only one with this value; raises `Invalid`."""
        points = self.points(name)
        text = canonical(label)
        for point in points:
            if canonical(point.label) == text:
                return point
        found = [point for point in points if canonical(point.value) == text]
        if len(found) == 1:
            return found[0]
        if found:
            named = ", ".join(canonical(point.label) for point in found)
            raise Invalid(f"must be one value, but {shown(label)} stands for {named}")
        valid = [canonical(point.label) for point in points]
        raise Invalid(f"must be one of its values, but got {shown(label)}{choices(text, valid)}")

    def resolved(self, name: str, shallowest: Callable[[], Network]) -> Self:
        """The axis with all that depends on the network written out and checked: here itself."""
        return self

    def distribution(self, name: str) -> BaseDistribution:
        """The Optuna distribution of its labels: here a categorical one."""
        from optuna.distributions import CategoricalDistribution

        return CategoricalDistribution([point.label for point in self.points(name)])


class AxisKind(Protocol):
    """What every kind of axis can do."""

    kind: str
    default: Any
    when: Mapping[str, tuple[Any, ...]] | None
    grid: bool
    helper: bool
    title: str | None
    structural: ClassVar[bool]
    """Whether its values can change the network's depth."""

    @property
    def ends(self) -> tuple[float, float] | None:
        """The ends of its range; `None` where its values are listed."""

    def size(self, name: str) -> int | None:
        """The number of its values; `None` for a range whose grid does not hold them all."""

    def nearest(self, label: Any) -> Any:
        """The label of the value that is nearest to what its distribution drew."""

    def quantile(self, share: float) -> Any:
        """The label at a share (0 to 1) of all draws; `None` where its distribution tells."""

    def points(self, name: str) -> tuple[Point, ...]:
        """The grid of the axis called `name`, in its order; raises `Invalid`."""

    def point(self, name: str, label: Any) -> Point:
        """The point with a label that `distribution` gave, also between those of the grid."""

    def resolved(self, name: str, shallowest: Callable[[], Network]) -> Self:
        """The same axis with all that depends on the network written out and checked."""

    def distribution(self, name: str) -> BaseDistribution:
        """The Optuna distribution of its labels."""

    def model_dump(self, **options: Any) -> dict[str, Any]:
        """Its keys as plain data."""
