"""`shape`: the width and the depth of a body of equal layers."""

from __future__ import annotations

from itertools import product
from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, model_validator

from sweeper.errors import Invalid, shown
from sweeper.schema.rules import accepted, accepts, distinct, each, items, whole
from sweeper.space.axes import MAX_POINTS, AxisModel, Point

Shape = tuple[int, int]


_COUNT = accepted(whole(1))


@accepts({"type": "array", "minItems": 1, "items": _COUNT})
def _counts(value: Any) -> list[int]:
    counts = each(whole(1), items(value))
    distinct(str(count) for count in counts)
    return counts


def _shape(value: Any) -> Shape:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise Invalid(f"must be a pair of units and layers, like [256, 2], but got {shown(value)}")
    units, layers = each(whole(1), value)
    return units, layers


@accepts(
    {
        "type": "array",
        "minItems": 1,
        "items": {"type": "array", "items": _COUNT, "minItems": 2, "maxItems": 2},
    }
)
def _shapes(value: Any) -> list[Shape]:
    shapes = each(_shape, items(value))
    distinct(_label(shape) for shape in shapes)
    return shapes


def _label(shape: Shape) -> str:
    return f"{shape[0]}x{shape[1]}"


Counts = Annotated[list[int] | None, BeforeValidator(_counts)]


class Axis(AxisModel):
    """Units × layers; on axis `body` it sets `body.units` and `body.layers`, labelled `128x2`.

    `body: {kind: shape, units: [128, 256], layers: [1, 2, 4]}`
    """

    structural: ClassVar[bool] = True

    units: Counts = None
    """Widths, each with every depth, as in `units: [128, 256]`."""
    layers: Counts = None
    """Depths, each with every width, as in `layers: [1, 2, 4]`; they change fastest."""
    values: Annotated[list[Shape] | None, BeforeValidator(_shapes)] = None
    """Pairs of units and layers one by one, as in `values: [[256, 2], [64, 4]]`."""

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        given = [name for name in ("units", "layers") if getattr(self, name) is not None]
        if self.values is not None and given:
            raise Invalid(
                f"takes values, or units and layers, but got values and {' and '.join(given)}"
            )
        if self.values is None and len(given) < 2:
            raise Invalid("needs values, or units and layers")
        if self.units and self.layers and len(self.units) * len(self.layers) > MAX_POINTS:
            size = len(self.units) * len(self.layers)
            raise Invalid(f"takes at most {MAX_POINTS} shapes, but got {size}")
        return self

    def points(self, name: str) -> tuple[Point, ...]:
        """The pairs, or the product of units and layers, layers fastest."""
        if self.values is not None:
            return tuple(
                _point(name, shape, ("values", index)) for index, shape in enumerate(self.values)
            )
        assert self.units is not None and self.layers is not None
        return tuple(_point(name, shape) for shape in product(self.units, self.layers))


def _point(name: str, shape: Shape, path: tuple[str | int, ...] = ()) -> Point:
    units, layers = shape
    return Point(shape, _label(shape), {f"{name}.units": units, f"{name}.layers": layers}, path)
