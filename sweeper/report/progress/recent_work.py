"""The attempts of the last minutes, and the pace at which they worked.

An attempt is taken to have worked evenly from its claim to what its worker wrote last. Pauses in
which nobody worked do not count.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Collection
from contextlib import suppress
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sweeper.ledger.run_record import RunRecord
from sweeper.paths import StudyPaths

WINDOW_S = 300.0
"""How far back work is looked at."""

PAUSE_S = 30.0
"""Workers have paused where nobody worked for so long."""

MOST = 4096
"""The most attempts that ended which are looked at: of short runs the last are enough."""

_ENOUGH = 10
"""From so many runs on those that ended are counted; fewer are told from their steps."""

Array = npt.NDArray[np.float64]


class Pace(NamedTuple):
    """How fast a study goes."""

    steps_per_s: float
    runs_per_h: float


class RecentWork:
    """The attempts that are going on, and those that ended in the last minutes.

    `steps` is how many a run has.
    """

    def __init__(self, paths: StudyPaths, steps: int) -> None:
        self._paths, self._steps = paths, steps
        self._ended: deque[tuple[float, float, float]] = deque(maxlen=MOST)
        """Begin, end and steps of attempts that ended their run."""
        self.running: dict[str, RunRecord] = {}

    def note(self, record: RunRecord, now: float) -> None:
        """Takes in what is known of a run at the time `now`."""
        self.running.pop(record.run, None)
        if record.end is not None:
            if record.ended is not None and record.ended > now - WINDOW_S and record.tries:
                self._ended.append(_span(record, record.ended))
        elif record.state == "running":
            self.running[record.run] = record

    def pace(self, now: float, dead: Collection[str] = ()) -> Pace | None:
        """The pace at the time `now`, without the runs of `dead` workers; `None` in a pause."""
        held = [record for record in self.running.values() if record.worker not in dead]
        wrote = last_written(self._paths, {str(record.worker) for record in held})
        going = [_span(record, min(now, wrote.get(str(record.worker), now))) for record in held]
        spans = np.array([*self._ended, *going], float).reshape(-1, 3)
        ends = np.arange(len(spans)) < len(self._ended)
        last = spans[:, 1].max(initial=-np.inf)
        if not held and now - last > PAUSE_S:
            return None
        since = last - WINDOW_S
        if len(self._ended) == MOST:
            since = max(since, spans[ends, 1].min())
        recent = spans[:, 1] > since
        return _pace(spans[recent], since, self._steps, int(ends[recent].sum()))


def last_written(paths: StudyPaths, workers: Collection[str]) -> dict[str, float]:
    """When each worker wrote to its ledger last: what it did by then is known."""
    found: dict[str, float] = {}
    with suppress(FileNotFoundError), os.scandir(paths.ledger) as files:
        for file in files if workers else ():
            worker = file.name.rsplit(".", 2)[0]
            if worker in workers:
                found[worker] = max(found.get(worker, 0.0), file.stat().st_mtime)
    return found


def pace_of(record: RunRecord, until: float) -> float | None:
    """Steps a second of a run's newest attempt up to a time; `None` before its first report."""
    began, ended, steps = _span(record, until)
    return steps / (ended - began) if steps > 0 and ended > began else None


def _span(record: RunRecord, until: float) -> tuple[float, float, float]:
    """Begin, end and steps of a run's newest attempt."""
    attempt = record.tries[record.last]
    began = until if attempt.began is None else min(attempt.began, until)
    return began, until, max(0, record.step - attempt.resumed)


def _pace(spans: Array, since: float, steps: int, ended: int) -> Pace | None:
    """The pace of attempts [attempts × (begin, end, steps)] from `since` on, `ended` of them."""
    began, until, done = spans.T
    first = np.maximum(began, since)
    trained = (done * (until - first) / np.maximum(until - began, 1e-9)).sum()
    active = _active(first, until)
    if not active > 0:
        return None
    runs = ended if ended >= _ENOUGH else trained / steps
    return Pace(float(trained / active), float(runs / active * 3600))


def _active(first: Array, until: Array) -> float:
    """For how many seconds somebody worked: from first to last, but for pauses."""
    order = np.argsort(first)
    ends = np.maximum.accumulate(until[order])
    gaps = first[order][1:] - ends[:-1]
    return float(ends[-1] - first[order][0] - gaps[gaps > PAUSE_S].sum()) if len(ends) else 0.0
