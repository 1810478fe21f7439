"""Writes a new snapshot when the last one lacks much of the ledger."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sweeper.files.atomic import remove
from sweeper.ledger.damage import DamagedFile, damaged_file
from sweeper.ledger.reader import Reader, names
from sweeper.ledger.snapshots.builder import SnapshotBuilder
from sweeper.ledger.snapshots.snapshot import Damaged, Snapshot
from sweeper.paths import StudyPaths

LEAST_BYTES = 4 << 20
"""Less than that is read again in no time."""


def current(paths: StudyPaths) -> Snapshot | None:
    """The snapshot to read first: a new one if the last lacks much and a new one can be written."""
    past = load(paths)
    if written(paths) - (past.size if past else 0) < LEAST_BYTES:
        return past
    return write(paths) or past


def keep_up(paths: StudyPaths, reader: Reader) -> None:
    """Writes a snapshot now and then while a study goes on, on behalf of who has read so far.

    Each covers half more than the one before: all together cost no more than a few readings.
    """
    if reader.size - reader.looked < LEAST_BYTES:
        return
    reader.looked = reader.size
    covered = max((_covers(file) for file in newest(paths.snapshots)), default=0)
    if reader.size - covered >= max(LEAST_BYTES, covered // 2):
        write(paths)


def written(paths: StudyPaths) -> int:
    """How many bytes the ledger files have."""
    size = 0
    for name in names(paths.ledger):
        with suppress(FileNotFoundError):
            size += os.stat(paths.ledger / name).st_size
    return size


def write(paths: StudyPaths) -> Snapshot | None:
    """Writes a snapshot of all that the ledger says now and removes those before it.

    `None` where the folder cannot be written to, or somebody else is at it.
    """
    try:
        paths.snapshots.mkdir(exist_ok=True)
        with writing_alone(paths.snapshots) as alone:
            return _write(paths) if alone else None
    except OSError:
        return None


def tidy(paths: StudyPaths) -> None:
    """Removes snapshots that were never finished, unless somebody writes one now."""
    with suppress(OSError), writing_alone(paths.snapshots) as alone:
        whole = {file.stem for file in newest(paths.snapshots)} if alone else set()
        for file in paths.snapshots.iterdir() if alone else ():
            if file.name != _LOCK and file.name.split(".")[0] not in whole:
                remove(file)


def _write(paths: StudyPaths) -> Snapshot | None:
    try:
        file = SnapshotBuilder(paths.ledger, load(paths)).save(paths.snapshots)
    except Damaged:  # it is a cache: all is read again
        file = SnapshotBuilder(paths.ledger, None).save(paths.snapshots)
    for old in paths.snapshots.iterdir():
        if old.name.split(".")[0] != file.stem and old.name != _LOCK:
            remove(old)
    return load(paths)


_LOCK = ".lock"


@contextmanager
def writing_alone(folder: Path) -> Iterator[bool]:
    """Whether nobody else writes a snapshot here; nothing but time is lost where two do."""
    with (folder / _LOCK).open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _covers(file: Path) -> int:
    """How many bytes a snapshot covers, by its name."""
    try:
        return int(file.stem.split("-")[0])
    except ValueError:
        return 0


def newest(folder: Path) -> list[Path]:
    """The snapshots in `folder`, those that cover most first."""
    try:
        files = [name for name in os.listdir(folder) if _is_snapshot(name)]
    except OSError:
        return []
    return [folder / name for name in sorted(files, reverse=True)]


def load(paths: StudyPaths) -> Snapshot | None:
    """The snapshot that covers most of the ledger, and matches it."""
    for file in newest(paths.snapshots):
        try:
            found = Snapshot.read(file)
        except Exception:  # a cache, of which any byte may be another: it is passed over
            continue
        if found.matches(paths.ledger):
            return found
    return None


def damaged(paths: StudyPaths) -> Iterator[DamagedFile]:
    """Snapshots that cannot be read; nothing is lost by that."""
    lost = "nothing is lost, as it is a cache: it is written anew, and may be removed"
    for file in newest(paths.snapshots):
        try:
            Snapshot.read(file)
        except FileNotFoundError:  # a newer one has taken its place
            continue
        except Exception:
            yield damaged_file("snapshots", file.name, "is damaged", lost)


def _is_snapshot(name: str) -> bool:
    return name.endswith(".npz") and not name.startswith(".") and ".reports." not in name
