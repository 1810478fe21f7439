"""Where everything lives: imports between rooms run one way, and rooms stay small.

A room is a folder at the root of `sweeper/` or `agents/`; the files beside them are one room, too.
Every import counts, also those inside functions and those for types alone.
"""

from __future__ import annotations

import ast
import functools
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.paths import ROOT

FLOORS = {
    "sweeper": [
        ["sweeper"],
        ["files", "schema", "stats"],
        ["cluster", "ledger", "space", "trainable"],
        ["planning"],
        ["converting", "study"],
        ["results", "worker"],
        ["doctor", "figures", "trackers"],
        ["report"],
        ["dispatch"],
        ["cli"],
        ["interface"],
    ],
    "agents": [
        ["agents"],
        ["envs", "layers", "optim", "replay"],
        ["heads", "optimisers"],
        ["networks"],
        ["features", "policies"],
        ["diagnostics"],
        ["training"],
        ["collectors"],
        ["analyses", "learners"],
    ],
}
"""The rooms from the lowest floor on: a room imports from floors below its own."""

ENTRANCES = {"sweeper.__main__", "sweeper.extending"}
"""Modules at a root that name rooms above them: how a program comes in, and what users import."""

PLUGINS = {
    *("agents/analyses", "agents/diagnostics", "agents/envs", "agents/learners", "agents/networks"),
    *("agents/features", "agents/heads", "agents/optimisers"),
    *("agents/policies", "sweeper/space/axes", "sweeper/figures", "sweeper/dispatch"),
    "sweeper/trackers",
    "sweeper/cli/commands",
}
"""Folders that hold a file for each thing of a kind: they may hold as many as there are."""

MOST_FILES = 8
LARGEST_CIRCLE = 3


def module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module(path): path for top in FLOORS for path in sorted((ROOT / top).rglob("*.py"))}


def named(path: Path) -> Iterator[str]:
    """All modules that a file names: by imports of both kinds, and as `LazyModule("...")`."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in MODULES else node.module
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "LazyModule":
            yield from (argument.value for argument in node.args)


@functools.cache
def imports() -> dict[str, set[str]]:
    """What each module names of the others; read when it is asked for, not by every worker."""
    return {
        name: {found for found in named(path) if found in MODULES and found != name}
        for name, path in MODULES.items()
    }


def room(name: str) -> tuple[str, str]:
    """The package and the room that a module stands in."""
    top, _, rest = name.partition(".")
    first = rest.partition(".")[0]
    return top, first if (ROOT / top / first).is_dir() and first else top


def floor(name: str) -> int:
    top, where = room(name)
    return next(n for n, rooms in enumerate(FLOORS[top]) if where in rooms)


def circles() -> list[set[str]]:
    """All sets of modules that import each other in a circle (Tarjan's components)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for other in imports()[name]:
            if other not in index:
                visit(other)
            if other in stack:
                low[name] = min(low[name], low[other])
        if low[name] == index[name]:
            at = stack.index(name)
            found.append(set(stack[at:]))
            del stack[at:]

    for name in imports():
        if name not in index:
            visit(name)
    return [circle for circle in found if len(circle) > 1]


def files() -> Counter[str]:
    """How many files each folder holds, but for `__init__.py`."""
    paths = (path.relative_to(ROOT) for path in MODULES.values() if path.stem != "__init__")
    return Counter(str(path.parent) for path in paths)


def back_running() -> list[str]:
    """Imports from a room on the same floor or above."""
    return [
        f"{name} -> {other}"
        for name, others in imports().items()
        for other in sorted(others)
        if name not in ENTRANCES
        if room(name)[0] == room(other)[0] and room(name) != room(other)
        if floor(name) <= floor(other)
    ]


def test_every_room_has_a_floor() -> None:
    rooms = defaultdict(set)
    for top, where in map(room, MODULES):
        rooms[top].add(where)
    assert rooms == {top: {r for rooms in floors for r in rooms} for top, floors in FLOORS.items()}


def test_imports_between_rooms_run_one_way() -> None:
    assert back_running() == []


def test_agents_never_import_sweeper_nor_sweeper_agents() -> None:
    crossing = [
        (name, other) for name, others in imports().items() for other in others
        if name.partition(".")[0] != other.partition(".")[0]
    ]  # fmt: skip
    assert crossing == []


def test_no_circle_is_larger_than_three() -> None:
    assert [circle for circle in circles() if len(circle) > LARGEST_CIRCLE] == []


def test_no_folder_holds_more_than_eight_files() -> None:
    crowded = {folder: n for folder, n in files().items() if n > MOST_FILES}
    assert not {folder: n for folder, n in crowded.items() if folder not in PLUGINS}


@pytest.mark.parametrize("where", ["space", "stats", "results"])
def test_rooms_below_the_figures_draw_nothing(where: str) -> None:
    for name, path in MODULES.items():
        if room(name) == ("sweeper", where):
            drawing = {n for n in named(path) if n.partition(".")[0] in ("matplotlib", "seaborn")}
            assert not drawing, name


def test_the_house_in_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    held = files()
    floors = " + ".join(str(len(floors)) for floors in FLOORS.values())
    largest = max((len(circle) for circle in circles()), default=0)
    with capsys.disabled():
        print(
            f"\nfloors {floors}, back-running imports {len(back_running())}, largest circle "
            f"{largest}, files at the roots: sweeper {held['sweeper']}, agents {held['agents']}"
        )
    assert held["sweeper"] <= MOST_FILES and held["agents"] <= MOST_FILES
