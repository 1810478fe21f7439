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
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import sweeper
from sweeper.ledger.lines.header import WorkerHeader
from sweeper.text import counted, few
from sweeper.trainable import own_files
from sweeper.trainable.abilities import SupportsDescription
from sweeper.trainable.loading import load_trainable

if TYPE_CHECKING:
    from sweeper.space.space import Space

_REVISIONS = ("sweeper", "project")
"""What `code` says of repositories; all else is of files."""

_LONGEST_DIFF = 200_000
"""Characters of a diff that are kept; of a longer one the hash tells."""


Words = Mapping[str, str]
"""Texts by name."""


@dataclass(frozen=True)
class Origin:
    """The code, packages and machine that a version of a study began with."""

    code: Words = field(default_factory=dict)
    """The revisions, and the hashes of all files that training runs."""
    diffs: Words = field(default_factory=dict)
    """What was changed in these repositories since."""
    packages: Words = field(default_factory=dict)
    tasks: Mapping[str, Words] = field(default_factory=dict)
    """What the agent says of each task."""
    machine: Mapping[str, Any] = field(default_factory=dict)
    source: Words = field(default_factory=dict)
    """Of an analysis the study that it is of, which weights these are, and what trained them."""

    @classmethod
    def of_json(cls, body: Mapping[str, Any]) -> Self:
        """The origin that a study's plan holds; `ValueError` or `TypeError` where it holds none."""
        known = [one.name for one in fields(cls) if one.name in body]
        return cls(**{name: dict(body[name]) for name in known})


def origin(space: Space, recorded: Iterable[str] = ()) -> Origin:
    """What is recorded when a study starts: code, packages, machine."""
    folders = {"sweeper": Path(sweeper.__file__).parent, "space": Path(space.folder)}
    diffs = {name: _diff(folder) for name, folder in folders.items()}
    return Origin(
        code=code(space, recorded),
        diffs={name: diff for name, diff in diffs.items() if diff},
        packages=dict(_packages()),
        tasks=_tasks(space),
        machine={
            "host": socket.gethostname(),
            "platform": platform.platform(),
            "processor": _processor(),
            "cores": os.cpu_count(),
        },
    )


def code(space: Space, recorded: Iterable[str] = ()) -> dict[str, str]:
    """The revisions of sweeper and of the project, and hashes of all files that training runs.

    Files that were `recorded` by name are hashed, too, wherever they lie now.
    """
    found = {"sweeper": revision()}
    project = _describe(Path(space.folder))
    if project:
        found["project"] = project
    trained = own_files.trained(space.dump())
    names = {path.name: path for path in trained.values()}
    known = {}
    for name in recorded:
        path = own_files.located(name, Path(space.folder))
        known[name] = path if path.is_file() else names.get(Path(name).name, path)
    return {**found, **own_files.hashes({**known, **trained})}


def files(code: Mapping[str, str]) -> dict[str, str]:
    """The hashes of files in what `code` gave."""
    return {name: value for name, value in code.items() if name not in _REVISIONS}


def begun_with(began: Origin, headers: Iterable[WorkerHeader]) -> dict[str, str]:
    """The code of a version by its origin; files that only running told as of who ran first."""
    found: dict[str, str] = {}
    for header in sorted(headers, key=lambda header: header.time or 0.0, reverse=True):
        found |= files(header.code)
    return {**found, **began.code}


def changed_files(space: Space, before: Mapping[str, str]) -> list[str]:
    """The files that training would run now and that differ from the code `before`."""
    known = files(before)
    return code_differences(known, code(space, known))


def edited_files(space: Space, before: Mapping[str, str]) -> list[str]:
    """The files in the code `before` that are there and differ now, by name; nothing is run."""
    before = files(before)
    paths = {name: own_files.located(name, Path(space.folder)) for name in before}
    now = own_files.hashes({name: path for name, path in paths.items() if path.is_file()})
    return [name for name in now if now[name] != before[name]]


def code_differences(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """What in the code `now` differs from that `before`: `f.py 1a2b, was 3c4d`."""
    return [
        f"{name} {found}, was {before[name]}"
        for name, found in now.items()
        if name in before and before[name] != found
    ]


def mixed(
    before: Mapping[str, str],
    headers: Mapping[str, WorkerHeader],
    workers: Sequence[str | None],
) -> str:
    """`12 of 60 runs ran with other code (mine.py changed)`; empty where none did.

    `workers` holds for each run who has it, or had it last; files count, revisions do not.
    """
    known = files(before)
    others = {name: code_differences(known, header.code) for name, header in headers.items()}
    count = sum(number for name, number in Counter(workers).items() if name and others.get(name))
    if not count:
        return ""
    lines = (line for name in set(workers) if name for line in others.get(name, ()))
    names = sorted({line.rsplit(" ", 3)[0] for line in lines})
    return f"{count} of {counted(len(workers), 'run')} ran with other code ({few(names)} changed)"


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
    """What git says there; nothing where there is no repository, which starting git would cost."""
    places = (folder, *folder.resolve().parents)
    if "GIT_DIR" not in os.environ and not any((place / ".git").exists() for place in places):
        return ""
    try:
        done = subprocess.run(
            ["git", *words], cwd=folder, capture_output=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode(errors="replace")


@functools.cache
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
