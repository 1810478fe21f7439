"""The reference of the Python interface: signatures and docstrings."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sweeper
from docs.generators.markdown import docstring, filled, head, joined, table
from sweeper import extending
from sweeper.interface.opened import OpenStudy
from sweeper.interface.planned import Planned
from sweeper.space.reference import texts_below

_STUB = Path(sweeper.__file__).with_suffix(".pyi")


def page() -> str:
    """The whole page, in Markdown."""
    intro = (
        "A name is imported when it is used, so that `import sweeper` loads nothing else. How it "
        "is used: [From Python](../how_to/python.md)."
    )
    parts = [head("Python", intro)]
    for name, thing in _names():
        parts += [f"## `sweeper.{name}`"]
        parts += [_signature(f"sweeper.{name}", thing)] if inspect.isfunction(thing) else []
        parts += [docstring(thing)]
    parts += ["## An open study", docstring(OpenStudy), *_members(OpenStudy)]
    parts += ["## A plan", docstring(Planned), table(("field", "what it is"), _fields())]
    parts += [
        "## `sweeper.extending`",
        filled(_EXTENDING),
        table(("name", "what it is"), _extending()),
    ]
    return joined(parts)


_EXTENDING = (
    "What files of your own import ([Your own code](../how_to/your_own_code.md)). These names stay "
    "there, wherever their files move."
)


def _names() -> Iterator[tuple[str, Any]]:
    """The names of the package, which its stub tells, and what they stand for."""
    for line in ast.parse(_STUB.read_text(encoding="utf-8")).body:
        if isinstance(line, ast.ImportFrom) and line.module:
            for name in line.names:
                yield name.name, getattr(importlib.import_module(line.module), name.name)


class _Bare(str):
    """An annotation, written without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _signature(called: str, function: Any) -> str:
    signature = inspect.signature(function)
    given = [
        parameter.replace(annotation=_Bare(parameter.annotation))
        for name, parameter in signature.parameters.items()
        if name != "self"
    ]
    returned = _Bare(signature.return_annotation)
    return f"`{called}{signature.replace(parameters=given, return_annotation=returned)}`"


def _members(of: type) -> Iterator[str]:
    for name, member in vars(of).items():
        if name.startswith("_"):
            continue
        if isinstance(member, property):
            yield f"### `study.{name}`"
            yield f"`{inspect.get_annotations(member.fget)['return']}`"
            yield docstring(member.fget)
        elif inspect.isfunction(member):
            yield f"### `study.{name}()`"
            yield _signature(f"study.{name}", member)
            yield docstring(member)


def _fields() -> Iterator[tuple[str, str]]:
    texts = texts_below(Planned)
    for field in dataclasses.fields(Planned):
        yield f"`{field.name}`", texts.get(field.name, "What `sweeper plan` prints.")


def _extending() -> Iterator[tuple[str, str]]:
    for name in extending.__all__:
        thing = getattr(extending, name)
        ours = getattr(thing, "__module__", "").startswith("sweeper")
        about = docstring(thing).partition("\n\n")[0] if ours else f"`{thing}`"
        yield f"`{name}`", " ".join(about.split())
