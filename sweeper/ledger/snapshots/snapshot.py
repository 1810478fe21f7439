"""Snapshots: caches of what is final in a ledger, so that nobody reads it all again.

A snapshot is three files of one stem. `.npz` holds a header (which ledger files it covers and how
far, and the lines about runs that have not ended) and a column for each property of the runs that
have; `.lines` holds their ledger lines but for the reports; `.reports.npz` the reports, as columns.
The last two are read when somebody asks for them. A folder of Parquet files would hold the same,
but importing their reader takes longer than `status` may.

Nothing depends on a snapshot: one that does not match the ledger files is passed over.
"""

from __future__ import annotations

import json
import os
import weakref
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sweeper.errors import SweeperError
from sweeper.ledger.lines.encoding import fits, parse
from sweeper.ledger.lines.kinds import EndLine, LedgerLine, ReportLine
from sweeper.ledger.reader import Mark
from sweeper.ledger.records import Records
from sweeper.ledger.run_record import Attempt, RunRecord

FORMAT = 1
"""Version of these files; others are passed over."""

Array = npt.NDArray[Any]

COLUMNS = {
    "generation": np.int64,
    "state": np.int16,
    "score": np.float64,
    "value": np.float64,
    "step": np.int64,
    "attempts": np.int32,
    "worker": np.int32,
    "started": np.float64,
    "ended": np.float64,
    "error": np.int32,
    "plain": np.bool_,
    "at": np.int64,
    "size": np.int64,
    "first": np.int64,
    "reports": np.int64,
}
"""What is known of each ended run: `state`, `worker` and `error` are positions in the header's
lists (-1 for none), NaN is none; `at` and `size` bytes of `.lines`, `first` and `reports` rows of
`.reports.npz`; `plain` where each of these rows counts as it stands."""

LISTS = ("states", "workers", "errors")
"""The header's lists."""


class Damaged(SweeperError):
    """Raised where a part of a snapshot that is read late turns out to be damaged."""

    exit_code = 1

    def __init__(self, file: Path) -> None:
        super().__init__(
            f"{file} is damaged; nothing is lost, as it is a cache: remove {file.parent}"
        )


class Snapshot:
    """A snapshot that was opened: its files may be removed while it is in use."""

    def __init__(
        self, header: dict[str, Any], columns: dict[str, Array], file: Path = Path()
    ) -> None:
        self.header = header
        self._file = file
        self.columns = columns
        self.marks = {
            name: Mark(offset, last, crc, [(start, end) for start, end in bad])
            for name, (offset, last, crc, bad) in header["files"].items()
        }
        self.names: list[str] = header["runs"]
        self.keeps_reports = True
        self._files: dict[str, int] = {}
        self._listed: dict[str, list[Any]] = {}

    @staticmethod
    def read(file: Path) -> Snapshot:
        """The snapshot in `file`; raises `ValueError` or its like where that is torn."""
        with file.open("rb") as opened, np.load(opened) as arrays:
            header = json.loads(arrays["header"].tobytes())
            if header["format"] != FORMAT:
                raise ValueError(f"{file.name} is of another format")
            found = Snapshot(header, {name: arrays[name] for name in COLUMNS}, file)
        for suffix, size in header["sizes"].items():
            descriptor = found._files[suffix] = os.open(file.with_suffix(suffix), os.O_RDONLY)
            weakref.finalize(found, os.close, descriptor)
            if os.fstat(descriptor).st_size != size:
                raise ValueError(f"{file.name} is torn")
        return found

    @staticmethod
    def empty() -> Snapshot:
        """What the first one is made from."""
        lists: dict[str, Any] = {name: [] for name in ("runs", "open", "metrics", *LISTS)}
        columns: dict[str, Array] = {name: np.array([], kind) for name, kind in COLUMNS.items()}
        return Snapshot({"files": {}, **lists}, columns)

    def matches(self, ledger: Path) -> bool:
        """Whether the ledger files are there and still hold what was covered of them."""
        return all(mark.fits(ledger / name) for name, mark in self.marks.items())

    @property
    def size(self) -> int:
        """How many bytes of ledger files it covers."""
        return sum(mark.offset for mark in self.marks.values())

    def put(self, runs: dict[str, RunRecord], *, reports: bool) -> None:
        """Puts the ended runs into `runs`; only with `reports` they know theirs."""
        self.keeps_reports = reports
        for row, run in enumerate(self.names):
            runs[run] = SnapshotRecord(self, row, run)
        for row in np.flatnonzero(self.columns["generation"]).tolist():
            runs[self.names[row]].generation = self.cell("generation", row)

    @property
    def open(self) -> Iterator[tuple[str, LedgerLine, bytes]]:
        """All other lines, with their workers and as they stand in the ledger."""
        for worker, text in self.header["open"]:
            piece = text.encode()
            yield self.header["workers"][worker], next(parse([piece])), piece

    def cell(self, column: str, row: int) -> Any:
        """One number of a column."""
        if column not in self._listed:
            self._listed[column] = self.columns[column].tolist()
        return self._listed[column][row]

    def named(self, column: str, row: int) -> Any:
        """What a number of the columns `state`, `worker` or `error` stands for; `None` for -1."""
        number = self.cell(column, row)
        return None if number < 0 else self.header[f"{column}s"][number]

    def lines(self, row: int) -> Iterator[tuple[str, LedgerLine]]:
        """All lines about an ended run but for its reports, with their workers."""
        for worker, data in self.raw(row):
            yield self.header["workers"][worker], next(parse([data]))

    def raw(self, row: int) -> Iterator[tuple[int, bytes]]:
        """These lines as they stand in the ledger, with their workers' numbers."""
        for entry in self.extent(row).split(b"\n")[:-1]:
            worker, _, data = entry.partition(b" ")
            if not worker.isdigit() or not fits(data):
                raise Damaged(self._file.with_suffix(".lines"))
            yield int(worker), data

    def extent(self, row: int) -> bytes:
        """What `.lines` holds of a run."""
        return os.pread(self._files[".lines"], self.cell("size", row), self.cell("at", row))

    @cached_property
    def reports(self) -> dict[str, Array]:
        """The columns of all reports: attempt, seq, step, worker, a pair of columns a metric."""
        if not self._files:
            return {name: np.array([], np.int64) for name in ("attempt", "seq", "step", "worker")}
        opened = os.fdopen(os.dup(self._files[".reports.npz"]), "rb")
        opened.seek(0)
        try:
            with opened, np.load(opened) as arrays:
                return {name: arrays[name] for name in arrays.files}
        except Exception as error:
            raise Damaged(self._file.with_suffix(".reports.npz")) from error

    @property
    def metrics(self) -> list[str]:
        """The metrics in `reports`: number k has the columns `value k` and `has k`."""
        return list(self.header["metrics"])

    def points(self, row: int) -> Iterator[tuple[str, ReportLine]]:
        """All reports of an ended run as ledger lines, with their workers."""
        first, count = self.cell("first", row), self.cell("reports", row)
        run, generation = self.names[row], self.cell("generation", row)
        columns = {name: a[first : first + count].tolist() for name, a in self.reports.items()}
        for i in range(count):
            attempt, sequence, step = (columns[name][i] for name in ("attempt", "seq", "step"))
            metrics = {
                name: columns[f"value {k}"][i]
                for k, name in enumerate(self.metrics)
                if columns[f"has {k}"][i]
            }
            line = ReportLine(run, generation, attempt, sequence, step, metrics)
            yield self.header["workers"][columns["worker"][i]], line


