"""The watcher, which shows progress, replaces workers that died and keeps the report current."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from sweeper.dispatch import Workers
from sweeper.errors import cut
from sweeper.ledger.failure_cause import last_line
from sweeper.ledger.run_record import ENDS, PAUSED, RunRecord
from sweeper.ledger.state import LedgerState
from sweeper.planning.plan import Run
from sweeper.report.background import BackgroundReport
from sweeper.report.progress.recent_work import Pace, RecentWork
from sweeper.report.progress.work_left import WorkLeft, reached
from sweeper.study import command_hints
from sweeper.study.study import Study
from sweeper.text import counted

POLL_S = 0.5
"""Seconds between two looks at the ledger."""

_CAUSE = 80
"""The most characters that the line says of the first failure."""

_QUIET_S = 10.0
_PACE_S = 2.0
"""The pace is looked at anew so often: that opens a folder that may be on a network."""


def watch(study: Study, begin: Callable[[], Workers], console: Console) -> bool:
    """Starts workers and watches until all runs have ended and they left; `False` if interrupted.

    Ctrl-C and SIGTERM interrupt, as `sweeper cancel` does: the workers save their runs and leave.
    """
    workers: Workers | None = None
    try:
        with _sigterm_as_ctrl_c():
            view = _View(study, console)
            workers = begin()
            for line in workers.said:
                console.print(line)
            with BackgroundReport(study) as report, view.progress:
                while view.refresh() or workers.alive():
                    if study.paths.cancelled.exists():
                        break
                    if view.open:
                        workers.replace()
                        report.refresh()
                    time.sleep(POLL_S)
        if not view.open:
            return True
        if workers.needed and workers.alive():
            _stop(workers, console)
        for line in stopped_lines(study):
            console.print(line)
        return False
    except KeyboardInterrupt:
        if workers is not None and workers.needed:
            _stop(workers, console)
        if workers is None or workers.needed:
            console.print("stopped; the same command goes on from here")
        else:
            console.print("the workers go on; `sweeper cancel` stops them")
        return False


def stopped_lines(study: Study) -> Iterator[str]:
    """Who or what stopped a study, and how to go on."""
    mark = study.cancelled
    if mark is None or mark.why is None:
        yield "cancelled; the same command goes on from here"
        return
    yield f"stopped: {mark.why}"
    if mark.limit == "hours":
        yield "the same command goes on from here, for as long again"
    else:
        yield from after_failures(study)


def after_failures(study: Study) -> Iterator[str]:
    """The commands that go on with a study that stopped as its runs fail by one cause."""
    words, again = command_hints.words(study), command_hints.again(study)
    yield f"  sweeper failed {words} trace=true  # the whole of it"
    yield f"  sweeper retry {words}  # once its cause is gone, and then run again"
    yield f"  {again} other_code=true  # once your code is mended"
    space = os.path.relpath(study.space.file)
    yield f"  sweeper run {space} limits.same_failure=1000  # goes on all the same"


@contextmanager
def _sigterm_as_ctrl_c() -> Iterator[None]:
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _stop(workers: Workers, console: Console) -> None:
    """Asks again every second: a worker that is just starting may not hear it the first time."""
    at_work = counted(workers.alive(), "worker")
    console.print(f"saving the runs of {at_work} … (Ctrl-C again to give up)")
    try:
        while workers.alive():
            workers.stop()
            time.sleep(1 if workers.alive() else 0)
    except KeyboardInterrupt:
        workers.kill()


class _View:
    """A progress bar on a terminal; elsewhere a line now and then."""

    def __init__(self, study: Study, console: Console) -> None:
        self._study = study
        self._ledger_state = LedgerState(study.paths, reports=False)
        self._console = console
        self._steps: dict[str, int] = {}
        self._done = 0
        self._counts: Counter[str] = Counter()
        self._work = RecentWork(study.paths, study.space.average_steps)
        self._pace: tuple[float, Pace | None] = (-_PACE_S, None)
        self._printed = 0.0
        self._states: dict[str, str] = {}
        self._reached: dict[str, tuple[int, int]] = {}
        """Steps that need not be done any more of each run, and those of them that nobody did."""
        self._left = 0
        """Steps to do."""
        self._cause = ""
        """What the first run that raised, or failed, said."""
        self._spared = 0
        """Steps of runs that ended before they were done."""
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed}/{task.total} runs"),
            TextColumn("{task.fields[text]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self._task: TaskID = self.progress.add_task(
            study.name, total=study.plan.total, text="starting"
        )
        self._planned(study.plan.runs)

    @property
    def open(self) -> bool:
        """Whether some run has not ended."""
        missing = self._done < self._study.plan.total
        return missing or bool(self._study.waiting(self._ledger_state))

    def refresh(self) -> bool:
        """Reads the ledger and shows it; whether some run has not ended."""
        planned = self._study.refresh()
        self._planned(planned)
        changed = self._ledger_state.refresh()
        changed.update(run.id for run in planned)  # one may have ended before we knew of its plan
        for run in changed:
            if run in self._steps and run in self._ledger_state.runs:
                self._changed(self._ledger_state.runs[run])
        self._note_cause(self._ledger_state.runs[run] for run in changed if run in self._states)
        self._done = sum(self._counts[state] for state in (PAUSED, *ENDS))
        total = self._study.plan.total
        self.progress.update(self._task, completed=self._done, total=total, text=self._text())
        self._say()
        return self.open

    def _planned(self, runs: Iterable[Run]) -> None:
        for run in runs:
            self._left += run.steps - self._steps.get(run.id, 0)
            self._steps[run.id] = run.steps

    def _changed(self, record: RunRecord) -> None:
        """Counts anew what has changed, and only that: there may be a hundred thousand runs."""
        self._counts[self._states.get(record.run, "")] -= 1
        self._counts[record.state] += 1
        self._states[record.run] = record.state
        steps = self._steps[record.run]
        before = self._reached.get(record.run, (0, 0))
        now = (steps, steps - record.step) if record.settled else (reached(record), 0)
        self._left -= now[0] - before[0]
        self._spared += now[1] - before[1]
        self._reached[record.run] = now
        self._work.note(record, time.time())

    def _note_cause(self, changed: Iterable[RunRecord]) -> None:
        """Keeps what the first run said that raised, or failed, and has it printed at once."""
        raised = [] if self._cause else [one for one in changed if one.error and one.state != "nan"]
        if raised:
            first = min(raised, key=lambda record: record.started or 0.0)
            self._cause = last_line(str(first.error))
            self._printed = 0.0

    def _say(self) -> None:
        """Prints a line where there is no terminal: every ten seconds and at the end."""
        now = time.monotonic()
        if not self._console.is_terminal and (
            now - self._printed > _QUIET_S or (not self.open and self._printed != float("inf"))
        ):
            self._printed = now if self.open else float("inf")
            self._console.print(
                f"{self._study.name}: {self._done}/{counted(self._study.plan.total, 'run')}, "
                f"{self._text()}"
            )

    def _text(self) -> str:
        shown = [
            f"{self._counts[state]} {state}"
            for state in ("running", PAUSED, *ENDS)
            if self._counts[state] and state != "complete"
        ]
        if self._cause:
            shown.append(f"first failure: {cut(self._cause, _CAUSE)}")
        shown += self._left_to_do().words()
        return ", ".join(shown) or ("starting" if self.open else "finishing")

    def _left_to_do(self) -> WorkLeft:
        """What is left, at the pace of the last minutes."""
        now = time.monotonic()
        if now - self._pace[0] > _PACE_S:
            self._pace = (now, self._work.pace(time.time()))
        plan, steps = self._study.plan, self._study.space.average_steps
        due = plan.total - len(plan.runs)
        left = WorkLeft(plan.total - self._done, self._left + due * steps)
        share = 1.0
        if self._study.space.pruner is not None and self._done:
            share -= self._spared / (self._done * steps)
        return left.at(self._pace[1], share)
