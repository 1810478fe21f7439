"""`sweeper work`: runs one more worker for a study, and restarts it whenever it is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

from sweeper.cluster.slurm import REQUEUE
from sweeper.files import temporary
from sweeper.log import log
from sweeper.paths import StudyPaths
from sweeper.worker.process import output
from sweeper.worker.process.watchdog import HUNG

_SIGNALS = (signal.SIGTERM, signal.SIGUSR2, signal.SIGINT)
HOPELESS = 12
"""So many workers one after the other, each dead within a minute, are enough.

A large pack that finds too little memory is halved by as many, before its runs are alone.
"""

_QUICKLY_S = 60.0


def tend(folder: Path, pack: str, device: str, workers: int) -> int:
    """Runs a worker of the study in `folder` until it leaves; returns its exit code.

    One that is killed, for its memory or by mistake, or raised, is followed by another: the machine
    is ours until the job ends. Signals are passed on.
    """
    output.discard_on_full_disk()
    choose_gpu()
    tending = _Tending()
    quick = 0
    while True:
        began = time.monotonic()
        code = tending.run([str(folder), pack, device, str(workers)])
        if tending.stopping is not None and code < 0:  # it did not listen yet
            return REQUEUE if tending.stopping == signal.SIGUSR2 else 0
        if tending.stopping is not None or code in (0, REQUEUE):
            return code
        if StudyPaths(folder).cancelled.exists():
            return 0
        if code == HUNG:  # what hung was ended, or is tried in smaller packs: that comes to an end
            log.warning("the worker left what did not return")
            quick = 0
            continue
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
        log.warning("the worker %s", how)
        quick = quick + 1 if time.monotonic() - began < _QUICKLY_S else 0
        if quick >= HOPELESS:
            log.error("and again and again: given up")
            return 1


class _Tending:
    """The worker process there is, and what is passed on to it."""

    def __init__(self) -> None:
        self.stopping: int | None = None
        """The first signal that asked the worker to leave."""
        self._name = temporary.process()
        self._life = 0
        self._process: subprocess.Popen[bytes] | None = None
        for number in _SIGNALS:
            signal.signal(number, self._pass_on)

    def run(self, words: list[str]) -> int:
        """Runs one worker to its end; returns its exit code, negative where it was killed."""
        environment = os.environ | {"SWEEPER_TENDER": self._name, "SWEEPER_LIFE": str(self._life)}
        self._life += 1
        command = [sys.executable, "-P", "-u", "-m", "sweeper.dispatch.entry", *words]
        self._process = subprocess.Popen(command, env=environment)
        if self.stopping is not None:  # it came before there was somebody to pass it on to
            self._process.send_signal(self.stopping)
        return self._process.wait()

    def _pass_on(self, number: int, frame: FrameType | None) -> None:
        number = signal.SIGTERM if number == signal.SIGINT else number
        self.stopping = self.stopping or number
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)


def choose_gpu() -> None:
    """Restricts this worker to one GPU where several workers of a job share a node's GPUs."""
    listed = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
    local = os.environ.get("SLURM_LOCALID")
    tasks = os.environ.get("SLURM_STEP_NUM_TASKS", "1")
    if len(listed) > 1 and local is not None and int(tasks) > 1:
        os.environ["CUDA_VISIBLE_DEVICES"] = listed[int(local) % len(listed)]
