"""States of unfinished runs on disk: `.npz` files without pickles.

A checkpoint is a member's small state and the ranges of its rows; the rows lie in segments, files
that are written once and named after the attempt, as the checkpoint is, and their range. So a hard
link of each under another attempt's name is a whole checkpoint again.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from sweeper.files.arrays import CHECKSUM, StoredArray, checksum, stored
from sweeper.files.arrays import read as read
from sweeper.files.arrays import write as write
from sweeper.files.atomic import patiently
from sweeper.ledger.damage import FOREIGN, DamagedFile, damaged_file
from sweeper.ledger.reader import is_text, listed
from sweeper.paths import StudyPaths
from sweeper.trainable.abilities import SupportsSegments
from sweeper.trainable.contract import Pack, Rows, State
from sweeper.worker.checkpoints.joined import Joined

MOST_SEGMENTS = 32
"""So many small segments in a row are written anew with the next: small files cost more than bytes.
"""

SEGMENT = 2**27
"""The most bytes of a segment. One of half of it and more is never written anew, so that a save
takes a bounded time, however much is stored."""


def most_files(size: int) -> int:
    """Of how many files a checkpoint of `size` bytes is at most: its state and its segments."""
    return 1 + MOST_SEGMENTS + size // (SEGMENT // 2)


_BLOCK = 4096
_ENTRY = 400
"""Bytes that a file takes for each of its arrays besides the numbers."""

_RANGES = "sweeper/ranges"
_FIRST = "sweeper/first"
_BEST = "sweeper/best"

Part = tuple[State, Rows | None]
"""A member's state without its rows, and those of its rows that are yet to be written."""

Range = tuple[int, int]
"""Begin and end of a segment's rows."""


@dataclass(frozen=True)
class BestEvaluation:
    """The best evaluation of a run so far: its value, and the weights that had it."""

    value: float
    weights: State


@dataclass(frozen=True)
class SavedCheckpoint:
    """A checkpoint on disk: the file of the state, and the ranges of its segments in order."""

    file: Path
    ranges: tuple[Range, ...] = ()

    @property
    def files(self) -> list[Path]:
        """All its files, the state's last."""
        return [*(segment(self.file, part) for part in self.ranges), self.file]

    def remove(self, but: SavedCheckpoint | None = None) -> None:
        """Removes its files, except those that `but` has too."""
        kept = set() if but is None else set(but.files)
        for file in reversed(self.files):
            if file not in kept:
                file.unlink(missing_ok=True)


@dataclass(frozen=True)
class LoadedCheckpoint:
    """What a checkpoint holds: the whole state, and the best evaluation before it.

    Rows are read by slices from its files while they are there; `joined.whole` reads all.
    """

    saved: SavedCheckpoint
    state: State
    best: BestEvaluation | None


def segment(file: Path, part: Range) -> Path:
    """The segment of the rows `part` that belongs to the checkpoint `file`."""
    attempt = file.name.rsplit(".", 2)[0]
    return file.with_name(f"{attempt}.{part[0]}-{part[1]}.rows.npz")


def holds(saved: SavedCheckpoint, state: State) -> bool:
    """Whether a checkpoint holds all of this state, without its rows; none that is damaged does."""
    try:
        known = read(saved.file)
    except ValueError:
        return False
    return all(n in known and _alike(known[n], np.asanyarray(a)) for n, a in state.items())


def _alike(one: np.ndarray, other: np.ndarray) -> bool:
    same = one.dtype == other.dtype and one.shape == other.shape
    return same and one.tobytes() == other.tobytes()


def unsaved(pack: Pack, member: int, saved: SavedCheckpoint | None) -> Part | None:
    """A member's state with only the rows that `saved` lacks; `None` where it has no state."""
    if not isinstance(pack, SupportsSegments):
        state = pack.save(member)
        return None if state is None else (state, None)
    return pack.save_since(member, 0 if saved is None else _written(saved))


def _written(saved: SavedCheckpoint) -> int:
    """The row up to which segments stay: all of them, unless too many of the last are small."""
    kept = len(saved.ranges)
    if kept >= MOST_SEGMENTS:
        while kept and _is_small(segment(saved.file, saved.ranges[kept - 1])):
            kept -= 1
    few = len(saved.ranges) - kept < MOST_SEGMENTS
    ranges = saved.ranges if few else saved.ranges[:kept]
    return ranges[-1][1] if ranges else 0


def _is_small(file: Path) -> bool:
    """Whether a segment may be written anew; one that is gone must be."""
    try:
        return file.stat().st_size < SEGMENT // 2
    except FileNotFoundError:
        return True


