"""Frames in files of the temporary directory: the same numbers, and nothing left of the files."""

from __future__ import annotations

import errno
import gc
import shutil
import tempfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from agents import streams
from agents.learners import dqn, td3
from agents.replay import prioritised
from agents.replay.buffer import Replay
from agents.replay.frames import stored_row
from agents.replay.storage import store
from agents.replay.storage.store import FramesInMemory, MappedFrames
from tests.helpers.stack_env import SHAPE

GAMMA = np.array([0.9, 0.5, 1.0], np.float32)
MEMBERS = 3


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def mapped(capacity: int, envs: int = 1, members: int = MEMBERS) -> MappedFrames:
    return MappedFrames.made(members, envs * (capacity + 3), *stored_row(SHAPE), "cpu")


def step(replay: Replay, envs: int, members: int = MEMBERS) -> None:
    """A step of noise that depends on nothing but its number."""
    drawn = np.random.RandomState(replay.count)
    shape = (members, envs)
    images = drawn.randint(0, 256, (2, *shape, *SHAPE.observation)).astype(np.uint8)
    ended, cut = drawn.rand(2, *shape) < 0.1
    replay.add_observations(images[0])
    replay.add(drawn.rand(*shape, 2), drawn.rand(*shape), ended)
    if (apart := replay.apart(ended, cut)).size:
        replay.truncate(apart, images[1])


def assert_equal(one: Replay, other: Replay) -> None:
    for n_step in (1, 3):
        draws = streams.Draws(streams.keys([1, 2, 3][:MEMBERS], "x"), 500).at(0)
        ours, theirs = (replay.sample(draws, n_step, GAMMA) for replay in (one, other))
        for name, tensor in vars(ours).items():
            assert tensor is None or torch.equal(tensor, vars(theirs)[name])
    for member in range(MEMBERS):
        saved = other.save(member)
        for name, rows in one.save(member).items():
            assert np.array_equal(rows, saved[name])


@pytest.mark.parametrize("envs", [1, 2])
def test_frames_in_files_are_those_in_memory(envs: int) -> None:
    """Also when the ring has gone round, and across a load at any step."""
    one = Replay(SHAPE, MEMBERS, 50, "cpu", envs)
    other = Replay(SHAPE, MEMBERS, 50, "cpu", envs, mapped(50, envs))
    for t in range(200):
        step(one, envs)
        step(other, envs)
        if t in (5, 63, 130):
            before, other = other, Replay(SHAPE, MEMBERS, 50, "cpu", envs, mapped(50, envs))
            other.count = before.count
            for member in range(MEMBERS):
                other.load(member, before.columns(member))
                other.load_truncations(member, before.save_truncations(member))
        if t in (6, 64, 131, 199):
            assert_equal(one, other)


def test_rows_are_read_in_blocks_by_whoever_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agents.replay.storage.steps._BLOCK", 100)
    one, other = (Replay(SHAPE, MEMBERS, 50, "cpu", 2) for _ in range(2))
    for _ in range(70):
        step(one, 2)
    other.count = one.count
    for member in range(MEMBERS):
        other.load(member, one.columns(member))
        other.load_truncations(member, one.save_truncations(member))
    assert_equal(one, other)


def test_rows_that_may_be_overwritten_are_not_read() -> None:
    replay = Replay(SHAPE, MEMBERS, 50, "cpu")
    step(replay, 1)
    column = replay.columns(0)["frames"]
    assert column.nbytes == np.asarray(column).nbytes == 12
    step(replay, 1)
    with pytest.raises(ValueError, match="must be read before step 1, got 2"):
        column[:]


def test_nothing_is_left_of_the_files(scratch: Path) -> None:
    frames = MappedFrames.made(2, 500_000, 40, np.dtype("uint8"), "cpu")
    assert frames.of(1).shape == (500_000, 40) and not frames.of(1).any()
    assert not list(scratch.iterdir()), "they have no name"
    mine = Path("/proc/self/maps")
    names = mine.read_text().count(str(scratch)) if mine.exists() else 2
    assert names == 2
    kept = frames.kept([1])
    del frames
    gc.collect()
    if mine.exists():
        assert mine.read_text().count(str(scratch)) == 1, "the other member's has gone"
    assert kept.filled and kept.of(0).shape == (500_000, 40)


