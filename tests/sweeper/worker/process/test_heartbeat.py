"""A number that moves is alive; one that stands still is judged by what else is known."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sweeper.cluster.scheduler import ENDED, MAYBE, RUNNING, Scheduler
from sweeper.ledger.lines.header import WorkerHeader
from sweeper.paths import StudyPaths
from sweeper.worker.process import heartbeat
from sweeper.worker.process.heartbeat import (
    BEAT_S,
    STALE_S,
    T1_S,
    T2_S,
    Heartbeat,
    Observer,
    exists,
    identity,
)
from sweeper.worker.process.memory import MemoryGauge


class Clock:
    """A monotonic clock that stands still until told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(heartbeat.time, "monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


ELSEWHERE = replace(identity(), boot="another machine")


def test_a_beat_is_due_every_five_seconds_and_only_with_progress(
    tmp_path: Path, clock: Clock
) -> None:
    beat = Heartbeat(tmp_path / "removed" / "w", MemoryGauge(1))
    numbers = []
    for passed, progress in ((0, 1), (1, 2), (BEAT_S, 3), (BEAT_S, 3), (BEAT_S, 4)):
        clock.now += passed
        beat(progress)
        numbers.append(int((tmp_path / "removed" / "w").read_text().split()[0]))
    beat.close()
    assert numbers == [1, 1, 2, 2, 3], "no progress, no beat: a hung loop must not look alive"


def test_elsewhere_a_silent_worker_is_dead_after_t1(tmp_path: Path, clock: Clock) -> None:
    paths = StudyPaths(tmp_path)
    paths.beats.mkdir()
    beat, observer = Heartbeat(paths.beats / "w", MemoryGauge(1)), Observer(paths)
    beat(1)
    assert observer.alive("w", ELSEWHERE)
    clock.now += T1_S - 1
    assert observer.alive("w", ELSEWHERE)
    clock.now += 1
    assert not observer.alive("w", ELSEWHERE)
    beat(2)
    assert observer.alive("w", ELSEWHERE), "it moves: it was alive after all"
    beat.close()


@pytest.mark.parametrize(
    ("word", "patience_s"), [(ENDED, STALE_S), (MAYBE, STALE_S), (RUNNING, T2_S), (None, T1_S)]
)
def test_of_a_silent_worker_the_scheduler_is_asked(
    tmp_path: Path,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    word: str | None,
    patience_s: float,
) -> None:
    asked: list[float] = []
    monkeypatch.setattr(Scheduler, "word", lambda *_: asked.append(clock.now) or word)
    observer = Observer(StudyPaths(tmp_path))
    assert observer.alive("w", ELSEWHERE)
    clock.now += STALE_S - 2
    assert observer.alive("w", ELSEWHERE)
    assert not asked
    clock.now = 1000 + patience_s - 1
    assert observer.alive("w", ELSEWHERE)
    clock.now += 1
    assert not observer.alive("w", ELSEWHERE)
    assert asked


def test_here_a_silent_worker_whose_process_exists_hangs_and_is_dead_after_t2(
    tmp_path: Path, clock: Clock
) -> None:
    observer = Observer(StudyPaths(tmp_path))
    assert observer.alive("w", identity())
    clock.now += T2_S - 1
    assert observer.alive("w", identity())
    clock.now += 1
    assert not observer.alive("w", identity())


def test_here_a_worker_whose_process_is_gone_is_dead_at_once(tmp_path: Path) -> None:
    code = (
        "import json; from sweeper.worker.process import heartbeat;"
        "print(json.dumps(heartbeat.identity().to_json()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    header = WorkerHeader.of_json(json.loads(done.stdout))
    assert header.boot == identity().boot
    assert exists(header) is False
    assert not Observer(StudyPaths(tmp_path)).alive("w", header)


def test_a_process_number_that_was_given_again_is_another_process() -> None:
    assert exists(identity()) is True
    assert exists(replace(identity(), started="0")) is False
    assert exists(ELSEWHERE) is None
    assert exists(WorkerHeader()) is None


def test_a_zombie_is_dead() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    while Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z":
        pass
    assert exists(replace(identity(), pid=child)) is False
    os.waitpid(child, 0)


@pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="names a system call"
)
def test_a_process_lives_as_long_as_any_of_its_threads() -> None:
    """A killed worker's main thread may be gone while another still holds its files."""
    code = (
        "import ctypes, os, sys, threading\n"
        "threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0))).start()\n"
        "print('ready', flush=True)\n"
        "ctypes.CDLL(None).syscall(60, 0)"  # exit(2): of this thread alone
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdout.readline()
        stat = Path(f"/proc/{process.pid}/stat")
        started = stat.read_text().rsplit(")", 1)[1].split()[19]
        header = replace(identity(), pid=process.pid, started=started)
        while stat.read_text().rsplit(")", 1)[1].split()[0] != "Z":
            pass
        assert exists(header) is True
        process.stdin.close()
        while exists(header):
            pass
        assert exists(header) is False
