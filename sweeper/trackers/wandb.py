"""Weights & Biases: a run a run, offline unless WANDB_MODE=online.

Offline, a run is a folder that holds all of it. One that has grown is written whole to a new
folder under the same id, and the old one is removed then: so nothing is in two folders. Online, the
server says up to which step it knows a run, and only what is behind that is sent.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from sweeper.errors import SweeperError, shown
from sweeper.ledger.run_record import PAUSED, UNENDED
from sweeper.study.study import Study
from sweeper.trackers.base import FIGURES, FolderTracker, needed
from sweeper.trackers.updates import OWN, REPORTED, Position, RunUpdate

_MODES = ("offline", "online")

_DID_WELL = (*UNENDED, PAUSED, "complete", "pruned")
"""States in which a run is shown as finished; W&B calls all others failed."""


_RESERVED = ("", "_runtime", "_step", "_timestamp", "_wandb")
"""Names under which W&B shows no metric of a run."""


class Tracker(FolderTracker):
    """Runs of the project that is called as WANDB_PROJECT says, or like the study was at first."""

    def __init__(self, study: Study, out: str | None) -> None:
        self._wandb = needed("wandb", "wandb", "wandb")
        self._mode = os.environ.get("WANDB_MODE", "offline")
        if self._mode not in _MODES:
            raise SweeperError(
                f"WANDB_MODE must be one of {', '.join(_MODES)}, but is {shown(self._mode)}"
            )
        self.live = self._mode == "online"
        self.journal = f".sweeper-{self._mode}.jsonl"
        super().__init__(study, out, project=os.environ.get("WANDB_PROJECT") or study.name)
        self._remove_doubtful()

    @property
    def place(self) -> str:
        """The folder, or the project on the server."""
        return f"the project {self._project}" if self.live else str(self._runs)

    def write(self, update: RunUpdate) -> None:
        """Writes a run's folder anew, or sends what is new of it."""
        state, run = update.position.state, update.run

        def log(opened: Any) -> None:
            known = opened.step if self.live else 0
            for step, metrics in update.new if self.live else update.points:
                if step >= known:
                    opened.log({_name(key): value for key, value in metrics.items()}, step=step)
            opened.summary.update({f"{OWN}state": state, **update.results})
            if update.error:
                opened.summary[f"{OWN}error"] = update.error

        mark = self._run(
            f"{run.id}-{update.position.edition}" if update.position.edition else run.id,
            log,
            self.positions.get(run.id),
            failed=state not in _DID_WELL,
            name=update.title[:128],
            config=dict(update.config),
            group=f"trial {run.trial}",
            job_type=run.task[:64],
        )
        self._note(run.id, update.position, mark)

    def write_figures(self, files: Sequence[Path], position: Position) -> None:
        """Writes the pictures to a run of their own."""

        def log(opened: Any) -> None:
            pictures = {f"{FIGURES}/{file.stem}": self._wandb.Image(str(file)) for file in files}
            opened.log(pictures, step=position.edition)

        known = self.positions.get(FIGURES)
        mark = self._run(f"{FIGURES}-{self.identity}", log, known, failed=False, name=FIGURES)
        self._note(FIGURES, position, mark)

    def close(self) -> None:
        """Removes what was being written when somebody pressed Ctrl-C, and closes the journal."""
        self._wandb.teardown()
        self._remove_doubtful()
        super().close()

    @property
    def _project(self) -> str:
        return os.environ.get("WANDB_PROJECT") or self.noted["project"]

    @property
    def _runs(self) -> Path:
        """The folder that holds a folder a run."""
        return self.folder / "wandb"

    def _run(
        self,
        id: str,
        log: Callable[[Any], None],
        known: Position | None,
        *,
        failed: bool,
        **told: Any,
    ) -> str:
        """Opens the run called `id`, has it logged to and finishes it; returns its folder's name.

        Names of folders hold the second: a new one waits for the second after the old one's.
        """
        if not self.live and known is not None:
            with suppress(OSError):
                old = (self._runs / str(known.mark)).stat().st_mtime
                time.sleep(min(1.0, max(0.0, old + 1.0 - time.time())))
        settings = self._wandb.Settings(
            mode=self._mode,
            root_dir=str(self.folder.resolve()),
            silent=True,
            console="off",
            disable_git=True,
            save_code=False,
            x_disable_stats=True,
            x_disable_meta=True,
        )
        opened = self._wandb.init(
            project=self._project,
            id=id,
            resume="allow" if self.live else None,
            reinit="create_new",
            allow_val_change=True,
            settings=settings,
            **told,
        )
        log(opened)
        opened.finish(exit_code=int(failed))
        self._wandb.teardown()  # its own process has written all of it only once it is gone
        return Path(opened.settings.sync_dir).name

    def _note(self, name: str, position: Position, mark: str) -> None:
        """Notes the position, and removes the folder whose place the one called `mark` took."""
        old = self.positions.get(name)
        self.commit(name, replace(position, mark=mark))
        if not self.live and old is not None:
            shutil.rmtree(self._runs / str(old.mark), ignore_errors=True)

    def _remove_doubtful(self) -> None:
        """Removes offline runs that a killed process had not finished, or not yet removed."""
        if self.live or not self._runs.is_dir():
            return
        known = {position.mark for position in self.positions.values()}
        for folder in self._runs.glob("offline-run-*-*"):
            if folder.name not in known and self._is_ours(folder.name.split("-", 3)[3]):
                shutil.rmtree(folder, ignore_errors=True)

    def _is_ours(self, id: str) -> bool:
        """Whether a run of this id is this study's: others may be in the folder, too."""
        run = self.study.plan.find(id.partition("-")[0])
        return run is not None or id == f"{FIGURES}-{self.identity}"


def _name(name: str) -> str:
    """The name of a metric as W&B takes it."""
    return f"{name}{REPORTED}" if name in _RESERVED else name
