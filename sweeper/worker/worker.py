"""A worker: takes runs until none is open, trains them in packs and records what happens."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sweeper.files import temporary
from sweeper.ledger.lines.header import WorkerHeader
from sweeper.ledger.state import LedgerState
from sweeper.ledger.writer import Writer
from sweeper.log import log
from sweeper.study.provenance import code, code_differences
from sweeper.study.rungs import decisions, race
from sweeper.study.study import Study
from sweeper.trainable import own_files
from sweeper.worker.ledger_protocol import LedgerProtocol
from sweeper.worker.process import study_limits
from sweeper.worker.process.heartbeat import BEAT_S, T1_S, Heartbeat, identity
from sweeper.worker.process.memory import MemoryGauge
from sweeper.worker.process.stop_signal import StopSignal
from sweeper.worker.process.watchdog import HUNG, Abandoned
from sweeper.worker.run_queue import RunQueue
from sweeper.worker.training.trainer import Trainer

if TYPE_CHECKING:
    from sweeper.study.sampling.advisor import Advisor

_MANY = 64
"""So many claims a worker that leaves packs: it may be the last for long."""

IDLE_S = 0.5
"""For how long a worker that finds no run waits before it looks again."""

_PATIENCE_S = 2 * T1_S
"""For how long a worker waits for a run to be had: long enough to find a silent one dead."""


class Worker:
    """One of the processes that work on a study.

    `pack` is `auto` or a number of members; `workers` is how many processes share the open runs;
    once `stopping` is set it saves its runs, gives them up and leaves. When the last run has ended
    it calls `conclude` with the study, what its ledger says, and the worker's name. It calls
    `leave` with an exit code where it must leave what it trains behind, as that does not end: 0
    where it was to stop, and `HUNG` where another worker should go on.
    """

    def __init__(
        self,
        study: Study,
        *,
        pack: str,
        device: str,
        workers: int,
        stopping: StopSignal | None = None,
        conclude: Callable[[Study, LedgerState, str], None] | None = None,
        leave: Callable[[int], None] | None = None,
    ) -> None:
        study.share_files()
        self.name = temporary.process()
        self._study = study
        self._stopping = stopping or StopSignal()
        self._conclude, self._leave = conclude, leave
        gauge = MemoryGauge(workers)
        self._header = _header(study, gauge)
        self._ledger = Writer(study.paths.ledger, self.name, self._header.to_json())
        self._imported = 0
        self._beat = Heartbeat(study.paths.beats / self.name, gauge)
        self._looked = -BEAT_S
        self._progressed(0)
        self._ledger_state = LedgerState(study.paths, reports=study.space.pruner is not None)
        self._ledger_state.refresh()
        self._failures = study_limits.FailureCount(study, self._ledger_state)
        self._advisor = self._advised()
        self._unsure = set(range(len(study.plan.trials)))
        """Trials that may have paused without anybody having said how good they are there."""
        self._queue = RunQueue(
            study, self._ledger_state, self.name, gauge, pack=pack, device=device, workers=workers
        )
        bound = study.space.checkpoint.max_gb
        self._claims = study.claims(self.name)
        self._attempts = LedgerProtocol(
            study.paths, self._claims, self._ledger_state, self._ledger, bound
        )
        self._trainer = Trainer(
            study,
            self._ledger_state,
            self._attempts,
            device,
            self._stopping,
            self._progressed,
            self._judge,
            self._look,
            self._abandon,
        )

    def run(self) -> None:
        """Works until all runs have ended, nothing was to be had for a while, or it must stop."""
        self._trainer.watchdog.start()
        try:
            self._work()
            self._claims.folders.fold(_MANY)
        except Abandoned:
            self._abandon()
        finally:
            self._trainer.watchdog.close()
            self._ledger.close()
            self._beat.close()

    def _abandon(self) -> None:
        """Leaves what is trained behind: all that must be written is."""
        self._ledger.close()
        if self._leave is not None:
            self._leave(0 if self._stopping.is_set() else HUNG)

    def _work(self) -> None:
        taken = time.monotonic()
        while not self._stopping.is_set() and time.monotonic() - taken < _PATIENCE_S:
            self._refresh()
            for record, outcome in self._queue.fatal():
                self._attempts.end_dead(record, outcome)
            if self._queue.finished and self._decide():
                continue
            if self._queue.finished and not self._promote():
                if self._conclude is not None:
                    self._conclude(self._study, self._ledger_state, self._ledger.worker)
                return
            self._progressed(time.monotonic_ns())  # runs that raise at once never get as far
            if self._stopping.is_set() or self._stopped():
                return
            self._promote()
            self._plan()
            batch = self._queue.pick()
            if batch:
                holds = self._attempts.claim(batch)
                self._queue.note(candidate.run.id for candidate in batch)
                self._trainer.train(holds)
                self._note_code()
                taken = time.monotonic()
            else:
                if self._study.plan.rising:  # others end a rung, behind which there is more to do
                    taken = time.monotonic()
                self._stopping.wait(IDLE_S)

    def _note_code(self) -> None:
        """Adds to the header the files that training has imported by names that only it knew."""
        if len(sys.modules) == self._imported:
            return
        self._imported = len(sys.modules)
        known, space = self._header.code, self._study.space
        new = {n: path for n, path in own_files.loaded(space.dump()).items() if n not in known}
        if new:
            self._header = replace(self._header, code={**known, **own_files.hashes(new)})
            self._ledger.head(self._header.to_json())

    def _progressed(self, progress: int) -> None:
        """Beats, and stops where the study was cancelled: looked for as often as a beat is due."""
        self._beat(progress)
        now = time.monotonic()
        if now - self._looked >= BEAT_S:
            self._looked = now
            self._look()

    def _look(self) -> None:
        """Stops where the study was cancelled, or its hours are over."""
        over = study_limits.hours_over(self._study, time.time())
        if over is not None:
            study_limits.mark(self._study, "hours", over)
        if over is not None or self._study.paths.cancelled.exists():
            self._stopping.set()

    def _stopped(self) -> bool:
        """Whether the study stops as too many runs failed by one cause: others are told of it."""
        why = self._failures.reached()
        if why is not None:
            study_limits.mark(self._study, "same_failure", why)
        return why is not None

    def _advised(self) -> Advisor | None:
        """Optuna's advisor, where the space asks for one: it takes a while to import."""
        space = self._study.space
        if not space.sampler.learns and space.pruner is None:
            return None
        from sweeper.study.sampling.advisor import Advisor

        return Advisor(self._study, self._ledger_state, self._ledger)

    def _refresh(self) -> None:
        changed = self._queue.refresh()
        self._failures.note(changed)
        if self._advisor is not None:
            self._unsure |= self._advisor.note(changed)

    def _plan(self) -> None:
        """Plans trials until there are runs enough to fill a pack, or all are planned."""
        while self._advisor is not None and (number := self._queue.wanting()):
            self._advisor.plan(number)
            self._refresh()
            self._progressed(time.monotonic_ns())

    def _decide(self) -> bool:
        """Decides which trials get further seeds; returns whether any waited for that."""
        plan = self._study.plan
        waiting = race.waiting(plan, self._ledger_state)
        if waiting:
            decision = race.decide(plan, self._ledger_state, waiting)
            decisions.record(self._study.paths, plan.decisions, decision)
        return bool(waiting)

    def _judge(self, trials: set[int]) -> None:
        """Lets the pruner judge trials of which something was reported."""
        if self._advisor is not None and self._study.space.pruner is not None:
            self._refresh()
            self._advisor.judge(trials)
            self._promote()

    def _promote(self) -> bool:
        """Promotes the trials that are due, of which some may still have to be judged; whether any
        was."""
        promotions, plan = self._study.promotions, self._study.plan
        if promotions is None or self._advisor is None:
            return False
        unsure, self._unsure = self._unsure, set()
        self._advisor.judge(promotions.unjudged(plan, self._ledger_state, unsure))
        found = promotions.promote(plan, self._ledger_state, self.name)
        self._queue.note([run.id for trial in found for run in plan.runs_of(trial)])
        return bool(found)


def _header(study: Study, gauge: MemoryGauge) -> WorkerHeader:
    """What begins the worker's ledger; it is told where it runs other code than the study began."""
    ours = code(study.space)
    for line in code_differences(study.versions[0].origin.code, ours):
        log.warning("this worker runs other code than the study began with: %s", line)
    return replace(
        identity(),
        job=os.environ.get("SLURM_JOB_ID"),
        restart=int(os.environ.get("SLURM_RESTART_COUNT", "0")),
        tender=os.environ.get("SWEEPER_TENDER"),
        life=int(os.environ.get("SWEEPER_LIFE", "0")),
        cgroup=gauge.cgroup,
        gpus=os.environ.get("CUDA_VISIBLE_DEVICES"),
        log=_log(study.folder),
        code=ours,
        time=time.time(),
    )


def _log(folder: Path) -> str | None:
    """The file that this process prints to, relative to the study where it lies within."""
    try:
        file = Path(os.readlink(f"/proc/{os.getpid()}/fd/1"))
    except OSError:
        return None
    within = folder.resolve() in file.parents
    return str(file.relative_to(folder.resolve()) if within else file) if file.is_file() else None
