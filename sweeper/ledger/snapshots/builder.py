"""Builds a snapshot from the last one and the ledger lines that came after it."""

from __future__ import annotations

import json
import os
import uuid
from array import array
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from sweeper.files.atomic import replacing
from sweeper.ledger.lines.encoding import parse
from sweeper.ledger.lines.kinds import AttemptLine, EndLine, LedgerLine, ReportLine, RunLine
from sweeper.ledger.reader import Reader
from sweeper.ledger.records import Records
from sweeper.ledger.run_record import RunRecord
from sweeper.ledger.snapshots.snapshot import FORMAT, LISTS, Array, Snapshot, SnapshotRecord

_LARGEST = 2**53

Entry = tuple[int, bytes]
"""A ledger line, behind the number of its worker."""


@dataclass
class _Run:
    """The lines about a run in one generation."""

    number: int
    generation: int
    lines: list[Entry] = field(default_factory=list)
    loose: list[Entry] = field(default_factory=list)
    """Reports since the run was last seen to end: kept as they stand if it has not."""
    plain: bool = True
    """Whether columns hold all its reports."""


class _Reports:
    """Reports as columns that grow."""

    def __init__(self) -> None:
        names = ("run", "gen", "attempt", "seq", "step", "worker")
        self._numbers: dict[str, array[int]] = {name: array("q") for name in names}
        self._rows: dict[str, array[int]] = {}
        self._values: dict[str, array[float]] = {}
        self._count = 0

    def add(self, run: int, worker: int, line: ReportLine) -> None:
        """Takes one report in."""
        row = (run, line.generation, line.attempt, line.sequence, line.step, worker)
        for column, number in zip(self._numbers.values(), row, strict=True):
            column.append(number)
        for name, value in line.metrics.items():
            if name not in self._rows:
                self._rows[name], self._values[name] = array("q"), array("d")
            self._rows[name].append(self._count)
            self._values[name].append(value)
        self._count += 1

    def columns(self) -> tuple[dict[str, Array], dict[str, tuple[Array, Array]]]:
        """All of them: numbers by name, and for each metric its values and where it has one."""
        numbers = {name: np.array(values, np.int64) for name, values in self._numbers.items()}
        metrics = {}
        for name, rows in self._rows.items():
            at = np.array(rows, np.int64)
            value, has = np.zeros(self._count), np.zeros(self._count, bool)
            value[at], has[at] = np.array(self._values[name]), True
            metrics[name] = (value, has)
        return numbers, metrics


