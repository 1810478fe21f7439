"""Studies that stop by themselves: too many failures of one cause, hours of runs and of studies."""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path

import pytest
import yaml

from sweeper.report.status import summarise
from sweeper.report.status_text import summary_lines
from sweeper.study.study import Study
from sweeper.worker import worker
from sweeper.worker.process import study_limits
from tests.helpers.command import call

SPACE = {
    "study": "demo",
    "function": "f.py:train",
    "axes": {"x": {"kind": "int", "low": 0, "high": 19}},
    "tasks": {"any": {"low": 0, "high": 40}},
    "seeds": 1,
    "steps": 1,
    "score": {"metric": "value"},
    "limits": {"failures": 1},
    "figures": [],
}
FAILS = "def train(config, run):\n    raise OSError(f'no device {config} {object()}')\n"
WORKS = "def train(config, run):\n    return config['x']\n"
SOME = """
def train(config, run):
    if config["x"] % 2:
        raise ValueError(str(config["x"]))
    return config["x"]
"""

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(worker, "BEAT_S", 0.05)
    return tmp_path


def write(folder: Path, code: str, **keys: object) -> None:
    (folder / "f.py").write_text(code)
    (folder / "demo.yaml").write_text(yaml.safe_dump(SPACE | keys, sort_keys=False))


def run(*words: str, dispatch: str = "inline") -> int:
    return call("run", "demo.yaml", f"dispatch={dispatch}", *words)


def states(folder: Path) -> list[str]:
    study = Study.open(folder / "studies" / "demo")
    return [record.state for record in study.ledger_state().runs.values()]


def test_a_study_of_which_all_runs_fail_alike_stops(here: Path, capsys: Capture) -> None:
    write(here, FAILS)
    assert run() == 1
    said = capsys.readouterr().out
    assert "first failure: OSError: no device {'x': 0}" in said
    why = "10 runs failed by one cause, and none has a score: OSError: no device {'x': 0}"
    assert f"stopped: {why}" in said
    assert "(f.py:2)" in said
    assert "sweeper retry study=demo" in said
    assert states(here) == ["failed"] * 10
    study = Study.open(here / "studies" / "demo")
    lines = "\n".join(summary_lines(summarise(study)))
    assert re.search(r"stopped \d+-.*: 10 runs failed by one cause.*; sweeper run says how", lines)
    assert "10 failed: OSError: no device {'x': 0}" in lines, "not ten lines of one each"
    assert run() == 1, "the same command says why it does not go on"
    assert f"demo is stopped: {why}" in capsys.readouterr().err
    assert states(here) == ["failed"] * 10
    assert study.cancelled is not None, "and workers still stay away"


def test_a_stopped_study_goes_on_with_mended_code(here: Path, capsys: Capture) -> None:
    write(here, FAILS)
    assert run() == 1
    (here / "f.py").write_text(WORKS)
    assert run() == 2, "which must be said"
    study = Study.open(here / "studies" / "demo")
    assert study_limits.FailureCount(study, study.ledger_state()).reached() is None
    assert call("retry") == 0
    assert run("other_code=true", "workers=1", dispatch="local") == 0
    assert states(here) == ["complete"] * 20
    attempts = [record.attempts for record in study.ledger_state().runs.values()]
    assert attempts == [1] * 20, "each once in its newest generation"


def test_a_stopped_study_goes_on_after_retry_and_stops_again(here: Path) -> None:
    """What it lacked may have been no code: nothing is forgiven but what was opened again."""
    write(here, FAILS)
    assert run() == 1
    assert call("retry") == 0
    assert run() == 1
    study = Study.open(here / "studies" / "demo")
    records = study.ledger_state().runs.values()
    assert [(record.generation, record.state) for record in records] == [(1, "failed")] * 10


def test_a_larger_limit_goes_on_all_the_same(here: Path) -> None:
    write(here, FAILS)
    assert run() == 1
    assert run("limits.same_failure=15") == 1
    assert states(here) == ["failed"] * 15
    assert run("limits.same_failure=1000") == 1
    assert states(here) == ["failed"] * 20


def test_by_default_runs_may_fail_where_others_have_a_score(here: Path) -> None:
    write(here, SOME, axes={"x": {"kind": "int", "low": 0, "high": 23}})
    assert run() == 1
    assert sorted(states(here)) == ["complete"] * 12 + ["failed"] * 12


def test_a_limit_that_was_asked_for_counts_beside_scores(here: Path, capsys: Capture) -> None:
    write(here, SOME, limits={"failures": 1, "same_failure": 5})
    assert run() == 1
    assert sorted(states(here)) == ["complete"] * 5 + ["failed"] * 5
    assert "stopped: 5 runs failed by one cause: ValueError: 1 (f.py:4)" in capsys.readouterr().out


def test_a_run_that_takes_too_long_ends_as_timeout(here: Path) -> None:
    code = """
import time

def train(config, run):
    while config["x"]:
        time.sleep(0.02)
        run.report(1, value=0)
    return 1
"""
    write(here, code, axes={"x": {"kind": "int", "low": 0, "high": 1}})
    assert run(f"limits.run_hours={0.3 / 3600}") == 1
    study = Study.open(here / "studies" / "demo")
    first, second = (study.ledger_state().runs[run.id] for run in study.plan.runs)
    assert first.state == "complete"
    assert second.state == "timeout"
    assert "it was trained for longer than limits.run_hours" in str(second.error)
    assert call("retry") == 0
    assert run("limits.run_hours=0.00001") == 1


