"""The entry point of a dispatched process, which runs one worker and sets the exit code."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from sweeper.cluster.slurm import REQUEUE
from sweeper.errors import SweeperError
from sweeper.log import log, to_stderr
from sweeper.report import publish
from sweeper.study.study import Study
from sweeper.trainable.own_code.lone_run import end_children
from sweeper.worker.process import output
from sweeper.worker.process.stop_signal import StopSignal
from sweeper.worker.process.watchdog import HUNG
from sweeper.worker.worker import Worker

_PR_SET_PDEATHSIG = 1


def work(folder: str, pack: str, device: str, workers: str) -> None:
    """Runs one worker of the study in `folder`, then ends the process: the entry point of dispatch.

    At the end nobody is waited for: neither threads nor children that a function left behind. One
    that leaves before the end, as it must stop or what it trains hangs, ends these children.
    """
    to_stderr()
    stopping = _detach()
    code = 0

    def leave(code: int) -> None:
        if not code and stopping.comes_back and not study.paths.cancelled.exists():
            code = REQUEUE
        if code == HUNG or stopping.is_set():
            end_children()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)

    try:
        study = Study.open(Path(folder))
        Worker(
            study,
            pack=pack,
            device=device,
            workers=int(workers),
            stopping=stopping,
            conclude=publish.once,
            leave=leave,
        ).run()
    except SweeperError as error:
        log.error("%s", error)
        code = 1
    leave(code)


def _detach() -> StopSignal:
    """Makes this process a worker: out of the terminal's reach, stopped by a signal to it alone.

    It also hears SIGTERM when `sweeper work`, which would start it anew, is no more; and the safe
    path that it was started with ends here.
    """
    stopping = StopSignal()
    output.discard_on_full_disk()
    with suppress(PermissionError):
        os.setsid()
    stopping.listen()
    if "SWEEPER_TENDER" in os.environ and sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    os.environ.pop("PYTHONSAFEPATH", None)
    return stopping


if __name__ == "__main__":
    work(*sys.argv[1:])
