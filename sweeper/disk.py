"""How much disk a study uses, told quickly however many files it has."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from sweeper.paths import StudyPaths

_SAMPLED = 256
"""Of more claims, or folders of runs, than this only so many are measured, evenly spread."""


def usage(paths: StudyPaths) -> dict[str, int]:
    """Bytes of the large parts of a study, and the `total` and number of `files` of all of it.

    Claims and the folders of functions' runs, which may be very many, are estimated from a sample.
    """
    counted = {
        "ledger": _measured(paths.ledger),
        "claims": _claims(paths.claims),
        "checkpoints": _measured(paths.checkpoints),
        "weights": _measured(paths.weights),
        "runs": _runs(paths.runs),
        "figures": _measured(paths.figures),
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


def _claims(folder: Path) -> tuple[int, int]:
    """Bytes and files of claims: their numbers tell which are one file, a sample how long it is."""
    entries = list(_scan(folder))
    inodes = {entry.inode(): entry for entry in entries}
    sizes = []
    for entry in _sample(list(inodes.values())):
        with suppress(FileNotFoundError):
            sizes.append(_bytes(entry.stat(follow_symlinks=False)))
    return _scaled(sum(sizes), len(sizes), len(inodes)), len(entries)


def _runs(folder: Path) -> tuple[int, int]:
    """Bytes and files of the runs' folders."""
    folders = list(_scan(folder))
    sample = [_measured(Path(entry.path)) for entry in _sample(folders)]
    size, files = (sum(column) for column in zip(*sample, strict=True)) if sample else (0, 0)
    number, whole = len(sample), len(folders)
    return _scaled(size, number, whole), _scaled(files, number, whole)


def _sample(entries: list[os.DirEntry[str]]) -> list[os.DirEntry[str]]:
    return entries[:: -(-len(entries) // _SAMPLED) or 1]


def _scaled(sum_of_sample: int, sampled: int, whole: int) -> int:
    return round(sum_of_sample * whole / sampled) if sampled else 0


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
