"""`norm`: how a network's layers are normalised; group norm with each of its group counts."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BeforeValidator, model_validator

from sweeper.errors import Invalid
from sweeper.schema.rules import accepted, accepts, distinct, each, items, one_of, whole
from sweeper.space.axes import AxisModel, Point

NORMS = ("none", "layer", "group", "batch")
GROUP = "group"


@accepts({"type": "array", "minItems": 1, "items": accepted(one_of(*NORMS))})
def _norms(value: Any) -> list[str]:
    norms = each(one_of(*NORMS), items(value))
    distinct(norms)
    return norms


@accepts({"type": "array", "minItems": 1, "items": accepted(whole(1))})
def _groups(value: Any) -> list[int]:
    groups = each(whole(1), items(value))
    distinct(str(count) for count in groups)
    return groups


class Axis(AxisModel):
    """Norms by name; on axis `critic.norm` it sets `critic.norm.kind` and, for `group` alone,
    `critic.norm.groups`. A point for each group count, labelled `group[8]`; `group` as a value
    of another axis's `when` stands for all of them.

    `critic.norm: {kind: norm, values: [none, layer, group], groups: [8, 16]}`
    """

    values: Annotated[list[str], BeforeValidator(_norms)]
    """Some of `none`, `layer`, `group` and `batch`."""
    groups: Annotated[list[int] | None, BeforeValidator(_groups)] = None
    """The group counts of `group`, as in `groups: [8, 16]`."""

    @model_validator(mode="after")
    def _groups_with_group(self) -> Self:
        if GROUP in self.values and self.groups is None:
            raise Invalid("needs groups, the group counts of 'group', like [8, 16]")
        if GROUP not in self.values and self.groups is not None:
            raise Invalid(
                f"takes groups only with 'group' among its values, but got {', '.join(self.values)}"
            )
        return self

    def points(self, name: str) -> tuple[Point, ...]:
        """One point a norm, and for `group` one a group count."""
        found = []
        for index, norm in enumerate(self.values):
            params: dict[str, Any] = {f"{name}.kind": norm}
            if norm != GROUP:
                found.append(Point(norm, norm, params, ("values", index)))
                continue
            for place, count in enumerate(self.groups or ()):
                both = {**params, f"{name}.groups": count}
                found.append(Point(norm, f"{norm}[{count}]", both, ("groups", place)))
        return tuple(found)
