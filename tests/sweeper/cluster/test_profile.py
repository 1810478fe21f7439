"""What a profile may say, and what is answered to what it may not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sweeper.cluster import profile
from sweeper.cluster.profile import Profile
from sweeper.errors import SweeperError
from sweeper.files import bundled
from tests.helpers.paths import ROOT


def read(folder: Path, text: str) -> Profile:
    file = folder / "p.yaml"
    file.write_text(text)
    return profile.load(str(file))


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("timeout: 5", 1, "timeout is an unknown key (did you mean 'timeout_min'?); valid: acc"),
        ("mem_gb: 1\ncpus: 2", 2, "cpus is an unknown key"),
        ("1: 2", 1, "1 is an unknown key; valid: account"),
        ("nodes: 2", 1, "nodes must go: workers do not talk to each other"),
        ("name: x", 1, "name must go: jobs are named after their study"),
        ("mem: 4G", 1, "mem must go: it is mem_gb"),
        ("timeout_min: 30\ntime: 30", 2, "time is given twice, under two names"),
        ("timeout_min: 1h", 1, "timeout_min must be whole minutes, or a time as Slurm writes it"),
        ("timeout_min: 1.5", 1, "timeout_min must be whole minutes"),
        ("timeout_min: 1:2:3:4", 1, "but got '1:2:3:4'"),
        ("timeout_min: -5", 1, "but got -5"),
        ("timeout_min: true", 1, "but got true"),
        ("timeout_min: 0", 1, "of at least a minute, but got 0"),
        ("timeout_min: 1", 1, "must be more than signal_delay_s, 90 seconds before it"),
        ("time: 2\nsignal_delay_s: 120", 1, "time must be more than signal_delay_s, 120 seconds"),
        ("cpus_per_task: two", 1, "cpus_per_task must be a whole number of at least 1"),
        ("gpus_per_node: 0", 1, "gpus_per_node must be a whole number of at least 1"),
        ("mem_gb: 0", 1, "mem_gb must be a number above 0, but got 0"),
        ("mem_per_cpu: lots", 1, "mem_per_cpu must be a size like 4000M or 16G, but got 'lots'"),
        ("partition: ' '", 1, "partition must be text"),
        ("setup: {a: 1}", 1, "setup must be text"),
        ("additional_parameters: 3", 1, "additional_parameters must be a mapping"),
        ("additional_parameters: {time: 3}", 1, "must go: it is the profile's timeout_min"),
        ("additional_parameters: {gpus: 1}", 1, "must go: it is the profile's gpus_per_node"),
        ("additional_parameters: {cpus-per-task: 3}", 1, "it is the profile's cpus_per_task"),
        ("additional_parameters: {output: x}", 1, "output must go: sweeper sets it"),
        ("", None, "the file is empty; a profile is a mapping"),
        ("- 1", 1, "a profile is a mapping of keys to values, but got a list"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, line: int | None, message: str) -> None:
    with pytest.raises(SweeperError, match=re.escape(message)) as refused:
        read(tmp_path, text)
    place = f"{tmp_path / 'p.yaml'}:" + (f"{line}: " if line else " ")
    assert str(refused.value).startswith(place)


@pytest.mark.parametrize(
    ("written", "minutes"),
    [
        ("90", 90),
        ("1:30:00", 90),  # which other readers of YAML take for 5,400
        ("90:00", 90),
        ("90:01", 91),
        ("'0:02:00'", 2),
        ("2-12:00:00", 3600),
        ("2-12", 3600),
        ("1-0:30", 1470),
    ],
)
def test_times_are_minutes_or_as_slurm_writes_them(
    tmp_path: Path, written: str, minutes: int
) -> None:
    assert read(tmp_path, f"timeout_min: {written}").minutes == minutes


def test_a_key_may_be_submitits_or_slurms(tmp_path: Path) -> None:
    by_submitit = read(tmp_path, "timeout_min: 30\ntasks_per_node: 2\ncpus_per_task: 3")
    by_slurm = read(tmp_path, "time: 30\nntasks_per_node: 2\ncpus_per_task: 3")
    assert by_submitit.parameters == by_slurm.parameters
    assert (by_slurm.tasks, by_slurm.cpus) == (2, 6)
    assert [by_slurm.jobs(workers) for workers in (1, 2, 3)] == [1, 1, 2]


@pytest.mark.parametrize(
    ("text", "gpus"),
    [
        ("cpus_per_task: 1", False),
        ("gpus_per_node: 1", True),
        ("gpus_per_task: 1", True),
        ("gres: gpu:a100:1", True),
        ("gres: license:1", False),
    ],
)
def test_whether_gpus_are_asked_for(tmp_path: Path, text: str, gpus: bool) -> None:
    assert read(tmp_path, text).gpus is gpus


@pytest.mark.parametrize("name", ["default", "gpu", "preemptible"])
def test_shipped_profiles_are_found_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for written in (name, f"{name}.yaml", f"slurm/{name}.yaml"):
        loaded = profile.load(written)
        assert loaded.file.name == f"{name}.yaml"
        assert loaded.parameters.get("partition") is None
    (tmp_path / "slurm").mkdir()
    (tmp_path / "slurm" / f"{name}.yaml").write_text("partition: mine")
    for written in (name, f"slurm/{name}.yaml"):
        assert profile.load(written).parameters == {"partition": "mine"}, "one's own goes first"


def test_every_mistake_of_a_profile_is_told(tmp_path: Path) -> None:
    with pytest.raises(SweeperError) as caught:
        read(tmp_path, "timeout: 5\nnodes: 2\nmem_gb: x\nmem_gb: 3\ncpus_per_task: 0\n")
    told = [" ".join(line.split(":", 1)[1].split()[:4]) for line in str(caught.value).splitlines()]
    assert told == [
        "1: timeout is an",
        "2: nodes must go:",
        "3: mem_gb must be",
        "4: the key mem_gb",
        "5: cpus_per_task must be",
    ]


def test_a_profile_that_is_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SweeperError, match=r"did you mean 'slurm/gpu.yaml'.*or a file of your own"):
        profile.load("slurm/gpus.yaml")


def test_the_wheel_has_profiles_the_cluster_and_the_template() -> None:
    """A checkout's folder is what a wheel puts beside the package."""
    root = ROOT
    included = '[tool.hatch.build.targets.wheel.force-include]\n"slurm" = "sweeper/_slurm"'
    assert included in (root / "pyproject.toml").read_text()
    for pattern in ("*.yaml", "cluster", "worker.sbatch"):
        assert bundled.files("slurm", pattern)
