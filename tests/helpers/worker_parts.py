"""What a worker is made of, without its loop: for tests that make it stop at some point."""

from __future__ import annotations

import time
from dataclasses import replace

from sweeper.files import temporary
from sweeper.ledger.lines.header import WorkerHeader
from sweeper.ledger.state import LedgerState
from sweeper.ledger.writer import Writer
from sweeper.study.study import Study
from sweeper.worker.held_run import HeldRun
from sweeper.worker.ledger_protocol import LedgerProtocol
from sweeper.worker.process.heartbeat import Heartbeat, identity
from sweeper.worker.process.memory import MemoryGauge
from sweeper.worker.process.stop_signal import StopSignal
from sweeper.worker.run_queue import RunQueue
from sweeper.worker.training.trainer import Trainer


def dead() -> WorkerHeader:
    """The header of a worker whose process is gone, for all who look."""
    return replace(identity(), started="long ago")


class WorkerParts:
    """Ledger, queue, attempts and trainer of one worker, which says of itself what `header` does.

    By default it is this process, alive.
    """

    def __init__(self, study: Study, header: WorkerHeader | None = None) -> None:
        study.share_files()
        gauge = MemoryGauge(1)
        self.name = temporary.process()
        header = replace(header or identity(), cgroup=gauge.cgroup, time=time.time())
        self.ledger = Writer(study.paths.ledger, self.name, header.to_json())
        beat = Heartbeat(study.paths.beats / self.name, gauge)
        beat(0)
        beat.close()
        ledger_state = LedgerState(study.paths, reports=study.space.pruner is not None)
        ledger_state.refresh()
        self.queue = RunQueue(
            study, ledger_state, self.name, gauge, pack="1", device="cpu", workers=1
        )
        bound = study.space.checkpoint.max_gb
        claims = study.claims(self.name)
        self.attempts = LedgerProtocol(study.paths, claims, ledger_state, self.ledger, bound)
        self.trainer = Trainer(
            study,
            ledger_state,
            self.attempts,
            "cpu",
            StopSignal(),
            lambda progress: None,
            lambda trials: None,
        )

    def claim(self) -> list[HeldRun]:
        """Claims what is next in the queue."""
        return self.attempts.claim(self.queue.pick())
