"""The provenance of a study's numbers: code, packages and machine."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import os
import platform
import re
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sweeper
from sweeper.text import counted
from sweeper.trainable.contract import SupportsDescription
from sweeper.trainable.loading import load_trainable

if TYPE_CHECKING:
    from sweeper.space.space import Space

_LONGEST_DIFF = 200_000
"""Characters of a diff that are kept; of a longer one the hash tells."""


def provenance(space: Space) -> dict[str, Any]:
    """What is recorded when a study starts: code, packages, machine.

    `code` holds the revisions and the hashes of the files that the space names; `diffs` what was
    changed in these repositories since; `tasks` is what the agent says of each; `packages` and
    `machine` speak for themselves.
    """
    folders = {"sweeper": Path(sweeper.__file__).parent, "space": Path(space.folder)}
    diffs = {name: _diff(folder) for name, folder in folders.items()}
    return {
        "code": code(space),
        "diffs": {name: diff for name, diff in diffs.items() if diff},
        "packages": _packages(),
        "tasks": _tasks(space),
        "machine": {
            "host": socket.gethostname(),
            "platform": platform.platform(),
            "processor": _processor(),
            "cores": os.cpu_count(),
        },
    }


def code(space: Space) -> dict[str, str]:
    """The revisions of sweeper and of the project, and hashes of the files that the space names."""
    found = {"sweeper": revision()}
    project = _describe(Path(space.folder))
    if project:
        found["project"] = project
    named = space.function if space.function is not None else space.agent
    path = Path(str(named).rpartition(":")[0])
    if path.suffix == ".py":
        found[path.name] = _hash(path)
    return found


def code_differences(recorded: Mapping[str, Any], ours: Mapping[str, str]) -> list[str]:
    """What in `ours` differs from the code in a study's provenance: `f.py 1a2b, was 3c4d`."""
    theirs = recorded.get("code", {})
    return [
        f"{name} {now}, was {theirs[name]}"
        for name, now in ours.items()
        if name in theirs and theirs[name] != now
    ]


@functools.cache
def revision() -> str:
    """sweeper's version, and its git revision (`-dirty` where files are changed) if it has one."""
    described = _describe(Path(sweeper.__file__).parent)
    return f"{sweeper.__version__} {described}".strip()


def _describe(folder: Path) -> str:
    return _git(folder, "describe", "--always", "--dirty", "--abbrev=12").strip()


def _diff(folder: Path) -> str:
    diff = _git(folder, "diff", "HEAD")
    if len(diff) <= _LONGEST_DIFF:
        return diff
    return f"{counted(len(diff), 'character')}, SHA-256 {hashlib.sha256(diff.encode()).hexdigest()}"


def _git(folder: Path, *words: str) -> str:
    try:
        done = subprocess.run(
            ["git", *words], cwd=folder, capture_output=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode(errors="replace")


def _hash(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError:
        return "missing"


def _packages() -> dict[str, str]:
    """Python, and the packages that sweeper and its extras need, as far as installed."""
    found = {"python": platform.python_version()}
    try:
        needed = importlib.metadata.requires("sweeper") or []
    except importlib.metadata.PackageNotFoundError:
        needed = []
    for requirement in needed:
        name = re.split(r"[^A-Za-z0-9_.-]", requirement)[0]
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _tasks(space: Space) -> dict[str, dict[str, str]]:
    trainable = load_trainable(space)
    if not isinstance(trainable, SupportsDescription):
        return {}
    return {task: dict(trainable.describe(task)) for task in space.tasks}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor()
