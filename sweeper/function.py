"""Function trainables: `train(config, run) -> float` in a file of the user's own."""

from __future__ import annotations

import importlib.util
import math
import numbers
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from sweeper.trainable import Parameter, RunSpec, State

RESULT = "value"
"""The metric under which the returned number is reported."""

_PAUSE_S = 0.5


class _Dropped(BaseException):
    """Unwinds a function whose run has ended; a user's `except Exception` does not catch it."""


@dataclass(frozen=True)
class FunctionRun:
    """What the function sees of its run."""

    id: str
    task: str
    seed: int
    steps: int
    folder: Path
    """A folder of its own, kept across attempts."""
    resumed: bool
    """Whether an earlier attempt may have left files in `folder`."""
    _report: Callable[[int, dict[str, float]], None] = field(repr=False)

    def report(self, step: int, **metrics: float) -> None:
        """Records metrics at `step`; a NaN or an Inf ends the run as diverged."""
        self._report(int(step), {name: float(value) for name, value in metrics.items()})


@dataclass(frozen=True)
class FunctionReport:
    """Satisfies `sweeper.trainable.Report`."""

    step: int
    metrics: dict[str, float]
    done: bool = False
    diverged: bool = False
    member: int = 0


class FunctionPack:
    """A pack of one: the function in a thread, so that its worker stays responsive."""

    def __init__(self, function: Callable[..., Any], run: RunSpec, folder: Path) -> None:
        self.step = 0
        self._queue: queue.Queue[FunctionReport | Exception] = queue.Queue()
        self._dropped = False
        resumed = folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        view = FunctionRun(run.id, run.task, run.seed, run.steps, folder, resumed, self._report)
        thread = threading.Thread(
            target=self._call, args=(function, dict(run.params), view), daemon=True
        )
        thread.start()

    @property
    def progress(self) -> int:
        """Processor time of this process in tenths of a second, plus the step reached.

        A function that neither computes nor reports looks hung, and after a while counts as dead.
        """
        return int(time.process_time() * 10) + self.step

    def advance(self) -> Sequence[FunctionReport]:
        """Waits half a second at most; raises what the function raised."""
        reports: list[FunctionReport] = []
        try:
            item = self._queue.get(timeout=_PAUSE_S)
            while True:
                if isinstance(item, Exception):
                    raise item
                reports.append(item)
                item = self._queue.get_nowait()
        except queue.Empty:
            return reports

    def save(self, member: int) -> State | None:
        """A function keeps its own state, in `run.folder`."""
        return None

    def drop(self, members: Iterable[int]) -> None:
        """Makes the function's next report unwind it."""
        self._dropped = self._dropped or bool(list(members))

    def _call(self, function: Callable[..., Any], config: dict[str, Any], run: FunctionRun) -> None:
        try:
            result = function(config, run)
            if isinstance(result, bool) or not isinstance(result, numbers.Real):
                raise TypeError(
                    f"{function.__name__} must return a number, but returned {result!r}"
                )
            self._put(self.step, {RESULT: float(result)}, done=True)
        except _Dropped:
            pass
        except Exception as error:
            self._queue.put(error)
        except BaseException as error:
            self._queue.put(RuntimeError(f"the function ended with {type(error).__name__}"))

    def _report(self, step: int, metrics: dict[str, float]) -> None:
        if self._dropped:
            raise _Dropped
        self._put(step, metrics, done=False)

    def _put(self, step: int, metrics: dict[str, float], *, done: bool) -> None:
        finite = {name: value for name, value in metrics.items() if math.isfinite(value)}
        diverged = len(finite) < len(metrics)
        self.step = max(self.step, step)
        self._queue.put(FunctionReport(step, finite, done or diverged, diverged))
        if diverged and not done:
            raise _Dropped


class Function:
    """Makes a trainable of the function `name` in the file `path`.

    `runs` is the folder in which each run gets one of its own. Any parameter, task and metric is
    accepted: only the function knows.
    """

    parameters: ClassVar[Mapping[str, Parameter]] = {}
    metrics: ClassVar[Sequence[str]] = ()
    packs: ClassVar[bool] = False

    def __init__(self, path: Path, name: str, runs: Path | None = None) -> None:
        self._path = path
        self._name = name
        self._runs = runs

    def tasks(self) -> Sequence[str]:
        """Any task is accepted."""
        return ()

    def check(self, params: Mapping[str, Any], task: str) -> None:
        """Accepts everything."""

    def layers(self, params: Mapping[str, Any], task: str) -> int:
        """A function has no layers that sweeper knows of."""
        raise ValueError("layer sets need an agent: a function's layers are not known")

    def signature(self, params: Mapping[str, Any], task: str) -> str:
        """Runs of one function look alike; a pack still holds one."""
        return f"{self._path}:{self._name}"

    def pack_size(self, params: Mapping[str, Any], task: str, device: str) -> int:
        """One."""
        return 1

    def start(
        self, runs: Sequence[RunSpec], states: Sequence[State | None], device: str
    ) -> FunctionPack:
        """Calls the function for the one run in `runs`."""
        (run,) = runs
        assert self._runs is not None, "a function needs the study's folder to run"
        return FunctionPack(self._load(), run, self._runs / run.id)

    def _load(self) -> Callable[..., Any]:
        folder = str(self._path.parent)
        if folder not in sys.path:
            sys.path.insert(0, folder)
        spec = importlib.util.spec_from_file_location(self._path.stem, self._path)
        assert spec is not None and spec.loader is not None, self._path
        module = importlib.util.module_from_spec(spec)
        sys.modules.setdefault(self._path.stem, module)
        spec.loader.exec_module(module)
        function: Callable[..., Any] = getattr(module, self._name)
        return function
