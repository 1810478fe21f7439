"""The rules of a space's `zip`, `derived` and `constraints`, each read for itself."""

from __future__ import annotations

from typing import Any

from sweeper.errors import Invalid, shown
from sweeper.schema.expression import parse
from sweeper.schema.rules import each, mapping, text


def zip_rule(value: Any) -> tuple[tuple[str, ...], ...]:
    """Groups of axes that move together; no axis twice."""
    if value is None or value == []:
        return ()
    if not isinstance(value, list | tuple):
        raise Invalid(f"must be a list of lists of axes, like [[a, b]], but got {shown(value)}")
    groups = tuple(each(_group, value))
    seen: dict[str, int] = {}
    for index, group in enumerate(groups):
        for place, axis in enumerate(group):
            if axis in seen:
                raise Invalid(f"repeats {axis}, which stands in [{seen[axis]}]", (index, place))
            seen[axis] = index
    return groups


def _group(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or len(value) < 2:
        raise Invalid(f"must be a list of at least two axes, but got {shown(value)}")
    return tuple(each(text, value))


def derived_rule(value: Any) -> dict[str, str]:
    """Expressions by the parameter that each computes."""
    derived = {}
    for name, item in mapping(value).items():
        if item is not None:
            try:
                derived[name] = _expression(item)
            except Invalid as error:
                raise error.under(name) from error
    return derived


def constraints_rule(value: Any) -> tuple[str, ...]:
    """Expressions that must be true; no one twice."""
    if value is None or value == []:
        return ()
    if not isinstance(value, list | tuple):
        raise Invalid(f"must be a list of expressions, but got {shown(value)}")
    constraints = tuple(each(_expression, value))
    for index, constraint in enumerate(constraints):
        first = constraints.index(constraint)
        if first < index:
            raise Invalid(f"repeats {constraint}, which stands at [{first}] already", (index,))
    return constraints


def _expression(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise Invalid(f"must be an expression, as text, but got {shown(value)}")
    parse(value)
    return value
