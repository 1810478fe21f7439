"""What Slurm is asked, what it refuses, and what is refused before it is asked."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sweeper.cli import command_line
from sweeper.cluster import slurm
from sweeper.cluster.limits import ClusterLimits
from sweeper.cluster.script import job_name
from sweeper.cluster.slurm import Partition
from sweeper.errors import SweeperError
from sweeper.study.study import Study
from tests.sweeper.cluster.test_profile import read

Refused = Callable[..., str]


@pytest.fixture
def refused(
    space_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Refused:
    """What `sweeper run` with a profile answers; it must start nothing."""
    monkeypatch.chdir(tmp_path)

    def run(text: str, *words: str) -> str:
        (tmp_path / "p.yaml").write_text(text)
        with pytest.raises(SystemExit) as left:
            command_line.main(["run", space_file.name, "dispatch=slurm", "profile=p.yaml", *words])
        assert left.value.code == 2
        assert not (tmp_path / "studies").exists(), "a study was left behind"
        assert not slurm.installed() or not slurm.jobs(job_name(tmp_path / "studies" / "hops"))
        return capsys.readouterr().err

    return run


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize(
    ("text", "words", "key"),
    [
        ("partition: nope", "invalid partition specified: nope", "partition"),
        ("account: nope", "Invalid account or account/partition combination", "account"),
        ("qos: nope", "Invalid qos specification", "qos"),
        ("gres: nope:1", "Invalid generic resource (gres) specification", "gpus_per_node or gres"),
        (
            "gpus_per_node: 99",
            "node configuration is not available",
            "cpus_per_task, gpus_per_node",
        ),
        ("constraint: nope", "Invalid feature specification", "constraint"),
        ("licenses: [nope]", "Invalid license specification", "licenses"),
        ("reservation: x", "reservation is invalid", "reservation"),
        ("dependency: nope", "ependency", "dependency"),
        ("begin: soon", "Invalid time specification", "begin or deadline"),
        ("nodelist: [n1, n2]", "invalid number of nodes", "nodelist to one node, or use exclude"),
        ("mail_type: EDN", "mail", "mail_type"),
    ],
)
def test_slurms_own_words_and_the_key_to_change(
    refused: Refused, text: str, words: str, key: str
) -> None:
    said = refused(text)
    assert said.startswith("sweeper: Slurm refused: ")
    assert words in said
    assert f"; change {key}" in said
    assert said.rstrip().endswith("in p.yaml")


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("timeout_min: 999-0", "timeout_min must be at most "),
        ("cpus_per_task: 5000", "cpus_per_task × tasks_per_node must be at most "),
        ("tasks_per_node: 5000", "cpus_per_task × tasks_per_node must be at most "),
        ("mem_gb: 1e6", "mem_gb must be at most "),
    ],
)
def test_what_slurm_would_leave_waiting_for_ever(refused: Refused, text: str, message: str) -> None:
    assert f"p.yaml: {message}" in refused(text)


@pytest.mark.usefixtures("cluster")
def test_more_jobs_than_the_controller_takes(refused: Refused) -> None:
    most = int(slurm.settings()["MaxJobCount"])
    said = refused("cpus_per_task: 1", f"workers={most + 1}")
    assert f"workers= must be at most {most} jobs, the cluster's MaxJobCount" in said
    said = refused("tasks_per_node: 2", f"workers={2 * most + 1}")
    assert f"but there would be {most + 1}" in said


@pytest.mark.usefixtures("cluster")
def test_gpus_that_the_profile_does_not_ask_for(refused: Refused) -> None:
    assert "device=cuda needs GPUs, and p.yaml asks for none: set gpus_per_node there" in refused(
        "cpus_per_task: 1", "device=cuda"
    )


def test_slurm_is_not_installed(
    refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    said = refused("cpus_per_task: 1")
    assert "needs Slurm's commands (sbatch, srun, squeue, scontrol, scancel)" in said
    assert "or use dispatch=local" in said


@pytest.mark.usefixtures("cluster")
def test_slurm_does_not_answer(
    refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "scontrol"
    command.write_text("#!/bin/sh\necho Unable to contact slurm controller >&2; exit 1\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}:{os.environ['PATH']}")
    said = refused("cpus_per_task: 1")
    assert "sweeper: Slurm does not answer: Unable to contact slurm controller" in said


@pytest.mark.parametrize("word", ["profile=slurm/gpu.yaml", "watch=true"])
@pytest.mark.parametrize("dispatch", ["inline", "local"])
def test_words_that_mean_something_on_a_cluster_only(
    space_file: Path, capsys: pytest.CaptureFixture[str], dispatch: str, word: str
) -> None:
    with pytest.raises(SystemExit) as left:
        command_line.main(["run", str(space_file), f"dispatch={dispatch}", word])
    assert left.value.code == 2
    assert f"is for dispatch=slurm, but dispatch is {dispatch}" in capsys.readouterr().err


def run_on_a_disk_of_its_own(folder: Path, options: str) -> subprocess.CompletedProcess[str]:
    """`sweeper run` of the space beside `folder`, at which only it has a file system mounted."""
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        pytest.skip("may not mount anything")
    folder.mkdir()
    run = f"{sys.executable} -m sweeper run hops.yaml dispatch=slurm workers=2 root={folder.name}"
    command = f"mount -t tmpfs -o {options} none {folder.name} && {run}"
    return subprocess.run(
        ["unshare", "--mount", "sh", "-c", command],
        cwd=folder.parent,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.usefixtures("cluster")
def test_a_studies_folder_that_cannot_be_written_to(space_file: Path, tmp_path: Path) -> None:
    done = run_on_a_disk_of_its_own(tmp_path / "sealed", "ro")
    assert done.returncode in (1, 2)
    assert done.stderr.startswith("sweeper: ")
    assert "Read-only file system" in done.stderr
    assert "sealed" in done.stderr


@pytest.mark.usefixtures("cluster")
def test_a_studies_folder_that_nodes_do_not_see(space_file: Path, tmp_path: Path) -> None:
    """Jobs fail before a worker begins, and who does not stay to watch hears of it."""
    done = run_on_a_disk_of_its_own(tmp_path / "apart", "rw")
    assert done.returncode == 2, done.stdout
    assert "failed before a worker began, all were cancelled: see " in done.stderr
    assert "no job can write there where nodes do not share that folder: set root=" in done.stderr
    name = job_name(tmp_path / "apart" / "hops")
    assert not [job for job in slurm.jobs() if job.name == name and job.live]


def limits(**partition: object) -> ClusterLimits:
    given = {"MaxTime": "1:00:00", "DefaultTime": "NONE"} | partition
    settings = {key: str(value) for key, value in given.items()}
    most = slurm.minutes(settings["MaxTime"])
    return ClusterLimits(2001, 100, [Partition("low", True, most, 4, 4000, settings)])


@pytest.mark.parametrize(
    ("text", "partition", "complaint"),
    [
        ("timeout_min: 60", {}, ""),
        ("timeout_min: 61", {}, "timeout_min must be at most 60, the limit of the partition low"),
        ("timeout_min: 9999", {"MaxTime": "UNLIMITED"}, ""),
        ("timeout_min: 61\npartition: other", {}, ""),  # of which Slurm will say what it thinks
        ("cpus_per_task: 2\ntasks_per_node: 2", {}, ""),
        ("cpus_per_task: 2\ntasks_per_node: 3", {}, "must be at most 4, the processors of a node"),
        ("mem_gb: 3.9", {}, ""),
        ("mem_gb: 4", {}, "mem_gb must be at most 3.91"),
        ("cpus_per_task: 1", {"DefaultTime": "00:02:00"}, ""),
        (
            "signal_delay_s: 120",
            {"DefaultTime": "00:02:00"},
            "signal_delay_s must be less than the 120 seconds that the partition low gives",
        ),
    ],
)
def test_what_is_beyond_a_partitions_limits(
    tmp_path: Path, text: str, partition: dict[str, object], complaint: str
) -> None:
    complaints = list(limits(**partition).complaints(read(tmp_path, text)))
    assert len(complaints) == bool(complaint)
    assert complaint in "".join(complaints)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("1:00:00", 60), ("2-12:00:00", 3600), ("00:05:30", 5), ("UNLIMITED", None), ("NONE", None)],
)
def test_times_as_slurm_prints_them(text: str, minutes: int | None) -> None:
    assert slurm.minutes(text) == minutes


@pytest.mark.usefixtures("cluster")
def test_jobs_are_listed_one_by_one_by_their_whole_name(tmp_path: Path) -> None:
    script = tmp_path / "x.sbatch"
    name = f"sweeper-{'a-long_name.' * 8}-0f0f0f"
    lines = [f"--job-name={name}", "--array=0-2%1", "--output=/dev/null", "--begin=now+60"]
    script.write_text("".join(["#!/bin/bash\n", *(f"#SBATCH {line}\n" for line in lines)]))
    number = slurm.submit(str(script))
    try:
        mine = [job for job in slurm.jobs(name) if job.id == number]
        assert [(job.state, job.restarts, job.live) for job in mine] == 3 * [("PENDING", 0, True)]
    finally:
        slurm.cancel([number])
    assert not [job for job in slurm.jobs(name) if job.id == number and job.live]


def test_jobs_of_studies_of_one_name_are_told_apart_by_their_folders(make_study) -> None:
    first: Study = make_study()
    assert job_name(first.folder).startswith("sweeper-hops-")
    moved = Study.open(first.folder.rename(first.folder.with_name("elsewhere")))
    assert job_name(moved.folder) != job_name(first.folder)


def test_what_a_command_complains_of_is_raised() -> None:
    with pytest.raises(slurm.Unanswered, match="no such thing"):
        slurm.ask("sh", "-c", "echo no such thing >&2; exit 1")
    with pytest.raises(slurm.Unanswered, match="did not answer within 0 s"):
        slurm.ask("sleep", "5", timeout_s=0.1)
    with pytest.raises(slurm.Unanswered, match="No such file"):
        slurm.ask("a-command-that-nobody-has")


def test_array_sizes_beyond_the_limit(tmp_path: Path) -> None:
    with pytest.raises(SweeperError, match=r"at most 100 jobs.*would be 101"):
        limits().check_number(101)
    limits().check_number(100)
