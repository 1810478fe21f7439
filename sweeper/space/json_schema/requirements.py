"""What a space's file must hold: conditions of a JSON Schema, as scales and other files may add it.

A key may be missing where the file extends another one, or where its scales give it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pydantic import BaseModel

from sweeper.schema.extends import KEY as EXTENDS
from sweeper.space.axes.layers import AllSubsets
from sweeper.space.blocks.block import Block
from sweeper.space.json_schema.sections import kinds, of_kind
from sweeper.space.json_schema.values import Form, needs, unlisted
from sweeper.space.overrides import KEYS, MERGED
from sweeper.space.reference import sections
from sweeper.space.sections import ENDS
from sweeper.space.space import Space

_IS_NULL: Form = {"type": "null"}
_EXTENDS: Form = {"required": [EXTENDS]}
_ANALYSIS: Form = {"required": ["analysis"]}
_OF_SOURCE = ("tasks", "seeds", "steps")
"""Keys that an analysis has of the study that it is of."""
_NAMED = ("axes", "blocks", "tasks", "derived")
"""Mappings in which null takes away what the file holds that is extended."""


def requirements() -> list[Form]:
    """A condition for each key that is needed, and one for the scales."""
    named = (_unless(_has(rf"^{name}(\.|$)"), name, _full(name)) for name in _NAMED)
    return [*_of_space(), *_of_sections(), *named, _of_scales(), _of_tasks_of_scales()]


def _of_space() -> Iterator[Form]:
    """The keys that each space needs: in the file, or in every one of its scales."""
    for name in _required(Space, KEYS):
        scales = _every_scale(_has(rf"^{name}(\.|$)"))
        elsewhere = [_EXTENDS, scales, *([_ANALYSIS] if name in _OF_SOURCE else [])]
        yield {"if": {"not": {"anyOf": elsewhere}}, "then": {"required": [name]}}
        yield {"if": {"not": scales}, "then": unlisted({name: {"not": _IS_NULL}})}


def _of_sections() -> Iterator[Form]:
    """The keys that sections need, but where each scale gives one of that name, or all of them."""
    for section, name in _needed():
        whole = {f"^{section}(\\.|$)": {"not": {"type": "object", "required": [name]}}}
        scale = _has(rf"^{section}$|^{section}\..*\b{name}$")
        given: Form = {"type": "object", "anyOf": [scale, {"not": {"patternProperties": whole}}]}
        spared = [_referenced()] if section == "tasks" else []
        yield _unless(given, section, _inside(section, name), spared)


def _of_scales() -> Form:
    """What a scale replaces as a whole holds all that is needed, where it adds nothing to it.

    Nor does a scale take away what is needed.
    """
    whole: dict[str, list[Form]] = {name: [{"not": _IS_NULL}] for name in _required(Space, KEYS)}
    for name in _NAMED:
        whole.setdefault(name, []).append(_full(name))
    for section, name in _needed():
        if section != "tasks":
            whole.setdefault(section, []).append(_inside(section, name))
    checks = [_replaced(name, needed) for name, needed in whole.items()]
    for section, model in sections().items():
        kept: Form = {f"{section}.{name}": {"not": _IS_NULL} for name in _required(model)}
        checks.append({"if": {"not": _has(rf"^{section}$")}, "then": unlisted(kept)})
    scales: Form = {"additionalProperties": {"allOf": checks}}
    return {"if": {"not": _EXTENDS}, "then": unlisted({"scales": scales})}


def _of_tasks_of_scales() -> Form:
    """The tasks of a scale, replaced as a whole, say their ends where no reference does."""
    ends = [_inside("tasks", name) for name in ENDS]
    scales: Form = {"additionalProperties": _replaced("tasks", ends)}
    spared: Form = {"anyOf": [_EXTENDS, _referenced()]}
    return {"if": {"not": spared}, "then": unlisted({"scales": scales})}


def _replaced(name: str, needed: list[Form]) -> Form:
    """What a scale holds that replaces the key `name` as a whole."""
    return {"if": {"not": _has(rf"^{name}\.")}, "then": unlisted({name: {"allOf": needed}})}


def _full(name: str) -> Form:
    """A mapping in which nothing is null; tasks are some."""
    if name == "blocks":
        inner = {key: _full(key) for key in Block.model_fields if key in _NAMED}
        block: Form = {"not": _IS_NULL, **unlisted(inner)}
        return {"additionalProperties": block, "items": block}
    return {"additionalProperties": {"not": _IS_NULL}, "minProperties": int(name == "tasks")}


def _needed() -> Iterator[tuple[str, str]]:
    """Each key that is needed within a section, by the key that the section stands under."""
    yield from (("tasks", name) for name in ENDS)
    for section, model in sections().items():
        yield from ((section, name) for name in _required(model))
    within = [name for axis in kinds().values() for name in _required(axis)]
    for name in dict.fromkeys([*within, *_required(AllSubsets)]):
        yield from ((section, name) for section in ("axes", "blocks"))


def _inside(section: str, name: str) -> Form:
    """The section, in which the key `name` is needed."""
    if section == "tasks":
        return {"additionalProperties": needs(name)}
    if section == "axes":
        return {"additionalProperties": _in_axis(name)}
    if section == "blocks":
        block = unlisted({"axes": _inside("axes", name)})
        return {"additionalProperties": block, "items": block}
    return needs(name)


def _in_axis(name: str) -> Form:
    if name in _required(AllSubsets):
        return unlisted({"all_subsets": needs(name)})
    every = kinds()
    wanting = [kind for kind, axis in every.items() if name in _required(axis)]
    if len(wanting) == len(every):
        return needs(name)
    return {"allOf": [{"if": of_kind(kind), "then": needs(name)} for kind in wanting]}


def _required(model: type[BaseModel], names: Iterable[str] | None = None) -> list[str]:
    fields = model.model_fields
    return [name for name in (fields if names is None else names) if fields[name].is_required()]


def _referenced() -> Form:
    """Scores have a reference, which gives tasks their ends: those of the file or of a scale."""
    one: Form = {"type": "object", "required": ["reference"]}
    score: Form = {"anyOf": [one, {"type": "array", "contains": one}]}
    here: Form = {"type": "object", "required": ["score"], **unlisted({"score": score})}
    scale: Form = {"anyOf": [here, _has(r"^score\.reference$")]}
    some: Form = {"not": {"additionalProperties": {"not": scale}}}
    return {"anyOf": [here, {"required": ["scales"], **unlisted({"scales": some})}]}


def _unless(given: Form, name: str, then: Form, spared: Iterable[Form] = ()) -> Form:
    """`then` for the key `name`, but where each scale is as `given`, or another file adds to it.

    Files that are as one of `spared` need it not.
    """
    added = [*([_EXTENDS] if name in MERGED else []), *spared]
    loose: Form = {"anyOf": [_every_scale(given), *added]}
    return {"if": {"not": loose}, "then": unlisted({name: then})}


def _every_scale(given: Form) -> Form:
    """The file has scales, and `given` holds of each."""
    scales: Form = {"type": "object", "minProperties": 1, "additionalProperties": given}
    return {"required": ["scales"], **unlisted({"scales": scales})}


def _has(pattern: str) -> Form:
    """An object with a key that matches."""
    return {"type": "object", "not": {"propertyNames": {"not": {"pattern": pattern}}}}
