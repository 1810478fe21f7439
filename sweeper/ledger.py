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
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sweeper.paths import patiently

FORMAT = 1
"""Version of the files in a study's folder."""

Line = dict[str, Any]

_PREFIX = len('{"crc":"00000000",')


def encode(line: Mapping[str, Any]) -> bytes:
    """One ledger line, newline included."""
    text = json.dumps(line, separators=(",", ":"), ensure_ascii=False)
    body = text.encode(errors="replace")[1:]
    return b'{"crc":"%08x",' % zlib.crc32(body) + body + b"\n"


def decode(data: bytes) -> Line | None:
    """The line that `data` (without newline) holds, or `None` where its checksum does not fit."""
    try:
        if int(data[8:16], 16) != zlib.crc32(data[_PREFIX:]):
            return None
        line = json.loads(data)
    except ValueError:
        return None
    return line if isinstance(line, dict) else None


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
class _File:
    """How far one ledger file has been read, and which stretches of it did not fit."""

    path: Path
    worker: str
    offset: int = 0
    tail: int = 0
    bad: list[tuple[int, int]] = field(default_factory=list)
    changed: tuple[int, int] = (-1, -1)


@dataclass(frozen=True)
class Damage:
    """Bytes of a ledger file that hold no valid line."""

    file: str
    worker: str
    start: int
    end: int


class Reader:
    """Reads what all writers have appended since the last time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, _File] = {}

    def refresh(self) -> Iterator[tuple[str, Line]]:
        """Yields (worker, line) for every line that became readable."""
        for file in self._scan():
            yield from self._again(file)
            yield from self._onwards(file)

    def damage(self) -> list[Damage]:
        """Stretches that are invalid so far; final only once their writer is dead."""
        found = []
        for file in self._files.values():
            stretches = file.bad + ([(file.offset, file.tail)] if file.tail > file.offset else [])
            found += [Damage(file.path.name, file.worker, *stretch) for stretch in stretches]
        return found

    def _scan(self) -> list[_File]:
        due = []
        try:
            entries = sorted(os.scandir(self._folder), key=lambda entry: entry.name)
        except FileNotFoundError:
            return []
        for entry in entries:
            if not entry.name.endswith(".jsonl"):
                continue
            file = self._files.get(entry.name)
            if file is None:
                worker = entry.name.rsplit(".", 2)[0]
                file = self._files[entry.name] = _File(Path(entry.path), worker)
            try:
                status = os.stat(entry.path)
            except FileNotFoundError:
                continue
            mark = (status.st_size, status.st_mtime_ns)
            if mark != file.changed or file.bad:
                file.changed = mark
                due.append(file)
        return due

    def _again(self, file: _File) -> Iterator[tuple[str, Line]]:
        stretches, file.bad = file.bad, []
        for start, end in stretches:
            with file.path.open("rb") as handle:
                handle.seek(start)
                yield from self._lines(file, start, handle.read(end - start))

    def _onwards(self, file: _File) -> Iterator[tuple[str, Line]]:
        with file.path.open("rb") as handle:
            handle.seek(file.offset)
            data = handle.read()
        file.tail = file.offset + len(data)
        whole = data.rfind(b"\n") + 1
        start, file.offset = file.offset, file.offset + whole
        yield from self._lines(file, start, data[:whole])

    def _lines(self, file: _File, start: int, data: bytes) -> Iterator[tuple[str, Line]]:
        for piece in data.split(b"\n")[:-1]:
            end = start + len(piece) + 1
            line = decode(piece)
            if line is None:
                file.bad.append((start, end))
            else:
                yield file.worker, line
            start = end
