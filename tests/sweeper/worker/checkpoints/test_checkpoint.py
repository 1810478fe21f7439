"""Checkpoints and their segments: whole again under another name, or refused."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from sweeper.files import arrays
from sweeper.trainable.contract import State
from sweeper.worker.checkpoints import checkpoint
from sweeper.worker.checkpoints.checkpoint import (
    BestEvaluation,
    SavedCheckpoint,
    adopt,
    save,
    segment,
    unsaved,
)

CAPACITY = 100


@dataclass(frozen=True)
class Rows:
    begin: int
    end: int
    first: int
    arrays: State


class Ring:
    """A pack of one whose state is its step and the last hundred step numbers."""

    step = 0
    progress = 0

    def save_since(self, member: int, row: int) -> tuple[State, Rows]:
        first = max(0, self.step - CAPACITY)
        begin = max(row, first)
        arrays = {"numbers": np.arange(begin, self.step), "twice": 2 * np.arange(begin, self.step)}
        return {"step": np.array(self.step)}, Rows(begin, self.step, first, arrays)


def saved(
    ring: Ring, folder: Path, step: int, before: SavedCheckpoint | None = None
) -> SavedCheckpoint:
    ring.step = step
    part = unsaved(ring, 0, before)  # type: ignore[arg-type]
    assert part is not None
    return save(folder / f"run.0.0.host.domain-1.{step}.npz", before, *part)


def saves(folder: Path, *steps: int) -> SavedCheckpoint:
    """Saves at each of `steps`, the old removed as a worker does."""
    ring, newest = Ring(), None
    for step in steps:
        old, newest = newest, saved(ring, folder, step, newest)
        if old is not None:
            old.remove(newest)
    assert newest is not None
    return newest


def mine(folder: Path, step: int) -> Path:
    return folder / f"run.0.1.other-2.{step}.npz"


def check(state: State, step: int) -> None:
    assert int(state["step"]) == step
    expected = np.arange(max(0, step - CAPACITY), step)
    assert np.array_equal(state["numbers"], expected)
    assert np.array_equal(state["twice"], 2 * expected)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("steps", [(0,), (10,), (10, 10, 35), (40, 90, 130, 260), (300, 301)])
def test_what_is_adopted_is_the_whole_state(tmp_path: Path, steps: tuple[int, ...]) -> None:
    newest = saves(tmp_path, *steps)
    loaded = adopt(newest.file, mine(tmp_path, steps[-1]))
    check(loaded.state, steps[-1])
    newest.remove()
    assert names(tmp_path) == sorted(path.name for path in loaded.saved.files)


def test_a_save_writes_only_what_is_new(tmp_path: Path) -> None:
    newest = saves(tmp_path, 40, 70)
    assert newest.ranges == ((0, 40), (40, 70))
    assert len(checkpoint.read(segment(newest.file, (40, 70)))["numbers"]) == 30


def test_an_attempt_goes_on_from_what_it_adopted(tmp_path: Path) -> None:
    newest = saves(tmp_path, 40, 70)
    loaded = adopt(newest.file, mine(tmp_path, 70))
    newest.remove()
    ring = Ring()
    ring.step = 90
    part = unsaved(ring, 0, loaded.saved)  # type: ignore[arg-type]
    assert part is not None
    after = save(mine(tmp_path, 90), loaded.saved, *part)
    loaded.saved.remove(after)
    assert after.ranges == ((0, 40), (40, 70), (70, 90))
    check(adopt(after.file, tmp_path / "run.0.2.third.90.npz").state, 90)


def test_overwritten_segments_go(tmp_path: Path) -> None:
    newest = saves(tmp_path, 40, 90, 150, 195)
    assert newest.ranges == ((90, 150), (150, 195)) or newest.ranges[0] == (40, 90)
    assert all(end > 195 - CAPACITY for _, end in newest.ranges)
    assert names(tmp_path) == sorted(path.name for path in newest.files)


def test_many_small_segments_become_one(tmp_path: Path) -> None:
    most = checkpoint.MOST_SEGMENTS
    newest = saves(tmp_path, *range(1, most + 1))
    assert len(newest.ranges) == most and len(newest.files) == checkpoint.most_files(0)
    newest = saves(tmp_path, *range(1, most + 2))
    assert newest.ranges == ((0, most + 1),)
    check(adopt(newest.file, mine(tmp_path, most + 1)).state, most + 1)


def test_many_rows_are_several_segments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of less than the most bytes, and of about one size."""
    monkeypatch.setattr(checkpoint, "SEGMENT", 1000)
    newest = saves(tmp_path, 7, 90)
    assert newest.ranges == ((0, 7), (7, 34), (34, 62), (62, 90))
    assert len(newest.files) <= checkpoint.most_files(3000) == 7 + checkpoint.MOST_SEGMENTS
    check(adopt(newest.file, mine(tmp_path, 90)).state, 90)


