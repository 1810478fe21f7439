"""The append-only record of all that happened in a study.

Every writer process owns one file `ledger/<worker>.<k>.jsonl` that nobody else writes. Each line is
a JSON object that begins with the CRC-32 of the rest of it, and names what it speaks of: run,
generation, attempt and the sequence number within the attempt. A reader never trusts a byte that
its checksum does not cover, and never stops at one.
"""

from __future__ import annotations

import errno
import json
import os
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sweeper.errors import SweeperError
from sweeper.files.atomic import patiently
from sweeper.paths import StudyPaths

FORMAT = 1
"""Version of the files in a study's folder."""

Line = dict[str, Any]

_BEGIN = b'{"crc":"'
_PREFIX = len('{"crc":"00000000",')
_NAME = re.compile(r"[.]\d+[.]jsonl$")
_BLOCK = 1 << 23
"""Bytes that are read at a time."""


def check_format(found: int, what: str) -> None:
    """`SweeperError` unless this sweeper reads `what`, which is of the format `found`."""
    if found > FORMAT:
        raise SweeperError(
            f"{what} was written by a newer sweeper (format {found}, this one reads {FORMAT}): "
            "upgrade sweeper"
        )
    if found < FORMAT:
        raise SweeperError(f"{what} is of format {found}; this sweeper reads {FORMAT} alone")


def encode(line: Mapping[str, Any]) -> bytes:
    """One ledger line, newline included."""
    text = json.dumps(line, separators=(",", ":"), ensure_ascii=False)
    body = text.encode(errors="replace")[1:]
    return b'{"crc":"%08x",' % zlib.crc32(body) + body + b"\n"


def decode(data: bytes) -> Line | None:
    """The line that `data` (without newline) holds, or `None` where its checksum does not fit."""
    return parse([data])[0] if fits(data) else None


class Writer:
    """Appends to the ledger files of one worker; `header` begins each of them."""

    def __init__(self, folder: Path, worker: str, header: Mapping[str, Any]) -> None:
        self.worker = worker
        self._folder = folder
        self._header = {"kind": "header", "format": FORMAT, "worker": worker, **header}
        self._files = 0
        self._descriptor: int | None = None
        self.write([])

    def write(self, lines: Sequence[Mapping[str, Any]], *, sync: bool = False) -> None:
        """Appends `lines` by one write(2); `sync` forces them to the disk.

        After a short write or a full disk it goes on in a new file, and waits there for space up
        to ten minutes. A line may then stand in both files; its sequence number tells.
        """
        data = b"".join(map(encode, lines))
        patiently(lambda: self._append(data, sync), self._folder)

    def close(self) -> None:
        """Writes the closing line: nothing follows it."""
        if self._descriptor is not None:
            self.write([{"kind": "close"}])
            self._leave()

    def _append(self, data: bytes, sync: bool) -> None:
        try:
            if self._descriptor is None or os.fstat(self._descriptor).st_nlink == 0:
                data, sync = self._open() + data, True
            assert self._descriptor is not None
            if data and os.write(self._descriptor, data) != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if sync:
                os.fsync(self._descriptor)
        except OSError:
            self._leave()
            raise

    def _open(self) -> bytes:
        """Opens the next file, also where somebody removed the last; returns its first line."""
        self._leave()
        name = f"{self.worker}.{self._files}.jsonl"
        self._files += 1
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND
        self._descriptor = os.open(self._folder / name, flags, 0o666)
        return encode(self._header)

    def _leave(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


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
            self._files[name] = _File(folder / name, _writer(name), own, mark.offset)

    @property
    def marks(self) -> dict[str, Mark]:
        """How far each file has been read."""
        return {name: file.mark for name, file in self._files.items()}

    def refresh(self) -> Iterator[tuple[str, Line]]:
        """Yields (worker, line) for every line that became readable."""
        for worker, lines, _ in self.blocks():
            for line in lines:
                yield worker, line

    def blocks(self) -> Iterator[tuple[str, list[Line], list[bytes]]]:
        """The same in blocks: a worker, its next lines, and the bytes of each."""
        for file in self._scan():
            with suppress(FileNotFoundError):
                yield from self._again(file)
                yield from self._onwards(file)

    def damage(self) -> list[Damage]:
        """Stretches that are invalid so far; final only once their writer is dead."""
        found = []
        for name, file in self._files.items():
            end = file.mark.offset
            stretches = file.mark.bad + ([(end, file.tail)] if file.tail > end else [])
            found += [Damage(name, file.worker, *stretch) for stretch in stretches]
        return found

    def _scan(self) -> list[_File]:
        due = []
        for name in names(self._folder):
            path = self._folder / name
            file = self._files.get(name)
            if file is None:
                file = self._files[name] = _File(path, _writer(name), Mark())
            try:
                status = os.stat(path)
            except FileNotFoundError:
                continue
            changed = (status.st_size, status.st_mtime_ns)
            if changed != file.changed or file.mark.bad or file.tail > file.mark.offset:
                file.changed = changed
                due.append(file)
        return due

    def _again(self, file: _File) -> Iterator[tuple[str, list[Line], list[bytes]]]:
        if not file.mark.bad:
            return
        with file.path.open("rb") as handle:
            stretches, file.mark.bad = file.mark.bad, []
            for start, end in stretches:
                handle.seek(start)
                yield self._block(file, start, end, handle.read(end - start))

    def _onwards(self, file: _File) -> Iterator[tuple[str, list[Line], list[bytes]]]:
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
    ) -> tuple[str, list[Line], list[bytes]]:
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
    """The ledger files in `folder`, sorted."""
    try:
        return sorted(name for name in os.listdir(folder) if name.endswith(".jsonl"))
    except FileNotFoundError:
        return []


def missing(paths: StudyPaths) -> list[str]:
    """Ledger files that were there once: every worker that has a beat began one, from 0 on."""
    there = names(paths.ledger)
    last = {_writer(name): int(name.split(".")[-2]) for name in there if _NAME.search(name)}
    with suppress(FileNotFoundError):
        last = dict.fromkeys(os.listdir(paths.beats), 0) | last
    wanted = [f"{worker}.{k}.jsonl" for worker, most in last.items() for k in range(most + 1)]
    return sorted(set(wanted) - set(there))


def fits(data: bytes) -> bool:
    """Whether `data` (without newline) is a line by its checksum."""
    try:
        whole = data[:8] == _BEGIN and len(data) > _PREFIX
        return whole and int(data[8:16], 16) == zlib.crc32(data[_PREFIX:])
    except ValueError:
        return False


def parse(pieces: Sequence[bytes]) -> list[Line]:
    """The lines that `pieces` hold, whose checksums fit; all at once takes half the time."""
    lines: list[Line] = json.loads(b"[%s]" % b",".join(pieces))
    return lines


def _writer(name: str) -> str:
    """Whose file it is."""
    return name.rsplit(".", 2)[0]
