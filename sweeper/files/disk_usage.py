"""Disk usage of a study, estimated from samples where it has very many files."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR

import psutil

from sweeper.paths import StudyPaths

IN_MEMORY = ("tmpfs", "ramfs")
"""File systems whose files are in memory."""


@dataclass(frozen=True)
class Sample:
    """Some of the `number` files or folders in a folder, evenly spread."""

    number: int
    some: Sequence[Path]


def usage(paths: StudyPaths, samples: Mapping[str, Sample] | None = None) -> dict[str, int]:
    """Bytes of the large parts of a study, and the `total` and number of `files` of all of it.

    Claims and the folders of functions' runs may be very many: these are estimated where `samples`
    has one of them, under the part's name.
    """
    samples = samples or {}
    counted = {
        name: _estimated(folder, samples.get(name))
        for name, folder in {
            "ledger": paths.ledger,
            "claims": paths.claims,
            "checkpoints": paths.checkpoints,
            "weights": paths.weights,
            "runs": paths.runs,
            "figures": paths.figures,
        }.items()
    }
    found = {name: size for name, (size, _) in counted.items()}
    others = [entry for entry in _scan(paths.folder) if entry.name not in counted]
    everything = [*counted.values(), *map(_measured_entry, others)]
    return found | {
        "total": sum(size for size, _ in everything),
        "files": sum(files for _, files in everything),
    }


def used(folders: Iterable[Path]) -> int:
    """Bytes in the files of `folders`; what several hard links name counts once."""
    return sum(_measured(folder)[0] for folder in folders)


def scratch_free() -> int:
    """Bytes that are left in the temporary directory of this process."""
    return shutil.disk_usage(tempfile.gettempdir()).free


def scratch_in_memory() -> bool:
    """Whether the temporary directory of this process is in memory, so that files there take it."""
    return file_system(Path(tempfile.gettempdir()).resolve())[0] in IN_MEMORY


def file_system(folder: Path) -> tuple[str, str]:
    """The type of the file system that `folder` is on, and where that is mounted."""
    mounts = {
        part.mountpoint: part.fstype
        for part in psutil.disk_partitions(all=True)
        if folder.is_relative_to(part.mountpoint)
    }
    mount = max(mounts, key=len, default="/")
    return mounts.get(mount, "a file system of unknown type"), mount


def _measured(folder: Path) -> tuple[int, int]:
    """Bytes and files below `folder`."""
    sizes: dict[int, int] = {}
    files = 0
    for entry in _files(folder):
        with suppress(FileNotFoundError):
            status = entry.stat(follow_symlinks=False)
            files += 1
            sizes[status.st_ino] = _bytes(status)
    return sum(sizes.values()), files


def _measured_entry(entry: os.DirEntry[str]) -> tuple[int, int]:
    if entry.is_dir(follow_symlinks=False):
        return _measured(Path(entry.path))
    with suppress(FileNotFoundError):
        return _bytes(entry.stat(follow_symlinks=False)), 1
    return 0, 0


def _estimated(folder: Path, sample: Sample | None) -> tuple[int, int]:
    """Bytes and files below `folder`, by its sample where that does not hold everything."""
    if sample is None or sample.number <= len(sample.some):
        return _measured(folder)
    size = files = 0.0
    for path in sample.some:
        with suppress(FileNotFoundError):
            status = path.stat()
            if S_ISDIR(status.st_mode):
                inner = _measured(path)
                size, files = size + inner[0], files + inner[1]
            else:  # one that several names share counts for each with its part
                size, files = size + _bytes(status) / status.st_nlink, files + 1
    scale = sample.number / max(1, len(sample.some))
    return round(size * scale), round(files * scale)


def _files(folder: Path) -> Iterator[os.DirEntry[str]]:
    for entry in _scan(folder):
        if entry.is_dir(follow_symlinks=False):
            yield from _files(Path(entry.path))
        else:
            yield entry


def _scan(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except (FileNotFoundError, NotADirectoryError):
        return


def _bytes(status: os.stat_result) -> int:
    """What a file takes: whole blocks, also for a few bytes."""
    return max(status.st_size, 512 * status.st_blocks)
