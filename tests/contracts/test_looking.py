"""Whoever looks at a study runs nothing of whoever made it.

Its agent, axis kind, body, environment, figure and their helper say so in a file when they are
imported; no command but those that train may make that file.
"""

from __future__ import annotations

import json
import os
import shutil
import socketserver
from collections.abc import Iterator
from pathlib import Path

import pytest

from sweeper.cli.app import app
from sweeper.dispatch import supervisor
from sweeper.planning.loading import load
from sweeper.planning.plan import Plan
from sweeper.report import publish
from sweeper.study import studies
from sweeper.study.study import Study
from tests.helpers.command import call
from tests.helpers.foreign_project import REGISTERED, SAMPLED, SHIPPED, SPACE, begun, forget, made

TRAINS = {"run", "work", "rerank", "plan", "check", "play", "new", "convert"}
"""Commands that train, or load what is or would be trained; all others only look."""

WORDS = {
    "agents": [[]],
    "spaces": [[]],
    "studies": [["root=studies"]],
    "schema": [[]],
    "completion": [["shell=bash"], ["shell=bash", "line=sweeper status study="]],
    "doctor": [["root=studies"]],
    "status": [[], ["format=json"]],
    "export": [[f"table={table}", "out=x.csv"] for table in ("runs", "trials", "reports")],
    "heatmap": [[], ["where=width=1"], ["trial=0..1"]],
    "curves": [[], ["top=2"]],
    "rerun": [["run=RUN"]],
    "delete": [["yes=true"]],
    "rename": [["to=renamed"]],
    "note": [[], ["text=theirs", "tags=a,b"]],
    "sync": [["to=tensorboard"]],
    "dashboard": [["port=PORT"]],
}
"""What to say to commands that need more than a study, or take several forms."""

ROOTLESS = {"agents", "spaces", "studies", "doctor", "schema", "completion"}
COMMANDS = {str(c.name or getattr(c.callback, "__name__", "")) for c in app.registered_commands}


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Study, Path]]:
    """A study that is trained and drawn: all that its space names has been imported."""
    folder = tmp_path_factory.mktemp("theirs")
    started, touched = begun(folder, SPACE)
    assert started.ended and (started.paths.figures / "figure.csv").exists()
    yield started, touched
    forget(folder)