def test_large_segments_are_not_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "SEGMENT", 2400)
    monkeypatch.setattr(checkpoint, "MOST_SEGMENTS", 3)
    newest = saves(tmp_path, 5, 70, 71, 72, 73)
    assert newest.ranges == ((0, 5), (5, 70), (70, 71), (71, 72), (72, 73))
    newest = saves(tmp_path, 5, 70, 71, 72, 73, 74)
    assert newest.ranges == ((0, 5), (5, 70), (70, 74))
    check(adopt(newest.file, mine(tmp_path, 74)).state, 74)


def test_saves_of_a_long_run_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In what is written and in what is held, however long it has gone round."""
    monkeypatch.setattr(checkpoint, "SEGMENT", 1800)
    monkeypatch.setattr(checkpoint, "MOST_SEGMENTS", 4)
    ring, newest = Ring(), None
    written, held = [], []
    for step in range(5, 400, 5):
        known = set() if newest is None else {*newest.ranges}
        old, newest = newest, saved(ring, tmp_path, step, newest)
        written.append(sum(end - begin for begin, end in {*newest.ranges} - known))
        if old is not None:
            old.remove(newest)
        held.append(newest.ranges[-1][1] - newest.ranges[0][0])
        assert names(tmp_path) == sorted(path.name for path in newest.files)
        if step % 100 == 0:
            check(adopt(newest.file, mine(tmp_path, step)).state, step)
            for file in tmp_path.glob("run.0.1.*"):
                file.unlink()
    assert max(written) < 60 and max(held) < CAPACITY + 60
    assert sum(written) < 3 * 400


def test_rows_are_read_and_written_by_slices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What gives slices alone is saved, and never read whole; so are the rows of a checkpoint."""
    monkeypatch.setattr(checkpoint, "SEGMENT", 4000)
    numbers = np.random.default_rng(0).random((1000, 2, 3), np.float32)
    asked = []

    class Column:
        shape, dtype, nbytes = numbers.shape, numbers.dtype, numbers.nbytes

        def __len__(self) -> int:
            return len(numbers)

        def __getitem__(self, rows: slice) -> np.ndarray:
            asked.append(rows.stop - rows.start)
            return numbers[rows]

    rows = Rows(0, 1000, 40, {"numbers": Column()})  # type: ignore[dict-item]
    newest = save(tmp_path / "run.0.0.w.9.npz", None, {"step": np.array(9)}, rows)
    assert sum(asked) == 1000 and max(asked) <= 167
    found = adopt(newest.file, mine(tmp_path, 9)).state["numbers"]
    assert (found.shape, found.dtype, found.nbytes) == ((960, 2, 3), np.float32, 960 * 24)
    for begin, end in [(0, 1), (0, 960), (100, 500), (959, 960), (3, 3), (900, 2000)]:
        assert np.array_equal(found[begin:end], numbers[40:][begin:end])
    assert np.array_equal(np.asarray(found), numbers[40:])


