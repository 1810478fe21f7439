"""The parameters of the agents that ship, which editors offer under `fixed` and do not check.

What is valid for each an agent itself checks, for all values of axes and derived ones.
"""

from __future__ import annotations

from typing import Any

from sweeper import lookup
from sweeper.space.json_schema.values import Form, unlisted
from sweeper.text import valid_values

_PACKAGE = "agents.learners"


def parameters() -> list[Form]:
    """A condition for each agent: what `fixed` may hold, in the space and in its blocks."""
    found: list[Form] = []
    for name in lookup.names(_PACKAGE):
        fixed = unlisted({"fixed": {"$ref": f"#/definitions/{_named(name)}"}})
        blocks = unlisted({"blocks": {"additionalProperties": fixed, "items": fixed}})
        chosen = {"properties": {"agent": {"const": name}}, "required": ["agent"]}
        found.append({"if": chosen, "then": {"allOf": [fixed, blocks]}})
    return found


def definitions() -> dict[str, Form]:
    """The parameters of each agent."""
    return {_named(name): _parameters(name) for name in lookup.names(_PACKAGE)}


def _named(agent: str) -> str:
    return f"parameters_of_{agent}"


def _parameters(agent: str) -> Form:
    known = lookup.find(_PACKAGE, agent).parameters
    return {"properties": {name: _form(one) for name, one in known.items() if "*" not in name}}


def _form(parameter: Any) -> Form:
    """What a parameter may be, as a description; words of a few are offered."""
    low, high, choices = parameter.low, parameter.high, parameter.choices
    valid = valid_values(parameter.kind, low, high, choices, parameter.only, parameter.listed)
    form: Form = {"description": valid}
    if parameter.default is not None:
        form["default"] = parameter.default
    if parameter.choices is not None:
        form["anyOf"] = [{"enum": [*parameter.choices]}, {}]
    return form
