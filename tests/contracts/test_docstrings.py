"""Every public class, function and method says in its docstring what it is or does."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.test_rooms import MODULES

NAMED = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def undocumented(path: Path) -> list[str]:
    """Files, and public names in them, that have no docstring; setters share their property's."""

    def walk(node: ast.Module | ast.ClassDef, above: str) -> Iterator[str]:
        if not ast.get_docstring(node) and not above.startswith("_"):
            yield above or "the file"
        for inner in node.body:
            if not isinstance(inner, NAMED):
                continue
            if isinstance(inner, ast.ClassDef):
                yield from walk(inner, inner.name)
            elif not (inner.name.startswith("_") or is_setter(inner) or ast.get_docstring(inner)):
                yield f"{above}.{inner.name}".lstrip(".")

    return list(walk(ast.parse(path.read_bytes()), ""))


def is_setter(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(isinstance(d, ast.Attribute) and d.attr == "setter" for d in function.decorator_list)


@pytest.mark.parametrize("top", ["sweeper", "agents"])
def test_every_public_name_has_a_docstring(top: str) -> None:
    found = {name: undocumented(path) for name, path in MODULES.items() if name.startswith(top)}
    assert {name: lacking for name, lacking in found.items() if lacking} == {}


def test_what_has_no_docstring_is_found(tmp_path: Path) -> None:
    file = tmp_path / "some.py"
    file.write_text(
        "def one(): pass\n"
        "def two():\n    '''Twice.'''\n"
        "def _three(): pass\n"
        "class _Four:\n    def five(self): pass\n    def _six(self): pass\n"
        "class Seven:\n    def eight(self):\n        '''Eighth.'''\n"
    )
    assert undocumented(file) == ["the file", "one", "_Four.five", "Seven"]