def test_a_whole_array_of_rows_is_written_without_being_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As numpy writes it: in blocks, with the checksum of all."""
    monkeypatch.setattr(arrays, "_BLOCK", 1000)
    numbers = np.arange(3000, dtype=np.int16).reshape(1000, 3)
    state = {"a": np.arange(7), "large": numbers, "none": np.zeros((0, 4)), "f": numbers.T}
    checkpoint.write(tmp_path / "x.npz", state)
    stored = arrays.stored(tmp_path / "x.npz")
    checkpoint.write(tmp_path / "y.npz", stored)  # type: ignore[arg-type]
    for read in (checkpoint.read(tmp_path / "y.npz"), arrays.stored(tmp_path / "y.npz"), stored):
        assert read.keys() == state.keys()
        for name, array in state.items():
            assert np.array_equal(np.asarray(read[name]), array)
            assert read[name].dtype == array.dtype


@pytest.mark.parametrize("which", [0, 1, 2])
@pytest.mark.parametrize("damage", ["gone", "empty", "cut"])
def test_damage_is_refused_and_nothing_is_left(tmp_path: Path, which: int, damage: str) -> None:
    newest = saves(tmp_path, 40, 70)
    file = newest.files[which]
    data = file.read_bytes()
    file.unlink()
    if damage != "gone":
        file.write_bytes(data[: 0 if damage == "empty" else len(data) // 2])
    with pytest.raises(ValueError, match=r"npz"):
        adopt(newest.file, mine(tmp_path, 70))
    assert not list(tmp_path.glob("run.0.1.*"))


def test_a_checkpoint_cut_at_any_byte_is_refused(tmp_path: Path) -> None:
    newest = saves(tmp_path, 3)
    data = newest.file.read_bytes()
    for length in range(len(data)):
        newest.file.write_bytes(data[:length])
        with pytest.raises(ValueError, match=r"npz"):
            adopt(newest.file, mine(tmp_path, 3))


@pytest.mark.parametrize("which", [0, 1])
def test_a_flipped_bit_anywhere_is_refused(tmp_path: Path, which: int) -> None:
    newest = saves(tmp_path, 3)
    file = newest.files[which]
    data = file.read_bytes()
    for place in range(len(data)):
        file.write_bytes(data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :])
        with pytest.raises(ValueError, match=r"npz"):
            adopt(newest.file, mine(tmp_path, 3))


@pytest.mark.parametrize("fails", [1, 2])
def test_on_a_full_disk_the_old_state_stays_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: int
) -> None:
    newest = saves(tmp_path, 40)
    before, calls, real = names(tmp_path), iter(range(1, 9)), checkpoint.write

    def write(path: Path, state: State) -> None:
        if next(calls) == fails:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(path, state)

    monkeypatch.setattr(checkpoint, "write", write)
    with pytest.raises(OSError, match="No space"):
        saved(Ring(), tmp_path, 70, newest)
    assert names(tmp_path) == before
    check(adopt(newest.file, mine(tmp_path, 40)).state, 40)


def test_the_best_evaluation_goes_along(tmp_path: Path) -> None:
    best = BestEvaluation(0.1 + 0.2, {"0.weight": np.eye(3, dtype=np.float32)})
    whole = save(tmp_path / "run.0.0.w.5.npz", None, {"step": np.array(5)}, None, best)
    loaded = adopt(whole.file, mine(tmp_path, 5))
    assert loaded.state.keys() == {"step"}
    assert loaded.best is not None and loaded.best.value == best.value
    assert np.array_equal(loaded.best.weights["0.weight"], best.weights["0.weight"])


def test_arrays_may_have_any_name_but_must_be_plain(tmp_path: Path) -> None:
    state = {"file": np.arange(3), "allow_pickle": np.ones(()), "a.b/c": np.array(["η"])}
    checkpoint.write(tmp_path / "x.npz", state)
    with np.load(tmp_path / "x.npz") as arrays:
        assert sorted(arrays.files) == sorted(state)
    read = checkpoint.read(tmp_path / "x.npz")
    assert {name: array.tolist() for name, array in read.items()} == {
        name: array.tolist() for name, array in state.items()
    }
    with pytest.raises(ValueError, match="pickle"):
        checkpoint.write(tmp_path / "y.npz", {"object": np.array([{}], object)})
