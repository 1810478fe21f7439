"""Records of runs and workers, built up from the lines of the ledger."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sweeper.ledger.lines.encoding import check_format
from sweeper.ledger.lines.header import WorkerHeader
from sweeper.ledger.lines.kinds import (
    AttemptLine,
    CloseLine,
    EndLine,
    HeaderLine,
    JudgedLine,
    LedgerLine,
    ReportLine,
    RunLine,
    SkipLine,
)
from sweeper.ledger.run_record import Attempt, RunRecord, apply


@dataclass(frozen=True)
class WorkerRecord:
    """What the ledger knows of a worker."""

    worker: str
    header: WorkerHeader
    closed: bool = False
    """Whether it closed its ledger, as one does that leaves."""
    skipped: int = 0
    """How many saves it left out."""


class Records:
    """Records of runs and workers from ledger lines; reports of ended runs only with `reports`."""

    def __init__(self, *, reports: bool) -> None:
        self._reports = reports
        self.runs: dict[str, RunRecord] = {}
        self.workers: dict[str, WorkerRecord] = {}
        self._lives: dict[str, int] = {}
        """The newest life of each worker that is started anew when it is killed."""
        self.judged: dict[int, dict[int, JudgedLine]] = {}
        """What a pruner said of trials, by trial and step."""

    def record(self, run: str) -> RunRecord:
        """What is known of `run`, an empty record where nothing is."""
        record = self.runs.get(run)
        if record is None:
            record = self.runs[run] = RunRecord(run)
        return record

    def outlived(self, header: WorkerHeader) -> bool:
        """Whether another worker was started in the place of the one whose header this is.

        Only one that was seen dead has a successor.
        """
        return header.life < self._lives.get(header.tender or "", 0)

    def add(self, worker: str, line: LedgerLine) -> str | None:
        """Takes one line in; returns the run it is about."""
        if isinstance(line, ReportLine):  # most lines are
            return self._add_report(worker, line)
        if isinstance(line, AttemptLine):
            return self._add_to_run(worker, line)
        match line:
            case HeaderLine(format, header):
                check_format(format, f"the ledger of worker {worker}")
                self._add_header(worker, header)
            case CloseLine():
                self.workers[worker] = replace(self._worker(worker), closed=True)
            case SkipLine(saves):
                self.workers[worker] = replace(self._worker(worker), skipped=saves)
            case JudgedLine():
                self._add_judged(line)
        return None

    def _add_report(self, worker: str, line: ReportLine) -> str | None:
        run, generation, number, sequence, step, metrics = line
        record = self.runs.get(run)
        if record is None or record.generation != generation or type(record) is not RunRecord:
            record = self.record_of(line)
            if record is None:
                return None
        attempt = record.tries.get(number)
        if attempt is None:
            attempt = record.tries[number] = Attempt(worker)
        if record.end is None or self._reports:
            attempt.report(sequence, step, metrics)
        return run

    def _add_to_run(self, worker: str, line: AttemptLine) -> str | None:
        record = self.record_of(line)
        if record is None:
            return None
        if isinstance(line, EndLine):
            self._end(record, line)
            return record.run
        attempt = record.tries.get(line.attempt)
        if attempt is None:
            attempt = record.tries[line.attempt] = Attempt(worker)
        apply(attempt, line)
        return record.run

    def _worker(self, worker: str) -> WorkerRecord:
        return self.workers.get(worker, WorkerRecord(worker, WorkerHeader()))

    def _add_header(self, worker: str, header: WorkerHeader) -> None:
        known = self.workers.get(worker)
        if known is None:
            known = WorkerRecord(worker, header)
        elif known.header == WorkerHeader():
            known = replace(known, header=header)
        else:  # a header may be written anew, with files that were met since
            code = {**known.header.code, **header.code}
            known = replace(known, header=replace(known.header, code=code))
        self.workers[worker] = known
        if header.tender is not None:
            lives = max(header.life, self._lives.get(header.tender, 0))
            self._lives[header.tender] = lives

    def _add_judged(self, line: JudgedLine) -> None:
        """What was said of the newest lives of a trial's runs counts, in whatever order it is read.

        Of two judges at once that is the one that prunes.
        """
        steps = self.judged.setdefault(line.trial, {})
        both = [steps.get(line.step, line), line]
        steps[line.step] = max(both, key=lambda one: (one.lives, one.prune, one.value))

    def record_of(self, line: RunLine) -> RunRecord | None:
        """The record that `line` changes: none where it is of a generation before."""
        record = self.record(line.run)
        if line.generation < record.generation:
            return None
        if line.generation > record.generation:
            record = self.runs[record.run] = RunRecord(record.run, line.generation)
        return record.whole(self.runs)

    def _end(self, record: RunRecord, line: EndLine) -> None:
        if record.end is None:
            record.end = line
            record.ended = line.time
        if not self._reports:
            for attempt in record.tries.values():
                attempt.reports.clear()
