"""The states of a study's Slurm jobs: one process queries Slurm, and the others read its answer.

An answer is a file that all observers of a study read. Whoever finds it too old links
`scheduler/<k>`, and so asks alone; who dies over it is passed over after a while.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from sweeper.cluster import slurm
from sweeper.files.atomic import link_first, write_durably
from sweeper.paths import StudyPaths

EVERY_S = 20.0
"""Seconds between questions: at most three a minute, by all processes of a study together."""

_SLOWEST_S = 300.0
"""Seconds between questions to a scheduler that keeps failing to answer."""

_GIVEN_UP_S = 90.0
"""For how long whoever asks is waited for."""

RUNNING, ENDED, MAYBE = "running", "ended", "maybe"
"""A job runs as when its worker began; is over, or was restarted since; may be restarted soon."""


def answers(paths: StudyPaths) -> Path:
    """The folder in which this user's processes share the answers, which list this user's jobs."""
    return paths.scheduler / str(os.getuid())


class WorkerJob(Protocol):
    """The Slurm job of a worker, as the header of the worker's ledger states it."""

    @property
    def job(self) -> str | None:
        """Its job's number; `None` for a worker outside Slurm."""

    @property
    def restart(self) -> int | None:
        """How often that job had been requeued when the worker began."""

    @property
    def user(self) -> int | None:
        """The number of the user whose job it is."""


class Scheduler:
    """One process's view of the shared answer; no two clocks are ever compared."""

    def __init__(self, paths: StudyPaths) -> None:
        self._folder = answers(paths)
        self._answer: dict[str, Any] = {"number": 0, "failures": 0, "jobs": []}
        self._version = (0, 0)
        """Which file the answer was read from: of thousands of jobs it takes a while to read."""
        self._seen = time.monotonic() - EVERY_S
        """When this process first saw the newest answer."""
        self._first: dict[str, int] = {}
        """The newest answer that was asked for when this process first asked about a job."""
        self._listed: list[slurm.Job] = []
        """The jobs of the newest answer."""
        self._known: dict[str, slurm.Job] = {}
        """The same by number, which those of an array that wait share."""
        self._asked: tuple[int, float] | None = None
        """The number that somebody is asking for, and since when this process knows."""

    def word(self, worker: WorkerJob) -> str | None:
        """What became of the job of `worker`.

        `None` where the scheduler does not know, or it was no job of this user's.
        """
        if worker.job is None or worker.user != os.getuid():
            return None
        self.refresh()
        return self._job_word(worker.job, worker.restart or 0)

    def _job_word(self, job: str, restart: int) -> str | None:
        if job not in self._first:
            self._first[job] = self._newest()
        if not self.number or self._answer["failures"]:
            return None
        known = self._known.get(job)
        if known is None:  # what ended some minutes ago is forgotten; one asked since would know it
            return ENDED if self.number > self._first[job] else None
        if known.restarts != restart:
            return ENDED if known.restarts > restart else None
        if known.state in slurm.MAYBE:
            return MAYBE
        return RUNNING if known.live else ENDED

    def _newest(self) -> int:
        """The newest answer that somebody may have asked for already."""
        number = self.number + 1
        while (self._folder / str(number + 1)).exists():
            number += 1
        return number

    def excuses(self, worker: WorkerJob) -> bool:
        """Whether a worker's death was its job's: pushed out, cancelled, or its node's."""
        if worker.job is None or worker.user != os.getuid():
            return False
        self._read()
        known = self._known.get(worker.job)
        if known is None:
            return False
        return known.restarts > (worker.restart or 0) or known.state in {*slurm.MAYBE, "CANCELLED"}

    def knows(self, worker: WorkerJob) -> bool:
        """Whether there is an answer that would list the job of a worker, were there one."""
        answered = self.number > 0 and not self._answer["failures"]
        return answered and worker.user == os.getuid()

    def renew(self, now: float | None) -> None:
        """Reads the shared answer, and asks anew where it is too old.

        It is as old as its file by the file server's clock, which says `now`: whoever looks once
        cannot wait to see it stand still.
        """
        self._read()
        with suppress(OSError):
            if now is not None:
                age = now - (self._folder / "answer").stat().st_mtime
                self._seen = time.monotonic() - max(0.0, age)
        self.refresh()

    def state(self, job: str) -> str | None:
        """The job's state in the newest answer."""
        known = self._known.get(job)
        return None if known is None else known.state

    def jobs(self, name: str) -> list[slurm.Job] | None:
        """The jobs called `name` in the newest answer; `None` where there is no answer."""
        self.refresh()
        if not self.number or self._answer["failures"]:
            return None
        return [job for job in self._listed if job.name == name]

    @property
    def number(self) -> int:
        """The number of the newest answer that was read."""
        return int(self._answer["number"])

    def refresh(self) -> None:
        """Reads the shared answer; asks for a new one where it is due and nobody else does."""
        self._read()
        failures = int(self._answer["failures"])
        wait = min(EVERY_S * 2**failures, _SLOWEST_S)
        now = time.monotonic()
        if now - self._seen < wait or not slurm.installed():
            return
        following = self.number + 1
        while (self._folder / str(following)).exists():
            if self._asked is None or self._asked[0] != following:
                self._asked = (following, now)
            if now - self._asked[1] < _GIVEN_UP_S:
                return
            following += 1
        with suppress(OSError):  # a full disk, or a study that was moved: nothing is asked
            for folder in (self._folder.parent, self._folder):
                folder.mkdir(exist_ok=True)
            if link_first(self._folder / str(following), b""):
                self._ask(following)

    def _ask(self, number: int) -> None:
        answer: dict[str, Any] = {"number": number, "failures": 0, "time": time.time(), "jobs": []}
        try:
            answer["jobs"] = [asdict(job) for job in slurm.jobs()]
        except slurm.Unanswered as error:
            answer["jobs"] = self._answer["jobs"]
            answer["failures"] = int(self._answer["failures"]) + 1
            answer["error"] = str(error)
        write_durably(self._folder / "answer", json.dumps(answer).encode())
        with suppress(FileNotFoundError):
            (self._folder / str(number - 1)).unlink()
        self._take(answer)

    def _read(self) -> None:
        """Reads the newest answer; one that is torn, or of another sweeper's form, is none."""
        file = self._folder / "answer"
        with suppress(OSError, ValueError, TypeError, KeyError):
            stat = file.stat()
            version = (stat.st_ino, stat.st_mtime_ns)
            if version == self._version:
                return
            answer = json.loads(file.read_bytes())
            self._version = version
            if answer["number"] > self._answer["number"]:
                self._take(answer)

    def _take(self, answer: dict[str, Any]) -> None:
        listed = [slurm.Job(**job) for job in answer["jobs"]]
        self._answer = {key: answer[key] for key in ("number", "failures", "jobs")}
        self._listed, self._known = listed, {job.id: job for job in listed}
        self._seen, self._asked = time.monotonic(), None
