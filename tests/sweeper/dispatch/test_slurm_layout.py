"""`sweeper plan dispatch=slurm`: arrays, limits, hours and the script, with and without Slurm."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeper.cluster import profile, slurm
from sweeper.cluster.limits import ClusterLimits
from sweeper.dispatch import Options, slurm_layout
from sweeper.text import hours


def lines(folder: Path, workers: int | None = None, worker_hours=None, name="slurm/default.yaml"):
    options = slurm_layout.resolved(Options(workers, "auto", None, profile=name))
    return "\n".join(slurm_layout.lines(options, folder, 100, worker_hours))


def test_without_slurm_limits_are_unknown_and_the_script_is_there(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    text = lines(tmp_path / "hops", worker_hours=9512.0)
    assert "Slurm: 64 workers in 1 array of 64 jobs, 64 jobs at a time" in text
    assert "limits: unknown, for Slurm is not installed here" in text
    assert "CPU-hours: about 9,500, 1 a worker-hour" in text
    assert "#SBATCH --array=0-63%64" in text
    assert "sweeper work study=hops" in text
    assert not list(tmp_path.iterdir()), "nothing is written"


def test_what_slurm_complains_about_is_one_line(tmp_path, monkeypatch) -> None:
    (command := tmp_path / "scontrol").write_text("#!/bin/sh\nprintf 'no\\nhost\\n' >&2; exit 1\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setattr(slurm, "installed", lambda: True)
    text = lines(tmp_path / "hops").splitlines()
    assert "limits: unknown, for Slurm does not answer: no host" in text


def test_arrays_are_split_and_what_is_beyond_the_limits_is_said(tmp_path, monkeypatch) -> None:
    partition = slurm.Partition("gpu", True, 60, 8, 64000, {})
    monkeypatch.setattr(slurm, "installed", lambda: True)
    monkeypatch.setattr(ClusterLimits, "asked", lambda: ClusterLimits(2001, 10000, [partition]))
    text = lines(tmp_path / "hops", workers=5000, name="slurm/gpu.yaml")
    assert "5000 workers in 3 arrays of 1666 or 1667 jobs" in text
    assert "timeout_min must be at most 60" in text
    assert "GPU-hours: unknown, 1 a worker-hour" in text
    assert "device=cuda" in text
    assert "the script of the first array" in text


@pytest.mark.parametrize(
    ("number", "text"),
    [(9512.0, "9,500"), (0.1234, "0.12"), (17, "17"), (1234567.0, "1,200,000"), (0, "less than")],
)
def test_hours(number: float, text: str) -> None:
    assert hours(number).startswith(text)


@pytest.mark.parametrize(
    ("keys", "gpus"),
    [
        ("gpus_per_node: 4", 4),
        ("gpus_per_task: 1\ntasks_per_node: 2", 2),
        ("gres: gpu:a100:2", 2),
        ("gres: gpu", 1),
        ("mem_gb: 4", 0),
    ],
)
def test_gpus_of_a_job(tmp_path: Path, keys: str, gpus: int) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(f"timeout_min: 60\n{keys}\n")
    assert profile.load(str(file)).gpu_count == gpus
