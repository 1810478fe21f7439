"""Tests the operations that claims and checkpoints need on the file system of the studies."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from sweeper.doctor import probe
from sweeper.doctor.finding import Finding
from sweeper.files.disk_usage import IN_MEMORY, file_system

_SLOW_S = 0.1

_ADVICE = "put the studies on another file system (root=)"


def checked(root: Path) -> Iterator[Finding]:
    """Tries what claims, ends and checkpoints rest on, in a folder that is removed again."""
    place = existing(root)
    kind, mount = file_system(place)
    yield Finding("ok", f"{root} is on {kind}, mounted at {mount}")
    if kind in IN_MEMORY:
        yield Finding("warning", f"{root} is in memory: studies go with this machine", _ADVICE)
    try:
        with tempfile.TemporaryDirectory(prefix=".doctor-", dir=place) as folder:
            for name, check in _CHECKS.items():
                yield _tried(name, check, Path(folder))
    except OSError as error:
        wrong = f"cannot write to {place}: {error.strerror}"
        yield Finding("problem", wrong, "choose a folder that you may write to (root=)")


def existing(root: Path) -> Path:
    """`root`, or the nearest folder above it that exists."""
    root = root.resolve()
    return next(folder for folder in (root, *root.parents) if folder.is_dir())


def _tried(name: str, check: Callable[[Path], str], folder: Path) -> Finding:
    begin = time.monotonic()
    try:
        wrong = check(folder)
    except OSError as error:
        wrong = error.strerror or str(error)
    took = time.monotonic() - begin
    if wrong:
        return Finding("problem", f"{name}: {wrong}", _ADVICE)
    if took > _SLOW_S:
        slow = f"{name}: works, but took {1000 * took:.0f} ms"
        return Finding("warning", slow, "expect slow claims; many short runs want packs")
    return Finding("ok", f"{name}: works")


def _exclusive(folder: Path) -> str:
    probe.creates(folder / "a")
    return "a file could be made twice" if probe.creates(folder / "a") else ""


def _link(folder: Path) -> str:
    (folder / "b").write_text("b")
    (folder / "c").write_text("c")
    probe.links(folder / "b", folder / "d")
    if (folder / "d").stat().st_nlink != 2:
        return "two names of a file do not count as two"
    return "a name could be linked twice" if probe.links(folder / "c", folder / "d") else ""


def _rename(folder: Path) -> str:
    (folder / "e").write_text("new")
    (folder / "f").write_text("old")
    os.replace(folder / "e", folder / "f")
    return "" if (folder / "f").read_text() == "new" else "the old file stayed"


def _fsync(folder: Path) -> str:
    descriptor = os.open(folder / "g", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, b"line\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return ""


_CHECKS = {"O_EXCL": _exclusive, "link(2)": _link, "rename(2)": _rename, "fsync(2)": _fsync}