def size(state: State, rows: Rows | None = None, best: BestEvaluation | None = None) -> int:
    """About how many bytes `save` will take on the disk, in whole blocks."""
    small = _bytes(state) + (_bytes(best.weights) if best else 0)
    large = _bytes(rows.arrays) if rows else 0
    return sum(-(-part // _BLOCK) * _BLOCK for part in (small, large))


def _bytes(arrays: State) -> int:
    sizes = (getattr(array, "nbytes", None) for array in arrays.values())
    return sum(_ENTRY + (8 if size is None else size) for size in sizes)


def save(
    file: Path,
    before: SavedCheckpoint | None,
    state: State,
    rows: Rows | None,
    best: BestEvaluation | None = None,
) -> SavedCheckpoint:
    """Writes a checkpoint: the new segments, then the state that names them. `before` stays whole.

    On an `OSError` nothing new is left behind.
    """
    new = [] if rows is None else _parts(rows)
    kept = () if before is None or rows is None else _needed(before.ranges, rows)
    ranges = (*kept, *new)
    arrays = dict(state)
    if rows is not None and ranges:
        arrays[_RANGES], arrays[_FIRST] = np.array(ranges, np.int64), np.array(rows.first)
    elif rows is not None:
        arrays |= rows.arrays
    if best is not None:
        arrays |= {f"{_BEST}/{name}": array for name, array in best.weights.items()}
        arrays[_BEST] = np.array(best.value)
    try:
        for part in new:
            assert rows is not None
            place = slice(part[0] - rows.begin, part[1] - rows.begin)
            write(segment(file, part), {n: array[place] for n, array in rows.arrays.items()})
        write(file, arrays)
    except OSError:
        for part in new:
            segment(file, part).unlink(missing_ok=True)
        raise
    return SavedCheckpoint(file, ranges)


def _parts(rows: Rows) -> list[Range]:
    """The ranges of the segments that new rows become: as few as may be, of about one size."""
    count = rows.end - rows.begin
    most = max(1, SEGMENT * count // max(1, _bytes(rows.arrays)))
    parts = -(-count // most)
    edges = [rows.begin + count * part // parts for part in range(parts + 1)] if parts else []
    return list(pairwise(edges))


def _needed(ranges: Sequence[Range], rows: Rows) -> tuple[Range, ...]:
    """Those of the ranges before `rows` that hold what is still needed."""
    return tuple(part for part in ranges if part[1] > rows.first and part[1] <= rows.begin)


_MOST_CHECKED = 64_000_000
"""Of so many bytes together each is looked at; of what is larger only its end."""


def damaged(paths: StudyPaths) -> Iterator[DamagedFile]:
    """Checkpoints, and weights that are kept, which are not whole."""
    for folder, lost in (
        (paths.checkpoints, "its run begins anew"),
        (paths.weights, "the weights of that run are lost; sweeper rerun trains it once more"),
    ):
        left = _MOST_CHECKED
        for name in sorted(listed(folder)):
            if not is_text(name):
                yield damaged_file(folder.name, name, "has a name that is not UTF-8", FOREIGN)
            elif not name.startswith("."):
                try:
                    left -= (folder / name).stat().st_size
                    whole = _whole(folder / name, all_of_it=left > 0)
                except FileNotFoundError:  # its worker removed it just now
                    continue
                except OSError:
                    whole = False
                if not whole:
                    yield damaged_file(folder.name, name, "is no whole file of arrays", lost)


def _whole(path: Path, *, all_of_it: bool) -> bool:
    with path.open("rb") as opened:
        if all_of_it:
            data = opened.read()
            return checksum(data) == data[-CHECKSUM:]
        opened.seek(-CHECKSUM, os.SEEK_END)
        return re.fullmatch(rb"[0-9a-f]+", opened.read()) is not None


def adopt(theirs: Path, mine: Path) -> LoadedCheckpoint:
    """Links `theirs` and its segments under `mine`, where its writer cannot remove them; reads it.

    `ValueError` where anything is damaged or gone; then nothing is left under `mine`.
    """
    saved = SavedCheckpoint(mine)
    try:
        _link(theirs, mine)
        state = read(mine)
        ranges = state.pop(_RANGES, np.zeros((0, 2), np.int64)).tolist()
        first = int(state.pop(_FIRST, 0))
        saved = SavedCheckpoint(mine, tuple((int(begin), int(end)) for begin, end in ranges))
        for part in saved.ranges:
            _link(segment(theirs, part), segment(mine, part))
        return LoadedCheckpoint(saved, _rest(state) | _joined(saved, first), _best(state))
    except ValueError:
        saved.remove()
        raise


def _link(theirs: Path, mine: Path) -> None:
    def link() -> bool:
        """Whether it was there: who took the run over before us removes it."""
        try:
            with suppress(FileExistsError):
                os.link(theirs, mine)
        except (FileNotFoundError, PermissionError):  # gone, or a folder
            return False
        return True

    if not patiently(link, mine.parent):
        raise ValueError(f"{theirs.name} is gone")


def _joined(saved: SavedCheckpoint, first: int) -> dict[str, Any]:
    """The rows from `first` on of all segments, which must follow each other."""
    pieces: dict[str, list[StoredArray | np.ndarray]] = {}
    for number, (begin, end) in enumerate(saved.ranges):
        found = stored(segment(saved.file, (begin, end)))
        for name in found.keys() | pieces.keys():
            before = pieces.setdefault(name, [])
            if len(before) != number or name not in found or len(found[name]) != end - begin:
                raise ValueError(f"a segment of {saved.file.name} lacks rows of {name}")
            before.append(found[name])
    _check_order(saved.ranges, first)
    skipped = first - saved.ranges[0][0] if saved.ranges else 0
    return {name: Joined(parts, max(0, skipped)) for name, parts in pieces.items()}


def _check_order(ranges: Sequence[Range], first: int) -> None:
    follows = all(one[1] == two[0] for one, two in pairwise(ranges))
    if not follows or (ranges and ranges[0][0] > first):
        raise ValueError(f"segments {list(ranges)} leave rows out from {first} on")


def _rest(state: State) -> State:
    return {name: array for name, array in state.items() if not name.startswith(_BEST)}


def _best(state: State) -> BestEvaluation | None:
    if _BEST not in state:
        return None
    prefix = f"{_BEST}/"
    weights = {n.removeprefix(prefix): v for n, v in state.items() if n.startswith(prefix)}
    return BestEvaluation(float(state[_BEST]), weights)
