"""One worker in this very process: for debugging, and for machines with one core."""

from __future__ import annotations

import os
import threading

from sweeper.dispatch import Options, Workers
from sweeper.errors import SweeperError
from sweeper.report import publish
from sweeper.study.study import Study
from sweeper.worker.process.stop_signal import StopSignal
from sweeper.worker.worker import Worker


class Dispatch:
    """One worker in a thread of this process."""

    def __init__(self, options: Options) -> None:
        options.local_only("inline")
        if options.workers not in (None, 1):
            raise SweeperError(
                f"dispatch=inline has one worker, but got workers={options.workers}; "
                "dispatch=local has as many as you like"
            )
        self._options = options

    watched = True

    def start(self, study: Study) -> Workers:
        """Starts the worker."""
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        return _Inline(study, self._options)


class _Inline:
    """The one worker, in a thread."""

    needed = True

    def __init__(self, study: Study, options: Options) -> None:
        self._study = study
        self._options = options
        self.said: list[str] = []
        self._stopping = StopSignal()
        self._error: BaseException | None = None
        self._begin()

    def alive(self) -> int:
        """1 while the thread works, else 0; one that is left behind, as it hangs, does not."""
        return int(self._thread.is_alive() and not self._left.is_set())

    def replace(self) -> None:
        """Starts the worker anew where it left, and raises what it raised."""
        if self._error is not None:
            raise self._error
        if not self.alive():
            self._begin()

    def stop(self) -> None:
        """Asks the worker to save its runs, give them up and leave."""
        self._stopping.set()

    def kill(self) -> None:
        """Ends this very process at once, as a thread cannot be killed."""
        os._exit(130)

    def _begin(self) -> None:
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._work, args=(self._left,), daemon=True)
        self._thread.start()

    def _work(self, left: threading.Event) -> None:
        try:
            Worker(
                Study.open(self._study.folder),  # its own: the plan grows under the watcher's eyes
                pack=self._options.pack,
                device=self._options.device or "cpu",
                workers=1,
                stopping=self._stopping,
                conclude=publish.once,
                leave=lambda code: left.set(),
            ).run()
        except BaseException as error:
            self._error = error
