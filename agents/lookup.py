"""The one lookup rule: the file name is the name, and `path/file.py:Name` is valid anywhere."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import re
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

CLASSES = {
    "diagnostics": "Diagnostic",
    "envs": "Environment",
    "learners": "Learner",
    "networks": "Body",
}
_MOST_LISTED = 30
_FILE = re.compile(r"(?P<path>.+\.py):(?P<name>\w+)")


def names(folder: str) -> tuple[str, ...]:
    """All valid names in `agents/<folder>`: its files that define the folder's class."""
    definition = re.compile(rf"^class {CLASSES[folder]}\b", re.MULTILINE)
    files = sorted((Path(__file__).parent / folder).glob("*.py"))
    return tuple(f.stem for f in files if definition.search(f.read_text(encoding="utf-8")))


@cache
def find(folder: str, name: str) -> Any:
    """The class called `name` in `agents/<folder>`, or `Name` of `path/file.py:Name`.

    Raises ValueError that lists the valid names where there is none.
    """
    outside = _FILE.fullmatch(name)
    if outside:
        return _from_file(Path(outside["path"]), outside["name"])
    if name not in names(folder):
        error = unknown(CLASSES[folder].lower(), name, names(folder))
        raise ValueError(f"{error}, or path/file.py:Name")
    return getattr(importlib.import_module(f"agents.{folder}.{name}"), CLASSES[folder])


def unknown(kind: str, name: str, valid: Sequence[str]) -> ValueError:
    """The error that names the closest and lists what is valid, of more than 30 the nearest."""
    shown = list(valid)
    close = difflib.get_close_matches(name, valid, n=1, cutoff=0.6)
    meant = f" (did you mean {close[0]!r}?)" if close else ""
    if len(shown) > _MOST_LISTED:
        shown = difflib.get_close_matches(name, valid, n=_MOST_LISTED, cutoff=0.0)
        shown.append(f"and {len(valid) - _MOST_LISTED} more")
    return ValueError(f"unknown {kind} {name!r}{meant}; valid: {', '.join(shown)}")


def _from_file(path: Path, name: str) -> Any:
    path = _located(path)
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ValueError(f"{path} cannot be imported as a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if not hasattr(module, name):
        raise ValueError(f"{path} defines no {name!r}")
    return getattr(module, name)


def _located(path: Path) -> Path:
    """The file itself: a relative path is one from an importable folder, the newest first."""
    for folder in [*reversed(sys.path), "."]:
        if (Path(folder) / path).is_file():
            return (Path(folder) / path).resolve()
    raise ValueError(f"{path} names a file that does not exist")
