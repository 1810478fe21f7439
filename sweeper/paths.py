"""Every file name of a study, in one place."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sweeper.errors import SweeperError
from sweeper.files import temporary

T = TypeVar("T")

STUDIES = "studies"
"""The folder under the current one that holds studies, unless `root=` names another."""

PATIENCE_S = 600.0
"""For how long a full disk is waited for."""

_FULL = {errno.ENOSPC, errno.EDQUOT}


@dataclass(frozen=True)
class StudyPaths:
    """The files of the study in `folder`."""

    folder: Path

    @property
    def plans(self) -> Path:
        """Resolved spaces: `0`, then one file each time the space changed."""
        return self.folder / "plans"

    @property
    def trials(self) -> Path:
        """What a sampler planned, one file a packful; and which trials were pruned."""
        return self.folder / "trials"

    @property
    def ledger(self) -> Path:
        """One append-only file a writer."""
        return self.folder / "ledger"

    @property
    def snapshots(self) -> Path:
        """Caches of what is final in the ledger; may be removed at any time."""
        return self.folder / "snapshots"

    @property
    def claims(self) -> Path:
        """Claims and ends, `<run>.<generation>.<attempt>`."""
        return self.folder / "claims"

    @property
    def beats(self) -> Path:
        """One small file a worker, holding a number that grows while it works."""
        return self.folder / "beats"

    @property
    def scheduler(self) -> Path:
        """What the scheduler said last of the study's jobs, and who asks it next."""
        return self.folder / "scheduler"

    @property
    def cancelled(self) -> Path:
        """There while nobody shall work on the study: when, and by whom, it was cancelled."""
        return self.folder / "cancelled"

    @property
    def checkpoints(self) -> Path:
        """States of unfinished runs."""
        return self.folder / "checkpoints"

    @property
    def weights(self) -> Path:
        """Weights that are kept of ended runs, `<run>.npz`, where the space asks for them."""
        return self.folder / "weights"

    @property
    def runs(self) -> Path:
        """Folders that function trainables may use, one a run."""
        return self.folder / "runs"

    @property
    def figures(self) -> Path:
        """Pictures and the tables behind them."""
        return self.folder / "figures"

    @property
    def report(self) -> Path:
        """The study on one page."""
        return self.folder / "report.html"

    @property
    def logs(self) -> Path:
        """What workers print, one folder a start."""
        return self.folder / "logs"

    @property
    def optuna(self) -> Path:
        """The study as an Optuna journal."""
        return self.folder / "optuna.journal"

    def claim(self, run: str, generation: int, attempt: int) -> Path:
        """The claim of an attempt, or the end of the attempt before it."""
        return self.claims / f"{run}.{generation}.{attempt}"

    def pruned(self, trial: int) -> Path:
        """There once a trial was pruned."""
        return self.trials / f"{trial}.pruned"

    def checkpoint(self, run: str, generation: int, attempt: int, worker: str, step: int) -> Path:
        """The state that `worker` saved, or took over, at `step` in its attempt."""
        return self.checkpoints / f"{run}.{generation}.{attempt}.{worker}.{step}.npz"

    def pending_weights(self, run: str, generation: int, attempt: int, worker: str) -> Path:
        """The weights of an attempt whose end is about to be placed."""
        return self.weights / f".{run}.{generation}.{attempt}.{worker}.npz"

    def put_aside(self, run: str, generation: int) -> None:
        """Renames the folder of a run, so that its function begins `generation` with a new one."""
        folder = self.runs / run
        with suppress(OSError):  # there is none, or another is put aside already
            os.rename(folder, folder.with_name(f"{run}.{generation - 1}"))

    def create(self) -> None:
        """Makes the folders that workers write to."""
        work = (self.plans, self.trials, self.ledger, self.claims, self.beats, self.checkpoints)
        for folder in (*work, self.figures):
            folder.mkdir(parents=True, exist_ok=True)


def check_out(out: Path, endings: Sequence[str]) -> None:
    """`SweeperError` unless `out` ends in one of `endings` and its folder exists."""
    if out.suffix not in endings:
        valid = endings[0] if len(endings) == 1 else f"one of {', '.join(endings)}"
        raise SweeperError(f"out= must end in {valid}, but got {str(out)!r}")
    if out.is_dir() or not out.parent.is_dir():
        raise SweeperError(f"out= must name a file in a folder that exists, but got {str(out)!r}")


def write_durably(path: Path, data: bytes | memoryview) -> None:
    """Writes `data` under a temporary name, forces it to the disk and renames it to `path`."""
    new = temporary.beside(path)
    try:
        write_synced(new, data)
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)


def write_synced(path: Path, data: bytes | memoryview) -> None:
    """Writes `data` to `path` and forces it to the disk; `OSError` where only a part fits."""
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o666)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def disk_is_full(error: OSError) -> bool:
    """Whether `error` says that a disk or a quota is full."""
    return error.errno in _FULL


def patiently(write: Callable[[], T], folder: Path) -> T:
    """Calls `write` until it finds space, for ten minutes; `SweeperError` where it finds none."""
    deadline, pause = time.monotonic() + PATIENCE_S, 0.1
    while True:
        try:
            return write()
        except OSError as error:
            if not disk_is_full(error):
                raise SweeperError(f"cannot write to {folder}: {error.strerror}") from error
            if time.monotonic() > deadline:
                raise SweeperError(f"the disk under {folder} is full: free some space") from error
        time.sleep(pause)
        pause = min(2 * pause, 30.0)
