"""The arrows of the design: who may import whom, and what the folders promise."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from sweeper import lookup
from sweeper.cli import command_line
from tests.helpers.paths import ROOT

HEAVY = {"torch", "seaborn", "matplotlib", "minatar", "gymnasium"}


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported(path: Path) -> set[str]:
    """Top-level names of all packages that a module imports anywhere, types included."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def test_agents_never_import_sweeper() -> None:
    found = [name(path) for path in modules("agents") if "sweeper" in imported(path)]
    assert len(modules("agents")) > 100 and found == []


def test_sweeper_knows_no_reinforcement_learning() -> None:
    draws = {"figures": {"seaborn", "matplotlib"}, "interface": {"matplotlib"}}
    wrong = {}
    for path in modules("sweeper"):
        allowed = set().union(*(draws.get(part, set()) for part in path.parts))
        if taken := imported(path) & ({"agents"} | HEAVY - allowed):
            wrong[name(path)] = taken
    assert len(modules("sweeper")) > 300 and wrong == {}


@pytest.mark.parametrize("package", sorted(lookup.DEFINES))
def test_every_name_that_is_listed_can_be_found(package: str) -> None:
    names = lookup.names(package)
    assert names
    for name in names:
        assert lookup.find(package, name) is not None


def test_importing_a_learner_does_not_import_torch() -> None:
    names = [f"agents.learners.{name}" for name in lookup.names("agents.learners")]
    code = f"import sys, {', '.join(names)}\nprint(sorted({HEAVY} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_figure_is_a_command_and_every_command_is_documented() -> None:
    page = (ROOT / "docs" / "how_to" / "commands.md").read_text()
    commands = {command.name or "" for command in command_line.app.registered_commands}
    assert set(lookup.names("sweeper.figures")) <= commands
    for command in commands - set(lookup.names("sweeper.figures")):
        assert f"sweeper {command}" in page, command


def test_the_page_of_commands_names_every_option_of_run() -> None:
    page = (ROOT / "docs" / "how_to" / "commands.md").read_text()
    assert f"`{' '.join(command_line.RUN_OPTIONS)}`" in page
