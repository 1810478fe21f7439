"""Reads all ledger files incrementally, each byte once, even if damaged or still being written.

Only lines whose checksum fits are taken. A stretch of bytes that holds none is passed over and read
again each time, until it fits: on a network file system the end of a file may become valid later.
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sweeper.ledger.lines.encoding import fits, parse
from sweeper.ledger.lines.kinds import LedgerLine
from sweeper.paths import StudyPaths

_NAME = re.compile(r"[.]\d+[.]jsonl$")
_BLOCK = 1 << 23
"""Bytes that are read at a time."""


@dataclass
class Mark:
    """How far one ledger file has been read, and which stretches of it did not fit."""

    offset: int = 0
    last: int = 0
    """Where the last line before `offset` begins."""
    crc: int = 0
    """The CRC-32 of that line's bytes."""
    bad: list[tuple[int, int]] = field(default_factory=list)

    def add(self, start: int, end: int) -> None:
        """Takes note of a stretch; two that touch may be one line with a newline in it."""
        for number, (first, last) in enumerate(self.bad):
            if last == start or end == first:
                del self.bad[number]
                return self.add(min(first, start), max(last, end))
        self.bad = sorted([*self.bad, (start, end)])
        return None

    def fits(self, path: Path) -> bool:
        """Whether the file still holds that last line there."""
        try:
            with path.open("rb") as handle:
                handle.seek(self.last)
                data = handle.read(self.offset - self.last)
        except OSError:
            return False
        return len(data) == self.offset - self.last and zlib.crc32(data) == self.crc


@dataclass
class _File:
    """A ledger file as its reader knows it."""

    path: Path
    worker: str
    mark: Mark
    tail: int = 0
    changed: tuple[int, int] = (-1, -1)


@dataclass(frozen=True)
class Damage:
    """Bytes of a ledger file that hold no valid line."""

    file: str
    worker: str
    start: int
    end: int
    inside: bool = field(default=False, compare=False)
    """Whether whole lines follow it."""


class Reader:
    """Reads what all writers have appended since the last time, or behind `marks` of its files."""

    def __init__(self, folder: Path, marks: Mapping[str, Mark] | None = None) -> None:
        self._folder = folder
        self._files: dict[str, _File] = {}
        self.size = sum(mark.offset for mark in (marks or {}).values())
        """How many bytes of all files have been read."""
        self.looked = self.size
        """That number when somebody last looked whether a snapshot is due."""
        for name, mark in (marks or {}).items():
            own = Mark(mark.offset, mark.last, mark.crc, list(mark.bad))
            self._files[name] = _File(folder / name, owner(name), own, mark.offset)

    @property
    def marks(self) -> dict[str, Mark]:
        """How far each file has been read."""
        return {name: file.mark for name, file in self._files.items()}

    def refresh(self) -> Iterator[tuple[str, LedgerLine]]:
        """Yields (worker, line) for every line that became readable."""
        for worker, lines, _ in self.blocks():
            for line in lines:
                yield worker, line

    def blocks(self) -> Iterator[tuple[str, Iterator[LedgerLine], list[bytes]]]:
        """The same in blocks: a worker, its next lines, and the bytes of each."""
        for file in self._scan():
            with suppress(FileNotFoundError, IsADirectoryError):
                yield from self._again(file)
                yield from self._onwards(file)

    def damage(self) -> list[Damage]:
        """Stretches that are invalid so far; final only once their writer is dead."""
        found = []
        for name, file in self._files.items():
            end = file.mark.offset
            stretches = file.mark.bad + ([(end, file.tail)] if file.tail > end else [])
            found += [
                Damage(name, file.worker, *stretch, stretch[1] < end) for stretch in stretches
            ]
        return found

    def _scan(self) -> list[_File]:
        due = []
        for name in names(self._folder):
            path = self._folder / name
            file = self._files.get(name)
            if file is None:
                file = self._files[name] = _File(path, owner(name), Mark())
            try:
                status = os.stat(path)
            except FileNotFoundError:
                continue
            changed = (status.st_size, status.st_mtime_ns)
            if changed != file.changed or file.mark.bad or file.tail > file.mark.offset:
                file.changed = changed
                due.append(file)
        return due

    def _again(self, file: _File) -> Iterator[tuple[str, Iterator[LedgerLine], list[bytes]]]:
        if not file.mark.bad:
            return
        with file.path.open("rb") as handle:
            stretches, file.mark.bad = file.mark.bad, []
            for start, end in stretches:
                handle.seek(start)
                yield self._block(file, start, end, handle.read(end - start))

    def _onwards(self, file: _File) -> Iterator[tuple[str, Iterator[LedgerLine], list[bytes]]]:
        """A block at a time; a line longer than that is read with the next."""
        mark, size = file.mark, _BLOCK
        with file.path.open("rb") as handle:
            while True:
                handle.seek(mark.offset)
                data = handle.read(size)
                file.tail = mark.offset + len(data)
                whole = data.rfind(b"\n") + 1
                if whole:
                    start, mark.offset = mark.offset, mark.offset + whole
                    mark.last = start + data.rfind(b"\n", 0, whole - 1) + 1
                    self.size += whole
                    mark.crc = zlib.crc32(data[mark.last - start : whole])
                    yield self._block(file, start, mark.offset, data[:whole])
                if len(data) < size:
                    return
                size = _BLOCK if whole else 2 * size

    def _block(
        self, file: _File, start: int, stop: int, data: bytes
    ) -> tuple[str, Iterator[LedgerLine], list[bytes]]:
        """The lines in `data`, which stands from `start` on; up to `stop` the rest is damaged.

        Bytes behind the last newline are damaged too: `stop` was the end of a line, and its newline
        may be garbled or cut off by now.
        """
        pieces = []
        for piece in data.split(b"\n")[:-1]:
            end = start + len(piece) + 1
            if fits(piece):
                pieces.append(piece)
            else:
                file.mark.add(start, end)
            start = end
        if start < stop:
            file.mark.add(start, stop)
        return file.worker, parse(pieces), pieces


def names(folder: Path) -> list[str]:
    """The ledger files in `folder`, sorted; no worker writes one whose name is not UTF-8."""
    return sorted(n for n in listed(folder) if n.endswith(".jsonl") and is_text(n))


def listed(folder: Path) -> list[str]:
    """All names in `folder`; none where it is no folder."""
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []


def is_text(name: str) -> bool:
    """Whether the name of a file is UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def missing(paths: StudyPaths) -> list[str]:
    """Ledger files that are gone: each worker that has a beat must have files from number 0 on."""
    there = names(paths.ledger)
    last = {owner(name): int(name.split(".")[-2]) for name in there if _NAME.search(name)}
    last = dict.fromkeys(filter(is_text, listed(paths.beats)), 0) | last
    wanted = [f"{worker}.{k}.jsonl" for worker, most in last.items() for k in range(most + 1)]
    return sorted(set(wanted) - set(there))


def owner(name: str) -> str:
    """Whose file it is."""
    return name.rsplit(".", 2)[0]
