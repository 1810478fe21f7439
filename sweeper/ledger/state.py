"""The state of a study, computed from the ledger lines of all writers.

It may be refreshed at any time and never depends on the order in which writers' files are read.
"""

from __future__ import annotations

from sweeper.ledger.reader import Damage, Reader
from sweeper.ledger.records import Records
from sweeper.paths import StudyPaths


class LedgerState(Records):
    """The state of a study; with `reports=False` metrics are not kept for ended runs."""

    def __init__(self, paths: StudyPaths, *, reports: bool = True) -> None:
        super().__init__(reports=reports)
        self._paths = paths
        self._reader: Reader | None = None

    def refresh(self) -> set[str]:
        """Reads what is new; returns the runs that it is about: the first time, all."""
        from sweeper.ledger.snapshots import compaction  # which knows what a record is

        changed: set[str] = set()
        if self._reader is None:
            self._reader = self._begin()
            changed.update(self.runs)
        lines = self._reader.refresh()
        changed.update(run for worker, line in lines if (run := self.add(worker, line)))
        compaction.keep_up(self._paths, self._reader)
        return changed

    def damage(self) -> list[Damage]:
        """Stretches of ledger files without a valid line; final once their writer is dead."""
        return self._reader.damage() if self._reader is not None else []

    def _begin(self) -> Reader:
        """Takes in what a snapshot holds; the reader goes on behind it."""
        from sweeper.ledger.snapshots import compaction  # which knows what a record is

        past = compaction.current(self._paths)
        if past is None:
            return Reader(self._paths.ledger)
        past.put(self.runs, reports=self._reports)
        for worker, line, _ in past.open:
            self.add(worker, line)
        return Reader(self._paths.ledger, past.marks)
