"""Whoever looks at a study runs nothing of whoever made it.

Its agent, axis kind, body, environment, figure and their helper say so in a file when they are
imported; no command but those that train may make that file.
"""

from __future__ import annotations

import json
import os
import shutil
import socketserver
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from sweeper.cli import command_line
from sweeper.cli.app import app
from sweeper.dispatch import supervisor
from sweeper.plan.loading import load
from sweeper.plan.plan import Plan
from sweeper.report import publish
from sweeper.study import studies
from sweeper.study.study import Study
from sweeper.worker.worker import Worker
from tests.helpers.paths import ROOT

TRAINS = {"run", "work", "rerank", "plan"}
"""Commands that train, or load what would be trained; all others only look."""

WORDS = {
    "agents": [[]],
    "spaces": [[]],
    "studies": [["root=studies"]],
    "doctor": [["root=studies"]],
    "status": [[], ["format=json"]],
    "export": [[f"table={table}", "out=x.csv"] for table in ("runs", "trials", "reports")],
    "rerun": [["run=RUN"]],
    "delete": [["yes=true"]],
    "rename": [["to=renamed"]],
    "dashboard": [["port=PORT"]],
}
"""What to say to commands that need more than a study, or take several forms."""

ROOTLESS = {"agents", "spaces", "studies", "doctor"}
COMMANDS = {str(c.name or getattr(c.callback, "__name__", "")) for c in app.registered_commands}

TELLS = """
from pathlib import Path
with open({touched!r}, "a") as _file:
    _file.write(Path(__file__).name + "\\n")
"""
AGENT = """
import helper
from agents import lookup
from agents.parameter import Parameter
from tests.helpers.counter_agent import Counter

class Learner(Counter):
    parameters = {**Counter.parameters, "body": Parameter(str, "parts/body.py:Body")}

    @classmethod
    def tasks(cls):
        return ()

    @classmethod
    def check(cls, params, task):
        lookup.find("networks", params["body"])
        lookup.find("envs", task.rpartition("/")[0])
        if params["width"] == 3:
            raise ValueError("width 3 brings bad luck")
"""
AXIS = """
import helper
from sweeper.extending import AxisModel, Point, number

class Axis(AxisModel):
    low: int
    high: int
    drawn: bool = False

    @property
    def ends(self):
        return (self.low, self.high) if self.drawn else None

    def points(self, name):
        return tuple(self._point(name, n) for n in range(self.low, self.high + 1))

    def point(self, name, label):
        return self._point(name, number(label)) if self.drawn else super().point(name, label)

    def _point(self, name, label):
        return Point((label,), label, {name: label, "nan_at": -round(9 * label)})

    def distribution(self, name):
        from optuna.distributions import FloatDistribution
        return FloatDistribution(self.low, self.high) if self.drawn else super().distribution(name)
"""
FIGURE = """
import helper
from matplotlib.figure import Figure
from sweeper.extending import Picture

def draw(data):
    return Picture(Figure(), data.runs[["trial"]].assign(point=1.0, low=0.0, high=2.0, n=1))
"""
LR = """
import helper
from sweeper.extending import AxisModel, Point

class Axis(AxisModel):
    values: list

    def points(self, name):
        return tuple(Point(lr, str(lr), {"critic.lr": lr}) for lr in self.values)
"""
OWN = {
    "lr.py": LR,
    "helper.py": "",
    "agent.py": AGENT,
    "axis.py": AXIS,
    "figure.py": FIGURE,
    "parts/body.py": "import helper\nfrom agents.networks.mlp import Body\n",
    "parts/game.py": "import helper\nfrom agents.envs.navigation import Environment\n",
}
SPACE = {
    "study": "minatar_adam_sn",
    "agent": "agent.py:Learner",
    "fixed": {"body": "parts/body.py:Body"},
    "axes": {
        "width": {"kind": "choice", "values": [1, 2, 3]},
        "size": {"kind": "axis.py:Axis", "low": 1, "high": 2},
    },
    "invalid": "drop",
    "tasks": {"parts/game.py:Environment/2": {"low": 0.0, "high": 2.0}},
    "seeds": 2,
    "steps": 40,
    "evaluation": {"every": 10, "episodes": 1},
    "score": {"metric": "value", "at": "final", "aggregate": "mean"},
    "figures": ["figure.py:draw", "heatmap"],
}
SHIPPED = SPACE | {
    "agent": "ddpg",
    "fixed": {"critic.body": "parts/body.py:Body", "warmup_steps": 10},
    "axes": {"seen": {"kind": "lr.py:Axis", "values": [1e-3, 1e-4]}},
    "score": {"metric": "return", "at": "final", "aggregate": "mean"},
}
SAMPLED = {
    "axes": {
        "width": {"kind": "choice", "values": [1, 2, 3]},
        "size": {"kind": "axis.py:Axis", "low": 1, "high": 2, "drawn": True, "default": 1.5},
    },
    "trials": 5,
    "seeds": 1,
}


