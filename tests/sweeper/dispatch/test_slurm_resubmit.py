"""`sweeper run` again, where jobs of the study are about to be gone, or failed; and `rerank`."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from sweeper.cluster import slurm
from sweeper.cluster.script import job_name
from tests.sweeper.dispatch.test_slurm_sweeps import sweeper, wait_until

pytestmark = pytest.mark.usefixtures("cluster")


def begun(folder: Path, lines: str, state: str) -> str:
    """A job called as those of the study in `folder`, once it is in `state`."""
    script = folder.parent / "job.sbatch"
    script.write_text(
        f"#!/bin/bash\n#SBATCH --job-name={job_name(folder)} --output=/dev/null\n{lines}\n"
    )
    job = slurm.submit(str(script))
    wait_until(lambda: state_of(job) == state)
    return job


def state_of(job: str) -> str:
    return next(known.state for known in slurm.jobs() if known.id == job)


def test_a_job_that_is_about_to_be_gone_takes_no_place(space_file: Path, tmp_path: Path) -> None:
    study = tmp_path / "studies" / "hops"
    study.parent.mkdir()
    job = begun(study, "trap '' TERM; for i in {1..300}; do sleep 1; done", "RUNNING")
    slurm.ask("scancel", "--full", job)
    wait_until(lambda: state_of(job) != "RUNNING")
    assert "submitted 1 worker as array" in sweeper(space_file.name, "workers=1", cwd=tmp_path)


def test_jobs_that_are_held_are_told_of(space_file: Path, tmp_path: Path) -> None:
    (tmp_path / "held.yaml").write_text("additional_parameters: {hold: true}\n")
    words = (space_file.name, "workers=1", "profile=held.yaml")
    sweeper(*words, cwd=tmp_path)
    said = sweeper(*words, cwd=tmp_path)
    assert "1 of them is held (JobHeldUser): scontrol release " in said


def test_jobs_that_failed_before_a_worker_began_are_told_of(
    space_file: Path, tmp_path: Path
) -> None:
    study = tmp_path / "studies" / "hops"
    study.parent.mkdir()
    begun(study, "exit 1", "FAILED")
    words = (space_file.name, "workers=1", "profile=slurm/default.yaml")
    said = sweeper(*words, cwd=tmp_path)
    assert f"warning: 1 job failed before a worker began: see {study / 'logs'}" in said
    again = "profile=slurm/default.yaml dispatch=slurm"
    assert all(f" {word} " in said for word in again.split()), "who goes on needs the same words"


def test_fresh_runs_that_need_nobody_end_in_the_first_report(
    space_file: Path, tmp_path: Path
) -> None:
    """And what `rerank` says to type is true."""

    def said(*words: str) -> str:
        command = [sys.executable, "-m", "sweeper", *words]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    seeds = "seeds={tune: 5, test: 5}"
    said("run", space_file.name, "dispatch=inline", seeds, "figures=[]")
    (tmp_path / "held.yaml").write_text("additional_parameters: {hold: true}\n")
    words = ["top=2", "dispatch=slurm", "profile=held.yaml", "workers=1"]
    left = said("rerank", *words)
    report = tmp_path / "studies" / "hops" / "report.html"
    assert "studies/hops/report.html tells of them when the last has ended:" in left
    typed = [line.split("#")[0] for line in left.splitlines() if line.startswith("  sweeper re")]
    assert typed[0].split() == ["sweeper", "rerank", "study=hops", *words]
    name = job_name(tmp_path / "studies" / "hops.rerank")
    slurm.ask("scontrol", "release", *(job.id for job in slurm.jobs() if job.name == name))
    wait_until(lambda: "2 configurations on the fresh seeds 5 to 9" in report.read_text())
    for line in typed:
        printed = said(*shlex.split(line)[1:])
        assert ("the best by the seeds that trials are chosen by" in printed) == ("rerank" in line)
