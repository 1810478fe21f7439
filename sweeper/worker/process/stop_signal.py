"""A flag that tells a worker to leave, set by signals and by the end of its time."""

from __future__ import annotations

import os
import signal
import threading
import time

_GLANCE_S = 0.05


class StopSignal:
    """Once set, a worker saves its runs, gives them up and leaves; or it `comes_back`.

    It does where its machine is wanted for others, or its time there ends: SIGUSR2, as Slurm is
    asked to send before either, or the time (seconds since the epoch) in SWEEPER_UNTIL. After
    SIGTERM it does not.

    It is a mere flag: whoever waits for an event, or sets one, holds a lock, and a signal's handler
    that interrupts him there waits for it for ever. Signals often come in pairs.
    """

    def __init__(self) -> None:
        self.comes_back = False
        self._since: float | None = None

    def is_set(self) -> bool:
        """Whether the worker must leave."""
        return self._since is not None

    def set(self) -> None:
        """From now on it must."""
        if self._since is None:
            self._since = time.monotonic()

    def set_for_s(self) -> float:
        """For how many seconds it has been set."""
        return 0.0 if self._since is None else time.monotonic() - self._since

    def wait(self, seconds: float) -> bool:
        """Waits until it is set, for so long at most; returns whether it is."""
        deadline = time.monotonic() + seconds
        while not self.is_set() and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(left, _GLANCE_S))
        return self.is_set()

    def listen(self) -> None:
        """From now on signals, and the end of the time, set it."""
        signal.signal(signal.SIGTERM, lambda *_: self.set())
        signal.signal(signal.SIGUSR2, lambda *_: self.interrupt())
        os.register_at_fork(after_in_child=_deaf)
        until = os.environ.get("SWEEPER_UNTIL")
        if until is not None:
            timer = threading.Timer(max(0.0, float(until) - time.time()), self.interrupt)
            timer.daemon = True
            timer.start()

    def interrupt(self) -> None:
        """Sets it for a while only: the worker comes back."""
        if not self.is_set():
            self.comes_back = True
        self.set()


def _deaf() -> None:
    """Processes that a function forks get signals as usual."""
    for number in (signal.SIGTERM, signal.SIGUSR2):
        signal.signal(number, signal.SIG_DFL)
