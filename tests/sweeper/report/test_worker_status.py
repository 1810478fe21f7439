"""How workers stand, and what tells so: beats by the file server's clock, processes, Slurm."""

from __future__ import annotations

import json
import os
import time

import pytest

from sweeper.cluster import slurm
from sweeper.cluster.scheduler import EVERY_S, answers
from sweeper.cluster.script import job_name
from sweeper.ledger.writer import Writer
from sweeper.report import worker_status
from sweeper.report.status import summarise
from sweeper.report.status_text import summary_lines
from sweeper.study.studies import start
from sweeper.worker.process.heartbeat import Heartbeat, identity
from sweeper.worker.process.memory import MemoryGauge

ELSEWHERE = {**identity().to_json(), "boot": "another machine's", "host": "far"}
JOB = {**ELSEWHERE, "job": "7", "restart": 0}


def began(study, name: str, header, *, silent_s: float = 0.0) -> Writer:
    """A worker whose number has stood still for so long."""
    beat = Heartbeat(study.paths.beats / name, MemoryGauge(1))
    beat(1)
    beat.close()
    ago = time.time() - silent_s
    os.utime(study.paths.beats / name, (ago, ago))
    return Writer(study.paths.ledger, name, header)


def answered(study, *jobs: slurm.Job, failures: int = 0) -> None:
    """Slurm's newest answer, just given, so that nobody asks."""
    answers(study.paths).mkdir(parents=True, exist_ok=True)
    listed = [job.__dict__ for job in jobs]
    body = {"number": 3, "failures": failures, "jobs": listed}
    (answers(study.paths) / "answer").write_text(json.dumps(body))


def stands(study, name: str = "a") -> worker_status.WorkerState:
    return worker_status.worker_states(study, study.ledger_state())[name]


def job(state: str, restarts: int = 0) -> slurm.Job:
    return slurm.Job("7", state, restarts, "sweeper", "None")


def test_left_and_dead_for_certain(make_study) -> None:
    study = make_study()
    began(study, "a", identity().to_json()).close()
    assert stands(study).state == "left"
    began(study, "b", {**identity().to_json(), "started": "0"})
    assert stands(study, "b") == worker_status.WorkerState("dead", "its process is gone")
    began(study, "c", {**ELSEWHERE, "tender": "t", "life": 0})
    assert stands(study, "c").state == "working"
    began(study, "d", {**ELSEWHERE, "tender": "t", "life": 1})
    assert stands(study, "c").evidence == "another was started in its place"


@pytest.mark.parametrize(
    ("header", "silent_s", "state"),
    [
        (identity().to_json(), 1, "working"),
        (identity().to_json(), 40, "silent"),
        (ELSEWHERE, 1, "working"),
        (ELSEWHERE, 40, "unknown"),
        (JOB, 1, "working"),
    ],
)
def test_beats(make_study, header, silent_s: float, state: str) -> None:
    study = make_study()
    began(study, "a", header, silent_s=silent_s)
    answered(study, job("FAILED"))
    found = stands(study)
    assert found.state == state
    assert found.silent_s == pytest.approx(silent_s, abs=5)
    assert found.here == (header["boot"] != "another machine's")


@pytest.mark.parametrize(
    ("listed", "state", "evidence"),
    [
        ([job("RUNNING")], "silent", "Slurm has job 7 RUNNING"),
        ([job("PENDING")], "waiting", "Slurm has job 7 PENDING"),
        ([job("PENDING", 1)], "waiting", "Slurm has requeued job 7: PENDING"),
        ([job("RUNNING", 1)], "dead", "Slurm says that job 7 began anew since"),
        ([job("OUT_OF_MEMORY")], "dead", "Slurm says that job 7 ended: OUT_OF_MEMORY"),
        ([job("NODE_FAIL")], "unknown", "Slurm has job 7 NODE_FAIL, and may run it once more"),
        ([], "unknown", "Slurm does not know job 7, or does not answer"),
    ],
)
def test_slurms_word_of_a_silent_worker(make_study, listed, state: str, evidence: str) -> None:
    study = make_study()
    began(study, "a", JOB, silent_s=40)
    answered(study, *listed)
    found = stands(study)
    assert (found.state, found.evidence.partition("; ")[2]) == (state, evidence)


def test_the_group_may_write_beside_the_answers_of_whoever_asked_first(
    make_study, tmp_path, monkeypatch
) -> None:
    study = start(tmp_path / "ours", make_study().space, group=True)
    began(study, "a", JOB)
    monkeypatch.setattr(slurm, "installed", lambda: True)
    monkeypatch.setattr(slurm, "jobs", list)
    before = os.umask(0o022)
    try:
        stands(study)
    finally:
        os.umask(before)
    assert study.paths.scheduler.stat().st_mode & 0o777 == 0o770


def test_status_counts_jobs_and_those_that_failed(make_study) -> None:
    study = make_study()
    began(study, "a", JOB)
    name = job_name(study.folder)
    states = ("PENDING", "RUNNING", "FAILED", "COMPLETED")
    answered(study, *(slurm.Job(state, state, 0, name, "None") for state in states))
    lines = "\n".join(summary_lines(summarise(study)))
    assert "3 Slurm jobs: 1 pending, 1 running, 1 failed" in lines


def test_a_job_that_slurm_forgot_and_a_slurm_that_fails(make_study) -> None:
    study = make_study()
    began(study, "a", JOB, silent_s=200)
    answered(study)
    assert stands(study).state == "dead"
    answered(study, failures=1)
    assert stands(study).state == "unknown"


def test_an_answer_that_is_old_is_not_believed(make_study, monkeypatch) -> None:
    study = make_study()
    began(study, "a", JOB, silent_s=40)
    answered(study, job("FAILED"))
    old = time.time() - 2 * EVERY_S
    os.utime(answers(study.paths) / "answer", (old, old))
    asked = []
    monkeypatch.setattr(slurm, "installed", lambda: True)
    monkeypatch.setattr(slurm, "jobs", lambda: asked.append(1) or [job("RUNNING")])
    assert stands(study).state == stands(study).state == "silent"
    assert len(asked) == 1


def test_status_shows_doubts_with_their_evidence_and_asks_nobody_without_jobs(
    make_study, monkeypatch
) -> None:
    study = make_study()
    began(study, "a", ELSEWHERE, silent_s=40)
    monkeypatch.setattr(slurm, "ask", lambda *_: pytest.fail("no worker ever was a job"))
    summary = summarise(study)
    (worker,) = summary.workers
    assert (worker.state, worker.host) == ("unknown", "far")
    assert summary.jobs is None
    lines = "\n".join(summary_lines(summary))
    assert f"worker a is unknown: {worker.evidence}" in lines
