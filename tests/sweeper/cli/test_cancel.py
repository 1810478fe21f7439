"""`sweeper cancel` stops whoever works, leaves runs open, and the same command goes on."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from sweeper.cluster import slurm
from sweeper.cluster.slurm import REQUEUE
from sweeper.report import status as summary
from sweeper.results import frames
from sweeper.study.study import Study
from sweeper.worker.worker import Worker
from tests.helpers.command import call
from tests.helpers.waiting import until

LONG = "seeds=1", "steps=200", "checkpoint.every_s=0.2", "figures=[]"
SLOW = *LONG, "fixed.pause_s=0.04"
MAY_DIFFER = ["attempts", "seconds", "worker"]


def sweeper(*words: str, cwd: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "sweeper", *words]
    out = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.Popen(command, cwd=cwd, text=True, **out)


def said(*words: str, cwd: Path, code: int = 0) -> str:
    process = sweeper(*words, cwd=cwd)
    text = process.communicate(timeout=300)[0]
    assert process.returncode == code, text
    return text


def test_a_worker_looks_for_it_when_a_beat_is_due(make_study) -> None:
    study = make_study(*[word.replace("=200", "=2000") for word in SLOW])
    command = [sys.executable, "-m", "sweeper.dispatch.entry", str(study.folder), "1", "cpu", "1"]
    worker = subprocess.Popen(command)
    until(lambda: study.ledger_state().runs)
    study.paths.cancelled.write_text("{}")  # nobody signals it, as on another machine
    assert worker.wait(300) == 0
    (record,) = study.ledger_state().runs.values()
    assert record.state == "open"
    assert record.resume_from.step > 0
    late = Worker(study, pack="1", device="cpu", workers=1)
    late.run()
    assert len(study.ledger_state().runs) == 1, "who begins later takes nothing"


def test_a_cancelled_worker_is_not_requeued(make_study) -> None:
    study = make_study(*SLOW)
    command = [sys.executable, "-m", "sweeper", "work", "study=hops", f"root={study.folder.parent}"]
    worker = subprocess.Popen(command)
    until(lambda: study.ledger_state().runs)
    study.paths.cancelled.write_text("{}")
    worker.send_signal(signal.SIGUSR2)  # after which it would come back
    assert worker.wait(300) == 0 != REQUEUE


def test_local_workers_and_their_watcher_stop_and_the_same_command_goes_on(
    make_study, space_file: Path, tmp_path: Path, monkeypatch, capsys
) -> None:
    def here(*words: str) -> str:
        """What a command says, run by this process."""
        assert call(*words) == 0
        return capsys.readouterr().out

    monkeypatch.chdir(tmp_path)
    run = ["run", space_file.name, "workers=2", "pack=1", *LONG]
    monkeypatch.setenv("COUNTER_PAUSE_S", "0.04")
    watcher = sweeper(*run, cwd=tmp_path)
    monkeypatch.delenv("COUNTER_PAUSE_S")
    folder = tmp_path / "studies" / "hops"
    until(lambda: (folder / "plans" / "0").exists())
    study = Study.open(folder)
    until(lambda: len(study.ledger_state().runs) >= 2)
    told = here("cancel")
    assert "hops: stopped 2 workers on this machine" in told
    assert "cancelled; the same command goes on from here" in watcher.communicate(timeout=300)[0]
    assert watcher.returncode == 130
    states = {record.state for record in study.ledger_state().runs.values()}
    assert "open" in states
    assert "running" not in states
    status = here("status")
    assert "  cancelled 2" in status
    assert "hops: nothing to stop" in here("cancel")
    assert "4 complete" in here(*run)
    assert study.cancelled is None
    assert "all runs have ended" in here("cancel")
    direct = make_study(*LONG, name="direct")
    Worker(direct, pack="4", device="cpu", workers=1).run()
    expected, found = (
        frames.runs(one, one.ledger_state()).drop(columns=MAY_DIFFER) for one in (direct, study)
    )
    assert found.equals(expected)


def test_jobs_that_run_and_wait(make_study, space_file: Path, tmp_path: Path, cluster) -> None:
    lines = "timeout_min: 10\ncpus_per_task: 1\nmem_gb: 0.5\narray_parallelism: 2\n"
    (tmp_path / "fast.yaml").write_text(lines)
    (tmp_path / "slow.yaml").write_text(f"{lines}setup: [export COUNTER_PAUSE_S=0.05]\n")
    run = ["run", space_file.name, "dispatch=slurm", "pack=1"]
    run += ["seeds=1", "steps=3000", "figures=[]"]
    slow = [*run, "profile=slow.yaml", "workers=6"]
    assert "submitted 6 workers" in said(*slow, cwd=tmp_path)
    study = Study.open(tmp_path / "studies" / "hops")
    until(lambda: study.ledger_state().runs)
    told = summary.summarise(study)
    assert sum(told.jobs.values()) == 6, "elements that wait count one by one"
    cancelled = said("cancel", cwd=tmp_path)
    assert "6 Slurm jobs" in cancelled
    until(lambda: not any(job.live for job in jobs(study)))
    assert all(record.state == "open" for record in study.ledger_state().runs.values())
    fast = [*run, "profile=fast.yaml", "workers=2", "watch=true"]
    assert "4 complete" in said(*fast, cwd=tmp_path)
    assert all(record.end is not None for record in study.ledger_state().runs.values())


def jobs(study: Study) -> list[slurm.Job]:
    from sweeper.cluster.script import job_name

    return [job for job in slurm.jobs() if job.name == job_name(study.folder)]
