"""Files that appear whole or not at all, on disks that may be full."""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from sweeper.errors import SweeperError, shown
from sweeper.files import temporary

T = TypeVar("T")


PATIENCE_S = 600.0
"""For how long a full disk is waited for."""


_FULL = {errno.ENOSPC, errno.EDQUOT}


def check_out(out: Path, endings: Sequence[str]) -> None:
    """`SweeperError` unless `out` ends in one of `endings` and its folder exists."""
    if out.suffix not in endings:
        valid = endings[0] if len(endings) == 1 else f"one of {', '.join(endings)}"
        raise SweeperError(f"out= must end in {valid}, but got {shown(str(out))}")
    if out.is_dir() or not out.parent.is_dir():
        raise SweeperError(
            f"out= must name a file in a folder that exists, but got {shown(str(out))}"
        )
    if not os.access(out.parent, os.W_OK):
        raise SweeperError(f"out= must name a file in a folder that you may write to: {out.parent}")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary name beside `path`; its file becomes `path` unless something is raised."""
    new = temporary.beside(path)
    try:
        yield new
        try:
            os.replace(new, path)
        except IsADirectoryError as error:
            raise SweeperError(f"{path} is a folder where a file should be: remove it") from error
    finally:
        new.unlink(missing_ok=True)


def write_durably(path: Path, data: bytes | memoryview) -> None:
    """Writes `data` under a temporary name, forces it to the disk and renames it to `path`."""
    with replacing(path) as new:
        write_synced(new, data)


def write_synced(path: Path, data: bytes | memoryview) -> None:
    """Writes `data` to `path` and forces it to the disk; `OSError` where only a part fits."""
    with opened_synced(path) as descriptor:
        write_all(descriptor, data)


@contextmanager
def opened_synced(path: Path) -> Iterator[int]:
    """Opens `path` anew to write to it; what was written is forced to the disk at the end."""
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o666)
    try:
        yield descriptor
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, data: bytes | bytearray | memoryview) -> None:
    """Writes all of `data` to an open file; `OSError` where only a part fits."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def disk_is_full(error: OSError) -> bool:
    """Whether `error` says that a disk or a quota is full."""
    return error.errno in _FULL


def patiently(write: Callable[[], T], folder: Path) -> T:
    """Calls `write` until it finds space, for ten minutes; `SweeperError` where it finds none."""
    deadline, pause = time.monotonic() + PATIENCE_S, 0.1
    while True:
        try:
            return write()
        except OSError as error:
            if not disk_is_full(error):
                raise SweeperError(f"cannot write to {folder}: {error.strerror}") from error
            if time.monotonic() > deadline:
                raise SweeperError(f"the disk under {folder} is full: free some space") from error
        time.sleep(pause)
        pause = min(2 * pause, 30.0)


def link_first(name: Path, data: bytes) -> bool:
    """Writes `data` to a new file and links it to `name`; whether nobody had done so before.

    The file is on the disk before its name is. A network file system that asks its server twice may
    say of our own link that it is there already.
    """
    if name.exists():
        return False
    new = temporary.beside(name)
    try:
        write_synced(new, data)
        os.link(new, name)
    except FileExistsError:
        return os.path.samefile(new, name)
    finally:
        new.unlink(missing_ok=True)
    return True


def sync_folder(folder: Path) -> None:
    """Forces the names in `folder` to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(path: Path) -> None:
    """Removes a file, or a folder that stands in its place, with all in it, if it is there."""
    try:
        path.unlink(missing_ok=True)
    except (IsADirectoryError, PermissionError):  # the latter on macOS
        if not path.is_dir():
            raise
        shutil.rmtree(path)
