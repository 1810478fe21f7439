"""Runs that do not return: limits end them all the same, and the others go on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from sweeper.dispatch import entry
from sweeper.study.study import Study
from sweeper.trainable import function
from sweeper.worker import worker
from sweeper.worker.process import watchdog
from sweeper.worker.process.stop_signal import StopSignal
from sweeper.worker.process.watchdog import Abandoned, Watchdog
from sweeper.worker.training.trainer import Trainer
from tests.helpers.command import call

SPACE: dict[str, Any] = {
    "study": "hops",
    "axes": {"x": {"kind": "int", "low": 0, "high": 2}},
    "tasks": {"any": {"low": 0, "high": 40}},
    "seeds": 1,
    "steps": 1,
    "score": {"metric": "value"},
    "figures": [],
}
SLEEPS = """
import time

def train(config, run):
    if config["x"] == 0:
        time.sleep(600)
    return config["x"]
"""
RUN_HOURS = f"limits.run_hours={0.4 / 3600}"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(watchdog, "GRACE_S", 0.2)
    monkeypatch.setattr(function, "_LINGERING_S", 0.1)
    monkeypatch.setattr(worker, "BEAT_S", 0.05)
    return tmp_path


def ends(folder: Path) -> dict[str, int]:
    """How many ends of each state stand in the ledger."""
    study = Study.open(next((folder / "studies").iterdir()))
    found: dict[str, int] = {}
    for file in study.paths.ledger.glob("*.jsonl"):
        for line in file.read_bytes().splitlines():
            values = json.loads(line[line.index(b"{") :])
            if values.get("kind") == "end":
                found[values["state"]] = found.get(values["state"], 0) + 1
    return found


def records(folder: Path) -> list[Any]:
    study = Study.open(next((folder / "studies").iterdir()))
    known = study.ledger_state().runs
    return [known[run.id] for run in study.plan.runs]


def test_a_function_that_never_reports_times_out_and_its_worker_leaves_it(here: Path) -> None:
    (here / "f.py").write_text(SLEEPS)
    keys = SPACE | {"function": "f.py:train"}
    (here / "hops.yaml").write_text(yaml.safe_dump(keys, sort_keys=False))
    assert call("run", "hops.yaml", "dispatch=inline", RUN_HOURS) == 1
    assert [record.state for record in records(here)] == ["timeout", "complete", "complete"]
    assert ends(here) == {"timeout": 1, "complete": 2}
    first, second, _ = records(here)
    assert first.worker != second.worker


def hopping(space_file: Path, *pauses: float) -> None:
    keys = yaml.safe_load(space_file.read_text())
    axes = {"pause_s": {"kind": "float", "values": list(pauses)}}
    space_file.write_text(yaml.safe_dump(keys | {"axes": axes, "seeds": 1, "figures": []}))


def test_an_agent_that_hangs_times_out_and_the_others_of_its_pack_go_on(
    space_file: Path, here: Path
) -> None:
    hopping(space_file, 0.0, 600.0, 0.001)
    assert call("run", space_file.name, "dispatch=inline", RUN_HOURS) == 1
    assert [record.state for record in records(here)] == ["complete", "timeout", "complete"]
    assert ends(here) == {"timeout": 1, "complete": 2}
    assert "limits.run_hours: 0.0001" in str(records(here)[1].error)
    assert "did not return for the last" in str(records(here)[1].error)
    split = [record.tries[0] for record in records(here)]
    assert [attempt.released for attempt in split] == ["split"] * 3
    assert all(attempt.seconds < 0.2 for attempt in split)  # it hung for longer, which is nobody's


def test_a_study_whose_run_hangs_stops_after_its_hours_and_leaves_the_run_open(
    space_file: Path, here: Path
) -> None:
    hopping(space_file, 600.0)
    assert call("run", space_file.name, "dispatch=inline", f"limits.hours={0.2 / 3600}") == 1
    (record,) = records(here)
    assert record.state == "open" and record.tries[0].released == "stopped"


ENVIRONMENT = """
import time

import gymnasium
from gymnasium import spaces


class Hang(gymnasium.Env):
    observation_space = spaces.Discrete(3)
    action_space = spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        return 0, {}

    def step(self, action):
        self.steps += 1
        if self.steps > 30:
            time.sleep(600)
        return 1, 0.0, False, False, {}


