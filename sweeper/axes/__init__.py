"""Axis kinds, one file each: the file name is the kind, and each defines a class `Axis`.

A kind is a pydantic model of the keys beside `kind`, with the methods of `AxisKind`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

from sweeper.errors import Path
from sweeper.section import Section
from sweeper.values import Text

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


class AxisModel(Section):
    """The base of every `Axis`: a section of a space with the key `kind`."""

    kind: Text


class AxisKind(Protocol):
    """What every kind of axis can do."""

    kind: str
    structural: ClassVar[bool]
    """Whether its values can change the network's depth."""

    def points(self, name: str) -> tuple[Point, ...]:
        """The grid of the axis called `name`, in its order; raises `Invalid`."""

    def resolved(self, name: str, shallowest: Callable[[], Network]) -> Self:
        """The same axis with all that depends on the network written out and checked."""

    def distribution(self, name: str) -> BaseDistribution:
        """The Optuna distribution of its labels."""

    def model_dump(self, **options: Any) -> dict[str, Any]:
        """Its keys as plain data."""
