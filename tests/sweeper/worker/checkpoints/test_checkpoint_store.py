"""What workers leave in checkpoints/: in bounds, whole, and nothing behind."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sweeper.cli.commands import retry
from sweeper.files import disk_usage
from sweeper.report.status import summarise
from sweeper.report.status_text import summary_lines
from sweeper.study.study import Study
from sweeper.worker.checkpoints import checkpoint, checkpoint_store
from sweeper.worker.training.live_pack import LivePack
from tests.helpers.hoarder_study import ONE, QUICK, Make, files, maker, weights
from tests.helpers.killed_workers import has_checkpoint, run, spawn, table, wait_for
from tests.helpers.worker_parts import WorkerParts, dead


@pytest.fixture
def make(space_file: Path, tmp_path: Path) -> Make:
    return maker(space_file, tmp_path)


@pytest.mark.parametrize("pack", ["1", "3"])
def test_kills_with_segments_change_nothing(make: Make, gate: Path, pack: str) -> None:
    words = ("fixed.pause_s=0.004", "checkpoint.every_s=0.05", "steps=120", "seeds=1")
    kept = "checkpoint.keep=best"
    calm, killed = make(*words, kept, name="calm"), make(*words, kept, name="killed")
    run(calm, pack)
    gate.unlink()
    for _ in range(3):
        before = len(list(killed.paths.ledger.iterdir()))
        process = spawn(killed)
        wait_for(killed, lambda s, n=before: _saved_since(s, n))  # type: ignore[misc]
        process.kill()
        process.join()
    gate.touch()
    run(killed, pack)
    assert table(killed) == table(calm)
    assert weights(killed) == weights(calm)
    resumed = [
        r for r in killed.ledger_state().runs.values() if any(a.resumed for a in r.tries.values())
    ]
    assert resumed, "nobody went on from a step that was saved"
    assert not files(killed)


def _saved_since(study: Study, before: int) -> bool:
    """Whether a worker that opened its ledger after `before` others saved a state of its own."""
    newest = sorted(study.paths.ledger.iterdir(), key=lambda file: file.stat().st_mtime_ns)
    return len(newest) > before and b'"kind":"checkpoint"' in newest[-1].read_bytes()


def test_a_missing_segment_means_from_the_start(make: Make, gate: Path) -> None:
    words = ("fixed.pause_s=0.01", "checkpoint.every_s=0.05", *ONE)
    calm, study = make(*words, name="calm"), make(*words, name="damaged")
    run(calm)
    gate.unlink()
    process = spawn(study)
    wait_for(study, has_checkpoint)
    process.kill()
    process.join()
    gate.touch()
    for file in study.paths.checkpoints.glob("*.rows.npz"):
        file.unlink()
    run(study)
    assert table(study) == table(calm)
    (record,) = study.ledger_state().runs.values()
    assert record.tries[record.last].resumed == 0
    assert not files(study)


def test_an_orphan_cannot_touch_what_was_taken_over(make: Make) -> None:
    study = make(*ONE)
    orphan = WorkerParts(study, dead())
    (hold,) = orphan.claim()
    pack = study.trainable.start([hold.run], [None], "cpu")
    pack.advance()
    part = checkpoint.unsaved(pack, 0, None)
    assert part is not None
    orphan.attempts.save([(hold, part)], pack.step)
    taker = WorkerParts(study)
    taker.queue.refresh()
    (candidate,) = taker.queue.pick()
    assert candidate.step == 10 and candidate.loaded is not None
    assert candidate.loaded.state["trail"].shape == (10,)
    (held,) = taker.attempts.claim([candidate])
    assert held.saved is not None
    assert files(study) == sorted(path.name for path in held.saved.files)
    orphan.attempts.leave(hold)
    assert all(file.exists() for file in held.saved.files)
    pack.advance()
    part = checkpoint.unsaved(pack, 0, hold.saved)
    assert part is not None
    orphan.attempts.save([(hold, part)], pack.step)
    taker.attempts.release([held], "stopped")
    run(study)
    (record,) = study.ledger_state().runs.values()
    assert (record.state, record.tries[2].resumed) == ("complete", 10)
    assert not files(study)


def test_what_goes_on_at_one_step_is_saved_there_again(make: Make) -> None:
    """As the first updates of features are, while the environment stands still."""
    study = make(*ONE)
    worker = WorkerParts(study, dead())
    (hold,) = worker.claim()
    pack = study.trainable.start([hold.run], [None], "cpu")
    pack.advance()

    def save(**more: Any) -> list[str]:
        part = checkpoint.unsaved(pack, 0, hold.saved)
        assert part is not None
        before = {file.name: file.stat().st_ino for file in study.paths.checkpoints.iterdir()}
        worker.attempts.save([(hold, (part[0] | more, part[1]))], pack.step)
        assert hold.saved is not None
        assert files(study) == sorted(path.name for path in hold.saved.files)
        after = {file.name: file.stat().st_ino for file in study.paths.checkpoints.iterdir()}
        return [name for name, inode in after.items() if before.get(name) != inode]

    assert len(save(updates=np.array(1))) == 2
    assert save(updates=np.array(1)) == []
    assert save(updates=np.array(2)) == [hold.saved.file.name]  # type: ignore[union-attr]
    taker = WorkerParts(study)
    taker.queue.refresh()
    (candidate,) = taker.queue.pick()
    assert candidate.loaded is not None
    assert candidate.loaded.state["updates"] == 2
    assert candidate.loaded.state["trail"].shape == (10,)


class Killed(BaseException):
    """Stands for SIGKILL: from here on no call of the process reaches the disk."""


class Reaper:
    """Lets `left` calls through to the disk, the last of them half a write where it is one."""

    CALLS = ("open", "write", "fsync", "replace", "link", "unlink")

    def __init__(self, monkeypatch: pytest.MonkeyPatch, left: int) -> None:
        self.left = left
        for name in self.CALLS:
            monkeypatch.setattr(os, name, self._guarded(name, getattr(os, name)))

    def _guarded(self, name: str, real: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **kwargs: object) -> object:
            self.left -= 1
            if self.left < 0:
                if self.left == -1 and name == "write":
                    descriptor, data = args
                    real(descriptor, bytes(data)[: len(data) // 2])  # type: ignore[call-overload,arg-type]
                raise Killed
            return real(*args, **kwargs)

        return call


def test_killed_at_any_call_of_a_save_the_state_before_or_after_it_is_whole(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, survived, left = [], False, 0
    while not survived:
        study = make(*ONE, name=f"killed-{left}")
        worker = WorkerParts(study, dead())
        (hold,) = worker.claim()
        pack = study.trainable.start([hold.run], [None], "cpu")
        with monkeypatch.context() as patched:
            for step in (10, 20):
                pack.advance()
                part = checkpoint.unsaved(pack, 0, hold.saved)
                assert part is not None
                if step == 20:
                    Reaper(patched, left)
                with suppress(Killed):
                    worker.attempts.save([(hold, part)], pack.step)
                    survived = step == 20
        found.append(_resumes_at(study, pack))
        left += 1
    assert len(found) > 10
    assert found == sorted(found) and set(found) == {10, 20}


def _resumes_at(study: Study, pack: Any) -> int:
    """The step at which another worker goes on; checks its state and that nothing else is left."""
    taker = WorkerParts(study)
    taker.queue.refresh()
    (candidate,) = taker.queue.pick()
    assert candidate.loaded is not None, "it would begin anew"
    trail = pack.save(0)["trail"][: candidate.step]
    assert np.array_equal(candidate.loaded.state["trail"], trail)
    (hold,) = taker.attempts.claim([candidate])
    assert hold.saved is not None
    assert files(study) == sorted(path.name for path in hold.saved.files)
    return candidate.step


def test_a_bound_leaves_saves_out_says_so_once_and_counts(
    make: Make, capfd: pytest.CaptureFixture[str]
) -> None:
    calm = make(*QUICK, name="calm")
    run(calm)
    study = make(*QUICK, "checkpoint.max_gb=1e-6", "checkpoint.keep=final", name="bounded")
    run(study)
    assert table(study) == table(calm)
    assert not study.paths.weights.exists()
    summary = summarise(study)
    assert summary.skipped_saves > len(study.plan.runs)
    assert f"{summary.skipped_saves} saves left out" in "\n".join(summary_lines(summary))
    assert capfd.readouterr().err.count("checkpoint.max_gb=1e-06") == 1
    assert summarise(calm).skipped_saves == 0


def test_a_bound_is_kept_by_what_is_saved(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    study = make(*QUICK, "checkpoint.max_gb=6e-5", "steps=200")
    most, real = [0], checkpoint.write

    def write(path: Path, state: dict[str, np.ndarray]) -> None:
        real(path, state)
        most.append(disk_usage.used([study.paths.checkpoints]))

    monkeypatch.setattr(checkpoint, "write", write)
    run(study)
    assert 20_000 < max(most) <= 60_000
    assert summarise(study).skipped_saves


def test_orphans_files_go_when_the_study_ends(make: Make) -> None:
    study = make()
    run(study)
    ended = study.plan.runs[0].id
    for name in (f"{ended}.0.0.w.10.npz", f".{ended}.0.0.w.0-10.rows.npz.77", "strange"):
        (study.paths.checkpoints / name).write_bytes(b"x")
    checkpoint_store.conclude(study.paths, study.ledger_state())
    assert not files(study)


def test_files_of_a_run_that_was_opened_again_meanwhile_stay(make: Make) -> None:
    study = make()
    run(study)
    ended, stale = study.plan.runs[0].id, study.ledger_state()
    retry.rerun(study, ended)
    again = study.paths.checkpoints / f"{ended}.1.0.w.10.npz"
    waits = study.paths.pending_weights(ended, 1, 0, "w")
    study.paths.weights.mkdir(exist_ok=True)
    for file in (again, waits):
        file.write_bytes(b"x")
    checkpoint_store.conclude(study.paths, stale)
    assert again.exists() and waits.exists()


def test_a_save_that_takes_long_is_followed_by_ten_times_as_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0
    monkeypatch.setattr("sweeper.worker.worker.time.monotonic", lambda: now)
    training = LivePack(pack=None, live={}, watchdog=None, saved=100.0)  # type: ignore[arg-type]
    for save_s, pause_s in ((6.0, 60.0), (0.1, 30.0)):
        training.save_s = save_s
        now = 100.0 + pause_s - 1
        assert not training.due(every_s=30.0)
        now = 100.0 + pause_s + 1
        assert training.due(every_s=30.0)


def test_a_save_is_timed(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    study = make(*QUICK, *ONE)
    write, due, timed = checkpoint.write, LivePack.due, []

    def slow(path: Path, state: dict[str, np.ndarray]) -> None:
        time.sleep(0.02)
        write(path, state)

    def noted(self: LivePack, every_s: float) -> bool:
        timed.append(self.save_s)
        return due(self, every_s)

    monkeypatch.setattr(checkpoint, "write", slow)
    monkeypatch.setattr(LivePack, "due", noted)
    run(study)
    assert timed[0] == 0.0 and timed[-1] >= 0.02
