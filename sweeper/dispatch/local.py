"""Worker processes on this machine, started through submitit."""

from __future__ import annotations

import os
import re
import signal
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import submitit

from sweeper.dispatch import Options, Workers
from sweeper.dispatch.entry import work
from sweeper.errors import SweeperError, shown
from sweeper.ledger.lines.header import WorkerHeader
from sweeper.ledger.records import WorkerRecord
from sweeper.study.study import Study
from sweeper.worker.process.heartbeat import Observer, exists

_FOREVER_MIN = 60 * 24 * 365
_HOPELESS = 3
"""How often in a row workers are replaced without one that took a run, before giving up.

Where workers raise and no run ends in between, each may do so as often.
"""


class Dispatch:
    """Worker processes on this machine."""

    def __init__(self, options: Options) -> None:
        options.local_only("local")
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        self._options = replace(
            options, workers=options.workers or cores or 1, device=options.device or "cpu"
        )
        self._gpus = _gpus(str(self._options.device))

    watched = True

    def start(self, study: Study) -> Workers:
        """Starts as many as are missing: those of an earlier watcher may be at work still."""
        return _Local(study, self._options, self._gpus)


class _Local:
    needed = True

    def __init__(self, study: Study, options: Options, gpus: list[int]) -> None:
        self._study = study
        self._options = options
        self._gpus = gpus
        self.said: list[str] = []
        assert options.workers is not None and options.device is not None
        self._wanted, self._device = options.workers, options.device
        self._logs = study.paths.logs / f"{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:4]}"
        self._executor = submitit.LocalExecutor(folder=self._logs)
        self._executor.update_parameters(timeout_min=_FOREVER_MIN, stderr_to_stdout=True)
        self._jobs: list[Any] = []
        self._took: list[int] = []
        """The GPU of each job."""
        self._ledger_state = study.ledger_state(reports=False)
        self._observer = Observer(study.paths)
        self._strangers = {name: worker.header for name, worker in self._here()}
        self._in_vain = 0
        self._attempts = -1
        self._ends = -1
        self._raised = 0
        """Workers that had raised when the last run ended."""
        self._submit(self._wanted - len(self._strangers))

    def alive(self) -> int:
        """Jobs that run, and workers of an earlier watcher that still do."""
        strangers = sum(exists(header) is True for header in self._strangers.values())
        return strangers + sum(not job.done() for job in self._jobs)

    def replace(self) -> None:
        """Kills workers that hang, and starts as many as are missing while they would find runs."""
        self._ledger_state.refresh()
        for name, worker in self._here():
            if not self._observer.alive(name, worker.header):
                _signal(worker.header, signal.SIGKILL)
        alive = self.alive()
        if alive >= self._wanted or not self._to_be_had():
            return
        attempts = sum(record.attempts for record in self._ledger_state.runs.values())
        self._in_vain = self._in_vain + 1 if attempts == self._attempts and not alive else 0
        self._attempts = attempts
        if self._in_vain >= _HOPELESS:
            raise SweeperError(f"workers die as soon as they start:\n{self._last_words()}")
        if not self._raise_on():
            self._submit(self._wanted - alive)
        elif not alive:
            raise SweeperError(f"workers raise, and no run ends:\n{self._last_words()}")

    def stop(self) -> None:
        """Sends SIGTERM to all workers of the study on this machine."""
        self._ledger_state.refresh()
        for _, worker in self._here():
            _signal(worker.header, signal.SIGTERM)

    def kill(self) -> None:
        """Kills all workers of the study on this machine, and those that are only starting."""
        self._ledger_state.refresh()
        for _, worker in self._here():
            _signal(worker.header, signal.SIGKILL)
        for job in self._jobs:
            if not job.done():
                job._process.kill()

    def _here(self) -> list[tuple[str, WorkerRecord]]:
        """All workers of the study that live on this machine."""
        workers = self._ledger_state.workers.items()
        return [(name, w) for name, w in workers if not w.closed and exists(w.header)]

    def _to_be_had(self) -> bool:
        """Whether a new worker would find a run: one that is open, or whose holder is dead."""
        gone = {
            name
            for name, worker in self._ledger_state.workers.items()
            if worker.closed or not self._observer.alive(name, worker.header)
        }
        if self._study.plan.due:
            return True
        if self._study.waiting(self._ledger_state):
            return True
        records = (self._ledger_state.runs.get(run.id) for run in self._study.plan.runs)
        return any(
            record is None or record.state == "open" or record.worker in gone
            for record in records
            if record is None or not record.settled
        )

    def _raise_on(self) -> bool:
        """Whether one worker after another raised since a run has ended.

        Only these leave submitit a result: others end their process. To ask for it would wait.
        """
        raised = sum(bool(job.paths.result_pickle.exists()) for job in self._jobs)
        ends = sum(record.end is not None for record in self._ledger_state.runs.values())
        if ends != self._ends:
            self._ends, self._raised = ends, raised
        return raised - self._raised >= _HOPELESS * self._wanted

    def _submit(self, number: int) -> None:
        study, options = self._study, self._options
        arguments = (str(study.folder), options.pack, self._device, str(self._wanted))
        with _worker_environment():
            for _ in range(number):
                if self._gpus:
                    self._took.append(self._freest())
                    self._executor.update_parameters(gpus_per_node=1, visible_gpus=self._took[-1:])
                self._jobs.append(self._executor.submit(work, *arguments))

    def _freest(self) -> int:
        """The GPU that the fewest workers have, those of an earlier watcher included."""
        pairs = zip(self._took, self._jobs, strict=True)
        taken = Counter(str(gpu) for gpu, job in pairs if not job.done())
        taken.update(str(h.gpus) for h in self._strangers.values() if exists(h) is True)
        return min(self._gpus, key=lambda gpu: taken[str(gpu)])

    def _last_words(self) -> str:
        logs = sorted(self._logs.glob("*.out"), key=lambda path: path.stat().st_mtime)
        if not logs:
            return f"  (nothing was printed; see {self._logs})"
        lines = logs[-1].read_text(errors="replace").splitlines()[-8:]
        return "\n".join(f"  {line}" for line in [*lines, f"(from {logs[-1]})"])


def _signal(header: WorkerHeader, number: int) -> None:
    """Signals the worker whose ledger began with `header`, if it is there and ours."""
    with suppress(ProcessLookupError, PermissionError):
        if header.pid is not None:
            os.kill(header.pid, number)


@contextmanager
def _worker_environment() -> Iterator[None]:
    """One thread a worker; no Ctrl-C for the process that submitit puts above each; a safe path.

    On Ctrl-C that process would kill its worker after a second: it inherits that SIGINT is ignored.
    Without a safe path a module in the current folder would hide a module of the same name.
    """
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["PYTHONSAFEPATH"] = "1"
    threads = {name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    os.environ.update({name: value or "1" for name, value in threads.items()})
    try:
        yield
    finally:
        del os.environ["PYTHONSAFEPATH"]
        signal.signal(signal.SIGINT, before)


def _gpus(device: str) -> list[int]:
    """The GPUs that workers take in turn; submitit would hide them all unless told."""
    if not device.startswith("cuda"):
        return []
    listed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if listed is not None and not re.fullmatch(r"[0-9, ]*", listed):
        raise SweeperError(f"CUDA_VISIBLE_DEVICES must list numbers, but is {shown(listed)}")
    found = (
        [int(index) for index in listed.split(",") if index.strip()]
        if listed is not None
        else list(range(len(list(Path("/proc/driver/nvidia/gpus").glob("*")))))
    )
    if not found:
        raise SweeperError(f"device={device} needs a GPU, and none is visible here")
    return found
