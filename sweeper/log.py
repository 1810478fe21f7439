"""Diagnostics of this process: each a line `sweeper: …` on stderr.

What a command prints as its result is no diagnostic, and goes to stdout.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

log = logging.getLogger("sweeper")
"""Where all of sweeper says what goes wrong, or what somebody should know."""


class _Stderr(logging.Handler):
    """Writes to what `sys.stderr` is at that moment, as `print` does: workers replace it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Prints a record to stderr at once."""
        print(self.format(record), file=sys.stderr, flush=True)


@contextmanager
def unsaid() -> Iterator[list[logging.LogRecord]]:
    """Nothing is said within it: it gives the records of what would have been, for `say`."""
    held: list[logging.LogRecord] = []

    def hold(record: logging.LogRecord) -> bool:
        held.append(record)
        return False

    log.addFilter(hold)
    try:
        yield held
    finally:
        log.removeFilter(hold)


def say(records: list[logging.LogRecord]) -> None:
    """Says what was held back."""
    for record in records:
        log.handle(record)


def to_stderr() -> None:
    """Sends the diagnostics of this process to stderr; for commands and workers, at their start."""
    if any(isinstance(handler, _Stderr) for handler in log.handlers):
        return
    handler = _Stderr()
    handler.setFormatter(logging.Formatter("sweeper: %(message)s"))
    log.addHandler(handler)
    log.propagate = False  # libraries that trainables import may set up a handler of their own
