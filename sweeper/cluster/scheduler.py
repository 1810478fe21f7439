"""The states of a study's Slurm jobs: one process queries Slurm, and the others read its answer.

An answer is a file that all observers of a study read. Whoever finds it too old links
`scheduler/<k>`, and so asks alone; who dies over it is passed over after a while.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, Self

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


@dataclass(frozen=True)
class Answer:
    """The user's jobs as the scheduler listed them, or did last before it failed to answer."""

    number: int = 0
    """How many were asked for before and with it."""
    failures: int = 0
    """How often in a row the scheduler has failed to answer by now."""
    jobs: Sequence[slurm.Job] = ()
    time: float | None = None
    error: str | None = None
    """Why it failed to answer."""

    @classmethod
    def of_json(cls, body: Mapping[str, Any]) -> Self:
        """The answer that a file holds."""
        jobs = [slurm.Job(**job) for job in body["jobs"]]
        return cls(int(body["number"]), int(body["failures"]), jobs)

    def to_json(self) -> dict[str, Any]:
        """The answer as a file holds it."""
        found = asdict(self)
        if self.error is None:
            del found["error"]
        return found


class Scheduler:
    """One process's view of the shared answer; no two clocks are ever compared."""

    def __init__(self, paths: StudyPaths) -> None:
        self._folder = answers(paths)
        self._answer = Answer()
        self._version = (0, 0)
        """Which file the answer was read from: of thousands of jobs it takes a while to read."""
        self._seen = time.monotonic() - EVERY_S
        """When this process first saw the newest answer."""
        self._first: dict[str, int] = {}
        """The newest answer that was asked for when this process first asked about a job."""
        self._known: dict[str, slurm.Job] = {}
        """The jobs of the newest answer by number, which those of an array that wait share."""
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
        if not self.number or self._answer.failures:
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
        answered = self.number > 0 and not self._answer.failures
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
        """The jobs of the study so named in the newest answer; `None` where there is no answer."""
        self.refresh()
        if not self.number or self._answer.failures:
            return None
        return [job for job in self._answer.jobs if slurm.belongs(job.name, name)]

    @property
    def number(self) -> int:
        """The number of the newest answer that was read."""
        return self._answer.number

    def refresh(self) -> None:
        """Reads the shared answer; asks for a new one where it is due and nobody else does."""
        self._read()
        wait = min(EVERY_S * 2**self._answer.failures, _SLOWEST_S)
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
        try:
            answer = Answer(number, 0, slurm.jobs(), time.time())
        except slurm.Unanswered as error:
            before = self._answer
            answer = Answer(number, before.failures + 1, before.jobs, time.time(), str(error))
        write_durably(self._folder / "answer", json.dumps(answer.to_json()).encode())
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
            answer = Answer.of_json(json.loads(file.read_bytes()))
            self._version = version
            if answer.number > self.number:
                self._take(answer)

    def _take(self, answer: Answer) -> None:
        self._answer, self._known = answer, {job.id: job for job in answer.jobs}
        self._seen, self._asked = time.monotonic(), None
