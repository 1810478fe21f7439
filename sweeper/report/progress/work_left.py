"""What is left of a study, how fast it goes, and how long that takes."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from sweeper.ledger.run_record import PAUSED, UNENDED, RunRecord
from sweeper.ledger.snapshots.columns import Columns
from sweeper.ledger.state import LedgerState
from sweeper.planning.plan import Plan
from sweeper.report.progress.recent_work import MOST, WINDOW_S, Pace, RecentWork
from sweeper.study.study import Study
from sweeper.text import about, counted

N = TypeVar("N", int, float)


@dataclass(frozen=True)
class WorkLeft:
    """The work that is left, and its pace over the last minutes; `None` where nobody is at work."""

    runs_left: int
    steps_left: int
    """Environment steps, as if no pruner ended a run early."""
    steps_per_s: float | None = None
    runs_per_h: float | None = None
    eta_s: float | None = None
    """Seconds until all runs have ended, at this pace."""
    running_at: tuple[int, int] | None = None
    """The least and the most steps that runs have got to which are going on."""
    last_values: tuple[float, float] | None = None
    """The least and the most of the score's metric that these have reported last."""

    def at(self, pace: Pace | None, share: float = 1.0) -> WorkLeft:
        """The same at a pace; `share` is which part of their steps runs train on average."""
        if pace is None or not self.runs_left or not pace.steps_per_s > 0:
            return self
        eta_s = share * self.steps_left / pace.steps_per_s
        return replace(self, steps_per_s=pace.steps_per_s, runs_per_h=pace.runs_per_h, eta_s=eta_s)

    def words(self) -> Iterator[str]:
        """Steps a second, runs an hour, and the time that is left, where they are known."""
        if self.steps_per_s is None or self.runs_per_h is None or self.eta_s is None:
            return
        yield f"{rate(self.steps_per_s)} steps/s"
        yield f"{rate(self.runs_per_h)} runs/h"
        yield f"{about(self.eta_s)} left"

    def line(self) -> str:
        """All of it in one line."""
        left = f"{counted(self.runs_left, 'run')} and {counted(self.steps_left, 'step', ',')} to do"
        return ", ".join([left if self.runs_left else "nothing to do", *self.words()])


def rate(number: float) -> str:
    """A rate to three digits: `12,300`, `45.6`, `0.78`."""
    return f"{float(f'{number:.3g}'):,.10g}"


def reached(record: RunRecord, state: str | None = None) -> int:
    """How far a run is: of one that is open what was saved of it; its `state` may be known better.

    A run whose worker died is open for others; one that paused goes on from there.
    """
    if not record.tries:
        return 0
    if (state or record.state) == "running":
        return record.tries[record.last].step
    if record.end is None and record.state != PAUSED:
        return 0 if record.resume_from is None else record.resume_from.step
    return record.step


def newest(record: RunRecord, metric: str) -> float:
    """The value of a metric in the newest report that has one; NaN where none has."""
    return next((one[metric] for _, one in reversed(record.reports) if metric in one), np.nan)


def of_study(
    study: Study,
    ledger_state: LedgerState,
    columns: Columns,
    states: npt.NDArray[Any],
    dead: Collection[str] = (),
) -> WorkLeft:
    """What is left of a study whose runs are in these `states`; nothing is to come of `dead`."""
    plan, now = study.plan, time.time()
    work, ended = RecentWork(study.paths, study.space.average_steps), columns.numbers("ended")
    recent = np.flatnonzero(ended > now - WINDOW_S)
    for number in recent[np.argsort(ended[recent])][-MOST:].tolist():
        work.note(ledger_state.runs[plan.runs[number].id], now)
    places, values = [], []
    for number, record in columns.others:
        if not record.settled:
            work.note(record, now)
            places.append((states[number] == "running", reached(record, states[number])))
            if places[-1][0]:
                values.append(newest(record, study.space.score.metric))
    still = np.isin(states, UNENDED)
    left = int(still.sum())
    steps = int(lengths(plan)[still].sum())
    due = plan.total - len(plan.runs)
    going = [step for running, step in places if running]
    reported = [value for value in values if not np.isnan(value)]
    found = WorkLeft(
        left + due,
        steps + due * study.space.average_steps - sum(step for _, step in places),
        running_at=_ends(going),
        last_values=_ends(reported),
    )
    return found.at(work.pace(now, dead), _share(study, columns))


def _ends(numbers: Sequence[N]) -> tuple[N, N] | None:
    return (min(numbers), max(numbers)) if numbers else None


def lengths(plan: Plan) -> npt.NDArray[np.int64]:
    """The steps of the runs of a plan, in their order."""
    return np.fromiter((run.steps for run in plan.runs), np.int64, len(plan.runs))


def _share(study: Study, columns: Columns) -> float:
    """Which part of their steps the runs have trained on average that ended under a pruner."""
    if study.space.pruner is None:
        return 1.0
    trained = columns.numbers("step")[~np.isnan(columns.numbers("ended"))]
    return float(trained.mean() / study.space.steps) if len(trained) else 1.0