def test_their_whole_space_is_taken_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[int] = []
    real = store.os.posix_fallocate

    def fallocate(file: int, begin: int, size: int) -> None:
        given.append(size)
        real(file, begin, size)
        assert 512 * store.os.fstat(file).st_blocks >= size

    monkeypatch.setattr(store.os, "posix_fallocate", fallocate)
    MappedFrames.made(2, 1000, 40, np.dtype("uint8"), "cpu")
    assert given == [40_000, 40_000]


def test_a_disk_that_is_too_small_is_told_of_at_once(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=39_999_999))
    with pytest.raises(OSError, match="for the frames of 2 runs") as raised:
        MappedFrames.made(2, 500_000, 40, np.dtype("uint8"), "cpu")
    assert raised.value.errno == errno.ENOSPC
    said = str(raised.value)
    assert "replay.store=mmap takes 0.04 GB" in said and "which has 0.04 GB left" in said
    assert f"the temporary directory {scratch}" in said and "another one by TMPDIR" in said


def test_other_stores_are_refused() -> None:
    with pytest.raises(ValueError, match="must be one of memory, mmap, got 'disk'"):
        dqn.Learner.check({"replay.store": "disk"}, "minatar/breakout")


@pytest.mark.parametrize("sampler", ["uniform", "prioritised"])
def test_runs_choose_where_their_frames_are(sampler: str) -> None:
    for kind, expected in (("memory", FramesInMemory), ("mmap", MappedFrames)):
        params = dqn.Learner.complete({"replay.sampler": sampler, "replay.store": kind})
        made = prioritised.made([params] * 2, SHAPE, 20, "cpu")
        assert isinstance(made.frames, expected)


@pytest.mark.parametrize("learner", [dqn.Learner, td3.Learner], ids=["dqn", "td3"])
def test_memory_is_told_without_frames_in_files(learner: type[dqn.Learner]) -> None:
    task, steps = learner.tasks()[0], 100_000
    given = {"replay.capacity": 50_000, "replay.sampler": "prioritised"}
    on_disk = given | learner.on_scratch(given)
    assert on_disk["replay.store"] == "mmap" and not learner.on_scratch(on_disk)
    setting, frames = learner.scratch_part(on_disk, task, steps)
    assert setting == "replay.capacity=50000"
    shape = learner.shape_of(learner.complete(given), task)
    width, kind = stored_row(shape)
    assert frames == (50_000 + shape.stack) * width * kind.itemsize
    assert learner.scratch_part(given, task, steps)[1] == 0
    for members in (1, 3):
        spared = [learner.pack_bytes(p, task, steps, members) for p in (given, on_disk)]
        assert members * frames <= spared[0] - spared[1] <= (2 * members - 1) * frames
    told = [learner.member_bytes(p, task, steps) for p in (given, on_disk)]
    assert told[0] - told[1] == frames
    assert learner.state_bytes(given, task, steps) == learner.state_bytes(on_disk, task, steps)
    assert learner.signature(given, task) != learner.signature(on_disk, task)


CASES = {
    "uniform": {},
    "prioritised": {"replay__sampler": "prioritised"},
    "environments": {"collect__envs_per_core": 2},
}


def said(reports, member):
    return [(r.step, dict(r.metrics), r.done) for r in reports if r.member == member]


@pytest.mark.parametrize("case", CASES)
def test_a_run_in_files_is_that_in_memory(case, run, play):
    """Alone and beside others, continued in the other store, and after a member has left."""
    runs = {
        kind: [run(seed=s, steps=320, replay__capacity=150, replay__store=kind, **CASES[case])
               for s in range(3)]
        for kind in ("memory", "mmap")
    }  # fmt: skip

    def start(kind, seeds, states=None):
        return dqn.Learner.start(
            [runs[kind][s] for s in seeds], states or [None] * len(seeds), "cpu"
        )

    expected = play(whole := start("memory", [0, 1, 2]))
    alone = start("mmap", [1])
    assert said(play(alone), 0) == said(expected, 1)
    pack = start("mmap", [0, 1, 2])
    pack.train(210)
    pack.drop([0])
    state = pack.save(1)
    after = play(pack)
    for member in (1, 2):
        assert said(after, member) == said(expected, member)
    continued = start("memory", [1], [state])
    assert said(play(continued), 0) == said(expected, 1)
    for found in (alone.save(0), pack.save(1), continued.save(0)):
        for name, array in whole.save(1).items():
            assert np.array_equal(array, found[name]), name
