"""Trains packs on behalf of a worker, and records what happens."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from sweeper.ledger.run_record import PAUSED, Point
from sweeper.ledger.state import LedgerState
from sweeper.log import log
from sweeper.planning.plan import Run
from sweeper.study.study import Study
from sweeper.trainable.abilities import (
    ReadsRows,
    SupportsLeftOut,
    SupportsLingering,
    SupportsStop,
)
from sweeper.trainable.contract import Pack, Report, State
from sweeper.worker.checkpoints.joined import whole
from sweeper.worker.held_run import HeldRun, RunEnd
from sweeper.worker.ledger_protocol import LedgerProtocol
from sweeper.worker.process import watchdog
from sweeper.worker.process.stop_signal import StopSignal
from sweeper.worker.process.their_code import Raised, theirs
from sweeper.worker.process.watchdog import Abandoned, Watchdog
from sweeper.worker.training.kept_weights import KeptWeights
from sweeper.worker.training.live_pack import LivePack
from sweeper.worker.training.scoring import outcome


class Trainer:
    """Trains what a worker holds until it has ended, or until `stopping` is set.

    `beat` is told of progress, `judge` of the trials of which something was reported. `leave` is
    called where what is trained does not return, though its time is over; `look` sets `stopping`
    where the study's is.
    """

    def __init__(
        self,
        study: Study,
        ledger_state: LedgerState,
        attempts: LedgerProtocol,
        device: str,
        stopping: StopSignal,
        beat: Callable[[int], None],
        judge: Callable[[set[int]], None],
        look: Callable[[], None] = lambda: None,
        leave: Callable[[], None] = lambda: None,
    ) -> None:
        self._study, self._ledger_state, self._attempts = study, ledger_state, attempts
        self._device, self._stopping = device, stopping
        self._beat, self._judge = beat, judge
        self._look = look
        self._keeping = KeptWeights(study.space, lambda: theirs(self.watchdog))
        self._live: dict[int, HeldRun] = {}
        self.watchdog = Watchdog(self._ends_hung, leave)
        """Whoever works for long starts and closes it."""
        self._alone = False
        """Whether one run has been the pack's only one since its newest `start` line."""

    def train(self, holds: Sequence[HeldRun]) -> None:
        """Trains `holds` as one pack; what it raises is theirs and recorded."""
        holds = self._unpaused(self._unpruned(holds))
        if not holds:
            return
        self._live = live = dict(enumerate(holds))
        self._start(holds)
        try:
            self._step(LivePack(self._begin(holds), live, self.watchdog))
        except Raised as raised:
            self._raised(list(live.values()), raised)
        except Exception:
            self._attempts.release(list(live.values()), "stopped")
            raise
        else:
            return
        gc.collect()  # what raised is held by its own traceback, and holds its memory

    def _start(self, holds: Sequence[HeldRun]) -> None:
        self._alone = len(holds) == 1
        self._attempts.start(holds)

    def _begin(self, holds: Sequence[HeldRun]) -> Pack:
        """Hands the states over: whoever takes them in frees them."""
        with theirs(self.watchdog):
            runs = [self._study.completed(hold.run) for hold in holds]
            states = [self._given(hold.state, run) for hold, run in zip(holds, runs, strict=True)]
            for hold in holds:
                hold.state = None
            return self._study.trainable.start(runs, states, self._device)

    def _given(self, state: State | None, run: Run) -> State | None:
        """A state as `start` takes it: with all rows in memory, unless it reads them itself."""
        trainable = self._study.trainable
        reads = isinstance(trainable, ReadsRows) and trainable.reads_rows(run.params)
        return state if state is None or reads else whole(state)

    def _step(self, training: LivePack) -> None:
        """Steps a pack until nobody is left in it, or this worker must stop."""
        while training.live:
            with theirs(self.watchdog):
                reports = training.pack.advance()
                progress = training.pack.progress
            self._beat(progress)
            self._record(training, reports)
            if self._stopping.is_set():
                self._stop(training)
                self._save(training)
                self._attempts.release(list(training.live.values()), "stopped")
                training.drop(list(training.live))
            elif training.due(self._study.space.checkpoint.every_s):
                self._save(training)

    def _stop(self, training: LivePack) -> None:
        """Makes members that run by themselves leave before anybody else can take their runs."""
        if isinstance(training.pack, SupportsStop):
            with theirs(self.watchdog):
                reports = training.pack.stop()
            self._record(training, reports)

    def _record(self, training: LivePack, reports: Sequence[Report]) -> None:
        """Writes down what members report, and ends those that are pruned by it, or done.

        What is trained may be ahead of its judge; then it is pruned all the same.
        """
        before = len(training.live)
        points: list[tuple[HeldRun, Point]] = []
        done: list[Report] = []
        for report in reports:
            with theirs(self.watchdog):
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
            self._drop_pruned(training)
        done = [report for report in done if report.member in training.live]
        if done:
            self._attempts.end(
                [(training.live[one.member], self._outcome(training, one)) for one in done]
            )
            training.drop(report.member for report in done)
            self._judge(reported)
            self._drop_pruned(training)
        self._pause(training)
        self._end_late(training)
        if len(training.live) == 1 < before:
            self._start(list(training.live.values()))

    def _end_late(self, training: LivePack) -> None:
        """Ends members that have been trained for longer than a run may be."""
        hours = self._study.space.limits.run_hours
        if hours is None:
            return
        late = {i: hold for i, hold in training.live.items() if hold.trained_s > 3600 * hours}
        if late:
            self._end(list(late.values()), "timeout", _too_long(hours))
            training.drop(late)
            if isinstance(training.pack, SupportsLingering) and training.pack.lingers():
                log.warning("what was trained goes on all the same: the worker leaves it")
                raise Abandoned

    def _ends_hung(self, entered: float) -> bool:
        """Ends or gives up what has not returned since `entered`, where its time is over.

        Of several members nobody knows which one hangs: they are tried anew in smaller packs, and
        for the time since then none of them is to blame. A stop has its grace from when it came.
        Where nobody is left in the pack, nothing is lost by leaving.
        """
        self._look()
        hours, holds = self._study.space.limits.run_hours, list(self._live.values())
        waited_s = time.monotonic() - entered
        if hours is not None and any(hold.trained_s > 3600 * hours for hold in holds):
            error = f"{_too_long(hours)}, and did not return for the last {waited_s:.0f} seconds"
            if len(holds) == 1:
                self._end(holds, "timeout", error)
            else:
                cap = max(1, len(holds) // 2)
                self._attempts.release(holds, "split", cap, error, time.time() - waited_s)
        elif self._stopping.set_for_s() > watchdog.GRACE_S:
            self._attempts.release(holds, "stopped")
        elif holds:
            return False
        log.error("what is trained has not returned for %.0f seconds: the worker leaves", waited_s)
        return True

    def _drop_pruned(self, training: LivePack) -> None:
        kept = self._unpruned(list(training.live.values()))
        training.drop([i for i, hold in training.live.items() if hold not in kept])

    def _unpruned(self, holds: Sequence[HeldRun]) -> list[HeldRun]:
        """Ends those of `holds` whose trial was pruned, and returns the others."""
        if self._study.space.pruner is None:
            return list(holds)
        trials = {hold.run.trial for hold in holds}
        pruned = {trial for trial in trials if self._study.paths.pruned(trial).exists()}
        if not pruned:
            return list(holds)
        self._end([hold for hold in holds if hold.run.trial in pruned], "pruned")
        return [hold for hold in holds if hold.run.trial not in pruned]

    def _pause(self, training: LivePack) -> None:
        """Saves and gives up members that have come to the step at which their trial pauses."""
        paused = {i: hold for i, hold in training.live.items() if self._due(hold, hold.step)}
        if paused:
            self._attempts.save(training.states(paused), training.pack.step)
            self._attempts.release(list(paused.values()), PAUSED)
            training.drop(paused)

    def _unpaused(self, holds: Sequence[HeldRun]) -> list[HeldRun]:
        """Gives up those of `holds` that resume where their trial pauses; returns the others."""
        paused = [hold for hold in holds if self._due(hold, hold.resumed)]
        if paused:
            self._attempts.release(paused, PAUSED)
        return [hold for hold in holds if hold not in paused]

    def _due(self, hold: HeldRun, step: int) -> bool:
        """Whether a run has come to where its trial pauses, and to a value that it is judged by."""
        promotions, metric = self._study.promotions, self._study.space.score.metric
        if promotions is None or step < (bound := promotions.bound(hold.run.trial)):
            return False
        return any(place >= bound and metric in metrics for place, metrics in hold.curve)

    def _save(self, training: LivePack) -> None:
        """Saves every member's state; those whom another worker took over leave the pack."""
        begin = time.monotonic()
        lost = {i: h for i, h in training.live.items() if self._attempts.superseded(h)}
        for hold in lost.values():
            self._attempts.leave(hold)
        training.drop(lost)
        self._attempts.save(training.states(training.live), training.pack.step)
        training.saved = time.monotonic()
        training.save_s = training.saved - begin

    def _outcome(self, training: LivePack, report: Report) -> RunEnd:
        hold, pack = training.live[report.member], training.pack
        step = min(report.step, hold.run.steps)
        end = outcome(self._study.space, hold.run, hold.curve, step, diverged=report.diverged)
        if end.error is None or not isinstance(pack, SupportsLeftOut):
            return end
        with theirs(self.watchdog):
            why = pack.left_out(report.member)
        return replace(end, error=f"{end.error} ({why})") if why else end

    def _raised(self, holds: Sequence[HeldRun], raised: Raised) -> None:
        """A pack that raised is split until the culprit is alone; then its attempts are counted.

        One that finds too little memory alone would never find more, and a simulation that
        diverged would again. Whatever is raised while the worker must stop is no failure.
        """
        error = str(raised)
        log.error("what is trained raised:\n%s", error)
        if self._stopping.is_set():
            self._attempts.release(holds, "stopped")
        elif not self._alone:
            reason = "split" if raised.why is None else "memory"
            self._attempts.release(holds, reason, cap=max(1, len(holds) // 2), error=error)
        elif raised.why is not None:
            self._end(holds, "oom", f"{error}out of memory, alone in its pack: {raised.why}")
        elif raised.diverged:
            self._end(holds, "nan", error)
        else:
            for hold in holds:
                self._failed(hold, error)

    def _end(self, holds: Sequence[HeldRun], state: str, error: str | None = None) -> None:
        steps = [max(hold.step, self._ledger_state.record(hold.run.id).step) for hold in holds]
        ends = [RunEnd(state, step, error=error) for step in steps]
        self._attempts.end(list(zip(holds, ends, strict=True)))

    def _failed(self, hold: HeldRun, error: str) -> None:
        """Counts what a run raised alone; it ends once that is too often."""
        self._attempts.release([hold], "raised", cap=1, error=error)
        record = self._ledger_state.record(hold.run.id)
        if record.failures >= self._study.space.limits.failures:
            step = max(hold.step, record.step)
            self._attempts.end_dead(record, RunEnd("failed", step, error=error))


def _too_long(hours: float) -> str:
    return f"it was trained for longer than limits.run_hours: {hours:g}"
