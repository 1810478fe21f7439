"""What ledger lines make of runs and workers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sweeper.ledger.encoding import Line, check_format
from sweeper.ledger.run_record import Attempt, RunRecord, apply

ABOUT_RUNS = {"claim", "start", "report", "checkpoint", "release", "end"}
"""Kinds of lines that change a run's record."""


@dataclass(frozen=True)
class WorkerRecord:
    """A worker's header: where it runs, or ran; whether it closed its ledger; saves left out."""

    worker: str
    header: Mapping[str, Any]
    closed: bool = False
    skipped: int = 0


class Records:
    """What ledger lines make of runs and workers; without `reports` ended runs keep none."""

    def __init__(self, *, reports: bool) -> None:
        self._reports = reports
        self.runs: dict[str, RunRecord] = {}
        self.workers: dict[str, WorkerRecord] = {}
        self._lives: dict[str, int] = {}
        """The newest life of each worker that is started anew when it is killed."""
        self.judged: dict[int, dict[int, Line]] = {}
        """What a pruner said of trials, by trial and step."""

    def record(self, run: str) -> RunRecord:
        """What is known of `run`, an empty record where nothing is."""
        return self.runs.setdefault(run, RunRecord(run))

    def outlived(self, header: Mapping[str, Any]) -> bool:
        """Whether another worker was started in the place of the one whose header this is.

        Only one that was seen dead has a successor.
        """
        return int(header.get("life", 0)) < self._lives.get(header.get("tender") or "", 0)

    def add(self, worker: str, line: Line) -> str | None:
        """Takes one line in; returns the run it is about."""
        kind = line["kind"]
        if kind == "header":
            check_format(line["format"], f"the ledger of worker {worker}")
            self.workers.setdefault(worker, WorkerRecord(worker, line))
            if line.get("tender") is not None:
                lives = max(line["life"], self._lives.get(line["tender"], 0))
                self._lives[line["tender"]] = lives
            return None
        if kind in ("close", "skip"):
            known = self.workers.get(worker, WorkerRecord(worker, {}))
            news = {"closed": True} if kind == "close" else {"skipped": line["saves"]}
            self.workers[worker] = replace(known, **news)
            return None
        if kind == "judged":
            self._judged(line)
        if kind not in ABOUT_RUNS:
            return None
        record = self.of(line)
        if record is None:
            return None
        if kind == "end":
            self._end(record, line)
            return record.run
        attempt = record.tries.setdefault(line["att"], Attempt(worker))
        if record.end is None or self._reports or kind != "report":
            apply(attempt, line)
        return record.run

    def _judged(self, line: Line) -> None:
        """What was said of the newest lives of a trial's runs counts, in whatever order it is read.

        Of two judges at once that is the one that prunes.
        """
        steps = self.judged.setdefault(line["trial"], {})
        both = [steps.get(line["step"], line), line]
        steps[line["step"]] = max(both, key=lambda one: (one["lives"], one["prune"], one["value"]))

    def of(self, line: Line) -> RunRecord | None:
        """The record that `line` changes: none where it is of a generation before."""
        record = self.record(line["run"])
        if line["gen"] < record.generation:
            return None
        if line["gen"] > record.generation:
            record = self.runs[record.run] = RunRecord(record.run, line["gen"])
        return record.whole(self.runs)

    def _end(self, record: RunRecord, line: Line) -> None:
        if record.end is None:
            record.end = line
            record.ended = line.get("time")
        if not self._reports:
            for attempt in record.tries.values():
                attempt.reports.clear()
