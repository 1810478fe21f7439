"""The reference of the space language, written from its schema: docs/reference/space.md."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
import typing
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sweeper import lookup
from sweeper.schema.base_model import Section
from sweeper.schema.expression import MAX_LENGTH
from sweeper.space.axes import AxisModel
from sweeper.space.blocks.block import Block
from sweeper.space.overrides import KEYS
from sweeper.space.samplers import PRUNERS, SAMPLERS, Pruner
from sweeper.space.sections import Objective, Task
from sweeper.space.space import Space, keys

_WORDS = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    dict: "mapping",
    tuple: "list",
    list: "list",
}

_HEAD = """\
# The space language

Written by `make reference` from the schema that checks every space: do not edit it. Every key can
be changed by a word of the command line (`steps=1000`, `axes.optimizer.lr.count=3`) and by a scale;
`null` takes a key away."""

_EXPRESSIONS = f"""\
## Expressions

`derived` and `constraints` hold expressions of at most {MAX_LENGTH} characters: numbers, text in quotes, `true`,
`false`, `null`, dotted names of parameters and axes, `+ - * / // % **`, comparisons (also chained, and
`in`), `and`, `or`, `not`, `a if b else c`, lists, and calls of `min`, `max`, `abs`, `round`, `len`,
`int`, `float` and `log2`. A name stands for the parameter's value, or else for the axis's label. Of
`if`, `and`, `or` and chained comparisons only the parts that decide are evaluated."""  # noqa: E501


def page() -> str:
    """The whole page, in Markdown."""
    parts = [_HEAD, "## Keys of a space", _table(Space, KEYS), *_sections()]
    parts += [_advice("sampler", SAMPLERS), _advice("pruner", PRUNERS), _prose(Pruner)]
    parts += [f"## `{name}`\n\n{text}" for name, text in BESIDE.items()]
    parts += ["## Axes"]
    parts += ["Keys that every kind has:", _table(AxisModel)]
    for kind in lookup.names("sweeper.space.axes"):
        axis = lookup.find("sweeper.space.axes", kind)
        own = [name for name in axis.model_fields if name not in AxisModel.model_fields]
        parts += [f"### `{kind}`", _prose(axis), _table(axis, own)]
    return "\n\n".join([*parts, _EXPRESSIONS]) + "\n"


BESIDE = {
    "scales": """\
Named sets of overrides, by dotted key: `scales: {smoke: {seeds: 1, axes.optimizer.lr.count: 2}}`.
`scale=smoke` applies one; the scale `laptop` is applied where none is asked for.""",
    "extends": """\
`extends: base.yaml` takes all keys that a file does not have itself from another file, whose path
is relative to the first. Of `fixed`, `axes`, `blocks`, `derived`, `tasks`, `scales`, `evaluation`,
`checkpoint` and `limits` a file may hold a part: `axes: {optimizer.lr: {count: 5}}` changes one key
of an axis, an axis with a `kind` is a whole new one, and `null` takes a key away. Other files may
be extended in turn. Own files (`file.py:Name`) and words of a command are looked for beside the
file that names them, and where they are not there, beside the one that extends it.""",
}
"""What the keys mean that a file has beside those of a space."""


def _advice(key: str, known: Mapping[str, str]) -> str:
    listed = ", ".join(
        f"`{name}` (Optuna's `{there}`)" if there else f"`{name}`" for name, there in known.items()
    )
    return f"### `{key}`\n\nOne of {listed}; with arguments that Optuna's class takes."


def _sections() -> Iterator[str]:
    """A table for each key that is a mapping of known keys."""
    found: dict[str, type[BaseModel]] = {
        "blocks.<name>": Block,
        "tasks.<name>": Task,
        "score[1]": Objective,
        **sections(),
    }
    for name, model in found.items():
        yield f"### `{name}`"
        yield _prose(model)
        yield _table(model)


def sections() -> dict[str, type[BaseModel]]:
    """The keys that hold one section, and which: all keys in it are known."""
    by_name = keys(lambda key: key.by_name)
    found: dict[str, type[BaseModel]] = {}
    for name in KEYS:
        for model in _models(Space.model_fields[name].annotation):
            if name not in by_name:
                found.setdefault(name, model)
    return found


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in typing.get_args(annotation):
        yield from _models(inner)


def _table(model: type[BaseModel], names: Any = None) -> str:
    rows, texts = ["| key | type | default | meaning |", "|---|---|---|---|"], meanings(model)
    for name in names if names is not None else model.model_fields:
        field = model.model_fields[name]
        cells = (
            f"`{name}`",
            _type(field),
            _default(field),
            " ".join(texts.get(name, "").split()),
        )
        rows.append("| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |")
    return "\n".join(rows)


def meanings(model: type[BaseModel]) -> dict[str, str]:
    """The text below each field of `model`, by the field's name.

    It is read from the source here, as pydantic would read it in every command.
    """
    found: dict[str, str] = {}
    for part in reversed(model.__mro__):
        if issubclass(part, Section):
            found |= texts_below(part)
    return {name: found[name] for name in model.model_fields if name in found}


def texts_below(of: type) -> dict[str, str]:
    """The text below each field of the class `of`, by the field's name, as its source has it."""
    (written,) = ast.parse(textwrap.dedent(inspect.getsource(of))).body
    assert isinstance(written, ast.ClassDef)
    return {
        ast.unparse(field.target): str(ast.literal_eval(below.value))
        for field, below in pairwise(written.body)
        if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr)
    }


def _type(field: FieldInfo) -> str:
    for rule in field.metadata:
        check = getattr(rule, "func", None)
        if inspect.isfunction(check):
            valid = inspect.getclosurevars(check).nonlocals.get("valid")
            if valid:
                return ", ".join(f"`{word}`" for word in valid)
    return " or ".join(dict.fromkeys(_named(field.annotation))) or "value"


def _named(annotation: Any) -> Iterator[str]:
    origin = typing.get_origin(annotation) or annotation
    if origin in _WORDS:
        yield _WORDS[origin]
    elif isinstance(origin, type) and issubclass(origin, BaseModel):
        yield "mapping"
    elif origin is not annotation:
        for inner in typing.get_args(annotation):
            yield from _named(inner)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    default = field.default
    if field.default_factory is not None or default in (None, (), [], {}):
        return "none"
    if isinstance(default, BaseModel):
        return "see below"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _prose(model: type[BaseModel]) -> str:
    return re.sub(r"\n\n(?=`)", "\n\nExample: ", inspect.getdoc(model) or "")