def made(folder: Path, space: dict[str, object]) -> Path:
    """A project of somebody else's, and the file that its code writes when it is imported."""
    touched = folder / "touched"
    for name, text in OWN.items():
        file = folder / "project" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(TELLS.format(touched=str(touched)) + text)
    spaces = folder / "project" / "spaces"
    spaces.mkdir()
    (folder / "project" / "own.yaml").write_text(yaml.safe_dump(space, sort_keys=False))
    (spaces / "minatar_adam_sn.yaml").write_text(yaml.safe_dump(space, sort_keys=False))
    return touched


def forget(folder: Path) -> None:
    """Makes this process one that has never imported a file in `folder`."""
    inside, names = str(folder), {Path(name).name for name in OWN}
    for name, module in list(sys.modules.items()):
        file = Path(str(getattr(module, "__file__", "")))
        if file.name in names and "site-packages" not in file.parts and ROOT not in file.parents:
            del sys.modules[name]
    sys.path[:] = [place for place in sys.path if not place.startswith(inside)]


def begun(folder: Path, space: dict[str, object], *, train: bool = True) -> tuple[Study, Path]:
    """A study of that space, and the file that tells of imports, which is not there."""
    touched = made(folder, space)
    started = studies.start(folder / "project/studies/theirs", load(folder / "project/own.yaml"))
    if train:
        worker = Study.open(started.folder)
        Worker(worker, pack="auto", device="cpu", workers=1, conclude=publish.once).run()
    forget(folder)
    touched.unlink(missing_ok=True)
    return started, touched


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Study, Path]]:
    """A study that is trained and drawn: all that its space names has been imported."""
    folder = tmp_path_factory.mktemp("theirs")
    started, touched = begun(folder, SPACE)
    assert started.ended and (started.paths.figures / "figure.csv").exists()
    yield started, touched
    forget(folder)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Study, Path]]:
    """A study of an agent that ships, with a body and an environment of their own."""
    folder = tmp_path_factory.mktemp("shipped")
    yield begun(folder, SHIPPED, train=False)
    forget(folder)


def say(words: list[str]) -> int:
    """The exit code of a command."""
    with pytest.raises(SystemExit) as left:
        command_line.main(words)
    return int(left.value.code or 0)


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
    return [say([command, *place, *(_filled(word, named) for word in form)]) for form in forms]


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
    assert say(["plan", str(ours / "project/own.yaml"), f"root={study.folder.parent}"]) == 0
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


@pytest.mark.parametrize("sampler", ["random", "qmc", "tpe"])
def test_trials_of_a_sampler_are_those_that_were_planned(tmp_path: Path, sampler: str) -> None:
    """Also of an axis kind of their own, whose values lie between those of a grid."""
    started, touched = begun(tmp_path, SPACE | SAMPLED | {"sampler": sampler, "figures": []})
    seen = Study.open(started.folder)
    assert seen.ended and len(seen.plan.trials) == 5
    assert publish.draw(seen, seen.ledger_state()) and "axes=" in seen.paths.report.read_text()
    assert not touched.exists()
    live = started.trainable  # which is their code
    if sampler != "tpe":
        plan = Plan(load(tmp_path / "project/own.yaml"), live)
        assert [run.id for run in seen.plan.runs] == [run.id for run in plan.runs]
        assert [t.values for t in seen.plan.trials] == [t.values for t in plan.trials]
    forget(tmp_path)


def test_a_figure_of_theirs_is_drawn_where_its_file_is_named(
    theirs: tuple[Study, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    study, touched = theirs
    monkeypatch.chdir(study.folder.parents[1])
    assert say(["report", "study=theirs"]) == 0
    assert "figure.py:draw is not drawn: that would run" in capsys.readouterr().err
    assert "figure.py:draw is not drawn" in study.paths.report.read_text()
    assert say(["report", "study=theirs", "figures=figure.py:draw"]) == 0
    assert touched.read_text().split() == ["figure.py", "helper.py"]
    assert "is not drawn" not in study.paths.report.read_text()
    assert say(["report", "study=theirs", "figures=other.py:draw"]) == 2
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
    assert say(["status", "study=theirs", f"root={started.folder.parent}"]) == 2
    assert not touched.exists()
    again = studies.start(started.folder, Study.open(started.folder).space)
    assert touched.exists(), "going on loads it"
    assert [run.id for run in again.plan.runs] == [run.id for run in started.plan.runs]
    forget(tmp_path)
    touched.unlink()
    assert say(["status", "study=theirs", f"root={started.folder.parent}"]) == 0
    assert not touched.exists()


@pytest.mark.parametrize("command", ["run", "work", "rerank", "plan"])
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
    }[command]
    say([command, *words])
    said = capsys.readouterr().err
    assert "runs code of " in said and f"{project}/agent.py" in said
    touched.unlink(missing_ok=True)
    forget(project.parent)
