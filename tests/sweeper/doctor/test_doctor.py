"""`sweeper doctor`: what it finds on this file system, and on a cluster."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sweeper import doctor
from sweeper.cli.command_line import main
from sweeper.cluster import profile, slurm
from sweeper.doctor import cluster, disk, pictures

SETTINGS = {
    "MaxArraySize": "1001",
    "MaxJobCount": "10000",
    "JobRequeue": "1",
    "PreemptType": "preempt/partition_prio",
    "PreemptMode": "REQUEUE",
    "PreemptParameters": "send_user_signal",
    "KillWait": "30 sec",
    "AccountingStorageType": "accounting_storage/none",
}


def test_a_file_system_that_does_all(tmp_path: Path) -> None:
    found = list(disk.checked(tmp_path / "not" / "yet"))
    assert {finding.level for finding in found} <= {"ok", "warning"}
    told = "\n".join(map(str, found))
    for name in ("O_EXCL", "link(2)", "rename(2)", "fsync(2)", "mounted at /"):
        assert name in told
    assert not list(tmp_path.iterdir())


def test_a_file_system_without_hard_links(tmp_path: Path, monkeypatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    (problem,) = (one for one in disk.checked(tmp_path) if one.level == "problem")
    assert str(problem).startswith("problem  link(2): Operation not permitted: put the studies on")


@pytest.mark.parametrize(
    ("changed", "of_partition", "warning"),
    [
        ({}, {}, None),
        ({"JobRequeue": "0"}, {}, "JobRequeue=0"),
        ({"PreemptParameters": ""}, {}, "not told by SIGUSR2"),
        ({"KillWait": "2 sec"}, {}, "KillWait leaves 2 s"),
        ({}, {"GraceTime": "0"}, "GraceTime is 0 s"),
        ({}, {"PreemptMode": "CANCEL"}, "does not come back by itself"),
        ({"PreemptType": "preempt/none", "PreemptParameters": ""}, {"GraceTime": "0"}, None),
    ],
)
def test_what_settings_mean(monkeypatch, changed, of_partition, warning: str | None) -> None:
    keys = {"PreemptMode": "REQUEUE", "GraceTime": "60"} | of_partition
    partition = slurm.Partition("low", True, 600, 8, 16000, keys)
    monkeypatch.setattr(slurm, "settings", lambda: SETTINGS | changed)
    monkeypatch.setattr(slurm, "partitions", lambda: [partition])
    found = list(cluster.checked(profile.load("slurm/default.yaml")))
    warnings = [str(finding) for finding in found if finding.level == "warning"]
    assert len(warnings) == (warning is not None)
    assert warning is None or warning in warnings[0]
    assert not any(finding.level == "problem" for finding in found)
    assert any("accounting: none" in finding.what for finding in found)


def test_without_slurm_only_this_machine_is_looked_at(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(slurm, "installed", lambda: False)
    told = [str(finding) for finding in doctor.examine(None, tmp_path)]
    assert any("Slurm is not installed here" in line for line in told)
    assert "GPUs" in told[-1]


def test_a_real_cluster(cluster, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as left:
        main(["doctor"])
    told = capsys.readouterr().out
    assert left.value.code in (0, None), told
    for line in ("within the cluster's limits", "runs sweeper with", "a new file is seen"):
        assert line in told
    assert not list(tmp_path.iterdir()), "nothing is left behind"


def test_a_real_cluster_that_has_no_such_partition(
    cluster, tmp_path: Path, monkeypatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.yaml").write_text("timeout_min: 10\npartition: nowhere\n")
    with pytest.raises(SystemExit) as left:
        main(["doctor", "profile=bad.yaml"])
    assert left.value.code == 1
    told = capsys.readouterr().out
    assert "change partition in bad.yaml" in told
    assert told.count("problem ") == 1


@pytest.mark.parametrize(
    ("told", "says"),
    [
        (
            {"renderer": "softpipe", "OpenGL": "4.5", "frames_per_s": {"near": 301.7, "lean": 2e3}},
            "ok       node7: pictures: softpipe, OpenGL 4.5: 302 (near) and 2,000 (lean) frames of",
        ),
        ({"missing": "mujoco"}, "ok       node7: no pictures of MuJoCo: mujoco is not installed"),
        ({"problem": "nothing draws: install x"}, "warning  node7: nothing draws: install x"),
    ],
)
def test_what_draws_pictures_is_told(told, says: str) -> None:
    assert str(pictures.finding(told, "node7")).startswith(says)


def test_a_driver_that_crashes_without_a_word_is_told(tmp_path: Path, monkeypatch) -> None:
    crashing = tmp_path / "python"
    crashing.write_text("#!/bin/sh\nkill -SEGV $$\n")
    crashing.chmod(0o755)
    monkeypatch.setattr(pictures.sys, "executable", str(crashing))
    said = "warning  drawing a picture failed: its process ended with -11"
    assert str(pictures.finding(pictures.found())) == said
