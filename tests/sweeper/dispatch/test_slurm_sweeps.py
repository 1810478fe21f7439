"""Sweeps on a real cluster: submit, log out, come back to figures."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml

from sweeper.cluster import slurm
from sweeper.cluster.script import job_name
from sweeper.results import frames
from sweeper.study.study import Study
from sweeper.worker.worker import Worker
from tests.helpers.paths import ROOT

pytestmark = pytest.mark.usefixtures("cluster")

MAY_DIFFER = ["attempts", "seconds", "worker"]
TEMPLATE = ROOT / "slurm" / "worker.sbatch"


def sweeper(*words: str, cwd: Path) -> str:
    """What `sweeper run` on the cluster printed."""
    command = [sys.executable, "-m", "sweeper", "run", *words, "dispatch=slurm"]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def wait_until(condition: Callable[[], object], seconds: float = 300) -> None:
    """Looks again and again; `seconds` are a last resort, as a machine may be slow."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.2)


def jobs(study: Study) -> list[slurm.Job]:
    return [job for job in slurm.jobs() if job.name == job_name(study.folder)]


def table(study: Study) -> pd.DataFrame:
    return frames.runs(study, study.ledger_state()).drop(columns=MAY_DIFFER)


def test_submit_log_out_and_come_back_to_figures(space_file: Path, tmp_path: Path) -> None:
    (tmp_path / "held.yaml").write_text("timeout_min: 9\nadditional_parameters: {hold: true}\n")
    words = (space_file.name, "profile=held.yaml", "seeds=2", "pack=1")
    said = sweeper(*words, "workers=3", cwd=tmp_path)
    assert "submitted 3 workers as array" in said
    assert "hops goes on without you" in said
    study = Study.open(tmp_path / "studies" / "hops")
    assert len(jobs(study)) == 3
    assert "already run or wait: 3 jobs of this study" in sweeper(*words, "workers=3", cwd=tmp_path)
    assert len(jobs(study)) == 3, "the same command doubles nobody"
    said = sweeper(*words, "workers=4", cwd=tmp_path)
    assert "submitted 1 worker as array" in said, "but tops them up"
    slurm.ask("scontrol", "release", *{job.id for job in jobs(study)})
    wait_until(lambda: study.ended and (study.paths.figures / ".edition").exists())
    assert (study.paths.figures / "heatmap.pdf").exists()
    wait_until(lambda: not [job for job in jobs(study) if job.live])
    assert {job.state for job in jobs(study)} == {"COMPLETED"}
    workers = study.ledger_state().workers.values()
    assert {worker.header.job for worker in workers} <= {job.id for job in jobs(study)}
    assert all((study.folder / str(worker.header.log)).exists() for worker in workers)
    assert {record.attempts for record in study.ledger_state().runs.values()} == {1}
    assert "8 runs: 8 complete" in sweeper(*words, cwd=tmp_path)
    assert len(jobs(study)) == 4


def test_at_its_time_limit_a_job_is_requeued_and_its_runs_go_on(
    space_file: Path, tmp_path: Path, make_study: Callable[..., Study]
) -> None:
    """Slurm warns up to a minute early: the limit leaves 45 seconds before. No pack ends in it."""
    words = ("seeds=1", "steps=1500", "checkpoint.every_s=600", "figures=[]")
    (tmp_path / "short.yaml").write_text(
        "timeout_min: 2\nsignal_delay_s: 45\ncpus_per_task: 1\n"
        "setup: [export COUNTER_PAUSE_S=0.05]\n"
    )
    sweeper(space_file.name, *words, "profile=short.yaml", "workers=1", "pack=4", cwd=tmp_path)
    study = Study.open(tmp_path / "studies" / "hops")
    wait_until(lambda: _resumed(study) or _over(study), seconds=600)
    assert _resumed(study), logs(study)
    (job,) = jobs(study)
    assert job.restarts >= 1
    slurm.cancel([job.id])  # more of its slow lives would take long
    wait_until(lambda: not [job for job in jobs(study) if job.live])
    Worker(study, pack="4", device="cpu", workers=1).run()
    headers = [worker.header for worker in study.ledger_state().workers.values()]
    assert {header.job for header in headers} == {job.id, None}
    lives = {header.restart for header in headers if header.job}
    assert job.restarts in lives
    assert len(lives) > 1
    undisturbed = make_study(*words, name="undisturbed")
    Worker(undisturbed, pack="4", device="cpu", workers=1).run()
    pd.testing.assert_frame_equal(table(study), table(undisturbed))


