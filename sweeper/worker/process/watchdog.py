"""A thread that watches whether what a worker trains returns, and leaves it where it must end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sweeper.log import log

GRACE_S = 30.0
"""So long what is trained may take to return before it is looked at: it should take a second."""

HUNG = 76
"""Exit code of a worker that left what it trains, as that did not end: another should go on."""

_LOOK_S = 0.5


class Abandoned(BaseException):
    """Unwinds the thread of a worker that leaves what it trains, as that does not end."""


class Watchdog:
    """Calls `leave` where `ends` says of what has not returned for long that it must not go on.

    `ends` is given when that began (monotonic seconds), and may write to the ledger: the worker's
    own thread is kept from it. Is the process still there afterwards, `Abandoned` meets that thread
    when it returns.
    """

    def __init__(self, ends: Callable[[float], bool], leave: Callable[[], None]) -> None:
        self._ends, self._leave = ends, leave
        self._lock = threading.Lock()
        self._entered: float | None = None
        self._left = False
        self._closed = threading.Event()

    def start(self) -> None:
        """Begins to watch."""
        threading.Thread(target=self._watch, daemon=True).start()

    def close(self) -> None:
        """Watches no more."""
        self._closed.set()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """What is done inside is watched."""
        with self._lock:
            self._entered = time.monotonic()
        try:
            yield
        finally:
            with self._lock:
                self._entered = None
                if self._left:
                    raise Abandoned

    def _watch(self) -> None:
        while not self._closed.wait(min(_LOOK_S, GRACE_S)):
            with self._lock:
                entered = self._entered
                if entered is not None and time.monotonic() - entered > GRACE_S:
                    self._left = self._must_end(entered)
                if self._left:
                    self._leave()
                    return

    def _must_end(self, entered: float) -> bool:
        try:
            return self._ends(entered)
        except Exception:
            log.exception("what is trained does not return, and that could not be recorded")
            return True
