"""Workers that tests start in this process or in another, and wait for."""

from __future__ import annotations

import errno
import subprocess
import sys
import time
from collections.abc import Callable

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


def spawn(study: Study) -> subprocess.Popen[bytes]:
    """One of two workers, in a process that can be killed."""
    code = (
        f"from sweeper.dispatch.entry import work; work({str(study.folder)!r}, 'auto', 'cpu', '2')"
    )
    return subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)


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
