"""Processor time of what a function does: its own, its threads' and its child processes'."""

from __future__ import annotations

import contextlib
import os
import time

import psutil

CHILDREN_S = 10.0
"""Seconds between two looks at child processes: listing them takes milliseconds."""


class ProcessorTime:
    """Measures this process and the processes below it, but for the thread that asks."""

    def __init__(self) -> None:
        self._children_s, self._looked = 0.0, time.monotonic()

    def seconds(self) -> float:
        """Processor seconds so far; those of child processes as of the last look at them."""
        now = time.monotonic()
        if now - self._looked >= CHILDREN_S:
            self._children_s, self._looked = children_s(), now
        return time.process_time() - time.thread_time() + self._children_s


def children_s() -> float:
    """Processor seconds of the processes below this one, living or waited for."""
    times = os.times()
    total = times.children_user + times.children_system
    with contextlib.suppress(psutil.Error):
        for child in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                total += sum(child.cpu_times()[:4])  # its own, and of those it waited for
    return total
