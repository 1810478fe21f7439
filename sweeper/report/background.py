"""Rewrites the report of a running study now and then, in a separate process."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Protocol

from sweeper.report import publish
from sweeper.study.study import Study

FIRST_S = 20.0
"""How long after the start of a sweep there is a report at the earliest."""

EVERY_S = 60.0
"""How often there is a new one at most."""

_SHARE = 50
"""What takes long is done seldom: it takes at most a fiftieth of the time of one core."""


class ReportProcess(Protocol):
    """A process that writes a report."""

    def poll(self) -> int | None:
        """Its exit code; `None` while it is at work."""

    def kill(self) -> None:
        """Ends it at once."""

    def wait(self) -> int:
        """Its exit code, as soon as it has ended."""


class BackgroundReport:
    """Writes the report of `study` now and then, at the lowest priority, until it is left."""

    def __init__(
        self,
        study: Study,
        *,
        first_s: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        begin: Callable[[Path], ReportProcess] | None = None,
    ) -> None:
        """The first report is due after `first_s`, by default `FIRST_S`.

        `begin` starts the process that writes the report of the study in a folder.
        """
        self._study, self._clock = study, clock
        self._begin = begin or _begin
        self._process: ReportProcess | None = None
        self._began = 0.0
        self._due = clock() + (FIRST_S if first_s is None else first_s)

    def __enter__(self) -> BackgroundReport:
        return self

    def refresh(self) -> None:
        """Begins a new report where one is due and the one before is written."""
        now = self._clock()
        if self._process is not None and self._process.poll() is not None:
            self._process = None
            self._due = now + max(EVERY_S, _SHARE * (now - self._began))
        if self._process is None and now >= self._due:
            self._began = now
            self._process = self._begin(self._study.folder)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ends a report that is being written: whoever concludes the sweep writes all anew."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.kill()
        self._process.wait()
        publish.invalidate(self._study)


def _begin(folder: Path) -> ReportProcess:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "sweeper.report", str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
