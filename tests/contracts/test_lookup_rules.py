"""Both packages look names up by one rule, and a file of a user's is one module for both."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Iterator
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

import agents.lookup
import sweeper.lookup
from agents.envs.navigation import Environment
from sweeper.errors import SweeperError

Find = Callable[[str], Any]
FINDS: dict[str, Find] = {
    "agents": lambda name: agents.lookup.find("envs", name),
    "sweeper": lambda name: sweeper.lookup.find("agents.envs", name),
}
BOTH = list(permutations(FINDS.values()))
ERRORS = (ValueError, SweeperError)
OWN = """
from pathlib import Path

class Own:
    pass

with Path(__file__).with_suffix(".times").open("a") as file:
    file.write("once ")
"""


@pytest.fixture(params=FINDS)
def find(request: pytest.FixtureRequest) -> Find:
    return FINDS[request.param]


@pytest.fixture(autouse=True)
def undone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Importable folders and modules are afterwards what they were."""
    monkeypatch.setattr(sys, "path", sys.path[:])
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


def written(folder: Path, stem: str = "own_env", text: str = OWN) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / f"{stem}.py"
    file.write_text(text)
    return file


def test_a_plain_name_is_a_file(find: Find) -> None:
    assert find("navigation") is Environment


def test_both_list_the_same_names() -> None:
    for folder in ("envs", "learners", "networks"):
        assert list(agents.lookup.names(folder)) == sweeper.lookup.names(f"agents.{folder}")


@pytest.mark.parametrize(
    "name", ["tasks", "gymnasium_env", "__init__", "navigatoin", "Navigation", "NAVIGATION"]
)
def test_what_is_no_name_is_answered_with_those_that_are(find: Find, name: str) -> None:
    with pytest.raises(ERRORS, match=f"unknown environment.* '{name}'") as caught:
        find(name)
    assert ", ".join(agents.lookup.names("envs")) in str(caught.value)
    assert "path/file.py:" in str(caught.value)
    assert ("did you mean 'navigation'?" in str(caught.value)) == (
        name.lower() in ("navigatoin", "navigation")
    )


def test_a_file_of_ones_own_may_be_absolute_or_relative(
    find: Find, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert find("own_env.py:Own") is find(f"{file}:Own")
    assert find(f"{file}:Own").__name__ == "Own"


@pytest.mark.parametrize("name", ["gone.py:Own", "own_env.py:Onw"])
def test_a_file_or_a_name_in_it_that_is_not_there_is_told(
    find: Find, tmp_path: Path, name: str
) -> None:
    written(tmp_path)
    with pytest.raises(ERRORS, match=name.partition(".")[0]):
        find(f"{tmp_path}/{name}")


@pytest.mark.parametrize(("first", "second"), BOTH)
def test_it_is_one_module_for_both_executed_once(tmp_path: Path, first: Find, second: Find) -> None:
    file = written(tmp_path)
    found = first(f"{file}:Own")
    assert second(f"{file}:Own") is found
    assert sys.modules[found.__module__].Own is found
    assert file.with_suffix(".times").read_text() == "once "


def test_it_is_the_module_that_an_import_has_given(find: Find, tmp_path: Path) -> None:
    file = written(tmp_path)
    sys.path.append(str(tmp_path))
    module = __import__("own_env")
    assert find(f"{file}:Own") is module.Own


@pytest.mark.parametrize("imported", [False, True])
def test_the_folder_of_a_file_that_shadows_nothing_comes_first(
    find: Find, tmp_path: Path, imported: bool
) -> None:
    file = written(tmp_path)
    if imported:
        sys.path.append(str(tmp_path))
        __import__("own_env")
        sys.path.remove(str(tmp_path))
    find(f"{file}:Own")
    assert sys.path[0] == str(tmp_path), "its siblings are meant, not what is installed"


def test_what_it_defines_pickles(find: Find, tmp_path: Path) -> None:
    for stem in ("own_env", "yaml", "dotted.name"):
        own = find(f"{written(tmp_path, stem)}:Own")
        assert pickle.loads(pickle.dumps(own)) is own
        assert isinstance(pickle.loads(pickle.dumps(own())), own)


@pytest.mark.parametrize(("first", "second"), BOTH)
def test_files_of_one_name_in_two_folders_are_two_modules(
    tmp_path: Path, first: Find, second: Find
) -> None:
    files = [written(tmp_path / folder) for folder in "ab"]
    one, other = (find(f"{file}:Own") for find, file in zip((first, second), files, strict=True))
    assert one is not other and one.__module__ != other.__module__
    assert [find(f"{file}:Own") for find, file in zip((second, first), files, strict=True)] == [
        one,
        other,
    ]


@pytest.mark.parametrize("stem", ["yaml", "torch", "json", "this"])
def test_a_file_called_like_a_module_shadows_nothing(
    find: Find, tmp_path: Path, stem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = sys.modules.get(stem)
    own = find(f"{written(tmp_path, stem)}:Own")
    assert own.__module__ != stem and sys.modules.get(stem) is known
    assert sys.path[-1] == str(tmp_path), "after what is installed"


def test_one_that_raises_is_not_kept(find: Find, tmp_path: Path) -> None:
    file = written(tmp_path, text="class Own: pass\n1 / 0\n")
    with pytest.raises((ZeroDivisionError, SweeperError), match="division by zero"):
        find(f"{file}:Own")
    assert "own_env" not in sys.modules
    file.write_text(OWN)
    assert find(f"{file}:Own").__module__ == "own_env"
