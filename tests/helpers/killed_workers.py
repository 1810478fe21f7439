"""Workers that tests start in this process or in another, and wait for."""

from __future__ import annotations

import errno
import functools
import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess

from sweeper.dispatch import entry
from sweeper.report import publish
from sweeper.study.study import Study
from sweeper.worker.worker import Worker
from tests.helpers.command import call

Make = Callable[..., Study]


def run(study: Study, pack: str = "auto") -> None:
    """A worker of this process, until the study has ended."""
    Worker(study, pack=pack, device="cpu", workers=1, conclude=publish.once).run()


def table(study: Study) -> list[tuple[object, ...]]:
    """All that counts of every run, exactly."""
    runs = study.ledger_state().runs
    return [
        (run.id, runs[run.id].state, runs[run.id].score, runs[run.id].reports)
        for run in study.plan.runs
    ]


def spawn(study: Study, workers: int = 2, pack: str = "auto") -> BaseProcess:
    """One of so many workers, in a process that can be killed."""
    return _started(entry.work, str(study.folder), pack, "cpu", str(workers))


def begun(*words: str) -> BaseProcess:
    """A process that runs `sweeper WORDS`."""
    return _started(_command, *words)


def _started(target: Callable[..., None], *given: str) -> BaseProcess:
    """A silent process, forked by one that has imported what workers import, and nothing else."""
    process = _context().Process(target=_silently, args=(dict(os.environ), target, *given))
    process.start()
    return process


@functools.cache
def _context() -> multiprocessing.context.ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        [
            "sweeper.cli.command_line",
            "sweeper.dispatch.entry",
            "sweeper.results.export.optuna_storage",
            "sweeper.report.page.page",
        ]
    )
    return context


def _silently(environment: dict[str, str], target: Callable[..., None], *given: str) -> None:
    """Runs it with the environment of who asked for it."""
    os.environ.clear()
    os.environ.update(environment)
    for output in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), output)
    target(*given)


def _command(*words: str) -> None:
    sys.exit(call(*words))


def wait_for(study: Study, condition: Callable[[Study], bool]) -> None:
    """Waits until `condition` holds of the study."""
    deadline = time.monotonic() + 120
    while not condition(study):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def has_checkpoint(study: Study) -> bool:
    """Whether some run could be resumed."""
    return any(record.resume_from for record in study.ledger_state().runs.values())


def full(*_: object) -> None:
    """Fails as a full disk does."""
    raise OSError(errno.ENOSPC, "No space left on device")