@pytest.fixture(scope="module", params=["family", "registered"])
def shipped(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[tuple[Study, Path]]:
    """A study of an agent that ships, with a body, an environment and a wrapper of their own."""
    folder = tmp_path_factory.mktemp("shipped")
    yield begun(folder, {"family": SHIPPED, "registered": REGISTERED}[request.param], train=False)
    forget(folder)


def looked(study: Study, command: str, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Runs a command in all its forms on a copy of the study; returns the exit codes."""
    project = study.folder.parents[1]
    copy = project / "studies" / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(study.folder, copy)
    monkeypatch.chdir(project)
    monkeypatch.setattr(socketserver.BaseServer, "serve_forever", _interrupted)
    run, place = study.plan.runs[0].id, [] if command in ROOTLESS else ["study=copy"]
    forms = WORDS.get(command, [[]])
    named = {"RUN": run, "PORT": "45871"}
    return [call(command, *place, *(_filled(word, named) for word in form)) for form in forms]


def _filled(word: str, named: dict[str, str]) -> str:
    key, _, value = word.partition("=")
    return f"{key}={named.get(value, value)}"


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def test_commands_that_train_are_known() -> None:
    assert TRAINS | set(WORDS) <= COMMANDS


@pytest.mark.parametrize("command", sorted(COMMANDS - TRAINS))
def test_a_command_that_looks_runs_none_of_their_code(
    theirs: tuple[Study, Path], command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    study, touched = theirs
    codes = looked(study, command, monkeypatch)
    assert not touched.exists(), touched.read_text()
    assert set(codes) <= {0, 1}, "it needs words: say them in WORDS"


@pytest.mark.parametrize("command", ["status", "best", "heatmap", "report", "optuna", "compare"])
def test_bodies_and_environments_of_agents_that_ship_are_left_alone(
    shipped: tuple[Study, Path], command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    study, touched = shipped
    looked(study, command, monkeypatch)
    assert not touched.exists(), touched.read_text()


def test_planning_another_space_runs_nothing_of_the_studies_beside_it(
    theirs: tuple[Study, Path], tmp_path: Path
) -> None:
    study, touched = theirs
    ours = tmp_path / "ours"
    made(ours, SPACE)
    assert call("plan", str(ours / "project/own.yaml"), f"root={study.folder.parent}") == 0
    assert not touched.exists(), touched.read_text()
    assert (ours / "touched").exists(), "planning loads the space's own files"
    forget(ours)


def test_what_looking_sees_is_what_was_trained(theirs: tuple[Study, Path]) -> None:
    study, touched = theirs
    seen = Study.open(study.folder)
    assert [trial.labels for trial in seen.plan.trials] == [
        {"width": width, "size": size} for width in (1, 2) for size in (1, 2)
    ]
    assert seen.plan.dropped == 2 and seen.ended
    assert {run.params["nan_at"] for run in seen.plan.runs} == {-9, -18}
    assert not touched.exists()


@pytest.mark.parametrize("sampler", ["random", "qmc", "tpe", "sampler.py:Mine"])
def test_trials_of_a_sampler_are_those_that_were_planned(tmp_path: Path, sampler: str) -> None:
    """Also of an axis kind of their own, whose values lie between those of a grid."""
    keys = {"sampler": sampler, "figures": [], "enqueue": [{"size": 1.25}]}
    started, touched = begun(tmp_path, SPACE | SAMPLED | keys)
    seen = Study.open(started.folder)
    assert seen.ended and len(seen.plan.trials) == 5
    assert seen.plan.trials[0].labels["size"] == 1.25
    assert publish.draw(seen, seen.ledger_state()) and "axes=" in seen.paths.report.read_text()
    assert not touched.exists()
    live = started.trainable  # which is their code
    if not seen.space.sampler.learns:
        plan = Plan(load(tmp_path / "project/own.yaml"), live)
        assert [run.id for run in seen.plan.runs] == [run.id for run in plan.runs]
        assert [t.values for t in seen.plan.trials] == [t.values for t in plan.trials]
    forget(tmp_path)


def test_a_figure_of_theirs_is_drawn_where_its_file_is_named(
    theirs: tuple[Study, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    study, touched = theirs
    monkeypatch.chdir(study.folder.parents[1])
    assert call("report", "study=theirs") == 0
    assert "figure.py:draw is not drawn: that would run" in capsys.readouterr().err
    assert "figure.py:draw is not drawn" in study.paths.report.read_text()
    assert call("report", "study=theirs", "figures=figure.py:draw") == 0
    assert touched.read_text().split() == ["figure.py", "helper.py"]
    assert "is not drawn" not in study.paths.report.read_text()
    assert call("report", "study=theirs", "figures=other.py:draw") == 2
    assert "figures=other.py:draw is no own figure" in capsys.readouterr().err
    touched.unlink()
    forget(study.folder.parents[2])


def test_a_study_that_holds_nothing_of_its_code_says_so(tmp_path: Path) -> None:
    """As those do that were begun before studies held it."""
    started, touched = begun(tmp_path, SPACE, train=False)
    plan = started.paths.plans / "0"
    body = json.loads(plan.read_text())
    del body["frozen"]
    plan.unlink()
    plan.write_text(json.dumps(body))
    assert call("status", "study=theirs", f"root={started.folder.parent}") == 2
    assert not touched.exists()
    again = studies.start(started.folder, Study.open(started.folder).space)
    assert touched.exists(), "going on loads it"
    assert [run.id for run in again.plan.runs] == [run.id for run in started.plan.runs]
    forget(tmp_path)
    touched.unlink()
    assert call("status", "study=theirs", f"root={started.folder.parent}") == 0
    assert not touched.exists()


@pytest.mark.parametrize("command", ["run", "work", "rerank", "plan", "check"])
def test_who_trains_is_told_whose_code_runs(
    theirs: tuple[Study, Path],
    command: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    study, touched = theirs
    project = study.folder.parents[1]
    monkeypatch.chdir(project)
    monkeypatch.setattr(os, "getuid", lambda: 43210987)
    monkeypatch.setattr(supervisor, "tend", lambda *_: 0)
    words = {
        "run": ["studies/theirs", "dispatch=inline"],
        "work": ["study=theirs"],
        "rerank": ["study=theirs", "seeds=1", "dispatch=nowhere"],
        "plan": ["own.yaml"],
        "check": ["own.yaml"],
    }[command]
    call(command, *words)
    said = capsys.readouterr().err
    assert "runs code of " in said and f"{project}/agent.py" in said
    touched.unlink(missing_ok=True)
    forget(project.parent)
