"""Keeps a report current while its study goes on, in a process of its own and seldom."""

from __future__ import annotations

import subprocess
import sys
import time
from types import TracebackType

from sweeper.report import publish
from sweeper.study.study import Study

FIRST_S = 20.0
"""How long after the start of a sweep there is a report at the earliest."""

EVERY_S = 60.0
"""How often there is a new one at most."""

_SHARE = 50
"""What takes long is done seldom: it takes at most a fiftieth of the time of one core."""


class Current:
    """Writes the report of `study` now and then, at the lowest priority, until it is left."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._process: subprocess.Popen[bytes] | None = None
        self._began = 0.0
        self._due = time.monotonic() + FIRST_S

    def __enter__(self) -> Current:
        return self

    def keep(self) -> None:
        """Begins a new report where one is due and the one before is written."""
        now = time.monotonic()
        if self._process is not None and self._process.poll() is not None:
            self._process = None
            self._due = now + max(EVERY_S, _SHARE * (now - self._began))
        if self._process is None and now >= self._due:
            self._began = now
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "sweeper.report", str(self._study.folder)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )

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
        publish.disown(self._study)
