"""Calls of what is trained: what they raise counts against its runs, and they must return."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sweeper.errors import reason
from sweeper.trainable.command.failure import ProgramFailed, last, told
from sweeper.trainable.divergence import is_divergence
from sweeper.worker.process import memory
from sweeper.worker.process.watchdog import Watchdog


class Raised(Exception):
    """What is trained raised; the text is what `told` of it, `why` what it lacked memory for.

    `diverged` says that its numbers were no longer finite.
    """

    why: str | None = None
    diverged = False


@contextmanager
def theirs(watchdog: Watchdog) -> Iterator[None]:
    """What is raised inside counts against the runs in the pack; our own errors do not.

    It must return, or be left once its time is over.
    """
    with watchdog.watched():
        try:
            yield
        except (Exception, SystemExit) as error:
            raised = Raised(told(error))
            if memory.ran_out(error):
                raised.why = last(error) if isinstance(error, ProgramFailed) else reason(error)
            raised.diverged = is_divergence(error)
            raise raised from error
