"""`sweeper logs`: the log of whoever holds a run, across take-overs."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sweeper.cli.commands import logs
from sweeper.errors import SweeperError
from sweeper.worker.worker import Worker
from tests.helpers.waiting import until


def join(study, log: Path) -> subprocess.Popen[bytes]:
    """One worker that prints to `log`."""
    log.parent.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "sweeper.dispatch.entry", str(study.folder), "1", "cpu", "1"]
    with log.open("w") as out:
        return subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)


def test_runs_without_a_log(make_study) -> None:
    study = make_study()
    run = study.plan.runs[0].id
    with pytest.raises(SweeperError, match="there is no run 'nothing'"):
        list(logs.of_run(study, "nothing"))
    with pytest.raises(SweeperError, match=f"the run {run} has not begun"):
        list(logs.of_run(study, run))
    assert list(logs.listed(study)) == ["hops: no worker has begun yet"]
    worker = Worker(study, pack="4", device="cpu", workers=1)
    worker.run()
    known = study.ledger_state().workers[worker.name].header.log
    if known is None:  # pytest's own output may be a file
        with pytest.raises(SweeperError, match="has no log"):
            list(logs.of_run(study, run))
        assert "1 worker without a log" in list(logs.listed(study))[-1]


def test_what_a_worker_printed_and_a_log_that_is_gone(make_study) -> None:
    study = make_study("fixed.raise_at=5", "limits.failures=1", "seeds=1")
    assert join(study, study.paths.logs / "a.out").wait(300) == 0
    run = study.plan.runs[0].id
    text = b"".join(logs.of_run(study, run[:6])).decode()
    assert "hopped off at step 5" in text
    (line,) = logs.listed(study)
    assert re.fullmatch(rf"{study.paths.logs}/a.out  \S+ \(left\)", line)
    (study.paths.logs / "a.out").unlink()
    with pytest.raises(SweeperError, match="the log of the run"):
        list(logs.of_run(study, run))


def test_following_a_run_goes_on_with_the_worker_that_takes_it_over(make_study) -> None:
    words = "fixed.raise_at=5", "limits.failures=4", "fixed.pause_s=0.2", "seeds=1"
    study = make_study(*words, "axes.width.values=[1]", "axes.size.values=[0.1]")
    first = join(study, study.paths.logs / "first.out")
    run = study.plan.runs[0].id
    until(lambda: study.ledger_state().record(run).tries)
    moved: list[Path] = []
    following = logs.follow(study, run, moved.append)
    told = next(following)  # the run raised once
    first.send_signal(signal.SIGKILL)
    first.wait()
    second = join(study, study.paths.logs / "second.out")
    told += b"".join(following)
    second.wait(300)
    assert moved == [study.paths.logs / "second.out"]
    assert told.decode() == read(study, "first.out") + read(study, "second.out")
    assert "hopped off at step 5" in read(study, "second.out")


def read(study, name: str) -> str:
    return (study.paths.logs / name).read_text()
