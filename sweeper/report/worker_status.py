"""The state of each worker of a study, and the evidence for it.

A worker's beat is as old as its file, by the clock of the file server: that of a file touched just
now beside it. No machine's clock is asked.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sweeper.cluster import script, slurm
from sweeper.cluster.scheduler import ENDED, EVERY_S, MAYBE, RUNNING, Scheduler
from sweeper.errors import SweeperError
from sweeper.files import temporary
from sweeper.ledger.lines.header import WorkerHeader
from sweeper.ledger.records import WorkerRecord
from sweeper.ledger.state import LedgerState
from sweeper.study import command_hints
from sweeper.study.study import Study
from sweeper.text import counted, rough_duration
from sweeper.worker.process.heartbeat import STALE_S, T2_S, exists

_FORGOTTEN_S = EVERY_S + slurm.TIMEOUT_S
"""Whoever is silent for longer was so before the newest answer was asked for."""

_SHOWN = 5
"""The most workers that a message names."""

STATES = ("working", "silent", "waiting", "unknown", "dead", "left")


@dataclass(frozen=True)
class WorkerState:
    """The state of a worker, one of `STATES`, and the evidence for it."""

    state: str
    evidence: str
    here: bool = False
    """Whether its process is on this machine."""
    silent_s: float | None = None
    """For how long its number has stood still; `None` where nobody can tell."""

    @property
    def busy(self) -> bool:
        """Whether it is alive, or may be: it was heard of not long ago, or is said to be there."""
        if self.state == "unknown":
            return self.silent_s is not None and self.silent_s < T2_S
        return self.state in ("working", "silent", "waiting")


class StudyWorkers:
    """The workers of a study and its jobs, as they are now."""

    def __init__(self, study: Study, ledger_state: LedgerState) -> None:
        self._study, self._ledger_state = study, ledger_state
        self._now = _server_time(study.paths.folder)
        self._scheduler: Scheduler | None = None
        if on_slurm(study, ledger_state) and not study.ended_in(ledger_state):
            study.share_files()  # who is first to ask makes the folder of the answers
            self._scheduler = Scheduler(study.paths)
            self._scheduler.renew(self._now)

    def states(self) -> dict[str, WorkerState]:
        """The state of each worker, by its name."""
        return {name: self._state(worker) for name, worker in sorted(self._workers)}

    def jobs(self) -> dict[str, int] | None:
        """How many of the study's jobs wait, run and lately failed; `None` if nobody says."""
        if self._scheduler is None:
            return None
        jobs = self._scheduler.jobs(script.job_name(self._study.folder))
        if jobs is None:
            return None
        running = sum(job.state in ("RUNNING", "COMPLETING") for job in jobs)
        failed = sum(job.state == "FAILED" for job in jobs)
        pending = sum(job.live for job in jobs) - running
        return {"pending": pending, "running": running, "failed": failed}

    @property
    def _workers(self) -> list[tuple[str, WorkerRecord]]:
        """Those that took, or wanted to take, runs: `retry` and `rerun` write a ledger too."""
        return [
            (name, worker)
            for name, worker in self._ledger_state.workers.items()
            if worker.header.command is None
        ]

    def _state(self, worker: WorkerRecord) -> WorkerState:
        header = worker.header
        if worker.closed:
            return WorkerState("left", "it closed its ledger")
        if self._ledger_state.outlived(header):
            return WorkerState("dead", "another was started in its place")
        there = exists(header)
        if there is False:
            return WorkerState("dead", "its process is gone")
        silent = self._silent_s(worker.worker)
        if silent is None:
            state = "working" if there else "unknown"
            evidence = "its process is there" if there else "nobody here can tell"
            return WorkerState(state, evidence, bool(there))
        if silent < STALE_S:
            return WorkerState("working", f"beat {silent:.0f} s ago", bool(there), silent)
        state, evidence = "silent", "its process is there"
        if not there:
            state, evidence = self._asked(header, silent)
        return WorkerState(
            state, f"silent for {rough_duration(silent)}; {evidence}", bool(there), silent
        )

    def _asked(self, header: WorkerHeader, silent: float) -> tuple[str, str]:
        """What the scheduler's word makes of a silent worker that is not on this machine."""
        job = header.job
        if job is None:
            return "unknown", f"it was on {header.host or 'a machine nobody knows'}"
        if self._scheduler is None:
            return "unknown", f"nobody asked Slurm about job {job}"
        word, state = self._scheduler.word(header), self._scheduler.state(job)
        if word == RUNNING:
            waits = state in slurm.LIVE - {"RUNNING", "COMPLETING"}
            return "waiting" if waits else "silent", f"Slurm has job {job} {state}"
        if word == MAYBE:
            return "unknown", f"Slurm has job {job} {state}, and may run it once more"
        if word == ENDED and state in slurm.LIVE - {"RUNNING", "COMPLETING"}:
            return "waiting", f"Slurm has requeued job {job}: {state}"
        if word == ENDED:
            again = "began anew since" if state in slurm.LIVE else f"ended: {state or 'forgotten'}"
            return "dead", f"Slurm says that job {job} {again}"
        if word is None and silent > _FORGOTTEN_S and self._scheduler.knows(header):
            return "dead", f"Slurm has forgotten job {job}, which ended some time ago"
        return "unknown", f"Slurm does not know job {job}, or does not answer"

    def _silent_s(self, worker: str) -> float | None:
        """Seconds since its last beat: opened, so that a network file system looks anew."""
        with suppress(OSError), (self._study.paths.beats / worker).open("rb") as beat:
            if self._now is not None:
                return max(0.0, self._now - os.fstat(beat.fileno()).st_mtime)
        return None


def worker_states(study: Study, ledger_state: LedgerState) -> dict[str, WorkerState]:
    """The state of each worker, by its name."""
    return StudyWorkers(study, ledger_state).states()


def check_idle(study: Study) -> None:
    """Raises `SweeperError` where a worker of the study is, or may be, alive, or a job waits."""
    ledger_state = study.ledger_state(reports=False)
    workers = StudyWorkers(study, ledger_state)
    busy = [f"worker {name}: {one.evidence}" for name, one in workers.states().items() if one.busy]
    jobs = {state: n for state, n in (workers.jobs() or {}).items() if n and state != "failed"}
    busy += [f"{counted(number, 'job')} {state}" for state, number in jobs.items()]
    if busy:
        raise SweeperError(
            f"{study.name} is at work ({'; '.join(busy[:_SHOWN])}): "
            f"sweeper cancel {command_hints.words(study)} stops it"
        )


def on_slurm(study: Study, ledger_state: LedgerState) -> bool:
    """Whether a worker ever was a Slurm job, or jobs were submitted."""
    if any(worker.header.job for worker in ledger_state.workers.values()):
        return True
    return next(study.paths.logs.glob("*/*.sbatch"), None) is not None


def _server_time(folder: Path) -> float | None:
    """The time by the clock of the file server behind `folder`; `None` where it is not writable."""
    touched = temporary.beside(folder / "now")
    try:
        descriptor = os.open(touched, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        try:
            os.write(descriptor, b".")
            os.fsync(descriptor)
            return os.fstat(descriptor).st_mtime
        finally:
            os.close(descriptor)
            touched.unlink()
    except OSError:
        return None
