"""What every tracker is: a place that runs are shown in, with its own note of how much is shown."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import importlib
import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sweeper.errors import SweeperError, shown
from sweeper.study.study import Study
from sweeper.trackers.journal import Journal
from sweeper.trackers.updates import Position, RunUpdate

FIGURES = "figures"
"""Under this name figures have their position, as runs have theirs."""


class RunTracker(ABC):
    """A place that the runs of one study are shown in.

    `out` is what the user said of where, or `None`. Whatever kills it, the positions that it opens
    with are of what is shown for certain; what is shown beyond them is removed or passed over.
    """

    live = True
    """Whether runs are worth showing before they end, while somebody watches."""

    def __init__(self, study: Study, out: str | None) -> None:
        self.study = study
        self.folder = self.folder_for(out)
        """Where its own files are."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise SweeperError(
                f"out= must name a folder, but got {shown(str(self.folder))}"
            ) from error
        self._lock = self._locked()

    @property
    @abstractmethod
    def positions(self) -> Mapping[str, Position]:
        """What it shows, by the run's id, and of figures by `FIGURES`."""

    @abstractmethod
    def write(self, update: RunUpdate) -> None:
        """Shows what is new of a run, and then notes its position."""

    @abstractmethod
    def write_figures(self, files: Sequence[Path], position: Position) -> None:
        """Shows these pictures (PNG) in the place of earlier ones, and then notes the position."""

    def folder_for(self, out: str | None) -> Path:
        """`out`, or a folder of its own in the study's folder."""
        name = type(self).__module__.rpartition(".")[2]
        return Path(out) if out else self.study.paths.trackers / name

    @property
    def place(self) -> str:
        """Where its runs are shown, for people."""
        return str(self.folder)

    @property
    def identity(self) -> str:
        """16 hex digits by which a study is known again, whatever it is called by then."""
        first = (self.study.paths.plans / "0").read_bytes()
        return hashlib.sha256(first).hexdigest()[:16]

    def close(self) -> None:
        """Lets others write to its place."""
        os.close(self._lock)

    def _locked(self) -> int:
        """A lock that ends with this process; `SweeperError` where another process has it."""
        descriptor = os.open(self.folder / ".sweeper.lock", os.O_CREAT | os.O_RDWR, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise
            raise SweeperError(
                f"another `sweeper sync` is writing to {self.folder}: wait until it has ended, or "
                "name another folder (out=…)"
            ) from error
        return descriptor


class FolderTracker(RunTracker):
    """A tracker that shows runs by files in a folder, and keeps its journal beside them.

    Who removes the folder removes both, and the next `sweeper sync` writes all of it anew.
    """

    journal = ".sweeper.jsonl"

    def __init__(self, study: Study, out: str | None) -> None:
        super().__init__(study, out)
        self._journal = Journal(self.folder / self.journal, self.identity)

    @property
    def positions(self) -> Mapping[str, Position]:
        """What the journal says."""
        return self._journal.positions

    def commit(self, run: str, position: Position) -> None:
        """Notes that so much of a run is shown now."""
        self._journal.commit(run, position)

    def close(self) -> None:
        """Closes the journal, and lets others write to the folder."""
        self._journal.close()
        super().close()


def needed(module: str, package: str, extra: str) -> Any:
    """The module of a package; `SweeperError`, which names the extra, where that is missing."""
    try:
        found = importlib.import_module(module)
        if found.__file__ is None:  # a folder of that name, which the package writes
            raise ImportError(f"{module} is a folder without code")
        return found
    except ImportError as error:
        raise SweeperError(
            f"{package} is not installed, or a part of it is missing ({error}): "
            f"pip install -e '.[{extra}]' in the checkout of sweeper"
        ) from error
