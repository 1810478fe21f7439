"""What the keys of a section accept, as JSON Schema: of their rules, or else their annotations."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel, BeforeValidator
from pydantic.fields import FieldInfo

from sweeper.schema import rules
from sweeper.schema.rules import ACCEPTS, accepted
from sweeper.space.reference import meanings

Form = dict[str, Any]
"""A JSON Schema."""

_SCALAR = {"type": ["number", "string", "boolean"]}
_NULLABLE = {"type": ["number", "string", "boolean", "null"]}

DEFINITIONS: Mapping[str, Form] = {
    "plain": {
        "anyOf": [_SCALAR, {"type": "array", "items": {"$ref": "#/definitions/plain"}}],
    },
    "nullable": {
        "anyOf": [_NULLABLE, {"type": "array", "items": {"$ref": "#/definitions/nullable"}}],
    },
    "value": {
        "anyOf": [_NULLABLE, {"type": "array", "items": {"$ref": "#/definitions/item"}}],
    },
    "item": {
        "anyOf": [
            {"$ref": "#/definitions/value"},
            {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": {"$ref": "#/definitions/item"},
            },
        ]
    },
}
"""Values as `rules.simple`, `rules.nullable` and `rules.with_calls` accept them."""

_OF_TYPES: Mapping[Any, Form] = {
    float: accepted(rules.number),
    int: accepted(rules.whole()),
    str: accepted(rules.text),
    bool: accepted(rules.flag),
}


def section(model: type[BaseModel]) -> Form:
    """A mapping of the keys of `model`, of which any may be left out."""
    texts = meanings(model)
    return {
        "type": "object",
        "properties": {
            name: key(field, texts.get(name, "")) for name, field in model.model_fields.items()
        },
        "additionalProperties": False,
    }


def whole(model: type[BaseModel]) -> Form:
    """A mapping of the keys of `model` that holds all that are needed, as items of lists do."""
    needed = [name for name, field in model.model_fields.items() if field.is_required()]
    return {**section(model), "allOf": [needs(name) for name in needed]}


def needs(name: str) -> Form:
    """An object has the key, and not null; what is no object is refused elsewhere."""
    return {"required": [name], **unlisted({name: {"not": {"type": "null"}}})}


def unlisted(forms: Mapping[str, Form]) -> Form:
    """Forms of keys that editors offer already, or shall not offer."""
    return {"patternProperties": {f"^{re.escape(name)}$": form for name, form in forms.items()}}


def key(field: FieldInfo, text: str, form: Form | None = None) -> Form:
    """What a key accepts (`form`, or what its rule does), null too; described by `text`."""
    found = or_null(of_field(field) if form is None else form)
    told: Form = {"description": " ".join(text.split())} if text else {}
    if isinstance(field.default, str | int | float) and not field.is_required():
        told["default"] = field.default
    return {**told, **found}


def of_field(field: FieldInfo) -> Form:
    """What the rule of a field accepts, or else what its annotation says."""
    form = _ruled(field.metadata)
    return of_annotation(field.annotation) if form is None else form


def or_null(form: Form) -> Form:
    """What `form` accepts, and null; definitions accept that already."""
    if "$ref" in form:
        return form
    if "enum" in form:
        return {**form, "enum": [*form["enum"], *([] if None in form["enum"] else [None])]}
    if "type" in form:
        kinds = [form["type"]] if isinstance(form["type"], str) else form["type"]
        return {**form, "type": [*kinds, *([] if "null" in kinds else ["null"])]}
    if set(form) == {"anyOf"}:
        return {"anyOf": [*form["anyOf"], {"type": "null"}]}
    return {"anyOf": [form, {"type": "null"}]} if form else {}


def of_annotation(annotation: Any) -> Form:
    """What values of a type may be written as; anything where that is not known."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        form = _ruled(annotation.__metadata__)
        return of_annotation(inner[0]) if form is None else form
    if origin in (typing.Union, types.UnionType):
        forms = [of_annotation(one) for one in inner if one is not type(None)]
        return forms[0] if len(forms) == 1 else {"anyOf": forms}
    if origin is list or (origin is tuple and inner[1:] == (...,)):
        item = whole(inner[0]) if _is_section(inner[0]) else of_annotation(inner[0])
        return {"type": "array", "items": item, "minItems": int(origin is list)}
    if origin is tuple:
        pair = {"minItems": len(inner), "maxItems": len(inner)}
        return {"type": "array", "items": [of_annotation(one) for one in inner], **pair}
    if origin is dict:
        return {"type": "object", "additionalProperties": of_annotation(inner[1])}
    if _is_section(annotation):
        return section(annotation)
    return dict(_OF_TYPES.get(annotation, {}))


def _is_section(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _ruled(metadata: Iterable[Any]) -> Form | None:
    noted = [rule.__dict__[ACCEPTS] for rule in _rules(metadata) if ACCEPTS in rule.__dict__]
    return dict(noted[0]) if noted else None


def _rules(metadata: Iterable[Any]) -> Iterator[Any]:
    return (one.func for one in metadata if isinstance(one, BeforeValidator))
