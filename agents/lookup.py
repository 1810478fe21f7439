"""The one lookup rule: the file name is the name, and `path/file.py:Name` is valid anywhere.

`sweeper/lookup.py` follows the same rule, told there a second time because neither package imports
the other; tests/contracts/test_lookup_rules.py holds both to it.
"""

from __future__ import annotations

import ast
import difflib
import hashlib
import importlib
import importlib.util
import os
import re
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

T = TypeVar("T")
CLASSES = {
    "analyses": "Analysis",
    "diagnostics": "Diagnostic",
    "envs": "Environment",
    "features": "Features",
    "heads": "Head",
    "learners": "Learner",
    "networks": "Body",
    "optimisers": "Optimiser",
    "policies": "Policy",
}
"""What the files of a folder of `agents` define."""
_MOST_LISTED = 30
_FILE = re.compile(r"(?P<path>.+\.py):(?P<name>\w+)")


@cache
def names(folder: str) -> tuple[str, ...]:
    """Returns all valid names in `agents/<folder>`, sorted: its files that define its class.

    They are looked for once a process.
    """
    files = (Path(__file__).parent / folder).glob("[!_]*.py")
    return tuple(sorted(file.stem for file in files if _defines(file, CLASSES[folder])))


def find(folder: str, name: str) -> Any:
    """Returns the class called `name` in `agents/<folder>`, or `Name` of `path/file.py:Name`.

    Raises ValueError that lists the valid names where there is none.
    """
    outside = _FILE.fullmatch(name)
    return _of_file(Path(outside["path"]), outside["name"]) if outside else _of_folder(folder, name)


def derived(folder: str, key: str, kind: str, base: type[T]) -> type[T]:
    """Returns the class derived from `base` that the parameter `key` names by its `kind`.

    Raises ValueError that begins with `key` where it names none.
    """
    try:
        found = find(folder, kind)
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from error
    if not (isinstance(found, type) and issubclass(found, base)):
        raise ValueError(f"{key} must name a class derived from {base.__name__}, got {kind}")
    return found


@cache
def _of_folder(folder: str, name: str) -> Any:
    if name not in names(folder):
        error = unknown(CLASSES[folder].lower(), name, names(folder))
        raise ValueError(f"{error}, or path/file.py:Name")
    return getattr(importlib.import_module(f"agents.{folder}.{name}"), CLASSES[folder])


def is_file(name: object) -> bool:
    """Returns whether a name is a file's: `path/file.py:Name`."""
    return isinstance(name, str) and _FILE.fullmatch(name) is not None


def unknown(kind: str, name: str, valid: Sequence[str]) -> ValueError:
    """Returns an error that names the closest and lists the valid ones, of over 30 the nearest."""
    shown = list(valid)
    close = _closest(name, valid)
    meant = f" (did you mean {close!r}?)" if close is not None else ""
    if len(shown) > _MOST_LISTED:
        shown = difflib.get_close_matches(name, valid, n=_MOST_LISTED, cutoff=0.0)
        shown.append(f"and {len(valid) - _MOST_LISTED} more")
    return ValueError(f"unknown {kind} {name!r}{meant}; valid: {', '.join(shown)}")


def _closest(word: str, valid: Sequence[str]) -> str | None:
    """The valid word that is most like `word`; of several the one with most letters in place.

    Case does not matter.
    """
    lowered = {one.lower(): one for one in valid}
    asked = word.lower()
    close = difflib.get_close_matches(asked, lowered, n=4, cutoff=0.6)

    def likeness(one: str) -> tuple[float, int]:
        ratio = difflib.SequenceMatcher(None, one, asked).ratio()
        return ratio, sum(map(str.__eq__, one, asked))

    best = max(close, key=likeness, default=None)
    return None if best is None else lowered[best]


def import_file(path: Path) -> ModuleType:
    """Returns the module in `path`, executed once a process and registered, so that it pickles.

    Its name is the file's where importing that gives this file, or nothing: it shadows no module;
    elsewhere a digest of the path follows. Its folder becomes importable, before all others where
    the file shadows nothing, else behind them.
    Whatever its code raises goes through.
    """
    path = path.resolve()
    free = _is_free(path.stem, path)
    if str(path.parent) not in sys.path:
        sys.path.insert(0 if free else len(sys.path), str(path.parent))
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:16]
    plain, unique = path.stem, f"{path.stem.replace('.', '_')}_{digest}"
    for known in (plain, unique):
        if known in sys.modules and _is_of(sys.modules[known], path):
            return sys.modules[known]
    name = plain if free else unique
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None, path
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def _is_of(module: ModuleType, path: Path) -> bool:
    file = getattr(module, "__file__", None)
    return isinstance(file, str) and (file == str(path) or Path(file).resolve() == path)


def _is_free(name: str, path: Path) -> bool:
    """Whether importing `name` gives the file `path` or nothing."""
    if name in sys.modules or "." in name:
        return name in sys.modules and _is_of(sys.modules[name], path)
    found = importlib.util.find_spec(name)
    return found is None or (found.origin is not None and Path(found.origin).resolve() == path)


@cache
def _located(path: Path, _folder: str, _search: tuple[str, ...]) -> Path:
    """`located`, looked for once a current folder and search path: planning asks often."""
    return located(path)


_IMPORTED: dict[Path, ModuleType] = {}


def _of_file(path: Path, name: str) -> Any:
    path = _located(path, os.getcwd(), tuple(sys.path))
    module = _IMPORTED.get(path)
    if module is None or sys.modules.get(module.__name__) is not module:
        module = _IMPORTED[path] = import_file(path)
    if not hasattr(module, name):
        raise ValueError(f"{path} defines no {name!r}")
    return getattr(module, name)


def located(path: Path) -> Path:
    """Returns the file itself: a relative path is one from an importable folder, newest first."""
    for folder in [*reversed(sys.path), "."]:
        if (Path(folder) / path).is_file():
            return (Path(folder) / path).resolve()
    raise ValueError(f"{path} names a file that does not exist")


def _defines(file: Path, name: str) -> bool:
    """Whether the module in `file` defines or imports `name` at its top level."""
    text = file.read_text(encoding="utf-8")
    try:
        return name in text and name in _top_level(ast.parse(text))
    except (SyntaxError, ValueError):  # importing it will tell what is wrong with it
        return True


def _top_level(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in node.names)
