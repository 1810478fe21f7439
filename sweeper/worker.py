"""A worker: takes runs until none is open, trains them in packs and records what happens."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sweeper import checkpoint, finish, score
from sweeper.attempts import Attempts, Hold, Outcome
from sweeper.checkpoint import Part
from sweeper.errors import SweeperError
from sweeper.fold import Fold, Point
from sweeper.keeping import Keeping
from sweeper.ledger import Writer
from sweeper.liveness import T1_S, Beat, identity
from sweeper.provenance import revision
from sweeper.queue import Queue
from sweeper.sampling import ADAPTIVE
from sweeper.sections import Objective
from sweeper.study import Study
from sweeper.trainable import Pack, Report

if TYPE_CHECKING:
    from sweeper.advisor import Advisor

_IDLE_S = 0.5
_PATIENCE_S = 2 * T1_S
"""For how long a worker waits for a run to be had: long enough to find a silent one dead."""

_SHARE = 10
"""A save is followed by at least so many times its own time without one."""

_STOP = (signal.SIGTERM, signal.SIGUSR2)


def work(folder: str, pack: str, device: str, workers: str) -> None:
    """What a dispatched process calls: one worker of the study in `folder`. Ends the process.

    At the end nobody is waited for: neither threads nor children that a function left behind.
    """
    stopping = _detach()
    code = 0
    try:
        study = Study.open(Path(folder))
        Worker(study, pack=pack, device=device, workers=int(workers), stopping=stopping).run()
    except SweeperError as error:
        print(f"sweeper: {error}", file=sys.stderr)
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _detach() -> threading.Event:
    """Makes this process a worker: out of the terminal's reach, stopped by a signal to it alone.

    Returns the event that such a signal sets. Processes that a function forks get signals as usual,
    and the safe path that this process was started with ends here.
    """
    stopping = threading.Event()
    with suppress(PermissionError):
        os.setsid()
    for number in _STOP:
        signal.signal(number, lambda *_: stopping.set())
    os.register_at_fork(
        after_in_child=lambda: [signal.signal(number, signal.SIG_DFL) for number in _STOP]
    )
    os.environ.pop("PYTHONSAFEPATH", None)
    return stopping


class _Raised(Exception):
    """What is trained raised; the text is the traceback."""


@contextmanager
def _theirs() -> Iterator[None]:
    """What is raised inside counts against the runs in the pack; our own errors do not."""
    try:
        yield
    except (Exception, SystemExit) as error:
        raise _Raised(traceback.format_exc()) from error


@dataclass
class _Training:
    """A pack and the holds of its live members."""

    pack: Pack
    live: dict[int, Hold]
    saved: float = field(default_factory=time.monotonic)
    save_s: float = 0.0

    def due(self, every_s: float) -> bool:
        """Whether to save now: after `every_s` seconds, or later where saving takes long."""
        return time.monotonic() - self.saved > max(every_s, _SHARE * self.save_s)

    def drop(self, members: Iterable[int]) -> None:
        members = list(members)
        for member in members:
            del self.live[member]
        with _theirs():
            self.pack.drop(members)


class Worker:
    """One of the processes that work on a study.

    `pack` is `auto` or a number of members; `workers` is how many processes share the open runs;
    once `stopping` is set it saves its runs, gives them up and leaves.
    """

    def __init__(
        self,
        study: Study,
        *,
        pack: str,
        device: str,
        workers: int,
        stopping: threading.Event | None = None,
    ) -> None:
        study.share_files()
        self.name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        self._study = study
        self._device = device
        self._stopping = stopping or threading.Event()
        self._ledger = Writer(study.paths.ledger, self.name, _header())
        self._beat = Beat(study.paths.beats / self.name)
        self._beat(0)
        self._fold = Fold(study.paths, reports=study.space.pruner is not None)
        self._fold.refresh()
        self._advisor = self._advised()
        self._queue = Queue(study, self._fold, self.name, pack=pack, device=device, workers=workers)
        bound = study.space.checkpoint.max_gb
        self._attempts = Attempts(study.paths, self._fold, self._ledger, bound)
        self._keeping = Keeping(study.space)

    def run(self) -> None:
        """Works until all runs have ended, nothing was to be had for a while, or it must stop."""
        try:
            self._work()
        finally:
            self._ledger.close()
            self._beat.close()

    def _work(self) -> None:
        taken = time.monotonic()
        while not self._stopping.is_set() and time.monotonic() - taken < _PATIENCE_S:
            self._refresh()
            for record in self._queue.beyond_bounds():
                self._attempts.end_dead(record, Outcome("lost", record.step))
            if self._queue.finished:
                finish.once(self._study, self._fold, self._ledger.worker)
                return
            self._plan()
            batch = self._queue.pick()
            if batch:
                self._train(self._attempts.claim(batch))
                taken = time.monotonic()
            else:
                self._beat(time.monotonic_ns())
                self._stopping.wait(_IDLE_S)

    def _advised(self) -> Advisor | None:
        """Optuna's advisor, where the space asks for one: it takes a while to import."""
        space = self._study.space
        if space.sampler.name not in ADAPTIVE and space.pruner is None:
            return None
        from sweeper.advisor import Advisor

        return Advisor(self._study, self._fold, self._ledger)

    def _refresh(self) -> None:
        changed = self._queue.refresh()
        if self._advisor is not None:
            self._advisor.note(changed)

    def _plan(self) -> None:
        """Plans trials until there are runs enough to fill a pack, or all are planned."""
        while self._advisor is not None and (number := self._queue.wanting()):
            self._advisor.plan(number)
            self._refresh()
            self._beat(time.monotonic_ns())

    def _train(self, holds: Sequence[Hold]) -> None:
        holds = self._unpruned(holds)
        if not holds:
            return
        live = dict(enumerate(holds))
        self._attempts.start(holds)
        try:
            states = [hold.state for hold in holds]
            with _theirs():
                runs = [hold.run for hold in holds]
                pack = self._study.trainable.start(runs, states, self._device)
            for hold in holds:
                hold.state = None
            self._step(_Training(pack, live))
        except _Raised as raised:
            self._raised(list(live.values()), str(raised))
        except Exception:
            self._attempts.release(list(live.values()), "stopped")
            raise

    def _step(self, training: _Training) -> None:
        """Steps a pack until nobody is left in it, or this worker must stop."""
        while training.live:
            with _theirs():
                reports = training.pack.advance()
                progress = training.pack.progress
            self._beat(progress)
            self._record(training, reports)
            if self._stopping.is_set():
                self._save(training)
                self._attempts.release(list(training.live.values()), "stopped")
                training.drop(list(training.live))
            elif training.due(self._study.space.checkpoint.every_s):
                self._save(training)

    def _record(self, training: _Training, reports: Sequence[Report]) -> None:
        """Writes down what members report, and ends those that are done."""
        points: list[tuple[Hold, Point]] = []
        done: list[Report] = []
        for report in reports:
            with _theirs():
                self._keeping.note(training.pack, training.live[report.member], report)
            if report.metrics:
                point = (report.step, dict(report.metrics))
                points.append((training.live[report.member], point))
            if report.done:
                done.append(report)
        reported = {hold.run.trial for hold, _ in points}
        if points:
            self._attempts.report(points, sync=bool(done))
            self._judge(reported)
        if done:
            ends = [(training.live[report.member], report) for report in done]
            self._attempts.end([(hold, self._outcome(hold, report)) for hold, report in ends])
            training.drop(report.member for report in done)
            self._judge(reported)
        left = len(training.live)
        if points:
            kept = self._unpruned(list(training.live.values()))
            training.drop([i for i, hold in training.live.items() if hold not in kept])
        if len(training.live) == 1 and (done or len(training.live) < left):
            self._attempts.start(list(training.live.values()))

    def _judge(self, trials: set[int]) -> None:
        """Lets the pruner judge trials of which something was reported."""
        if self._advisor is not None and self._study.space.pruner is not None:
            self._refresh()
            self._advisor.judge(trials)

    def _unpruned(self, holds: Sequence[Hold]) -> list[Hold]:
        """Ends those of `holds` whose trial was pruned, and returns the others."""
        if self._study.space.pruner is None:
            return list(holds)
        trials = {hold.run.trial for hold in holds}
        pruned = {trial for trial in trials if self._study.paths.pruned(trial).exists()}
        ends = [hold for hold in holds if hold.run.trial in pruned]
        steps = [max(hold.step, self._fold.record(hold.run.id).step) for hold in ends]
        outcomes = [Outcome("pruned", step) for step in steps]
        self._attempts.end(list(zip(ends, outcomes, strict=True)))
        return [hold for hold in holds if hold.run.trial not in pruned]

    def _save(self, training: _Training) -> None:
        """Saves every member's state; those whom another worker took over leave the pack."""
        begin = time.monotonic()
        lost = {i: h for i, h in training.live.items() if self._attempts.superseded(h)}
        for hold in lost.values():
            self._attempts.leave(hold)
        training.drop(lost)
        self._attempts.save(_states(training), training.pack.step)
        training.saved = time.monotonic()
        training.save_s = training.saved - begin

    def _outcome(self, hold: Hold, report: Report) -> Outcome:
        """The end of a run that reported its last: its score, by the space's rule."""
        space, curve = self._study.space, hold.curve
        names = sorted({name for _, metrics in curve for name in metrics})
        for rule in space.scores:
            if rule.metric not in names and not report.diverged:
                error = f"the metric {rule.metric!r} was never reported, only {', '.join(names)}"
                return Outcome("failed", report.step, error=error)
        task = space.tasks[hold.run.task]
        value = score.run_value(
            _points(curve, space.score.metric),
            space.score.at,
            hold.run.steps,
            space.worst(hold.run.task),
        )
        return Outcome(
            "nan" if report.diverged else "complete",
            report.step,
            score.normalise(value, task.low, task.high),
            value,
            also=[_scored(curve, rule, hold.run.steps) for rule in space.score.also] or None,
        )

    def _raised(self, holds: Sequence[Hold], error: str) -> None:
        """A pack that raised is split until the culprit is alone; then its attempts are counted.

        Whatever is raised while the worker must stop is no failure.
        """
        print(error, file=sys.stderr, flush=True)
        if self._stopping.is_set():
            self._attempts.release(holds, "stopped")
            return
        if len(holds) > 1:
            self._attempts.release(holds, "split", cap=len(holds) // 2, error=error)
            return
        for hold in holds:
            self._attempts.release([hold], "raised", cap=1, error=error)
            record = self._fold.record(hold.run.id)
            if record.failures >= self._study.space.limits.failures:
                self._attempts.end_dead(record, Outcome("failed", record.step, error=error))


def _points(curve: Sequence[Point], metric: str) -> list[tuple[int, float]]:
    return [(step, metrics[metric]) for step, metrics in curve if metric in metrics]


def _scored(curve: Sequence[Point], rule: Objective, steps: int) -> float:
    """One of the further scores of a run, normalised."""
    worst = rule.low if rule.direction == "maximize" else rule.high
    value = score.run_value(_points(curve, rule.metric), rule.at, steps, worst)
    return score.normalise(value, rule.low, rule.high)


def _states(training: _Training) -> Iterator[tuple[Hold, Part]]:
    """The states of all members that have one, one after the other: together they may be large."""
    for member, hold in training.live.items():
        with _theirs():
            part = checkpoint.taken(training.pack, member, hold.saved)
        if part is not None:
            yield hold, part


def _header() -> dict[str, object]:
    return {
        **identity(),
        "job": os.environ.get("SLURM_JOB_ID"),
        "restart": int(os.environ.get("SLURM_RESTART_COUNT", "0")),
        "revision": revision(),
        "time": time.time(),
    }
