"""Files of a user's own import from one module, which costs nothing until a name is asked for."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from sweeper import extending


def named():
    """Each name that type checkers see there, with its module and what it is called in that."""
    tree = ast.parse(Path(extending.__file__).read_text())
    (checked,) = [node for node in tree.body if isinstance(node, ast.If)]
    return {
        alias.asname or alias.name: (node.module, alias.name)
        for node in checked.body
        for alias in node.names
    }


def test_what_type_checkers_see_is_what_there_is():
    assert sorted(named()) == sorted(extending.__all__) == sorted(dir(extending))
    for name, (module, attribute) in named().items():
        assert getattr(extending, name) is getattr(importlib.import_module(module), attribute)


def test_another_name_is_not_there():
    with pytest.raises(AttributeError, match="has no attribute 'Axes'"):
        extending.Axes  # noqa: B018


def test_importing_it_imports_nothing_of_what_it_names():
    code = (
        "import __future__, importlib, sys, typing; before = {*sys.modules};"
        "import sweeper.extending; print({*sys.modules} - before)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ast.literal_eval(done.stdout) == {"sweeper", "sweeper.extending"}
