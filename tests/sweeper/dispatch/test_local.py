"""The shipped path: the command line, submitit, worker processes, signals and kills."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from sweeper.dispatch import Options, local
from sweeper.errors import SweeperError
from sweeper.study.study import Study
from sweeper.worker.process import heartbeat
from sweeper.worker.process.heartbeat import exists
from tests.helpers.command import call
from tests.helpers.paths import COUNTER_AGENT

UNDRAWN = "figures=[]"
"""Each process that draws imports a plotting library first: two tests have figures."""

SLOW = ("fixed.pause_s=0.005", "checkpoint.every_s=0.1", "steps=60", "seeds=4", UNDRAWN)


def begin(*words: str, cwd: Path) -> subprocess.Popen[str]:
    """Starts a sweep in a process group of its own, as a terminal would."""
    return subprocess.Popen(
        [sys.executable, "-m", "sweeper", *words],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=_hear_ctrl_c,
    )


def _hear_ctrl_c() -> None:
    """A suite that runs in the background ignores it, and what it starts would, too."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def study_at(folder: Path) -> Study:
    return Study.open(folder)


def working(study: Study) -> list[int]:
    """Process numbers of the workers that live."""
    workers = study.ledger_state(reports=False).workers.values()
    return [w.header.pid or 0 for w in workers if not w.closed and exists(w.header)]


def results(tmp_path: Path, name: str) -> pd.DataFrame:
    """The exported table of runs, without what a kill may change."""
    out, root = tmp_path / f"{name}.parquet", tmp_path / "studies"
    assert call("export", f"study={name}", f"root={root}", "table=runs", f"out={out}") == 0
    return pd.read_parquet(out).drop(columns=["attempts", "seconds", "worker"])


