"""`layers`: which layers of the network, counted from the output (-1), get a treatment."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import combinations
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from sweeper.errors import Invalid, shown
from sweeper.schema.base_model import Section
from sweeper.schema.rules import Positive, accepts, distinct, each, items, whole
from sweeper.space.axes import MAX_POINTS, AxisModel, Network, Point
from sweeper.text import counted

INTERMEDIATE = "intermediate"
"""The word for all layers but the first and the last."""
Layers = tuple[int, ...] | Literal["intermediate"]


def _layers(value: Any) -> Layers:
    if value is None or value == "none":
        return ()
    if value == INTERMEDIATE:
        return "intermediate"
    if isinstance(value, int) and not isinstance(value, bool):
        return (_index(value),)
    if not isinstance(value, list | tuple):
        rule = f"must be none, a layer or a list like [-2,-3], or {INTERMEDIATE}"
        raise Invalid(f"{rule}, but got {shown(value)}")
    indices = each(_index, value)
    distinct(str(index) for index in indices)
    return tuple(sorted(indices, reverse=True))


def _index(value: Any) -> int:
    index = whole()(value)
    if index >= 0:
        raise Invalid(
            f"must count layers from the output (-1 is the output layer), but got {index}"
        )
    return index


_INDEX = {"type": ["integer", "string"], "maximum": -1, "pattern": r"^\s*-"}


@accepts(
    {
        "type": "array",
        "minItems": 1,
        "items": {
            "anyOf": [
                {"enum": ["none", INTERMEDIATE, None]},
                {"type": "integer", "maximum": -1},
                {"type": "array", "items": _INDEX},
            ]
        },
    }
)
def _sets(value: Any) -> list[Layers]:
    sets = each(_layers, items(value))
    distinct(_text("layers", layers) for layers in sets)
    return sets


def _text(name: str, layers: Layers) -> str:
    if isinstance(layers, str):
        return layers
    if not layers:
        return "none"
    return f"{name.split('.')[0]}[{','.join(str(index) for index in layers)}]"


class AllSubsets(Section):
    """No layer, and every set of 1 to `max` layers of the shallowest network."""

    max: Positive
    """The most layers in a set, as in `max: 2`."""


class Axis(AxisModel):
    """Sets of layers; each becomes a tuple of indices sorted from the output side.

    `sn.layers: {kind: layers, sets: [none, [-2], [-2, -3]]}`
    """

    sets: Annotated[list[Layers] | None, BeforeValidator(_sets)] = Field(default=None)
    """The sets one by one: `none`, a layer or a list of them, counted from the output layer, which
    is -1, or `intermediate`, all but the first and the last: `sets: [none, -2, [-2, -3]]`."""
    all_subsets: AllSubsets | None = None
    """`{max: 2}`: no layer, and every set of up to two layers of the shallowest network."""

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if (self.sets is None) == (self.all_subsets is None):
            raise Invalid("needs either sets or all_subsets")
        return self

    def points(self, name: str) -> tuple[Point, ...]:
        """One point a set, labelled `none` or, on axis `sn.layers`, `sn[-2,-3]`."""
        if self.sets is None:
            raise Invalid("needs sets here: what all_subsets are depends on all other axes")
        return tuple(
            Point(layers, _text(name, layers), {name: layers}, ("sets", index))
            for index, layers in enumerate(self.sets)
        )

    def resolved(self, name: str, shallowest: Callable[[], Network]) -> Self:
        """Subsets written out; every index must exist in every network of the space."""
        network = shallowest()
        if self.all_subsets is not None:
            sets = _subsets(network, self.all_subsets.max)
            return self.model_copy(update={"sets": sets, "all_subsets": None})
        assert self.sets is not None
        for index, layers in enumerate(self.sets):
            if isinstance(layers, str):
                _check_intermediate(network, index)
            elif layers and layers[-1] < -network.layers:
                raise Invalid(
                    f"names layer {layers[-1]}, but {network.described} has "
                    f"{counted(network.layers, 'layer')}: -1 to -{network.layers}",
                    ("sets", index),
                )
        return self


def _check_intermediate(network: Network, index: int) -> None:
    if network.layers < 3:
        has = counted(network.layers, "layer")
        rule = f"is {INTERMEDIATE}, all layers but the first and the last"
        raise Invalid(f"{rule}, but {network.described} has {has}", ("sets", index))


def _subsets(network: Network, largest: int) -> list[Layers]:
    if largest > network.layers:
        raise Invalid(
            f"must be at most {network.layers}, the layers of {network.described}, "
            f"but got {largest}",
            ("all_subsets", "max"),
        )
    sizes = range(largest + 1)
    if sum(math.comb(network.layers, size) for size in sizes) > MAX_POINTS:
        raise Invalid(f"makes more than {MAX_POINTS} sets", ("all_subsets", "max"))
    indices = [-1 - position for position in range(network.layers)]
    return [layers for size in sizes for layers in combinations(indices, size)]
