"""Properties of runs as arrays; those of runs in a snapshot are taken from it all at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sweeper.ledger.run_record import RunRecord
from sweeper.ledger.snapshots.snapshot import Snapshot, SnapshotRecord

Array = npt.NDArray[Any]


class Columns:
    """The records of the runs called `ids`, in that order; runs without one are open."""

    def __init__(self, runs: Mapping[str, RunRecord], ids: Sequence[str]) -> None:
        self._runs, self._ids = runs, ids
        self._others: list[tuple[int, RunRecord]] = []
        self._past: Snapshot | None = None
        rows: list[int] = []
        for number, run in enumerate(ids):
            record = runs.get(run)
            if isinstance(record, SnapshotRecord):
                self._past = record.snapshot
                rows.append(record.row)
                continue
            rows.append(-1)
            if record is not None:
                self._others.append((number, record))
        self._row = np.array(rows, int)
        self._known = np.flatnonzero(self._row >= 0)

    def numbers(self, name: str, nothing: float = np.nan) -> Array:
        """`score`, `value`, `step`, `attempts`, `started` or `ended`; `nothing` where unknown."""
        found = np.full(len(self._row), nothing)
        if self._past is not None:
            found[self._known] = self._past.columns[name][self._row[self._known]]
        for number, record in self._others:
            value = getattr(record, name)
            found[number] = nothing if value is None else value
        return found

    def texts(self, name: str, nothing: str | None = None) -> Array:
        """`state`, `worker` or `error`; `nothing` where unknown."""
        found = np.full(len(self._row), nothing, object)
        if self._past is not None:
            texts = np.array([*self._past.header[f"{name}s"], None], object)
            found[self._known] = texts[self._past.columns[name][self._row[self._known]]]
        for number, record in self._others:
            found[number] = getattr(record, name)
        return found

    @property
    def others(self) -> list[tuple[int, RunRecord]]:
        """Positions and records of the runs that no snapshot holds."""
        return self._others

    def reports(self) -> tuple[Array, Array, dict[str, Array]]:
        """All reports that count, by run and step: the run's position, the step, and each metric.

        NaN where a report does not hold a metric; metrics in the order of their first report.
        """
        position, step, metrics = self._plain_reports()
        more = [
            (number, step, values)
            for number, record in [*self._others, *self._mixed()]
            for step, values in record.reports
        ]
        position = np.concatenate([position, np.array([row[0] for row in more], int)])
        step = np.concatenate([step, np.array([row[1] for row in more], int)])
        order = np.argsort(position, kind="stable")
        nothing = np.full(len(step) - len(more), np.nan), np.zeros(len(step) - len(more), bool)
        found, seen = {}, {}
        for name in dict.fromkeys([*metrics, *(name for _, _, values in more for name in values)]):
            value, has = metrics.get(name, nothing)
            own = np.array([values.get(name, np.nan) for _, _, values in more], float)
            has = np.concatenate([has, np.array([name in values for _, _, values in more], bool)])
            if has.any():
                found[name] = np.concatenate([value, own])[order]
                seen[name] = int(np.argmax(has[order]))
        return (
            position[order],
            step[order],
            {name: found[name] for name in sorted(seen, key=seen.__getitem__)},
        )

    def _mixed(self) -> list[tuple[int, RunRecord]]:
        """The runs whose reports a snapshot holds, but not as they count."""
        if self._past is None:
            return []
        plain = self._past.columns["plain"][self._row[self._known]]
        return [(number, self._runs[self._ids[number]]) for number in self._known[~plain].tolist()]

    def _plain_reports(self) -> tuple[Array, Array, dict[str, tuple[Array, Array]]]:
        """The reports that a snapshot holds as they count; each metric, and where it has one."""
        if self._past is None or not self._past.keeps_reports:
            return np.array([], int), np.array([], int), {}
        known = self._known[self._past.columns["plain"][self._row[self._known]]]
        rows = self._row[known]
        first, count = (self._past.columns[name][rows] for name in ("first", "reports"))
        ends = np.cumsum(count)
        at = np.repeat(first - (ends - count), count) + np.arange(int(count.sum()))
        columns = self._past.reports
        metrics = {}
        for k, name in enumerate(self._past.metrics):
            has = columns[f"has {k}"][at]
            metrics[name] = (np.where(has, columns[f"value {k}"][at], np.nan), has)
        return np.repeat(known, count), columns["step"][at], metrics
