"""The ledger protocol from a worker's side: claim, start, report, save, release, end.

Each operation forces to the disk what must be there first, then links, then writes its ledger line.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

from sweeper.ledger.claims.claims import (
    CLAIM,
    END,
    NOBODY,
    Claim,
    Claims,
    name_of,
)
from sweeper.ledger.lines.kinds import (
    CheckpointLine,
    ClaimLine,
    EndLine,
    ReleaseLine,
    ReportLine,
    RunLine,
    SkipLine,
    StartLine,
)
from sweeper.ledger.run_record import REOPENED, Point, RunRecord
from sweeper.ledger.state import LedgerState
from sweeper.ledger.writer import Writer
from sweeper.log import log
from sweeper.paths import StudyPaths
from sweeper.worker.checkpoints.checkpoint import Part, SavedCheckpoint
from sweeper.worker.checkpoints.checkpoint_store import CheckpointStore
from sweeper.worker.held_run import Candidate, HeldRun, RunEnd

MOST_AT_ONCE = 200
"""The most runs whose claims or ends stand in one file."""


class LedgerProtocol:
    """One worker's attempts at the runs of a study; its files may take `max_gb` with others'."""

    def __init__(
        self,
        paths: StudyPaths,
        claims: Claims,
        ledger_state: LedgerState,
        ledger: Writer,
        max_gb: float,
    ) -> None:
        self._paths = paths
        self._ledger_state = ledger_state
        self._ledger = ledger
        self._claims = claims
        self._store = CheckpointStore(paths, ledger.worker, max_gb)

    def claim(self, candidates: Sequence[Candidate]) -> list[HeldRun]:
        """Claims all of `candidates` by one file; returns those that nobody was quicker at."""
        lines = {candidate.run.id: self._claim_line(candidate) for candidate in candidates}
        met = self._place(CLAIM, lines, 0)
        holds = []
        for candidate in candidates:
            run, line, loaded = candidate.run, lines[candidate.run.id], candidate.loaded
            if run.id in met:
                _remove(loaded.saved if loaded else None)
                continue
            record = self._ledger_state.record(run.id)
            before, spent_s = record.reports, sum(one.seconds for one in record.tries.values())
            self._ledger_state.add(self._ledger.worker, line)
            hold = HeldRun(run, line.generation, line.attempt, candidate.step, before, spent_s)
            if loaded is not None:
                hold.state, hold.saved, hold.best = loaded.state, loaded.saved, loaded.best
            holds.append(hold)
        self._write([lines[hold.run.id] for hold in holds])
        self._clean({h.run.id: (h.generation, h.attempt - 1) for h in holds if h.attempt})
        return holds

    def start(self, holds: Sequence[HeldRun]) -> None:
        """Records that a pack of `holds` is being stepped from now on.

        The folder that an earlier generation's function left is put aside before.
        """
        for hold in holds:
            tries = self._ledger_state.record(hold.run.id).tries.values()
            if hold.generation and not any(attempt.pack for attempt in tries):
                self._paths.put_aside(hold.run.id, hold.generation)
        self._write([StartLine(*hold.next_line(), len(holds)) for hold in holds])

    def report(self, points: Sequence[tuple[HeldRun, Point]], *, sync: bool) -> None:
        """Records what counts of reports, several at once."""
        lines = []
        for hold, reported in points:
            point = hold.take(*reported)
            if point is not None:
                lines.append(ReportLine(*hold.next_line(), *point))
        self._write(lines, sync=sync)

    def superseded(self, hold: HeldRun) -> bool:
        """Whether somebody has taken the run over, believing this worker dead."""
        after = name_of(hold.run.id, hold.generation, hold.attempt + 1)
        return self._claims.find(after) is not None

    def save(self, states: Iterable[tuple[HeldRun, Part]], step: int) -> None:
        """Records states at `step`: data first, then the lines that name it, then the old goes.

        What finds no room is left out: on a full disk, and beyond the bound, the old state stays.
        """
        lines, written = [], []
        self._store.measure()
        for hold, part in states:
            saved = self._store.save(hold.place, step, hold.saved, part, hold.best)
            if saved is not None:
                lines.append(CheckpointLine(*hold.next_line(), step, saved.file.name))
                written.append((hold, saved))
        self._write([*lines, *self._store.news()], sync=True)
        for hold, saved in written:
            _remove(hold.saved, saved)
            hold.saved = saved

    def leave(self, hold: HeldRun) -> None:
        """Forgets an attempt that another worker has superseded, and removes its files."""
        _remove(hold.saved)

    def release(
        self,
        holds: Sequence[HeldRun],
        reason: str,
        cap: int | None = None,
        error: str | None = None,
        when: float | None = None,
    ) -> None:
        """Gives runs up for anybody to take; `cap` is the largest pack that may try them next.

        `when` (seconds since the epoch) they were no longer trained, if not just now.
        """
        when = time.time() if when is None else when
        lines = [ReleaseLine(*hold.next_line(), reason, cap, error, when) for hold in holds]
        self._write(lines, sync=True)
        for line in lines:
            self._ledger_state.add(self._ledger.worker, line)

    def end(self, outcomes: Sequence[tuple[HeldRun, RunEnd]]) -> None:
        """Ends runs; an end that came too late, after a take-over, has no effect."""
        lines, pending = {}, {}
        if any(hold.weights is not None for hold, _ in outcomes):
            self._store.measure()
        for hold, outcome in outcomes:
            sequence = hold.sequence - 1
            lines[hold.run.id] = _end_line(
                hold.run.id, hold.generation, hold.attempt, sequence, outcome
            )
            if hold.weights is not None:
                kept = hold.weights() if callable(hold.weights) else hold.weights
                pending[hold.run.id] = self._store.weights(hold.place, kept)
        met = self._end(lines)
        for run, file in pending.items():
            if file is not None and run in met:
                file.unlink(missing_ok=True)
            elif file is not None:
                self._store.place(run, file)
        stale = [hold for hold, _ in outcomes if hold.saved or hold.attempt or hold.generation]
        self._clean({hold.run.id: (hold.generation, hold.attempt) for hold in stale})

    def reopen(self, records: Sequence[RunRecord]) -> list[str]:
        """Begins the next generation of ended runs, for anybody to take; returns those it did.

        That is a claim of the new generation's attempt 0, given up at once.
        """
        lines = {
            record.run: ClaimLine(
                record.run,
                record.generation + 1,
                attempt=0,
                sequence=0,
                worker=self._ledger.worker,
                supersedes=None,
                excused=False,
                step=0,
                file=None,
                time=time.time(),
            )
            for record in records
        }
        met = self._place(CLAIM, lines, 0)
        mine = [line for run, line in lines.items() if run not in met]
        given_up = [
            ReleaseLine(line.run, line.generation, 0, 1, REOPENED, cap=None, error=None)
            for line in mine
        ]
        self._write([*mine, *given_up], sync=True)
        for line in [*mine, *given_up]:
            self._ledger_state.add(self._ledger.worker, line)
        return [line.run for line in mine]

    def end_dead(self, record: RunRecord, outcome: RunEnd) -> None:
        """Ends a run whose last holder is dead or gave it up."""
        attempt = record.tries[record.last]
        line = _end_line(record.run, record.generation, record.last, attempt.sequence, outcome)
        self._end({record.run: line})
        self._clean({record.run: (record.generation, record.last)})

    def _end(self, lines: Mapping[str, EndLine]) -> set[str]:
        """Places ends; returns the runs whose ends came too late."""
        met = self._place(END, lines, 1)
        mine = [line for run, line in lines.items() if run not in met]
        self._write([*mine, *self._store.news()])
        for line in mine:
            self._ledger_state.add(self._ledger.worker, line)
        return met

    def _write(self, lines: Sequence[RunLine | SkipLine], *, sync: bool = False) -> None:
        self._ledger.write([line.to_json() for line in lines], sync=sync)

    def _clean(self, ended: Mapping[str, tuple[int, int]]) -> None:
        if ended:
            self._store.clean(ended)

    def _claim_line(self, candidate: Candidate) -> ClaimLine:
        record = self._ledger_state.record(candidate.run.id)
        last = record.last
        return ClaimLine(
            record.run,
            record.generation,
            attempt=last + 1,
            sequence=0,
            worker=self._ledger.worker,
            supersedes=record.tries[last].sequence if record.tries else None,
            excused=candidate.excused,
            step=candidate.step,
            file=None if candidate.loaded is None else candidate.loaded.saved.file.name,
            time=time.time(),
        )

    def _place(self, kind: str, lines: Mapping[str, ClaimLine | EndLine], ahead: int) -> set[str]:
        """Links files of `lines` under the name of each; returns those that were taken.

        No file holds more than `MOST_AT_ONCE`, as it is read again for each of its names. What was
        found there instead is taken into the state, and copied into our own ledger where it is
        news: who placed it may have died before it could write it.
        """
        met: set[str] = set()
        every = list(lines.values())
        for begin in range(0, len(every), MOST_AT_ONCE):
            some = every[begin : begin + MOST_AT_ONCE]
            claim = Claim(kind, self._ledger.worker, {line.run: line for line in some})
            names = [name_of(line.run, line.generation, line.attempt + ahead) for line in some]
            for line, first in zip(some, self._claims.place(names, claim), strict=True):
                if first is not None:
                    met.add(line.run)
                    self._meet(line.run, line.generation, line.attempt + ahead, first)
        return met

    def _meet(self, run: str, generation: int, number: int, first: Claim) -> None:
        """Takes in what was found, and what followed it: its worker's ledger may be gone."""
        claim: Claim | None = first
        while claim is not None:
            record = self._ledger_state.record(run)
            line = claim.lines.get(run) or self._unreadable(run, generation, number)
            ends = isinstance(line, EndLine)
            news = record.end is None and (ends or line.attempt not in record.tries)
            if line.generation > record.generation or news:
                self._ledger.write([line.to_json()])
            self._ledger_state.add(claim.worker, line)
            number += 1
            claim = None if ends else self._claims.find(name_of(run, generation, number))

    def _unreadable(self, run: str, generation: int, attempt: int) -> ClaimLine:
        """What stands for a claim that is damaged: an attempt of nobody's, from the beginning.

        Was it an end, its score is lost unless a ledger has it: the next attempt trains it again.
        Is its worker alive, that attempt supersedes it. Either way one end counts.
        """
        log.warning(
            "the claim %s is damaged: the run is tried once more", name_of(run, generation, attempt)
        )
        before = self._ledger_state.record(run).tries.get(attempt - 1)
        return ClaimLine(
            run,
            generation,
            attempt,
            sequence=0,
            worker=NOBODY,
            supersedes=None if before is None else before.sequence,
            step=0,
            file=None,
        )


def _end_line(run: str, generation: int, attempt: int, sequence: int, end: RunEnd) -> EndLine:
    return EndLine(run, generation, attempt, sequence, **asdict(end), time=time.time())


def _remove(saved: SavedCheckpoint | None, but: SavedCheckpoint | None = None) -> None:
    if saved is not None:
        saved.remove(but)
