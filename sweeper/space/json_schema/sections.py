"""Keys that hold sections, as definitions of a JSON Schema: axes, blocks, tasks, scores, …"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sweeper import lookup
from sweeper.schema.rules import accepted, flag, text
from sweeper.schema.rules import whole as whole_number
from sweeper.score import AT
from sweeper.space import figure_options, figure_rules
from sweeper.space.axes import AxisModel
from sweeper.space.blocks.block import Block
from sweeper.space.claims.claim import Claim, statement_rule
from sweeper.space.json_schema.values import (
    DEFINITIONS,
    Form,
    key,
    or_null,
    section,
    unlisted,
    whole,
)
from sweeper.space.keys.axes_rule import COLUMNS
from sweeper.space.keys.validators import MAX_SEEDS
from sweeper.space.overrides import KEYS
from sweeper.space.samplers import PRUNERS, SAMPLERS
from sweeper.space.sections import Objective, Score, Task
from sweeper.space.space import Space

OWN = r"\.py:[^:]*$"
"""The pattern of `path/file.py:Name`."""

OF_SPACE = rf"^({'|'.join(KEYS)})(\.|$)"
"""The pattern of dotted keys of a space."""

_ANY_NAME = {"minLength": 1}


def definitions() -> dict[str, Form]:
    """All definitions, by the names that rules know them under; each accepts null."""
    return {
        **DEFINITIONS,
        "agent": _agent(),
        "axes": _axes(),
        "axis": _axis(),
        "blocks": _blocks(),
        "claims": {
            "type": ["object", "null"],
            "additionalProperties": {"anyOf": [accepted(statement_rule), whole(Claim)]},
        },
        "figures": {"type": ["array", "null"], "items": _figure()},
        "note": _note(),
        "pruner": _advice(PRUNERS, "Pruner", _ours()),
        "sampler": _advice(SAMPLERS, "Sampler", {}, own=True),
        "score": _score(),
        "seeds": _seeds(),
        "tasks": {
            "type": ["object", "null"],
            "propertyNames": _ANY_NAME,
            "additionalProperties": or_null(section(Task)),
        },
    }


def kinds() -> dict[str, type[AxisModel]]:
    """The kinds of axes that come with sweeper."""
    package = "sweeper.space.axes"
    return {name: lookup.find(package, name) for name in lookup.names(package)}


def of_kind(kind: str) -> Form:
    """What an axis of this kind is, as a condition."""
    return {"type": "object", "properties": {"kind": {"const": kind}}, "required": ["kind"]}


def _named(names: Iterable[str]) -> Form:
    """One of the names, or one of the user's own."""
    return {"anyOf": [{"enum": [*names]}, {"type": "string", "pattern": OWN}]}


def _agent() -> Form:
    name = _named(lookup.names("agents.learners"))
    return or_null({"anyOf": [*name["anyOf"], {"type": "array", "minItems": 1, "items": name}]})


def _axes() -> Form:
    return {
        "type": ["object", "null"],
        "propertyNames": {"not": {"enum": [*COLUMNS]}, "pattern": r"^\S([\s\S]*\S)?$"},
        "additionalProperties": {"$ref": "#/definitions/axis"},
    }


def _axis() -> Form:
    """An axis by its kind; of a kind of the user's own only the keys that all kinds have are known.

    What has no kind is a part of the axis that another file holds.
    """
    every, base = kinds(), section(AxisModel)
    own = {**base["properties"], "kind": {}}
    return {
        "type": ["object", "null"],
        "properties": {
            "kind": {
                "description": base["properties"]["kind"]["description"],
                **or_null(_named(every)),
            }
        },
        "allOf": [
            *({"if": of_kind(kind), "then": _of_kind(axis)} for kind, axis in every.items()),
            {
                "if": {"not": {"properties": {"kind": {"enum": [*every]}}, "required": ["kind"]}},
                "then": {"properties": own},
            },
        ],
    }


def _of_kind(axis: type[AxisModel]) -> Form:
    found = section(axis)
    found["properties"]["kind"] = {}
    return {"description": _first_line(axis), **found}


def _first_line(model: type[Any]) -> str:
    return " ".join((model.__doc__ or "").partition("\n\n")[0].split())


def _blocks() -> Form:
    block = section(Block)
    named = {**block, "properties": {"name": or_null(accepted(text)), **block["properties"]}}
    return {
        "type": ["object", "array", "null"],
        "propertyNames": {"pattern": r"\S"},
        "additionalProperties": or_null(block),
        "items": named,
    }


