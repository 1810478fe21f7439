"""Every file name of a study, in one place."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

OUTPUT = "output.log"
"""The file in a run's folder that its command's programs print to."""

PROMOTED = ".promoted"
"""What the names of promotions end with."""

STUDIES = "studies"
"""The folder under the current one that holds studies, unless `root=` names another."""


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
        """What a sampler planned, a file a packful; which trials were pruned or got more seeds."""
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
        """Claims and ends, in folders one after the other, and their packed files."""
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
    def session(self) -> Path:
        """Touched where work begins, or goes on, with nobody at work: hours count from then."""
        return self.folder / "session"

    @property
    def note(self) -> Path:
        """What people wrote about the study: a note and tags."""
        return self.folder / "note.json"

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
        """Folders of functions' and commands' runs, one a run."""
        return self.folder / "runs"

    def output(self, run: str) -> Path:
        """What the programs of a run printed, where it is a command's."""
        return self.runs / run / OUTPUT

    @property
    def figures(self) -> Path:
        """Pictures and the tables behind them."""
        return self.folder / "figures"

    @property
    def old_figures(self) -> Path:
        """Pictures of an earlier state of the study that nobody has drawn anew."""
        return self.figures / "old"

    @property
    def report(self) -> Path:
        """The study on one page."""
        return self.folder / "report.html"

    @property
    def logs(self) -> Path:
        """What workers print, one folder a start."""
        return self.folder / "logs"

    @property
    def trackers(self) -> Path:
        """What `sweeper sync` writes, a folder a tracker, unless it is told another."""
        return self.folder / "trackers"

    @property
    def optuna(self) -> Path:
        """The study as an Optuna journal."""
        return self.folder / "optuna.journal"

    def promoted(self, trial: int, step: int) -> Path:
        """There once a trial goes on from the step at which it paused."""
        return self.trials / f"{trial}.{step}{PROMOTED}"

    def rung(self, number: int) -> Path:
        """Decision `number` on further seeds: there once it was made."""
        return self.trials / f"{number}.rung"

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