def wait_until(condition: Callable[[], object], seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def test_the_same_command_again_does_nothing_more(
    space_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        assert call("run", space_file.name, "dispatch=inline") == 0
        assert "12 runs: 12 complete" in capsys.readouterr().out
    assert (tmp_path / "studies" / "hops" / "figures" / "heatmap.svg").exists()
    assert len(list((tmp_path / "studies" / "hops" / "ledger").iterdir())) == 1


def test_six_kills_lose_nothing_and_change_nothing(space_file: Path, tmp_path: Path) -> None:
    calm = ("run", str(space_file), f"root={tmp_path / 'studies'}", "name=undisturbed")
    assert call(*calm, "dispatch=inline", *SLOW) == 0
    # With so little time between kills the ordinary bound on deaths would rightly be reached.
    words = ("run", space_file.name, "name=killed", "workers=2", *SLOW, "limits.deaths=50")
    watcher = begin(*words, cwd=tmp_path)
    study_folder = tmp_path / "studies" / "killed"
    wait_until((study_folder / "plans" / "0").exists)
    study, rng, kills = study_at(study_folder), random.Random(0), 0
    while kills < 6 and watcher.poll() is None:
        time.sleep(rng.uniform(0.05, 0.4))
        for pid in rng.sample(alive := working(study), k=min(1, len(alive))):
            os.kill(pid, signal.SIGKILL)
            kills += 1
    output, _ = watcher.communicate(timeout=300)
    assert watcher.returncode == 0, output
    assert kills >= 3
    pd.testing.assert_frame_equal(results(tmp_path, "killed"), results(tmp_path, "undisturbed"))
    ends = [r.end for r in study.ledger_state().runs.values()]
    assert len(ends) == len(study.plan.runs)


def test_killing_the_watcher_does_not_stop_the_workers(
    space_file: Path, tmp_path: Path, gate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate.unlink()
    watcher = begin("run", space_file.name, "workers=2", *SLOW, cwd=tmp_path)
    folder = tmp_path / "studies" / "hops"
    wait_until((folder / "plans" / "0").exists)
    study = study_at(folder)
    wait_until(lambda: len(working(study)) == 2)
    watcher.kill()
    watcher.wait()  # its output ends only with its workers, who hold it, too
    gate.touch()
    monkeypatch.chdir(tmp_path)
    assert call("run", space_file.name, "workers=2", *SLOW) == 0
    watcher.communicate()
    assert study.ended
    assert len(study.ledger_state().workers) == 2, "the workers of the dead watcher were enough"
    assert {record.attempts for record in study.ledger_state().runs.values()} == {1}


@pytest.mark.parametrize("group", [True, False], ids=["terminal", "watcher only"])
def test_ctrl_c_saves_and_the_same_command_goes_on(
    space_file: Path, tmp_path: Path, gate: Path, group: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("run", space_file.name, "workers=2", "steps=60", UNDRAWN)
    gate.unlink()
    watcher = begin(*words, cwd=tmp_path)
    folder = tmp_path / "studies" / "hops"
    wait_until((folder / "plans" / "0").exists)
    study = study_at(folder)
    wait_until(lambda: any(r.step >= 10 for r in study.ledger_state().runs.values()))
    (os.killpg if group else os.kill)(watcher.pid, signal.SIGINT)
    output, _ = watcher.communicate(timeout=300)
    gate.touch()
    assert watcher.returncode == 130, output
    assert "the same command goes on from here" in output
    assert not working(study)
    assert any(r.resume_from for r in study.ledger_state().runs.values()), "nothing was saved"
    monkeypatch.chdir(tmp_path)
    assert call(*words) == 0
    runs = study.ledger_state().runs.values()
    assert all(record.end is not None for record in runs)
    assert any(record.tries[record.last].resumed > 0 for record in runs)


def test_modules_in_the_current_folder_hide_nothing(space_file: Path, tmp_path: Path) -> None:
    for name in ("queue.py", "agents.py", "submitit.py"):
        (tmp_path / name).write_text("raise RuntimeError('the wrong module')\n")
    script = Path(sys.executable).parent / "sweeper"
    done = subprocess.run(
        [script, "run", space_file.name, "workers=1"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_worker_that_hangs_is_killed_and_replaced(
    make_study: Callable[..., Study], monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_study("fixed.pause_s=0.01", UNDRAWN)
    workers = local.Dispatch(Options(workers=1, pack="auto", device="cpu")).start(study)
    wait_until(lambda: any(r.state == "running" for r in study.ledger_state().runs.values()))
    (hung,) = working(study)
    os.kill(hung, signal.SIGSTOP)
    monkeypatch.setattr(heartbeat, "T2_S", 7.0)

    def ended() -> bool:
        workers.replace()
        return study.ended and not workers.alive()

    wait_until(ended)
    assert not working(study)
    assert {record.state for record in study.ledger_state().runs.values()} == {"complete"}


def test_workers_that_cannot_start_are_given_up_with_their_last_words(
    space_file: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text(COUNTER_AGENT.read_text())
    space_file.write_text(space_file.read_text().replace(str(COUNTER_AGENT), str(broken)))
    watcher = begin("run", space_file.name, "workers=1", cwd=tmp_path)
    wait_until((tmp_path / "studies" / "hops" / "logs").exists)
    broken.write_text("Clock = None\n")
    output, _ = watcher.communicate(timeout=300)
    assert watcher.returncode == 2, output
    assert "workers die as soon as they start" in output
    assert "does not define it" in output


def test_workers_that_raise_while_no_run_ends_are_given_up(
    make_study: Callable[..., Study], monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(*arguments: str) -> None:
        """A worker that takes runs, and raises once it has something to judge."""
        from sweeper.dispatch import entry
        from sweeper.study.pruning.judge import Judge

        Judge.judge = None  # type: ignore[assignment, method-assign]
        entry.work(*arguments)

    monkeypatch.setattr(local, "work", work)
    study = make_study("pruner=median", "fixed.pause_s=0.01", UNDRAWN)
    workers = local.Dispatch(Options(workers=1, pack="auto", device="cpu")).start(study)

    def given_up() -> bool:
        try:
            workers.replace()
        except SweeperError as error:
            assert "workers raise, and no run ends" in str(error)
            assert "'NoneType' object is not callable" in str(error)
            return True
        return False

    wait_until(given_up)
    assert not working(study)
    wait_until(lambda: not workers.alive())
    assert any(record.attempts for record in study.ledger_state().runs.values())
