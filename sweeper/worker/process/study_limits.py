"""The limits of a study: how many runs may fail by one cause, and how long its workers may work."""

from __future__ import annotations

import getpass
import json
import socket
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict

from sweeper.files.atomic import link_first
from sweeper.ledger.failure_cause import cause, last_line
from sweeper.ledger.run_record import SCORED, UNSCORED, RunRecord
from sweeper.ledger.state import LedgerState
from sweeper.log import log
from sweeper.study.provenance import edited_files
from sweeper.study.study import Cancellation, Study
from sweeper.text import counted

SAME_FAILURE = 10
"""How many runs may fail by one cause before any has a score, where the space does not say."""


class FailureCount:
    """Counts the runs that failed by each cause.

    Those do not count that ran files which were edited since, nor any that were opened again.
    """

    def __init__(self, study: Study, ledger_state: LedgerState) -> None:
        self._study, self._ledger_state = study, ledger_state
        self._edited: dict[str | None, bool] = {}
        """Whether files that a worker ran were edited since."""
        self._causes: dict[str, str] = {}
        self._counts: Counter[str] = Counter()
        self._scored: set[str] = set()
        self.note(ledger_state.runs)

    def note(self, changed: Iterable[str]) -> None:
        """Takes in what the ledger knows of runs to which something happened."""
        for run in changed:
            record = self._ledger_state.runs.get(run)
            if record is None:
                continue
            before = self._causes.pop(run, None)
            if before is not None:
                self._counts[before] -= 1
            (self._scored.add if record.state in SCORED else self._scored.discard)(run)
            if record.state in UNSCORED and not self._is_mended(record):
                found = cause(record.state, record.error)
                self._causes[run] = found
                self._counts[found] += 1

    def _is_mended(self, record: RunRecord) -> bool:
        name = record.worker
        if name not in self._edited:
            worker = self._ledger_state.workers.get(name or "")
            code = {} if worker is None else worker.header.code
            self._edited[name] = bool(edited_files(self._study.space, code))
        return self._edited[name]

    def reached(self) -> str | None:
        """Why the study stops; `None` while it goes on."""
        asked = self._study.space.limits.same_failure
        if asked is None and self._scored:
            return None
        limit = SAME_FAILURE if asked is None else asked
        found, number = next(iter(self._counts.most_common(1)), ("", 0))
        if number < limit:
            return None
        records = (
            self._ledger_state.runs[run] for run, one in self._causes.items() if one == found
        )
        error = min(records, key=lambda record: record.started or 0.0).error
        words = found if error is None else f"{last_line(error)} ({found.rpartition(' at ')[2]})"
        yet = ", and none has a score" if not self._scored else ""
        return f"{counted(number, 'run')} failed by one cause{yet}: {words}"


def mark(study: Study, limit: str, why: str) -> None:
    """Stops the workers of a study, as `sweeper cancel` does, for a limit of it."""
    log.warning("%s stops: %s", study.name, why)
    found = Cancellation(time.time(), getpass.getuser(), socket.gethostname(), limit, why)
    with suppress(OSError):  # a full disk: the next worker's beat says it again
        link_first(study.paths.cancelled, json.dumps(asdict(found)).encode())


def begin_session(study: Study) -> None:
    """From now on the hours of `limits.hours` count."""
    with suppress(OSError):
        study.paths.session.touch()


def hours_over(study: Study, now: float) -> str | None:
    """Why the study stops for its hours; `None` while it goes on."""
    limit = study.space.limits.hours
    if limit is None:
        return None
    try:
        began = study.paths.session.stat().st_mtime
    except OSError:
        return None
    over = now - began >= 3600 * limit
    return f"the time that limits.hours: {limit:g} gives is over" if over else None
