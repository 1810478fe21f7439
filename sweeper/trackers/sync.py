"""`sweeper sync`: shows the runs of a study in a tracker, and goes on where it was."""

from __future__ import annotations

import gc
import hashlib
import io
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sweeper import lookup
from sweeper.errors import SweeperError, reason
from sweeper.ledger.run_record import RunRecord
from sweeper.log import log
from sweeper.planning.plan import Run
from sweeper.study.study import Study
from sweeper.text import counted
from sweeper.trackers.base import FIGURES, RunTracker
from sweeper.trackers.updates import Position, update

POLL_S = 2.0
"""Seconds between two looks at the ledger."""


def sync(
    study: Study, to: str, out: str | None, *, watch: bool, say: Callable[[str], None]
) -> None:
    """Shows all runs that have begun in the tracker called `to`, and says what it did.

    With `watch` it goes on until all runs have ended, or Ctrl-C. Raises `SweeperError` for an
    unknown tracker, one whose package is missing, and one that another process writes to.
    """
    kind = lookup.find("sweeper.trackers", to)
    study.share_files()
    with _told(to):
        tracker: RunTracker = kind(study, out)
    mirror = Mirror(study, tracker)
    try:
        with _told(to):
            say(f"{study.name}: showing runs in {tracker.place}  (Ctrl-C ends)")
            gc.freeze()  # the study stays; what packages make is dropped again and again
            gc.enable()
            if watch:
                _follow(mirror)
            mirror.refresh()
    except KeyboardInterrupt:
        say("stopped while it wrote")
    finally:
        tracker.close()
    written = counted(len(mirror.written), "run")
    shown = counted(sum(name != FIGURES for name in tracker.positions), "run")
    later = "" if mirror.ended else "; the same command goes on from here"
    say(f"{study.name}: {written} written, {shown} shown in {tracker.place}{later}")


def _follow(mirror: Mirror) -> None:
    """Tells what is new again and again, until all runs have ended or somebody presses Ctrl-C."""
    mirror.refresh(following=True)
    while not mirror.ended and _rested():
        mirror.refresh(following=True)


def _rested() -> bool:
    """Waits until the ledger is looked at again; `False` where Ctrl-C ended that."""
    try:
        time.sleep(POLL_S)
    except KeyboardInterrupt:
        return False
    return True


class Mirror:
    """The runs of a study on their way into a tracker."""

    def __init__(self, study: Study, tracker: RunTracker) -> None:
        self._study = study
        self._tracker = tracker
        self._state = study.ledger_state()
        self._due = {*self._state.runs}
        """Runs about which something may be new."""
        self._newest: dict[str, int] = {}
        """The step of each run's newest report when it was looked at last."""
        self._pictures = ""
        self.written: set[str] = set()
        """The runs that the tracker was told of."""

    @property
    def ended(self) -> bool:
        """Whether all runs are known to have ended."""
        return self._study.ended_in(self._state)

    def refresh(self, *, following: bool = False) -> None:
        """Tells the tracker what is new.

        To who is `following` it need not be all: what may change soon waits until it has not.
        """
        self._due |= self._state.refresh()
        self._study.refresh()
        waiting = set()
        for run in self._planned():
            record = self._state.runs[run.id]
            held = self._growing(record) if following and record.end is None else None
            if held is not None:
                waiting.add(run.id)
            if held is not None and not self._tracker.live:
                continue
            known = self._tracker.positions.get(run.id)
            trial = self._study.plan.trials[run.trial]
            found = update(self._study.space, run, trial, record, known, held)
            if found is not None:
                self._tracker.write(found)
                self.written.add(run.id)
        self._due = waiting | {one for one in self._due if self._study.plan.find(one) is None}
        with suppress(FileNotFoundError):  # they are being drawn anew
            self._figures()

    def _growing(self, record: RunRecord) -> int | None:
        """The step from which reports of a run may still get further metrics; `None` for no step.

        A step is told of in one or several reports: the newest waits until it was seen twice. Where
        the tracker shows ended runs only, all wait.
        """
        if not self._tracker.live:
            return 0
        newest = max((step for step, _ in record.reports), default=None)
        if newest is None or self._newest.get(record.run) == newest:
            return None
        self._newest[record.run] = newest
        return newest

    def _planned(self) -> Iterator[Run]:
        """The runs that are due, in the plan's order."""
        found = (self._study.plan.find(one) for one in self._due)
        runs = (run for run in found if run is not None)
        yield from sorted(runs, key=lambda run: (run.trial, run.task, run.seed))

    def _figures(self) -> None:
        """Tells the tracker of new pictures; one that is damaged is left out, and named."""
        files = sorted(self._study.paths.figures.glob("*.png"))
        seen = " ".join(f"{file.name} {file.stat().st_mtime_ns}" for file in files)
        if seen == self._pictures:
            return
        whole, digest = [], hashlib.blake2b(digest_size=8)
        for file in files:
            try:
                data = _read(file)
            except SweeperError as error:
                log.warning("%s", error)
            else:
                whole.append(file)
                digest.update(file.name.encode() + data)
        known = self._tracker.positions.get(FIGURES)
        if whole and (known is None or known.digest != digest.hexdigest()):
            edition = known.edition + 1 if known else 0
            at = Position(0, edition, len(whole), digest.hexdigest(), "complete")
            self._tracker.write_figures(whole, at)
        self._pictures = seen


def _read(file: Path) -> bytes:
    """A picture's bytes; `SweeperError` where they cannot be read, or are no whole picture."""
    from PIL import Image

    try:
        data = file.read_bytes()
        with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
            picture.load()
    except FileNotFoundError:
        raise
    except Exception as error:  # whatever a damaged one makes of its decoder
        why = getattr(error, "strerror", None) or "it is empty, damaged or no PNG: draw it anew"
        raise SweeperError(f"{file} is not shown: {why}") from error
    return data


@contextmanager
def _told(to: str) -> Iterator[None]:
    """Raises what a tracker's package raised as a `SweeperError`: a server may be out of reach."""
    try:
        yield
    except (SweeperError, OSError):
        raise
    except Exception as error:
        raise SweeperError(f"{to}: {reason(error)}; the same command goes on from here") from error
