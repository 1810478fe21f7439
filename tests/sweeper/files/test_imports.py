"""The files that a file imports are found in its text, however they are imported."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeper.files.imports import closure

FILES = {
    "mine.py": "",
    "helper.py": "import json, numpy\nfrom deep import further\n",
    "deep/__init__.py": "",
    "deep/further.py": "from . import beside\nfrom .beside import value\nfrom .. import nothing\n",
    "deep/beside.py": "value = 1\n",
    "deep/unused.py": "",
    "unused.py": "",
    "script.py": "import helper\n",
    "sweeper.py": "",
}
DEEP = {"deep/__init__.py", "deep/further.py", "deep/beside.py"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Some files, of which `mine.py` is empty yet."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def found(project: Path, text: str) -> set[str]:
    (project / "mine.py").write_text(text)
    files = closure([project / "mine.py"], [project], {"sweeper": None})
    return {str(file.relative_to(project)) for file in files} - {"mine.py"}


@pytest.mark.parametrize(
    "text",
    [
        "import helper",
        "import helper as h, os",
        "from helper import x",
        "def train(config, run):\n    import helper\n    return helper.x",
        "try:\n    import helper\nexcept ImportError:\n    helper = None",
        "import importlib\nhelper = importlib.import_module('helper')",
        "helper = __import__('helper')",
        "import subprocess\nsubprocess.run(['python', 'script.py'])",
    ],
)
def test_imports_of_imports_count(project: Path, text: str) -> None:
    assert found(project, text) - {"script.py"} == {"helper.py", *DEEP}


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ("import deep.further", DEEP),
        ("from deep.further import value", DEEP),
        ("from deep import beside", {"deep/__init__.py", "deep/beside.py"}),
        ("from deep import *", {"deep/__init__.py"}),
        ("import sweeper, json, torch", set()),
        ("this is no Python", set()),
        ("'''A text that ends with unused.py'''", set()),
    ],
)
def test_only_what_is_imported_counts(project: Path, text: str, files: set[str]) -> None:
    assert found(project, text) == files


def test_files_that_import_each_other_are_found_once(project: Path) -> None:
    (project / "helper.py").write_text("import mine\n")
    assert found(project, "import helper") == {"helper.py"}


def test_a_file_that_is_gone_is_passed_over(project: Path) -> None:
    assert closure([project / "gone.py"], [project], {}) == []
