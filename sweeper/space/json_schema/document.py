"""The JSON Schema of a space's file: the keys of a space, its scales, and the file it extends."""

from __future__ import annotations

import json
from functools import cache

from sweeper.schema.extends import KEY as EXTENDS
from sweeper.schema.rules import accepted, text
from sweeper.space.json_schema.agents import definitions as of_agents
from sweeper.space.json_schema.agents import parameters
from sweeper.space.json_schema.requirements import requirements
from sweeper.space.json_schema.sections import OF_SPACE, definitions
from sweeper.space.json_schema.values import Form, key, section
from sweeper.space.overrides import KEYS
from sweeper.space.reference import BESIDE, meanings, sections
from sweeper.space.sections import Task
from sweeper.space.space import Space


def page() -> str:
    """The schema as the text of a file."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


@cache
def schema() -> Form:
    """The whole schema. It accepts all that sweeper accepts, and refuses what one key can tell."""
    of_space = _of_space()
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A space of sweeper",
        "type": "object",
        "properties": {
            **of_space,
            "scales": {
                "description": _told("scales"),
                "type": ["object", "null"],
                "additionalProperties": {"$ref": "#/definitions/scale"},
            },
            EXTENDS: {"description": _told(EXTENDS), **accepted(text)},
        },
        "additionalProperties": False,
        "allOf": [*requirements(), *parameters()],
        "definitions": {**definitions(), **of_agents(), "scale": _scale(of_space)},
    }


def _of_space() -> dict[str, Form]:
    texts = meanings(Space)
    others = {"note": {"$ref": "#/definitions/note"}}
    return {name: key(Space.model_fields[name], texts[name], others.get(name)) for name in KEYS}


def _told(name: str) -> str:
    return " ".join(BESIDE[name].split())


def _scale(of_space: dict[str, Form]) -> Form:
    """A set of overrides by dotted key: whole keys, and keys of sections that have no others.

    What stands deeper in axes, blocks and tasks is as free here as the kinds and names there, but
    for whole axes and tasks.
    """
    value = {"$ref": "#/definitions/value"}
    known, unknown = dict(of_space), dict[str, Form | bool]()
    for name, model in sections().items():
        texts = meanings(model)
        for inner, field in model.model_fields.items():
            known[f"{name}.{inner}"] = key(field, texts.get(inner, ""))
        unknown[rf"^{name}\.(?!({'|'.join(model.model_fields)})$)"] = False
    return {
        "type": ["object", "null"],
        "properties": {
            name: {word: item for word, item in form.items() if word != "default"}
            for name, form in known.items()
        },
        "patternProperties": {
            r"^(fixed|baseline)\.": value,
            r"^by_task\.": {
                "anyOf": [value, {"type": "object", "additionalProperties": value}],
            },
            r"^axes\.(?!(.*\.)?values(\.|$))": {
                "if": {"type": "object", "required": ["kind"]},
                "then": {"$ref": "#/definitions/axis"},
            },
            r"^tasks\.": {"if": {"type": "object"}, "then": section(Task)},
            **unknown,
        },
        "propertyNames": {
            "pattern": OF_SPACE,
            "patternErrorMessage": "a scale changes keys of a space, as in steps or fixed.gamma",
        },
    }
