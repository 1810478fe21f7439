"""Writes and removes a worker's files in `checkpoints/` and `weights/`, within a size limit."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from sweeper.files import arrays, disk_usage
from sweeper.files.atomic import disk_is_full, patiently, remove
from sweeper.ledger.lines.kinds import SkipLine
from sweeper.ledger.run_record import PAUSED
from sweeper.ledger.state import LedgerState
from sweeper.log import log
from sweeper.paths import StudyPaths
from sweeper.text import size
from sweeper.trainable.contract import State
from sweeper.worker.checkpoints import checkpoint
from sweeper.worker.checkpoints.checkpoint import BestEvaluation, Part, SavedCheckpoint

_GB = 10**9

Place = tuple[str, int, int]
"""A run, a generation and an attempt."""


class CheckpointStore:
    """Saves states and weights while they fit under `max_gb`, the bound for the whole study."""

    def __init__(self, paths: StudyPaths, worker: str, max_gb: float) -> None:
        self._paths = paths
        self._worker = worker
        self._bound = max_gb * _GB
        self._used = 0
        self._skipped = self._told = 0

    def measure(self) -> None:
        """Looks how much the study's checkpoints and weights take: before each round of saves."""
        self._used = disk_usage.used([self._paths.checkpoints, self._paths.weights])

    def save(
        self,
        place: Place,
        step: int,
        before: SavedCheckpoint | None,
        part: Part,
        best: BestEvaluation | None,
    ) -> SavedCheckpoint | None:
        """Writes a state at `step`; `None`, and `before` stays, where it is there or finds no room.

        Of its rows it writes those that `before` lacks. What goes on learning at one step, as the
        first updates of features do, has several states there, the newest of which counts.
        """
        file = self._paths.checkpoint(*place, self._worker, step)
        if before is not None and file == before.file and checkpoint.holds(before, part[0]):
            return None
        if not self._fits(checkpoint.size(*part, best), "a checkpoint was"):
            return None
        try:
            return checkpoint.save(file, before, *part, best)
        except FileNotFoundError:  # who took the run over has removed what was being written
            return None
        except OSError as error:
            if not disk_is_full(error):
                raise
            self._skip("a checkpoint was", f"the disk under {file.parent} is full")
            return None

    def weights(self, place: Place, weights: State) -> Path | None:
        """Writes the weights of an attempt that is about to end, to be placed if it does.

        A whole state beside them that finds no room is left out.
        """
        alone = arrays.without_state(weights)
        if len(alone) < len(weights) and not self._fits(checkpoint.size(weights), "a state was"):
            weights = alone
        if weights is alone and not self._fits(checkpoint.size(weights), "weights were"):
            return None
        file = self._paths.pending_weights(*place, self._worker)
        file.parent.mkdir(exist_ok=True)
        patiently(lambda: checkpoint.write(file, weights), file.parent)
        return file

    def place(self, run: str, pending: Path) -> None:
        """Makes the weights of an attempt that ended those of its run."""
        _rename(self._paths, run, pending)

    def clean(self, ended: Mapping[str, tuple[int, int]]) -> None:
        """Removes checkpoints of `ended` runs up to these generations and attempts, of orphans too.

        Weights that wait stay until the study's end: their attempt may have been the last.
        """
        for file in self._paths.checkpoints.iterdir():
            found = _place(file.name)
            if found is not None and found[0] in ended and found[1:] <= ended[found[0]]:
                remove(file)

    def news(self) -> list[SkipLine]:
        """A ledger line that counts the saves left out so far, where there are more than before."""
        if self._skipped == self._told:
            return []
        self._told = self._skipped
        return [SkipLine(self._skipped)]

    def _fits(self, size: int, what: str) -> bool:
        if self._used + size <= self._bound:
            self._used += size
            return True
        self._skip(
            what,
            f"checkpoints and weights may take checkpoint.max_gb={self._bound / _GB:g} and take "
            f"{self._used / _GB:.3g}",
        )
        return False

    def _skip(self, what: str, why: str) -> None:
        """Counts what was not saved, and says so the first time."""
        if not self._skipped:
            log.warning("%s not saved: %s; from now on only counted", what, why)
        self._skipped += 1


def kept_states(taken: int, max_gb: float) -> str:
    """What is told of `taken` bytes of whole states of ended runs, which stay."""
    said = f"disk: about {size(taken, 'B')} of whole states that stay (checkpoint.keep: state)"
    if taken <= max_gb * _GB:
        return said
    return f"{said}, but checkpoint.max_gb={max_gb:g}: a state that finds no room is left out"


def conclude(paths: StudyPaths, ledger_state: LedgerState) -> None:
    """Empties `checkpoints/` once all runs have ended, and places weights that still wait.

    Files of a run that somebody has opened again meanwhile stay, and what paused runs go on from.
    """
    kept = _paused(ledger_state)
    for file in paths.checkpoints.iterdir():
        if file.name not in kept and not _reopened(ledger_state, _place(file.name)):
            remove(file)
    for file in paths.weights.glob(".*"):
        found = _place(file.name)
        if _reopened(ledger_state, found):
            continue
        if found is not None and file.suffix == ".npz" and _ended(ledger_state, found):
            _rename(paths, found[0], file)
        remove(file)


def _rename(paths: StudyPaths, run: str, pending: Path) -> None:
    """Gives weights their name: not in the step that wrote them, as the end is placed between."""
    with suppress(FileNotFoundError):  # the study's end was quicker
        weights = paths.weights / f"{run}.npz"
        if weights.is_dir():
            remove(weights)
        os.replace(pending, weights)


def _paused(ledger_state: LedgerState) -> set[str]:
    """The names of the states of runs that have paused."""
    paused = (record for record in ledger_state.runs.values() if record.state == PAUSED)
    return {record.resume_from.file for record in paused if record.resume_from is not None}


def _reopened(ledger_state: LedgerState, found: Place | None) -> bool:
    """Whether what it belongs to is a later generation of a run than the one that ended."""
    record = None if found is None else ledger_state.runs.get(found[0])
    return record is not None and found is not None and found[1] > record.generation


def _ended(ledger_state: LedgerState, found: Place) -> bool:
    """Whether this attempt is the one that ended its run."""
    record = ledger_state.runs.get(found[0])
    if record is None or record.end is None:
        return False
    return (record.generation, record.end.attempt) == found[1:]


def _place(name: str) -> Place | None:
    """What a file belongs to; temporary ones, and weights that wait, begin with dots."""
    parts = name.lstrip(".").split(".", 3)
    try:
        return parts[0], int(parts[1]), int(parts[2])
    except (ValueError, IndexError):
        return None
