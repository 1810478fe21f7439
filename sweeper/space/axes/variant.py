"""`variant`: named sets of parameters, whichever these are."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator

from sweeper.errors import Invalid, shown
from sweeper.schema.rules import accepts
from sweeper.space.axes import Point, choice


@accepts(
    {
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"minLength": 1},
        "additionalProperties": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {"$ref": "#/definitions/value"},
        },
    }
)
def _variants(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Invalid(f"must be a mapping of labels to parameters, but got {shown(value)}")
    for label, sets in value.items():
        if not isinstance(sets, dict):
            raise Invalid(f"must be a mapping of parameters, but got {shown(sets)}", (label,))
    checked = choice.labelled(value)
    assert isinstance(checked, dict)
    return checked


class Axis(choice.Axis):
    """Sets of parameters by their whole names, each with a label; the axis is called as you like.

    `ablation: {kind: variant, values: {full: {loss: huber}, plain: {loss: mse, gamma: 0.9}}}`
    """

    values: Annotated[dict[str, Any], BeforeValidator(_variants)]
    """Labels and what each sets, as in `{td3: {critics: 2, policy.delay: 2}, ddpg: {critics: 1}}`;
    what a label leaves out is as `fixed` or its default has it."""

    def points(self, name: str) -> tuple[Point, ...]:
        """One point a label, in their order."""
        return tuple(
            Point(sets, label, sets, ("values", label)) for label, sets in self.values.items()
        )
