"""`choice`: a list of values, or a mapping of labels to values."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator

from sweeper.errors import Invalid, Mistakes, shown
from sweeper.schema.rules import accepts, distinct, each, each_of, items, nullable, with_calls
from sweeper.space.axes import AxisModel, Point
from sweeper.text import canonical, is_number

_VALUE = {"$ref": "#/definitions/value"}
_VALUES = {"type": "object", "minProperties": 1, "additionalProperties": _VALUE}


def _labelled(value: Any) -> Any:
    if not isinstance(value, dict):
        return with_calls(nullable, value)
    if not value:
        raise Invalid("must set at least one parameter, but is an empty mapping")
    return each_of(partial(with_calls, nullable), value)


@accepts(
    {
        "anyOf": [
            {"type": "array", "minItems": 1, "items": _VALUE},
            {
                "type": "object",
                "minProperties": 1,
                "propertyNames": {"minLength": 1},
                "additionalProperties": {"anyOf": [_VALUE, _VALUES]},
            },
        ]
    }
)
def labelled(value: Any) -> list[Any] | dict[str, Any]:
    """Distinct values, or a mapping of labels to distinct ones; raises `Invalid`."""
    if isinstance(value, dict):
        if not value:
            raise Invalid("must hold at least one value, but is empty")
        if "" in value:
            raise Invalid("must have a label for each value, but one is empty")
        checked = each_of(_labelled, value)
        _distinct_labels(checked)
        return checked
    listed = each(partial(with_calls, nullable), items(value))
    _distinct_looks(listed)
    distinct(canonical(item) for item in listed)
    return listed


def _typed(value: Any) -> str:
    """`canonical` text that tells the text "1" from the number 1."""
    return canonical(value, written=repr)


def _distinct_looks(values: list[Any]) -> None:
    seen: dict[str, int] = {}
    mistakes = Mistakes()
    for index, value in enumerate(values):
        first = seen.setdefault(canonical(value), index)
        if _typed(values[first]) != _typed(value):
            what = f"looks in figures like values[{first}], and one is text"
            mistakes.add(Invalid(f"{what}: give both a label, as in {{one: …}}", (index,)))
    mistakes.check()


def _distinct_labels(values: dict[str, Any]) -> None:
    seen: dict[str, str] = {}
    mistakes = Mistakes()
    for label, value in values.items():
        first = seen.setdefault(_typed(value), label)
        if first != label:
            mistakes.add(Invalid(f"has the same value as {shown(first)}", (label,)))
    mistakes.check()


class Axis(AxisModel):
    """Values in a given order; a labelled mapping `{a: 1}` on axis `x` sets parameter `x.a`.

    `network: {kind: choice, values: {small: {units: 64}, large: {units: 256}}}`
    """

    structural: ClassVar[bool] = True

    values: Annotated[list[Any] | dict[str, Any], BeforeValidator(labelled)]
    """A list of numbers, texts, true, false, null or lists; or a mapping of labels to such values,
    or to the parameters that a label sets, as in `{small: {units: 64}}`."""

    def points(self, name: str) -> tuple[Point, ...]:
        """One point a value, labelled by its key or its canonical text."""
        if isinstance(self.values, dict):
            return tuple(
                Point(value, label, _params(name, value), ("values", label))
                for label, value in self.values.items()
            )
        numeric = all(is_number(value) for value in self.values)
        return tuple(
            Point(
                value,
                value if numeric else canonical(value),
                {name: value},
                ("values", index),
            )
            for index, value in enumerate(self.values)
        )


def _params(name: str, value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return {f"{name}.{key}": item for key, item in value.items()}
    return {name: value}