class SnapshotBuilder:
    """Reads the lines in `ledger` that came after the snapshot `base`, and builds the next one."""

    def __init__(self, ledger: Path, base: Snapshot | None) -> None:
        self._base = base or Snapshot.empty()
        self._records = Records(reports=True)
        self._runs: dict[str, _Run] = {}
        self._reports = _Reports()
        self._lists = {
            name: {text: number for number, text in enumerate(self._base.header[name])}
            for name in LISTS
        }
        self._others: list[Entry] = []
        self._base.put(self._records.runs, reports=True)
        for worker, line, piece in self._base.open:
            self._add(worker, line, piece)
        self._reader = Reader(ledger, self._base.marks)
        for worker, lines, pieces in self._reader.blocks():
            for line, piece in zip(lines, pieces, strict=True):
                self._add(worker, line, piece)

    def save(self, folder: Path) -> Path:
        """Writes the three files, `.npz` last; returns that one."""
        ended = {run: known for run, known in self._runs.items() if self._record(run).end}
        runs = self._records.runs
        keep = np.array([isinstance(runs[run], SnapshotRecord) for run in self._base.names], bool)
        file = folder / f"{self._reader.size:020d}-{uuid.uuid4().hex[:8]}.npz"
        lines, extents = self._lines(ended.values(), keep)
        reports, metrics, counts = self._counted(ended, keep)
        _save(file.with_suffix(".lines"), lines)
        _savez(file.with_suffix(".reports.npz"), reports)
        columns = {**self._properties(ended, keep), **extents, **counts}
        header = {
            "format": FORMAT,
            "files": {
                name: [mark.offset, mark.last, mark.crc, mark.bad]
                for name, mark in self._reader.marks.items()
            },
            "runs": [
                *(run for run, kept in zip(self._base.names, keep, strict=True) if kept),
                *ended,
            ],
            "open": self._open(ended),
            "metrics": metrics,
            "sizes": {
                suffix: file.with_suffix(suffix).stat().st_size
                for suffix in (".lines", ".reports.npz")
            },
            **{name: list(numbers) for name, numbers in self._lists.items()},
        }
        text = np.frombuffer(json.dumps(header).encode(), np.uint8)
        _savez(file, {"header": text, **columns})
        return file

    def _add(self, worker: str, line: LedgerLine, piece: bytes) -> None:
        number = self._number("workers", worker)
        if not isinstance(line, ReportLine | AttemptLine):
            self._others.append((number, piece))
            return
        known = self._run(line)
        if known is None:
            return
        begun = line.attempt in self._record(line.run).tries
        reports = isinstance(line, ReportLine)
        if isinstance(line, ReportLine) and begun and _storable(line):
            self._reports.add(known.number, number, line)
            known.loose.append((number, piece))
            return
        self._records.add(worker, line)
        known.lines.append((number, piece))
        known.plain = known.plain and not reports
        if isinstance(line, EndLine):
            known.loose.clear()

    def _run(self, line: RunLine) -> _Run | None:
        """The lines among which `line` belongs: none where it is of a generation before."""
        record = self._records.runs.get(line.run)
        if record is not None and line.generation < record.generation:
            return None
        known = self._runs.get(line.run)
        if known is None or known.generation < line.generation:
            number = len(self._runs) if known is None else known.number
            known = self._runs[line.run] = _Run(number, line.generation)
            if isinstance(record, SnapshotRecord) and record.generation == line.generation:
                self._again(record, known)
            self._records.record_of(line)
        return known

    def _again(self, past: SnapshotRecord, known: _Run) -> None:
        """Takes a run out of the last snapshot: more of it has become known."""
        for number, piece in past.snapshot.raw(past.row):
            known.lines.append((number, piece))
            known.plain = known.plain and not isinstance(next(parse([piece])), ReportLine)
        for worker, line in past.snapshot.points(past.row):
            self._reports.add(known.number, self._number("workers", worker), line)

    def _record(self, run: str) -> RunRecord:
        return self._records.runs[run]

    def _number(self, column: str, text: str | None) -> int:
        """The position of `text` in a list of the header's; -1 for nothing."""
        numbers = self._lists[column]
        return -1 if text is None else numbers.setdefault(text, len(numbers))

    def _open(self, ended: Mapping[str, _Run]) -> list[tuple[int, str]]:
        """All lines that are no run's, or of a run that has not ended."""
        entries = list(self._others)
        for run, known in self._runs.items():
            if run not in ended:
                entries += known.lines + known.loose
        return [(number, piece.decode()) for number, piece in entries]

    def _properties(self, ended: Mapping[str, _Run], keep: Array) -> dict[str, Array]:
        """The columns that need no reading of lines or reports."""
        records = [self._record(run) for run in ended]
        new: dict[str, list[Any]] = {
            name: [getattr(record, name) for record in records]
            for name in ("generation", "score", "value", "step", "attempts", "started", "ended")
        }
        new["state"] = [self._number("states", record.state) for record in records]
        new["worker"] = [self._number("workers", record.worker) for record in records]
        new["error"] = [self._number("errors", record.error) for record in records]
        base = self._base.columns
        return {
            name: np.concatenate([base[name][keep], np.array(values, base[name].dtype)])
            for name, values in new.items()
        }

    def _lines(self, ended: Iterable[_Run], keep: Array) -> tuple[list[bytes], dict[str, Array]]:
        """The parts of `.lines`, one an ended run, and where each begins."""
        parts = [self._base.extent(int(row)) for row in np.flatnonzero(keep)]
        for known in ended:
            parts.append(b"".join(b"%d %s\n" % entry for entry in known.lines))
        size = np.array([len(part) for part in parts], np.int64)
        return parts, {"at": np.cumsum(size) - size, "size": size}

    def _counted(
        self, ended: Mapping[str, _Run], keep: Array
    ) -> tuple[dict[str, Array], list[str], dict[str, Array]]:
        """The columns of `.reports.npz`, the metrics' names, and each run's rows among them."""
        numbers, metrics = self._reports.columns()
        order, row, plain = self._ordered(ended, numbers)
        old, base = np.repeat(keep, self._base.columns["reports"]), self._base.reports
        names = list(dict.fromkeys([*self._base.metrics, *metrics]))
        columns = {
            name: np.concatenate([base[name][old], numbers[name][order]])
            for name in ("attempt", "seq", "step", "worker")
        }
        nothing = (np.zeros(len(row)), np.zeros(len(row), bool))
        for k, name in enumerate(names):
            found = [part[order] for part in metrics[name]] if name in metrics else nothing
            for column, part, zeros in zip((f"value {k}", f"has {k}"), found, nothing, strict=True):
                before = base.get(column, np.zeros(len(old), zeros.dtype))[old]
                columns[column] = np.concatenate([before, part])
        count = np.concatenate(
            [self._base.columns["reports"][keep], np.bincount(row, minlength=len(ended))]
        )
        plain = np.concatenate([self._base.columns["plain"][keep], plain])
        return columns, names, {"first": np.cumsum(count) - count, "reports": count, "plain": plain}

    def _ordered(
        self, ended: Mapping[str, _Run], numbers: Mapping[str, Array]
    ) -> tuple[Array, Array, Array]:
        """Which new reports are kept, in what order; each one's row among `ended`; which are plain.

        The reports of a run are plain where all of them count and as they stand: one attempt, each
        step once, none behind the sequence that its end names.
        """
        place = np.full(len(self._runs), -1)
        generation = np.zeros(len(self._runs), np.int64)
        for number, known in enumerate(ended.values()):
            place[known.number], generation[known.number] = number, known.generation
        row = place[numbers["run"]]
        wanted = (row >= 0) & (generation[numbers["run"]] == numbers["gen"])
        order = np.flatnonzero(wanted)
        order = order[np.argsort(row[order], kind="stable")]
        row, seq, step = row[order], numbers["seq"][order], numbers["step"][order]
        records = [self._record(run) for run in ended]
        last = np.array(
            [record.end.sequence for record in records if record.end is not None], np.int64
        )
        plain = np.array(
            [
                known.plain and len(record.tries) == 1
                for known, record in zip(ended.values(), records, strict=True)
            ],
            bool,
        )
        same = row[1:] == row[:-1]
        falls = same & ((seq[1:] <= seq[:-1]) | (step[1:] <= step[:-1]))
        plain[row[1:][falls]] = False
        plain[row[seq > last[row]]] = False
        return order, row, plain


def _storable(line: ReportLine) -> bool:
    """Whether columns can hold this report exactly."""
    return _whole(line.step) and all(
        type(value) is float or _whole(value) for value in line.metrics.values()
    )


def _whole(value: Any) -> bool:
    return type(value) is int and abs(value) < _LARGEST


def _save(file: Path, parts: Iterable[bytes]) -> None:
    with _durable(file) as opened:
        opened.writelines(parts)


def _savez(file: Path, arrays: Mapping[str, Array]) -> None:
    with _durable(file) as opened:
        np.savez(opened, **arrays)  # type: ignore[arg-type]


@contextmanager
def _durable(file: Path) -> Iterator[BinaryIO]:
    """A temporary file that is forced to the disk and renamed to `file`."""
    with replacing(file) as new, new.open("wb") as opened:
        yield opened
        opened.flush()
        os.fsync(opened.fileno())