def _score() -> Form:
    first, direction = whole(Score), key(Space.model_fields["direction"], "")
    several = {**first, "properties": {**first["properties"], "direction": direction}}
    return {
        **section(Score),
        "type": ["object", "array", "null"],
        "minItems": 1,
        "items": [several],
        "additionalItems": whole(Objective),
    }


def _seeds() -> Form:
    least, seed = {**accepted(whole_number(1)), "maximum": MAX_SEEDS}, accepted(whole_number(0))
    counted = {"properties": {"from": seed, "count": least}, "required": ["from", "count"]}
    plain = {
        **least,
        "type": ["integer", "string", "array", "object", "null"],
        "minItems": 1,
        "items": seed,
    }
    part = {**plain, **counted, "additionalProperties": False}
    rungs = {"items": {**accepted(whole_number(2)), "maximum": MAX_SEEDS}, "minItems": 2}
    held_out = {"properties": {"tune": {**part, **rungs}, "test": part}, "required": ["tune"]}
    return {
        **plain,
        "if": {"type": "object", "anyOf": [{"required": ["tune"]}, {"required": ["test"]}]},
        "then": {**held_out, "additionalProperties": False},
        "else": {**counted, "additionalProperties": False},
    }


def _note() -> Form:
    key_of_space = {**accepted(text), "pattern": OF_SPACE}
    sentence = {
        **accepted(text),
        "properties": {
            "text": accepted(text),
            "about": {"type": "array", "minItems": 1, "items": key_of_space},
        },
        "required": ["text", "about"],
        "additionalProperties": False,
    }
    return {
        **sentence,
        "type": ["string", "object", "array", "null"],
        "items": {**sentence, "type": ["string", "object"]},
    }


def _ours() -> Form:
    """The arguments of pruners that are not Optuna's."""
    return {"seeds": or_null(accepted(whole_number(1))), "promote": or_null(accepted(flag))}


def _advice(known: Iterable[str], suffix: str, more: Form, *, own: bool = False) -> Form:
    """A sampler or a pruner: its name or that of Optuna's class, alone or with arguments.

    With `own` also `path/file.py:Name` in the place of a name.
    """
    names = {name: _any_case(name) + f"({_any_case(suffix)})?" for name in known}
    pattern = f"^({'|'.join(names.values())})$" + (f"|{OWN}" if own else "")
    arguments = {"type": ["object", "null"], "properties": more}
    none = {"type": ["object", "null"], "maxProperties": 0}
    frozen = {"name": {"type": "string", "pattern": pattern}, "options": arguments, **more}
    return {
        "anyOf": [
            {"enum": [*names, None]},
            {"type": "string", "pattern": pattern},
            _alone(
                {name: none if name == "grid" else arguments for name in names},
                {f"^{one}$": none if name == "grid" else arguments for name, one in names.items()}
                | ({OWN: arguments} if own else {}),
            ),
            _written_out(frozen),
        ]
    }


def _alone(named: Form, patterns: Form) -> Form:
    """A mapping of one name to its options."""
    return {
        "type": "object",
        "properties": named,
        "patternProperties": patterns,
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }


def _written_out(keys: Form) -> Form:
    """A mapping of `name` and `options`, as a plan holds it."""
    return {
        "type": "object",
        **unlisted(keys),
        "required": ["name", "options"],
        "additionalProperties": False,
    }


def _any_case(text: str) -> str:
    return "".join(f"[{letter.lower()}{letter.upper()}]" for letter in text)


def _figure() -> Form:
    names = lookup.names("sweeper.figures")
    own = {"type": ["object", "null"]}
    return {
        "anyOf": [
            *_named(names)["anyOf"],
            _alone({name: _options(name) for name in names}, {OWN: own}),
            _written_out({"name": _named(names), "options": own}),
        ]
    }


def _options(figure: str) -> Form:
    """The options of a figure; what most of them may be only the space and its runs tell."""
    known: dict[str, Form] = {
        "at": {"enum": [*AT, None]},
        "pool": {"enum": ["all", "best"]},
        "band": {"enum": [*figure_rules.BANDS]},
        "yscale": {"enum": [*figure_rules.SCALES]},
        "runs": {"type": "boolean"},
    }
    return {
        "type": ["object", "null"],
        "description": lookup.about("sweeper.figures", figure),
        "properties": {name: known.get(name, {}) for name in sorted(figure_options.takes(figure))},
        "additionalProperties": False,
    }
