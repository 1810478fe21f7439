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
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import sweeper
from sweeper.text import counted
from sweeper.trainable.contract import SupportsDescription
from sweeper.trainable.loading import load_trainable

if TYPE_CHECKING:
    from sweeper.space.space import Space

_LONGEST_DIFF = 200_000
"""Characters of a diff that are kept; of a longer one the hash tells."""


Words = Mapping[str, str]
"""Texts by name."""


@dataclass(frozen=True)
class Origin:
    """The code, packages and machine that a version of a study began with."""

    code: Words = field(default_factory=dict)
    """The revisions, and the hashes of the files that the space names."""
    diffs: Words = field(default_factory=dict)
    """What was changed in these repositories since."""
    packages: Words = field(default_factory=dict)
    tasks: Mapping[str, Words] = field(default_factory=dict)
    """What the agent says of each task."""
    machine: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of_json(cls, body: Mapping[str, Any]) -> Self:
        """The origin that a study's plan holds; `ValueError` or `TypeError` where it holds none."""
        known = [one.name for one in fields(cls) if one.name in body]
        return cls(**{name: dict(body[name]) for name in known})


def origin(space: Space) -> Origin:
    """What is recorded when a study starts: code, packages, machine."""
    folders = {"sweeper": Path(sweeper.__file__).parent, "space": Path(space.folder)}
    diffs = {name: _diff(folder) for name, folder in folders.items()}
    return Origin(
        code=code(space),
        diffs={name: diff for name, diff in diffs.items() if diff},
        packages=_packages(),
        tasks=_tasks(space),
        machine={
            "host": socket.gethostname(),
            "platform": platform.platform(),
            "processor": _processor(),
            "cores": os.cpu_count(),
        },
    )


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


def code_differences(theirs: Words, ours: Words) -> list[str]:
    """What in `ours` differs from the code that a study began with: `f.py 1a2b, was 3c4d`."""
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