class SnapshotRecord(RunRecord):
    """An ended run as a snapshot holds it: what its columns lack is read when it is asked for."""

    def __init__(self, snapshot: Snapshot, row: int, run: str) -> None:
        self.snapshot = snapshot
        self.row = row
        self.run = run

    def whole(self, runs: dict[str, RunRecord]) -> RunRecord:
        """The record as its ledger lines make it, which takes this one's place in `runs`."""
        runs[self.run] = self._whole
        return self._whole

    @cached_property
    def _whole(self) -> RunRecord:
        records = Records(reports=self.snapshot.keeps_reports)
        records.runs[self.run] = RunRecord(self.run, self.generation)
        for worker, line in self.snapshot.lines(self.row):
            records.add(worker, line)
        for worker, line in self.snapshot.points(self.row) if self.snapshot.keeps_reports else ():
            records.add(worker, line)
        return records.runs[self.run]

    @cached_property
    def tries(self) -> dict[int, Attempt]:  # type: ignore[override]
        """All attempts by number."""
        return self._whole.tries

    @cached_property
    def end(self) -> EndLine:  # type: ignore[override]
        """Its end."""
        end: Any = _End(self)
        return end  # type: ignore[no-any-return]

    @cached_property
    def ended(self) -> float | None:  # type: ignore[override]
        """When it ended."""
        return self._number("ended")

    @property
    def state(self) -> str:
        """How it ended."""
        return str(self.snapshot.named("state", self.row))

    @property
    def score(self) -> float | None:
        """The normalised score."""
        return self._number("score")

    @property
    def value(self) -> float | None:
        """The score in the metric's own unit."""
        return self._number("value")

    @property
    def step(self) -> int:
        """Environment steps done that count."""
        return int(self.snapshot.cell("step", self.row))

    @property
    def attempts(self) -> int:
        """How many attempts began."""
        return int(self.snapshot.cell("attempts", self.row))

    @property
    def worker(self) -> str | None:
        """Who held it last."""
        name: str | None = self.snapshot.named("worker", self.row)
        return name

    @property
    def started(self) -> float | None:
        """When its first attempt began, in seconds since the epoch by that worker's clock."""
        return self._number("started")

    @property
    def error(self) -> str | None:
        """The traceback that ended it, or the last one seen."""
        text: str | None = self.snapshot.named("error", self.row)
        return text

    def _number(self, column: str) -> float | None:
        number: float = self.snapshot.cell(column, self.row)
        return None if number != number else number


class _End:
    """The line of an end, read when something in it is asked for."""

    def __init__(self, record: SnapshotRecord) -> None:
        self._record = record

    @cached_property
    def _line(self) -> EndLine:
        line = self._record._whole.end
        assert line is not None
        return line

    def __getattr__(self, name: str) -> Any:
        return getattr(self._line, name)

    def __eq__(self, other: object) -> bool:
        return self._line == (other._line if isinstance(other, _End) else other)

    __hash__ = None  # type: ignore[assignment]
