"""Replays on disk: told by `plan`, and refused by `run` where too little of it is left."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from agents.learners.dqn import Learner
from sweeper.dispatch import memory_fit
from sweeper.files import disk_usage
from sweeper.planning.loading import load
from sweeper.planning.plan import Plan
from sweeper.text import size
from sweeper.trainable.loading import load_trainable
from sweeper.worker.process import memory
from sweeper.worker.process.memory import MemoryGauge
from sweeper.worker.run_queue import RunQueue
from tests.helpers.command import call

Capture = pytest.CaptureFixture[str]
FRAME = 50  # bytes: 10 x 10 x 4 bits
TAKEN = FRAME * 1_000_001


def space(agents: list[str], store: str) -> dict[str, object]:
    several = {"agent": {"kind": "choice", "values": agents}} if len(agents) > 1 else {}
    return {
        "study": "large",
        "agent": agents if several else agents[0],
        "fixed": {"replay.capacity": 1_000_000, "replay.store": store},
        "axes": {"gamma": {"kind": "float", "values": [0.9, 0.99]}, **several},
        "tasks": {"minatar/breakout": {"low": 0, "high": 1}},
        "seeds": 2,
        "steps": 2_000_000,
        "evaluation": {"every": 1_000_000, "episodes": 1},
        "score": {"metric": "return"},
    }


@pytest.fixture(params=[["dqn"], ["dqn", "c51"]], ids=str)
def agents(request: pytest.FixtureRequest) -> list[str]:
    found: list[str] = request.param
    return found


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(disk_usage.psutil, "disk_partitions", lambda all: [])
    return tmp_path


def written(folder: Path, agents: list[str], store: str) -> str:
    (folder / "large.yaml").write_text(yaml.safe_dump(space(agents, store), sort_keys=False))
    return "large.yaml"


def left(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    monkeypatch.setattr(disk_usage, "scratch_free", lambda: number)


def test_plan_says_what_a_run_keeps_where(
    folder: Path, agents: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    left(monkeypatch, 3 * 10**8)
    assert call("plan", written(folder, agents, "mmap"), "dispatch=inline") == 0
    said = capsys.readouterr().out
    assert f"  scratch: 50 MB a run in {folder / 'scratch'}, which has 300 MB left\n" in said
    assert call("plan", "large.yaml", "dispatch=slurm") == 0
    said = capsys.readouterr().out
    assert "scratch: 50 MB a run in the temporary directory of its node (TMPDIR there)\n" in said
    assert call("plan", written(folder, agents, "memory"), "dispatch=inline") == 0
    assert "scratch" not in capsys.readouterr().out


def test_plan_says_that_a_directory_in_memory_spares_none(
    folder: Path, agents: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    kinds = {"/": "ext4", str(tmp := folder / "scratch"): "tmpfs"}
    parts = [SimpleNamespace(mountpoint=place, fstype=kind) for place, kind in kinds.items()]
    monkeypatch.setattr(disk_usage.psutil, "disk_partitions", lambda all: parts)
    assert call("plan", written(folder, agents, "mmap"), "dispatch=inline") == 0
    said = capsys.readouterr().out
    assert f"a run in {tmp}, which has " in said
    assert "left and is in memory, so that nothing is spared: name one on a disk" in said


def test_run_refuses_what_the_temporary_directory_cannot_hold(
    folder: Path, agents: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    left(monkeypatch, 2 * TAKEN - 1)
    words = (written(folder, agents, "mmap"), "workers=2")
    said = (
        f"on minatar/breakout keeps 50 MB in the temporary directory, and {folder / 'scratch'} has "
        "100 MB left for 2 workers: it takes fewer workers=, another directory, named by TMPDIR, "
        "or a smaller replay.capacity"
    )
    assert call("plan", *words) == 0
    told = capsys.readouterr().out
    assert "scratch: too little: trial 0" in told and said in told
    assert call("run", *words) == 2
    told = capsys.readouterr().err
    assert "scratch: trial 0" in told and said in told
    assert not (folder / "studies").exists(), "nothing was begun"


def test_a_replay_too_large_for_memory_is_told_of_the_disk(
    folder: Path, agents: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    words = (written(folder, agents, "memory"), "dispatch=inline")
    loaded = load(folder / "large.yaml")
    trainable = load_trainable(loaded)
    need = memory_fit.largest(Plan(loaded, trainable), trainable)
    assert need is not None and need.on_scratch is not None
    assert need.on_scratch[1] < need.size - TAKEN // 2
    monkeypatch.setattr(memory, "shared", lambda: need.size - 1)
    said = (
        "or a smaller replay.capacity, or replay.store: mmap, with which it needs "
        f"{size(need.on_scratch[1], 'B')}, and 50 MB in the temporary directory"
    )
    assert call("run", *words) == 2
    assert said in capsys.readouterr().err
    left(monkeypatch, TAKEN - 1)
    assert call("run", *words) == 2
    told = "smaller replay.capacity; replay.store: mmap would take 50 MB in the temporary directory"
    assert f"{told}, which has 50 MB for it\n" in capsys.readouterr().err
    left(monkeypatch, 10**9)
    monkeypatch.setattr(disk_usage, "scratch_in_memory", lambda: True)
    assert call("run", *words) == 2
    assert f"{told}, which has no disk for it\n" in capsys.readouterr().err
    monkeypatch.setattr(memory, "shared", lambda: need.on_scratch[1] - 1)
    assert call("run", *words) == 2
    assert "mmap" not in capsys.readouterr().err, "it would not do either"


def test_a_pack_is_no_larger_than_the_disk(
    folder: Path, agents: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each worker its part of what is left."""
    from sweeper.study import studies

    written(folder, agents, "mmap")
    study = studies.start(folder / "study", load(folder / "large.yaml"))
    state = study.ledger_state(reports=False)
    sizes = []
    for members in (0, 1, 2, 3, 9):
        left(monkeypatch, 2 * members * TAKEN)
        queue = RunQueue(study, state, "x", MemoryGauge(1), pack="auto", device="cpu", workers=2)
        sizes.append(queue._fitting(study.plan.runs[0]))
    assert sizes == [1, 1, 2, 3, Learner.cpu_pack]
