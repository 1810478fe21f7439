"""What the scheduler says of a study's jobs: asked once for the whole study, the answer shared.

An answer is a file that all observers of a study read. Whoever finds it too old links
`scheduler/<k>`, and so asks alone; who dies over it is passed over after a while.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from sweeper import slurm
from sweeper.claims import link_first
from sweeper.paths import StudyPaths, write_durably

EVERY_S = 20.0
"""Seconds between questions: at most three a minute, by all processes of a study together."""

_SLOWEST_S = 300.0
"""Seconds between questions to a scheduler that keeps failing to answer."""

_GIVEN_UP_S = 90.0
"""For how long whoever asks is waited for."""

RUNNING, ENDED, MAYBE = "running", "ended", "maybe"
"""A job runs as when its worker began; is over, or was restarted since; may be restarted soon."""


class Scheduler:
    """One process's view of the shared answer; no two clocks are ever compared."""

    def __init__(self, paths: StudyPaths) -> None:
        self._folder = paths.scheduler
        self._answer: dict[str, Any] = {"number": 0, "failures": 0, "jobs": {}}
        self._seen = time.monotonic() - EVERY_S
        """When this process first saw the newest answer."""
        self._first: dict[str, int] = {}
        """The newest answer there was when this process first asked about a job."""
        self._asked: tuple[int, float] | None = None
        """The number that somebody is asking for, and since when this process knows."""

    def word(self, header: Mapping[str, Any]) -> str | None:
        """What became of the job of a worker, whose ledger began with `header`.

        `None` where the scheduler does not know, or it was no job of this user's.
        """
        if header.get("job") is None or header.get("user") != os.getuid():
            return None
        self.refresh()
        return self._said(str(header["job"]), int(header["restart"]))

    def _said(self, job: str, restart: int) -> str | None:
        number = int(self._answer["number"])
        first = self._first.setdefault(job, number)
        if not number or self._answer["failures"]:
            return None
        known = self._answer["jobs"].get(job)
        if known is None:  # what ended some minutes ago is forgotten; one asked since would know it
            return ENDED if number > first + 1 else None
        if known["restarts"] > restart:
            return ENDED
        if known["state"] in slurm.MAYBE:
            return MAYBE
        return RUNNING if known["state"] in slurm.LIVE else ENDED

    def excuses(self, header: Mapping[str, Any]) -> bool:
        """Whether a worker's death was its job's: pushed out, cancelled, or its node's."""
        if header.get("job") is None or header.get("user") != os.getuid():
            return False
        self._read()
        known = self._answer["jobs"].get(str(header["job"]))
        if known is None:
            return False
        restarted = int(known["restarts"]) > int(header["restart"])
        return restarted or known["state"] in {*slurm.MAYBE, "CANCELLED"}

    def state(self, job: str) -> str | None:
        """The job's state in the newest answer."""
        known = self._answer["jobs"].get(job)
        return None if known is None else str(known["state"])

    def jobs(self, name: str) -> list[slurm.Job] | None:
        """The jobs called `name` in the newest answer; `None` where there is no answer."""
        self.refresh()
        if not self._answer["number"] or self._answer["failures"]:
            return None
        return [job for job in self._listed() if job.name == name]

    @property
    def number(self) -> int:
        """The number of the newest answer that was read."""
        return int(self._answer["number"])

    def _listed(self) -> list[slurm.Job]:
        return [slurm.Job(**known) for known in self._answer["jobs"].values()]

    def refresh(self) -> None:
        """Reads the shared answer; asks for a new one where it is due and nobody else does."""
        self._read()
        failures = int(self._answer["failures"])
        wait = min(EVERY_S * 2**failures, _SLOWEST_S)
        now = time.monotonic()
        if now - self._seen < wait:
            return
        following = int(self._answer["number"]) + 1
        while (self._folder / str(following)).exists():
            if self._asked is None or self._asked[0] != following:
                self._asked = (following, now)
            if now - self._asked[1] < _GIVEN_UP_S:
                return
            following += 1
        self._folder.mkdir(exist_ok=True)
        if link_first(self._folder / str(following), b""):
            self._ask(following)

    def _ask(self, number: int) -> None:
        answer: dict[str, Any] = {"number": number, "failures": 0, "time": time.time()}
        try:
            answer["jobs"] = {job.id: asdict(job) for job in slurm.jobs()}
        except slurm.Unanswered as error:
            answer["jobs"] = self._answer["jobs"]
            answer["failures"] = int(self._answer["failures"]) + 1
            answer["error"] = str(error)
        write_durably(self._folder / "answer", json.dumps(answer).encode())
        with suppress(FileNotFoundError):
            (self._folder / str(number - 1)).unlink()
        self._take(answer)

    def _read(self) -> None:
        with suppress(OSError, ValueError):
            answer = json.loads((self._folder / "answer").read_bytes())
            if answer["number"] > self._answer["number"]:
                self._take(answer)

    def _take(self, answer: dict[str, Any]) -> None:
        self._answer, self._seen, self._asked = answer, time.monotonic(), None