def _resumed(study: Study) -> bool:
    """Whether a job's later life went on with what an earlier one had saved."""
    tries = [record.tries.get(record.last) for record in study.ledger_state().runs.values()]
    return any(last is not None and last.resumed > 0 for last in tries)


def _over(study: Study) -> bool:
    """Whether its jobs have ended for good, so that nothing more will happen."""
    return not [job for job in jobs(study) if job.live or job.state in slurm.MAYBE]


def logs(study: Study) -> str:
    return "\n".join(file.read_text() for file in study.paths.logs.glob("*/*.out"))


def test_a_job_submitted_by_hand_joins(make_study: Callable[..., Study], tmp_path: Path) -> None:
    study = make_study()
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    command = ["sbatch", "--parsable", str(TEMPLATE), str(study.folder), "pack=2"]
    number = slurm_id(command, tmp_path, os.environ | {"PATH": path})
    log = tmp_path / f"sweeper-worker-{number}.log"
    wait_until(lambda: study.ended or job_of(number).state == "FAILED")
    assert study.ended, log.read_text()
    wait_until(lambda: not job_of(number).live)
    assert job_of(number).state == "COMPLETED"
    assert {worker.header.job for worker in study.ledger_state().workers.values()} == {number}


def slurm_id(command: list[str], cwd: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def job_of(number: str) -> slurm.Job:
    (job,) = (job for job in slurm.jobs() if job.id == number)
    return job


FUNCTION = """\
import os, time

def train(config, run):
    with open(run.folder / "seen", "w") as file:
        names = "CUDA_VISIBLE_DEVICES", "SLURM_PROCID", "FROM_SETUP"
        print(*(os.environ.get(name) for name in names), file=file)
    (run.folder / f"rank{os.environ['SLURM_PROCID']}").touch()
    while len({file.name for file in run.folder.parent.glob("*/rank*")}) < 2:
        time.sleep(0.1)  # for the other worker
    return 0.0
"""


def test_workers_of_a_whole_node_see_a_gpu_each(tmp_path: Path) -> None:
    (tmp_path / "look.py").write_text(FUNCTION)
    space = {
        "study": "look",
        "function": "look.py:train",
        "axes": {"lr": {"kind": "float", "values": [0.1, 0.2, 0.3, 0.4]}},
        "tasks": {"default": {"low": 0, "high": 1}},
        "seeds": 3,
        "steps": 1,
        "score": {"metric": "value"},
    }
    (tmp_path / "look.yaml").write_text(yaml.safe_dump(space))
    (tmp_path / "node.yaml").write_text(
        "tasks_per_node: 2\ngpus_per_node: 2\ncpus_per_task: 1\ntimeout_min: 10\n"
        "setup: [export FROM_SETUP=yes]\n"
        f"teardown:\n- echo $SLURM_JOB_ID > {tmp_path}/torn_down\n- 'false'\n"
    )
    said = sweeper("look.yaml", "profile=node.yaml", "workers=2", "device=cpu", cwd=tmp_path)
    assert "submitted 2 workers as array" in said
    study = Study.open(tmp_path / "studies" / "look")
    wait_until(lambda: study.ended)
    wait_until(lambda: not [job for job in jobs(study) if job.live])
    (job,) = jobs(study)
    assert job.state == "COMPLETED"
    assert (tmp_path / "torn_down").read_text().strip() == job.id
    seen = {tuple(file.read_text().split()) for file in study.paths.runs.glob("*/seen")}
    assert seen == {("0", "0", "yes"), ("1", "1", "yes")}
    assert len({worker.header.log for worker in study.ledger_state().workers.values()}) == 2
