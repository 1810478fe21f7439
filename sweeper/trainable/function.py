"""Function trainables: `train(config, run) -> float` in a file of the user's own."""

from __future__ import annotations

import contextlib
import math
import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sweeper.lookup import import_file
from sweeper.trainable.contract import RunSpec, State
from sweeper.trainable.own_code.lone_run import LoneReport, LoneTrainable, children_s
from sweeper.trainable.own_code.reported_numbers import ended, reported, returned

_PAUSE_S = 0.5
_LINGERING_S = 1.0

_LOADING = threading.Lock()
"""Held while a file is imported, so that no two functions' threads import it at once."""


class _Dropped(BaseException):
    """Unwinds a function whose run has ended; a user's `except Exception` does not catch it."""


@dataclass(frozen=True)
class FunctionRun:
    """The second argument of the function: its run."""

    id: str
    task: str
    seed: int
    steps: int
    resumed: bool
    """Whether an earlier attempt may have left files in `folder`."""
    _folder: Path = field(repr=False)
    _asked: Callable[[], None] = field(repr=False)
    _report: Callable[[int, dict[str, float]], None] = field(repr=False)

    @property
    def folder(self) -> Path:
        """A folder of the run's own, kept across attempts unless it is empty; made when asked for.

        Once it was asked for, `report` returns only when the report is in the ledger: a function
        that reports and then saves its state loses no report, however it is killed.
        """
        self._asked()
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder

    def report(self, step: int, **metrics: float) -> None:
        """Records metrics at `step`; a NaN or an Inf ends the run as diverged.

        The last report may lie beyond `steps`, as where a rollout ends there; it counts as one at
        `steps`, and later ones of its metrics do not count. Raises `ValueError` for a negative
        step, `TypeError` for what is no number.
        """
        self._report(*reported(step, metrics))


class FunctionPack:
    """A pack of one run: the function runs in a thread, so that its worker stays responsive.

    Child processes are looked at every `children_every_s`: listing them takes milliseconds.
    """

    def __init__(
        self,
        load: Callable[[], Callable[..., Any]],
        run: RunSpec,
        folder: Path,
        *,
        waits: bool = False,
        children_every_s: float = 10.0,
    ) -> None:
        self.step = 0
        self._queue: queue.Queue[LoneReport | Exception] = queue.Queue()
        self._given = self._recorded = 0
        """How many reports the worker was given, and how many it has recorded."""
        self._recording = threading.Condition()
        self._waits = waits
        """Whether each report is recorded, and judged, before the function goes on."""
        self._error: Exception | None = None
        self._reports = 0
        self._dropped = False
        self._children_s, self._looked = 0.0, time.monotonic()
        self._children_every_s = children_every_s
        resumed = folder.exists()
        self._folder = folder
        view = FunctionRun(
            *(run.id, run.task, run.seed, run.steps, resumed, folder),
            *(self._ask, self._report),
        )
        args = (load, dict(run.params), view)
        self._thread = threading.Thread(target=self._call, args=args, daemon=True)
        self._thread.start()

    @property
    def progress(self) -> int:
        """Processor seconds of the function, its threads and child processes, plus its reports.

        The thread that asks is the worker's, so its own time does not count. A function that
        neither computes nor reports looks hung, and after a while counts as dead.
        """
        now = time.monotonic()
        if now - self._looked >= self._children_every_s:
            self._children_s, self._looked = children_s(), now
        threads_s = time.process_time() - time.thread_time()
        return int(threads_s + self._children_s) + self._reports

    def advance(self) -> Sequence[LoneReport]:
        """Waits half a second at most for reports; raises what the function raised after the last.

        A worker that calls it again has recorded the reports that it got before.
        """
        self._recorded = self._given
        if self._waits:
            with self._recording:
                self._recording.notify_all()
        reports: list[LoneReport] = []
        with contextlib.suppress(queue.Empty):
            while self._error is None:
                item = self._queue.get(timeout=0 if reports else _PAUSE_S)
                if isinstance(item, Exception):
                    self._error = item
                else:
                    reports.append(item)
        if self._error is not None and not reports:
            raise self._error
        self._given += len(reports)
        return reports

    def save(self, member: int) -> State | None:
        """A function keeps its own state, in `run.folder`."""
        return None

    def drop(self, members: Iterable[int]) -> None:
        """Makes the function's next report unwind it."""
        self._dropped = self._dropped or bool(list(members))
        with self._recording:
            self._recording.notify_all()

    def lingers(self) -> bool:
        """Whether the function still runs after a second: a thread cannot be ended from outside."""
        self._thread.join(_LINGERING_S)
        return self._thread.is_alive()

    def _call(
        self, load: Callable[[], Callable[..., Any]], config: dict[str, Any], run: FunctionRun
    ) -> None:
        try:
            function = load()
            if self._dropped:
                return
            result = returned(function.__name__, function(config, run), self._reports)
            self._put(self.step or run.steps, result, done=True)
        except _Dropped:
            pass
        except Exception as error:
            self._queue.put(error)
        except BaseException as error:
            self._queue.put(ended(error))
        finally:
            with contextlib.suppress(OSError):  # it was not asked for, or holds something
                self._folder.rmdir()

    def _report(self, step: int, metrics: dict[str, float]) -> None:
        self._put(step, metrics, done=False)
        if self._waits:
            self._wait()
        if self._dropped:
            raise _Dropped

    def _ask(self) -> None:
        """Makes all further reports wait until they are recorded, and waits for those before."""
        if not self._waits:
            self._waits = True
            self._wait()

    def _wait(self) -> None:
        """Waits until the worker has recorded all reports so far, or the run has ended."""
        number = self._reports
        with self._recording:
            self._recording.wait_for(lambda: self._recorded >= number or self._dropped)

    def _put(self, step: int, metrics: dict[str, float], *, done: bool) -> None:
        """Reports, unless the run has ended; NaN and Inf end it."""
        if self._dropped:
            return
        finite = {name: value for name, value in metrics.items() if math.isfinite(value)}
        diverged = len(finite) < len(metrics)
        if done or diverged:
            self._dropped = True
        self.step = max(self.step, step)
        self._reports += 1
        self._queue.put(LoneReport(step, finite, done or diverged, diverged))


class Function(LoneTrainable):
    """Makes a trainable of the function `name` in the file `path`.

    `runs` is the folder in which each run gets one of its own. With `waits` each report is judged
    before the function goes on, so that what a pruner says does not depend on who was quicker.
    """

    def __init__(
        self, path: Path, name: str, runs: Path | None = None, *, waits: bool = False
    ) -> None:
        self._path = path
        self._name = name
        self._runs = runs
        self._waits = waits

    def __eq__(self, other: object) -> bool:
        """Whether `other` makes runs of the same function in the same file."""
        if not isinstance(other, Function):
            return NotImplemented
        return (self._path, self._name) == (other._path, other._name)

    def __hash__(self) -> int:
        return hash((self._path, self._name))

    def signature(self, params: Mapping[str, Any], task: str) -> str:
        """The file and the name of the function; a pack holds one run all the same."""
        return f"{self._path}:{self._name}"

    def start(
        self, runs: Sequence[RunSpec], states: Sequence[State | None], device: str
    ) -> FunctionPack:
        """Calls the function for the one run in `runs`."""
        (run,) = runs
        assert self._runs is not None, "a function needs the study's folder to run"
        return FunctionPack(self._load, run, self._runs / run.id, waits=self._waits)

    def _load(self) -> Callable[..., Any]:
        with _LOADING:
            function: Callable[..., Any] = getattr(import_file(self._path), self._name)
        return function
