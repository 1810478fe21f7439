"""`sweeper logs`: what workers printed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from sweeper.cli.commands import retry
from sweeper.errors import SweeperError
from sweeper.ledger.state import LedgerState
from sweeper.report import worker_status
from sweeper.study.study import Study
from sweeper.text import counted

_POLL_S = 0.5
_BLOCK = 1 << 20


def listed(study: Study) -> Iterator[str]:
    """The logs of all workers with who printed to them, the newest last."""
    ledger_state = study.ledger_state(reports=False)
    about: dict[Path, str] = {}
    without = 0
    for name, state in worker_status.worker_states(study, ledger_state).items():
        file = _log(study, ledger_state, name)
        if file is None or not file.exists():
            without += 1
        else:
            about[file] = f"{file}  {name} ({state.state})"
    yield from (about[file] for file in sorted(about, key=lambda file: file.stat().st_mtime))
    if without:
        yield f"{counted(without, 'worker')} without a log: inline, or at a terminal"
    if not about and not without:
        yield f"{study.name}: no worker has begun yet"


def of_run(study: Study, name: str) -> Iterator[bytes]:
    """The log of the run whose id begins with `name`: what its command printed, or else what the
    worker did that holds it, or held it last."""
    run = retry.find(study, name)
    yield from _Tail().news(_holders(study, study.ledger_state(reports=False), run))


def follow(study: Study, name: str, moved: Callable[[Path], None]) -> Iterator[bytes]:
    """The same, and what is added to it until the run has ended.

    Where another worker takes the run over, `moved` is called with its log, which follows.
    """
    run = retry.find(study, name)
    ledger_state, tail = study.ledger_state(reports=False), _Tail()
    file = _holders(study, ledger_state, run)
    while True:
        ended = ledger_state.record(run).end is not None
        yield from tail.news(file)
        if ended:
            return
        time.sleep(_POLL_S)
        ledger_state.refresh()
        holders = _log(study, ledger_state, ledger_state.record(run).worker or "")
        if study.paths.output(run).exists():
            holders = study.paths.output(run)
        if holders is not None and holders != file and holders.exists():
            yield from tail.news(file)
            file = holders
            moved(file)


class _Tail:
    """Reads files on from where it was; one that is met again is not repeated."""

    def __init__(self) -> None:
        self._offsets: dict[Path, int] = {}

    def news(self, file: Path) -> Iterator[bytes]:
        """What was added to `file` since the last time, in blocks."""
        with file.open("rb") as handle:
            handle.seek(self._offsets.get(file, 0))
            while data := handle.read(_BLOCK):
                self._offsets[file] = handle.tell()
                yield data


def _holders(study: Study, ledger_state: LedgerState, run: str) -> Path:
    """The log of a run's command or newest worker; `SweeperError` where there is none."""
    record = ledger_state.record(run)
    if not record.attempts or record.worker is None:
        raise SweeperError(f"the run {run} has not begun: no worker took it yet")
    if study.paths.output(run).exists():
        return study.paths.output(run)
    file = _log(study, ledger_state, record.worker)
    if file is None:
        raise SweeperError(
            f"the worker {record.worker} of the run {run} has no log: it printed to a terminal, "
            "as dispatch=inline does"
        )
    if not file.exists():
        raise SweeperError(f"the log of the run {run} is gone: {file}")
    return file


def _log(study: Study, ledger_state: LedgerState, worker: str) -> Path | None:
    """The file that a worker printed to, as its ledger's header names it."""
    known = ledger_state.workers.get(worker)
    log = known.header.log if known is not None else None
    return None if log is None else study.folder / log
