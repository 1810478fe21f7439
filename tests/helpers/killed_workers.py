"""Workers that tests start in this process or in another, and wait for."""

from __future__ import annotations

import errno
import functools
import multiprocessing
import os
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess

from sweeper.dispatch import entry
from sweeper.report import publish
from sweeper.study.study import Study
from sweeper.worker.worker import Worker

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


def spawn(study: Study, workers: int = 2) -> BaseProcess:
    """One of so many workers, in a process that can be killed.

    It is forked by a process that has imported what workers import, and nothing else.
    """
    given = (dict(os.environ), str(study.folder), str(workers))
    process = _context().Process(target=_work, args=given)
    process.start()
    return process


@functools.cache
def _context() -> multiprocessing.context.ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        [
            "sweeper.dispatch.entry",
            "sweeper.results.export.optuna_storage",
            "sweeper.report.page.page",
        ]
    )
    return context


def _work(environment: dict[str, str], folder: str, workers: str) -> None:
    """What a dispatched process runs, with the environment of who asked for it."""
    os.environ.clear()
    os.environ.update(environment)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    entry.work(folder, "auto", "cpu", workers)


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
