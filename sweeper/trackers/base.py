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
from sweeper.paths import StudyPaths
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
            self._lock = self._locked()
        except OSError as error:
            raise SweeperError(self._refusal(error, out)) from error

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
        return _identity(self.study.paths)

    @property
    def home(self) -> Path:
        """The study's folder, which tells it from copies of it."""
        return self.study.folder.resolve()

    def is_at_home(self) -> bool:
        """Whether its own files are in the study's folder, and go where that goes."""
        return self.folder.resolve().is_relative_to(self.home)

    def is_copy(self, folder: str | None) -> bool:
        """Whether a study that was shown when it was in `folder` is a copy, or the original.

        One that was renamed or moved is gone from there.
        """
        if folder is None:
            return False
        there = Path(folder)
        try:
            return not there.samefile(self.home) and _identity(StudyPaths(there)) == self.identity
        except OSError:
            return False

    def close(self) -> None:
        """Lets others write to its place."""
        os.close(self._lock)

    def _refusal(self, error: OSError, out: str | None) -> str:
        """What is wrong with the folder, and what to do where another may be named."""
        if out and isinstance(error, FileExistsError | NotADirectoryError):
            return f"out= must name a folder, but got {shown(str(self.folder))}"
        what = f"cannot write to the folder {self.folder}: {error.strerror}"
        if out is not None and "://" not in out:
            return f"{what}; out= must name one that can be made and written to"
        return f"{what}; name another folder (out=…)" if out is None else what

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

    Who removes the folder removes both, and the next `sweeper sync` writes all of it anew; so it
    does in the folder of a copy of the study. `SweeperError` where `out` shows another study.
    """

    journal = ".sweeper.jsonl"

    def __init__(self, study: Study, out: str | None, **first: str) -> None:
        super().__init__(study, out)
        self._journal = Journal(self.folder / self.journal)
        try:
            self.noted = self._noted(first)
            """What was said of the study when it was first shown, or is now: `first`."""
        except SweeperError:
            super().close()
            raise

    def _noted(self, first: Mapping[str, str]) -> Mapping[str, str]:
        """Notes which study this is; what is shown of another is refused or begun anew."""
        head = self._journal.head
        other = head.get("folder")
        if head.get("study", self.identity) != self.identity:
            raise SweeperError(f"{self.folder} shows another study: name another folder (out=…)")
        if self.is_copy(other) and not self.is_at_home():
            raise SweeperError(
                f"{self.folder} shows the study in {other}, and the one in {self.home} is a copy "
                "of it, or the other way round: name another folder for this one (out=…)"
            )
        if self.is_copy(other):
            head = {}
            self._journal.positions.clear()
        now = {**first, **head, "study": self.identity, "folder": str(self.home)}
        self._journal.begin(now)
        return now

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


def _identity(paths: StudyPaths) -> str:
    return hashlib.sha256((paths.plans / "0").read_bytes()).hexdigest()[:16]


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