def test_a_program_that_takes_too_long_is_ended_with_its_run(here: Path) -> None:
    (here / "wait.py").write_text(
        "import os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(600)\n"
    )
    keys = {key: value for key, value in SPACE.items() if key != "function"}
    keys |= {"command": ["python", "wait.py"], "axes": {}}
    (here / "demo.yaml").write_text(yaml.safe_dump(keys, sort_keys=False))
    assert run(f"limits.run_hours={1.5 / 3600}") == 1
    assert states(here) == ["timeout"]
    (pid,) = here.rglob("pid")
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def test_members_of_a_pack_time_out_and_the_others_go_on(
    space_file: Path, tmp_path: Path, here: Path
) -> None:
    space = yaml.safe_load(space_file.read_text())
    space_file.write_text(yaml.safe_dump(space | {"seeds": 2}))
    words = (space_file.name, "dispatch=inline", "fixed.pause_s=0.02", "limits.same_failure=100")
    assert call("run", *words, "limits.run_hours=0.00003") == 1
    study = Study.open(tmp_path / "studies" / "hops")
    assert {record.state for record in study.ledger_state().runs.values()} == {"timeout"}
    assert not list(study.paths.checkpoints.iterdir())


def test_hours_of_earlier_attempts_count(here: Path) -> None:
    """A run that is stopped again and again would else never time out."""
    code = "import time\n\ndef train(config, run):\n    while True:\n        time.sleep(0.01)\n"
    code += "        run.report(1, value=0)\n"
    write(here, code, axes={})
    for _ in range(2):
        run(f"limits.hours={0.4 / 3600}", "limits.run_hours=1")
    study = Study.open(here / "studies" / "demo")
    (record,) = study.ledger_state().runs.values()
    spent = sum(attempt.seconds for attempt in record.tries.values())
    assert record.state == "open"
    assert len(record.tries) == 2
    assert spent >= 0.6
    assert run(f"limits.run_hours={spent / 3600}") == 1
    assert states(here) == ["timeout"]


def test_a_study_stops_after_its_hours_and_goes_on_for_as_long(here: Path, capsys: Capture) -> None:
    code = "import time\n\ndef train(config, run):\n    time.sleep(0.3)\n    return config['x']\n"
    write(here, code, axes={"x": {"kind": "int", "low": 0, "high": 5}})
    word = f"limits.hours={0.7 / 3600}"
    assert run(word) == 1
    said = capsys.readouterr().out
    assert "gives is over" in said
    assert "the same command goes on from here, for as long again" in said
    study = Study.open(here / "studies" / "demo")
    assert not study.ended
    lines = "\n".join(summary_lines(summarise(study)))
    assert re.search(r"stopped .*: the time .*hours: .* gives is over; sweeper run goes on", lines)
    began = study.paths.session.stat().st_mtime
    assert run("limits.hours=1") == 0
    assert study.paths.session.stat().st_mtime > began
    assert states(here) == ["complete"] * 6
    attempts = study.ledger_state().runs.values()
    assert all(sum(one.released is None for one in r.tries.values()) == 1 for r in attempts)
    assert study.cancelled is None


def test_the_hours_of_a_study_count_anew_only_where_nobody_works(here: Path) -> None:
    write(here, WORKS, limits={"hours": 2})
    assert run() == 0
    study = Study.open(here / "studies" / "demo")
    began = study.paths.session.stat().st_mtime
    assert study_limits.hours_over(study, began + 3600) is None
    assert (
        study_limits.hours_over(study, began + 7201)
        == "the time that limits.hours: 2 gives is over"
    )
    os.utime(study.paths.session, (began - 9999, began - 9999))
    study_limits.begin_session(study)
    assert study_limits.hours_over(study, time.time()) is None


def test_a_mark_of_an_earlier_sweeper_is_one_of_a_person(here: Path) -> None:
    write(here, WORKS)
    assert run() == 0
    study = Study.open(here / "studies" / "demo")
    study.paths.cancelled.write_text(json.dumps({"time": 1.0, "user": "me", "host": "h"}))
    assert "cancelled 1970" in "\n".join(summary_lines(summarise(study)))


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("limits.same_failure=0", "must be a whole number of at least 1, but got 0"),
        ("limits.hours=0", "must be a number above 0, but got 0"),
        ("limits.run_hours=-1", "must be a number above 0, but got -1"),
        ("limits.hour=3", "did you mean 'hours'?"),
    ],
)
def test_limits_that_are_none(here: Path, capsys: Capture, word: str, message: str) -> None:
    write(here, WORKS)
    assert run(word) == 2
    assert message in capsys.readouterr().err
    assert not (here / "studies").exists()


def test_runs_that_raised_and_are_tried_again_are_told_by_cause(here: Path) -> None:
    write(here, FAILS, axes={"x": {"kind": "int", "low": 0, "high": 2}})
    assert run("limits.failures=100000", f"limits.hours={0.3 / 3600}") == 1
    status = summarise(Study.open(here / "studies" / "demo"))
    ((error, number),) = status.raised.items()
    assert error.startswith("OSError: no device {'x': 0}")
    assert f"{number} raised, and " in "\n".join(summary_lines(status))
    assert not status.errors
