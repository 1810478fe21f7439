"""The watcher, which shows progress, replaces workers that died and keeps the report current."""

from __future__ import annotations

import signal
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from sweeper.dispatch import Workers
from sweeper.ledger.run_record import ENDS, RunRecord
from sweeper.ledger.state import LedgerState
from sweeper.plan.plan import Run
from sweeper.report.background import BackgroundReport
from sweeper.study.study import Study
from sweeper.text import counted, duration

_POLL_S = 0.5
_QUIET_S = 10.0
_WINDOW_S = 60.0


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
                    time.sleep(_POLL_S)
        if not view.open:
            return True
        if workers.needed:
            _stop(workers, console)
        console.print("cancelled; the same command goes on from here")
        return False
    except KeyboardInterrupt:
        if workers is not None and workers.needed:
            _stop(workers, console)
        if workers is None or workers.needed:
            console.print("stopped; the same command goes on from here")
        else:
            console.print("the workers go on; `sweeper cancel` stops them")
        return False


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
        self._history: deque[tuple[float, int]] = deque()
        self._printed = 0.0
        self._states: dict[str, str] = {}
        self._reached: dict[str, int] = {}
        self._total = 0
        """Steps done, of all runs."""
        self._left = 0
        """Steps to do."""
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
        return self._done < self._study.plan.total

    def refresh(self) -> bool:
        """Reads the ledger and shows it; whether some run has not ended."""
        self._planned(self._study.refresh())
        for run in self._ledger_state.refresh():
            if run in self._steps:
                self._changed(self._ledger_state.runs[run])
        self._done = sum(self._counts[state] for state in ENDS)
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
        reached = record.step if record.end is None else self._steps[record.run]
        gained = reached - self._reached.get(record.run, 0)
        self._reached[record.run] = reached
        self._total += gained
        self._left -= gained

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
            for state in ("running", *ENDS)
            if self._counts[state] and state != "complete"
        ]
        rate = self._rate()
        if rate > 0 and self.open:
            shown += [f"{rate:,.0f} steps/s", f"{duration(self._left / rate)} left"]
        return ", ".join(shown) or ("starting" if self.open else "finishing")

    def _rate(self) -> float:
        """Steps per second over the last minute."""
        now, steps = time.monotonic(), self._total
        self._history.append((now, steps))
        while now - self._history[0][0] > _WINDOW_S:
            self._history.popleft()
        since, before = self._history[0]
        return (steps - before) / (now - since) if now > since else 0.0