gymnasium.register("Hang-v0", entry_point=Hang, max_episode_steps=50)
"""


def test_an_environment_whose_step_never_returns_times_out(here: Path) -> None:
    pytest.importorskip("gymnasium")
    (here / "hang.py").write_text(ENVIRONMENT)
    keys = SPACE | {
        "agent": "dqn",
        "axes": {},
        "fixed": {"network.units": 4, "warmup_steps": 300},
        "tasks": {"gym/hang.py:Hang-v0": {"low": 0, "high": 1}},
        "steps": 100,
        "evaluation": {"every": 100, "episodes": 1, "cap": 10},
        "score": {"metric": "return"},
    }
    (here / "hops.yaml").write_text(yaml.safe_dump(keys, sort_keys=False))
    assert call("run", "hops.yaml", "dispatch=inline", RUN_HOURS) == 1
    assert [record.state for record in records(here)] == ["timeout"]
    assert ends(here) == {"timeout": 1}


def test_a_dispatched_worker_ends_its_process_so_that_another_goes_on(
    space_file: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hopping(space_file, 600.0)
    assert call("run", space_file.name, "dispatch=inline", RUN_HOURS, "limits.hours=1e-9") == 1
    study = Study.open(next((here / "studies").iterdir()))
    study.paths.cancelled.unlink()
    study.paths.session.unlink()
    codes: list[int] = []
    left = threading.Event()

    def end(code: int) -> None:
        codes.append(code)
        left.set()
        time.sleep(600)

    monkeypatch.setattr(os, "_exit", end)
    monkeypatch.setattr(entry, "_detach", StopSignal)
    monkeypatch.setattr(entry, "to_stderr", lambda: None)
    ended: list[bool] = []
    monkeypatch.setattr(entry, "end_children", lambda: ended.append(True))
    arguments = (str(study.folder), "1", "cpu", "1")
    threading.Thread(target=entry.work, args=arguments, daemon=True).start()
    assert left.wait(20)
    assert codes == [watchdog.HUNG]
    assert ended, "the children of what it leaves do not live on below nobody"
    assert ends(here) == {"timeout": 1}


def test_what_returns_after_it_was_left_is_unwound() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watchdog, "GRACE_S", 0.05)
        left = threading.Event()
        watching = Watchdog(lambda entered: True, left.set)
        watching.start()
        with pytest.raises(Abandoned), watching.watched():
            assert left.wait(20)


def test_what_takes_long_and_may_is_left_alone() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watchdog, "GRACE_S", 0.02)
        asked = threading.Event()
        watching = Watchdog(lambda entered: bool(asked.set()), lambda: pytest.fail("it left"))
        watching.start()
        with watching.watched():
            assert asked.wait(20)
        watching.close()


def hung(waited_s: float, stopped_s: float | None, live: bool) -> bool:
    """Whether a pack that has not returned for so long is left, so long after the stop."""
    stopping = StopSignal()
    if stopped_s is not None:
        stopping._since = time.monotonic() - stopped_s
    study = SimpleNamespace(space=SimpleNamespace(limits=SimpleNamespace(run_hours=None)))
    released: list[str] = []
    attempts = SimpleNamespace(release=lambda holds, how: released.append(how))
    trainer = Trainer.__new__(Trainer)
    vars(trainer).update(_study=study, _attempts=attempts, _stopping=stopping, _look=lambda: None)
    vars(trainer).update(_live={0: SimpleNamespace(trained_s=waited_s)} if live else {})
    return trainer._ends_hung(time.monotonic() - waited_s)


def test_a_stop_amid_a_long_advance_gives_it_the_whole_grace() -> None:
    assert not hung(waited_s=300.0, stopped_s=1.0, live=True)
    assert hung(waited_s=300.0, stopped_s=watchdog.GRACE_S + 1, live=True)
    assert not hung(waited_s=300.0, stopped_s=None, live=True)


def test_a_drop_of_the_last_members_that_hangs_is_left_without_a_stop() -> None:
    assert hung(waited_s=watchdog.GRACE_S + 1, stopped_s=None, live=False)


CHILDREN = """
import subprocess
from sweeper.trainable.own_code import lone_run
lone_run.REST_S = 0.1
deaf = ["sh", "-c", "trap '' TERM; echo deaf; sleep 600; sleep 600"]
children = [subprocess.Popen(words, stdout=subprocess.PIPE) for words in (["sleep", "600"], deaf)]
children[1].stdout.readline()
lone_run.end_children()
"""


def test_children_end_even_if_they_ignore_that_they_should() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CHILDREN], stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.wait(60) == 0
        with pytest.raises(ProcessLookupError):  # nobody of its group is left
            deadline = time.monotonic() + 5
            while time.monotonic() < deadline:
                os.killpg(process.pid, 0)
                time.sleep(0.01)
