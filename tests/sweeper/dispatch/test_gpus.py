"""Each worker gets one of the GPUs in CUDA_VISIBLE_DEVICES: here functions only name theirs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from sweeper.dispatch.supervisor import choose_gpu
from sweeper.study.study import Study

FUNCTION = """
import os, signal, time
from pathlib import Path
def train(config, run):
    gpu = os.environ["CUDA_VISIBLE_DEVICES"]
    killed, again = (Path(__file__).parent / name for name in ("killed", "again"))
    if gpu == "7" and not killed.exists():
        killed.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if gpu == "7":
        again.touch()
    deadline = time.monotonic() + 300
    while not again.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    return float(gpu)
"""


@pytest.fixture
def space(tmp_path: Path) -> Path:
    (tmp_path / "gpu.py").write_text(FUNCTION)
    keys = {
        "study": "gpus",
        "function": "gpu.py:train",
        "axes": {"x": {"kind": "int", "values": [1]}},
        "tasks": {"t": {"low": 0, "high": 10}},
        "seeds": 6,
        "steps": 1,
        "score": {"metric": "value"},
        "figures": [],
    }
    (tmp_path / "gpus.yaml").write_text(yaml.safe_dump(keys))
    return tmp_path / "gpus.yaml"


def sweeper(space: Path, listed: str) -> subprocess.CompletedProcess[str]:
    """A sweep with two workers where these GPUs are visible."""
    words = ["run", space.name, "dispatch=local", "device=cuda", "workers=2"]
    return subprocess.run(
        [sys.executable, "-m", "sweeper", *words],
        cwd=space.parent,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": listed},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def test_local_workers_take_one_gpu_each_and_who_is_replaced_leaves_its_own(space: Path) -> None:
    done = sweeper(space, "5,7")
    assert done.returncode == 0, done.stderr
    ledger_state = Study.open(space.parent / "studies" / "gpus").ledger_state()
    gpus = sorted(str(worker.header.gpus) for worker in ledger_state.workers.values())
    assert gpus == ["5", "7", "7"]
    assert {record.value for record in ledger_state.runs.values()} == {5.0, 7.0}


@pytest.mark.parametrize(
    ("listed", "words"),
    [("", "none is visible"), ("GPU-1234", "must list numbers, but is 'GPU-1234'")],
)
def test_gpus_that_cannot_be_given_out_are_refused(space: Path, listed: str, words: str) -> None:
    done = sweeper(space, listed)
    assert done.returncode == 2
    assert words in done.stderr
    assert not (space.parent / "studies").exists()


@pytest.mark.parametrize(
    ("listed", "local", "tasks", "expected"),
    [
        ("0,1,2,3", "2", "4", "2"),
        ("GPU-a,GPU-b", "1", "2", "GPU-b"),
        ("0,1", "2", "3", "0"),  # three workers share two
        ("0,1", "0", "1", "0,1"),  # one worker has both
        ("3", "1", "2", "3"),  # bound by Slurm already
    ],
)
def test_of_a_job_s_gpus_each_worker_takes_its_own(
    monkeypatch: pytest.MonkeyPatch, listed: str, local: str, tasks: str, expected: str
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", listed)
    monkeypatch.setenv("SLURM_LOCALID", local)
    monkeypatch.setenv("SLURM_STEP_NUM_TASKS", tasks)
    choose_gpu()
    assert os.environ["CUDA_VISIBLE_DEVICES"] == expected
