"""`sweeper work`: starts a worker anew when it is killed, and passes signals on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sweeper.cluster.slurm import REQUEUE
from sweeper.dispatch import supervisor
from sweeper.study.study import Study
from sweeper.worker.process.heartbeat import exists
from sweeper.worker.process.watchdog import HUNG

SLOW = ("fixed.pause_s=0.02", "checkpoint.every_s=0.1", "steps=60", "seeds=1", "figures=[]")


@pytest.fixture
def tend() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts `sweeper work` for a study."""
    started: list[subprocess.Popen[str]] = []

    def start(study: Study, **environment: str) -> subprocess.Popen[str]:
        words = [f"study={study.name}", f"root={study.folder.parent}", "pack=4"]
        process = subprocess.Popen(
            [sys.executable, "-m", "sweeper", "work", *words],
            env=os.environ | environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def until_found(find: Callable[[], int | None], process: subprocess.Popen[str]) -> int:
    deadline = time.monotonic() + 300
    while (found := find()) is None:
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
    return found


def training(study: Study) -> int | None:
    """The process of a worker that lives and got on with its runs."""
    ledger_state = study.ledger_state(reports=False)
    for name, worker in ledger_state.workers.items():
        mine = [record for record in ledger_state.runs.values() if record.worker == name]
        if not worker.closed and exists(worker.header) and any(r.resume_from for r in mine):
            return worker.header.pid or 0
    return None


def test_a_worker_that_is_killed_is_followed_by_another(make_study, tend, gate: Path) -> None:
    study = make_study(*SLOW)
    gate.unlink()
    process = tend(study)
    os.kill(until_found(lambda: training(study), process), signal.SIGKILL)
    gate.touch()
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    assert "the worker was killed by SIGKILL" in said
    assert study.ended
    headers = [worker.header for worker in study.ledger_state().workers.values()]
    assert sorted(header.life for header in headers) == [0, 1]
    assert len({header.tender for header in headers}) == 1
    assert {record.attempts for record in study.ledger_state().runs.values()} == {1, 2}


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGUSR2, REQUEUE), (signal.SIGTERM, 0), (signal.SIGINT, 0)]
)
def test_signals_are_passed_on_and_the_runs_saved(
    make_study, tend, gate: Path, number: int, code: int
) -> None:
    study = make_study(*SLOW)
    gate.unlink()
    process = tend(study)
    until_found(lambda: training(study), process)
    process.send_signal(number)
    _, said = process.communicate(timeout=300)
    assert process.returncode == code, said
    ledger_state = study.ledger_state()
    assert all(worker.closed for worker in ledger_state.workers.values())
    left = [record for record in ledger_state.runs.values() if record.end is None]
    assert {record.state for record in left} == {"open"}, "given up"
    assert any(record.resume_from for record in left), "saved"


def test_it_leaves_when_its_time_is_over(make_study, tend) -> None:
    study = make_study("fixed.pause_s=0.1", "steps=60", "seeds=1", "figures=[]")
    process = tend(study, SWEEPER_UNTIL=str(time.time() + 4))
    assert process.wait(timeout=300) == REQUEUE
    assert {record.state for record in study.ledger_state().runs.values()} <= {"open"}


def children(process: subprocess.Popen[str]) -> list[int]:
    """The worker's process, however young; it stays until somebody has waited for it."""
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return [int(word) for word in listed.split()]


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGUSR2, REQUEUE), (signal.SIGTERM, 0)])
def test_a_signal_before_the_worker_listens_counts(
    make_study, tend, number: int, code: int
) -> None:
    study = make_study(*SLOW)
    process = tend(study)
    until_found(lambda: another(process, []), process)
    process.send_signal(number)
    assert process.wait(timeout=300) == code
    assert not study.ended


def another(process: subprocess.Popen[str], known: list[int]) -> int | None:
    """A worker's process that is not known yet."""
    return next((pid for pid in children(process) if pid not in known), None)


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_too_many_quick_deaths_are_enough(make_study, tend) -> None:
    process = tend(make_study(*SLOW))
    killed: list[int] = []
    for _ in range(supervisor.HOPELESS):
        found = until_found(lambda: another(process, killed), process)
        os.kill(found, signal.SIGKILL)
        killed.append(found)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 1
    assert said.count("the worker was killed by SIGKILL") == supervisor.HOPELESS
    assert "again and again: given up" in said


def test_workers_that_leave_what_hangs_are_no_quick_deaths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead, hung = [1] * (supervisor.HOPELESS - 1), [HUNG] * (supervisor.HOPELESS + 1)
    codes = iter([*hung, *dead, HUNG, *dead, 0])
    monkeypatch.setattr(supervisor._Tending, "__init__", lambda self: None)
    monkeypatch.setattr(supervisor._Tending, "stopping", None, raising=False)
    monkeypatch.setattr(supervisor._Tending, "run", lambda self, words: next(codes))
    monkeypatch.setattr(supervisor.output, "discard_on_full_disk", lambda: None)
    assert supervisor.tend(tmp_path, "1", "cpu", 1) == 0
    assert next(codes, None) is None


@pytest.mark.parametrize(
    ("listed", "local", "tasks", "seen"),
    [
        ("0,1", "0", "2", "0"),
        ("0,1", "1", "2", "1"),
        ("4,6", "1", "2", "6"),
        ("0,1", "3", "4", "1"),  # more workers than GPUs share them
        ("0,1", "0", "1", "0,1"),  # one worker sees what it was given
        ("3", "1", "2", "3"),
    ],
)
def test_each_of_a_nodes_workers_takes_one_gpu(
    listed: str, local: str, tasks: str, seen: str
) -> None:
    slurm = {"SLURM_LOCALID": local, "SLURM_STEP_NUM_TASKS": tasks}
    code = (
        "import os; from sweeper.dispatch import supervisor; supervisor.choose_gpu()\n"
        "print(os.environ['CUDA_VISIBLE_DEVICES'])"
    )
    environment = os.environ | slurm | {"CUDA_VISIBLE_DEVICES": listed}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == seen
