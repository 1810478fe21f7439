"""Memory that cannot fit: told by `plan` beside what there is, and refused by `run`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from sweeper.dispatch import Options, memory_fit
from sweeper.planning.loading import load
from sweeper.planning.plan import Plan
from sweeper.text import size
from sweeper.trainable.loading import load_trainable
from sweeper.worker.process import memory
from tests.helpers.command import call

Capture = pytest.CaptureFixture[str]
SPACE = {
    "study": "wide",
    "agent": "td3",
    "fixed": {"replay.capacity": 10_000},
    "axes": {
        "critic.units": {"kind": "int", "values": [8, 2048]},
        "critic.lr": {"kind": "float", "values": [1e-4, 1e-3]},
    },
    "tasks": {"navigation/2": {"low": 0, "high": 1}},
    "seeds": 2,
    "steps": 10_000,
    "evaluation": {"every": 5000, "episodes": 1},
    "score": {"metric": "return"},
}


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "wide.yaml"
    file.write_text(yaml.safe_dump(SPACE, sort_keys=False))
    return file


def needed(file: Path) -> int:
    space = load(file)
    trainable = load_trainable(space)
    found = memory_fit.largest(Plan(space, trainable), trainable)
    assert found is not None
    return found[0]


def test_the_largest_of_all_runs_counts_alone(file: Path) -> None:
    space = load(file)
    trainable = load_trainable(space)
    plan = Plan(space, trainable)
    each = [trainable.pack_bytes(run.params, run.task, space.steps, 1) for run in plan.runs]
    found = memory_fit.largest(plan, trainable)
    assert found is not None
    assert found[0] == max(each) > 2 * min(each)
    assert found[1].params["critic.units"] == 2048


def test_a_function_cannot_tell(tmp_path: Path) -> None:
    from tests.helpers.function_space import loaded

    space = loaded(tmp_path)
    trainable = load_trainable(space)
    assert memory_fit.largest(Plan(space, trainable), trainable) is None


@pytest.mark.parametrize("dispatch", ["inline", "local"])
def test_run_refuses_what_this_machine_cannot_hold(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, dispatch: str
) -> None:
    monkeypatch.setattr(memory, "shared", lambda: needed(file) - 1)
    words = ("wide.yaml", f"dispatch={dispatch}", "workers=1")
    assert call("plan", *words) == 0
    said = capsys.readouterr().out
    assert "memory: too little: trial 2 (critic.units=2048, critic.lr=0.0001)" in said
    assert call("run", *words) == 2
    said = capsys.readouterr().err
    assert "memory: trial 2 (critic.units=2048, critic.lr=0.0001) on navigation/2 needs" in said
    assert "and a worker has" in said
    assert "a machine with more, or smaller runs" in said
    assert not (file.parent / "studies").exists(), "nothing was begun"


@pytest.mark.parametrize("agents", [["td3"], ["td3", "ddpg"]], ids=str)
def test_a_replay_that_is_larger_than_the_memory_is_named(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, agents: list[str]
) -> None:
    several = {"agent": {"kind": "choice", "values": agents}} if len(agents) > 1 else {}
    given = {
        "agent": agents if several else agents[0],
        "axes": {"critic.lr": {"kind": "float", "values": [1e-4, 1e-3]}, **several},
        "fixed": {"replay.capacity": 8 * 10**6, "critic.units": 8},
        "steps": 10**7,
        "evaluation": {"every": 10**7, "episodes": 1},
    }
    file.write_text(yaml.safe_dump(SPACE | given))
    monkeypatch.setattr(memory, "shared", lambda: 10**8)
    assert call("plan", "wide.yaml", "dispatch=inline") == 0
    replay = 24 * (8 * 10**6 + 1)  # two numbers and two of an action, reward and mask
    said = (
        f"alone, beside its packages, {size(replay, 'B')} of it for replay.capacity=8000000, and a "
        f"worker has {size(10**8, 'B')} (this machine's): it takes a machine with more, or a "
        "smaller replay.capacity"
    )
    assert said in capsys.readouterr().out
    assert call("run", "wide.yaml", "dispatch=inline") == 2
    assert said in capsys.readouterr().err


def test_workers_share_the_memory_of_a_machine(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(memory, "shared", lambda: 2 * needed(file))
    assert call("plan", "wide.yaml", "workers=2") == 0
    assert "of this machine, for 2 workers)\n" in capsys.readouterr().out
    assert call("plan", "wide.yaml", "workers=2", "pack=2") == 0
    assert "for 2 workers), so that fewer runs share a pack\n" in capsys.readouterr().out
    assert call("run", "wide.yaml", "workers=3") == 2
    assert "of this machine, for 3 workers): it takes fewer workers=, or" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("mem: {}M", True),
        ("mem_gb: 0.001", False),
        ("mem: 1M", False),
        ("mem_per_cpu: 1M\ncpus_per_task: 2", False),
        ("mem: {}M\ntasks_per_node: 4", False),
        ("mem: 0", True),
        ("qos: x", True),
    ],
)
def test_a_profile_is_compared_with_what_runs_need(
    file: Path, capsys: Capture, text: str, fits: bool
) -> None:
    (file.parent / "p.yaml").write_text(text.format(needed(file) // 2**20 + 1))
    assert call("plan", "wide.yaml", "dispatch=slurm", "profile=p.yaml") == 0
    said = capsys.readouterr().out
    assert ("memory: too little: " in said) is not fits
    if not fits:
        key = text.partition(":")[0]
        assert f"({key} of p.yaml" in said
        assert f"it takes more {key} in p.yaml" in said


def test_nobody_compares_memory_of_gpus(tmp_path: Path) -> None:
    assert not list(memory_fit.rooms(Options(1, "auto", "cuda"), "local", 9))
    (tmp_path / "p.yaml").write_text("mem: 1M\ngpus: 1")
    options = Options(1, "auto", None, profile=str(tmp_path / "p.yaml"))
    assert not list(memory_fit.rooms(options, "slurm", 9))
    assert list(memory_fit.rooms(replace(options, device="cpu"), "slurm", 9))
