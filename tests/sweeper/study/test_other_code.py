"""Runs of two codes do not mix unseen: whatever file that training runs has changed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sweeper import lookup
from sweeper.cli import command_line
from sweeper.errors import SweeperError
from sweeper.planning.loading import load
from sweeper.report.page import overview
from sweeper.report.status import summarise
from sweeper.report.status_text import summary_lines
from sweeper.results.data import Data
from sweeper.study import studies
from sweeper.study.study import Study
from sweeper.worker.worker import Worker
from tests.helpers.command import call
from tests.helpers.worked_study import work

SPACE = """
study: mine
function: mine.py:train
axes: {x: {kind: choice, values: [1, 2]}}
tasks: {t: {low: 0, high: 2}}
seeds: 2
steps: 1
score: {metric: value}
"""
MINE = """
import helper
import importlib

def train(config, run):
    import lazy
    name = "dyna" + "mic"
    return float(importlib.import_module(name).ONE * helper.ONE * lazy.ONE * config["x"])
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A function that imports three modules: at its top, when it runs, and by a name it makes."""
    (tmp_path / "mine.yaml").write_text(SPACE)
    (tmp_path / "mine.py").write_text(MINE)
    for name in ("helper", "lazy", "dynamic"):
        (tmp_path / f"{name}.py").write_text("ONE = 1\n")
    for name in ("mine", "own", "helper", "lazy", "dynamic"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for name in ("mine", "own", "helper", "lazy", "dynamic"):
        sys.modules.pop(name, None)


def start(project: Path, **options: bool) -> Study:
    return studies.start(project / "studies/mine", load(project / "mine.yaml"), **options)


def run(*words: str) -> int:
    return call("run", "mine.yaml", *words, "dispatch=inline")


def edit(project: Path, name: str) -> None:
    with (project / name).open("a") as file:
        file.write("# changed\n")


def half_done(project: Path) -> Study:
    """The study with two runs to go: more seeds than before."""
    work(start(project))
    (project / "mine.yaml").write_text(SPACE.replace("seeds: 2", "seeds: 3"))
    return Study.open(project / "studies/mine")


def lines(of: Study) -> str:
    return "\n".join(summary_lines(summarise(of)))


@pytest.mark.parametrize("name", ["mine.py", "helper.py", "lazy.py", "dynamic.py"])
def test_a_changed_file_is_refused_and_told(
    project: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    half_done(project)
    edit(project, name)
    assert f"changed since: {name}" in lines(Study.open(project / "studies/mine"))
    assert run("extend=true") == 2
    said = capsys.readouterr().err
    assert "mine began with other code" in said and "other_code=true" in said
    assert f"{name} " in said and ".py" not in said.replace(name, "")
    assert run("extend=true", "other_code=true") == 0
    assert f"mine began with other code: {name}" in capsys.readouterr().err
    done = Study.open(project / "studies/mine")
    mixed = f"2 of 6 runs ran with other code ({name} changed)"
    assert done.ended and mixed in lines(done) and "changed since" not in lines(done)
    ledger_state = done.ledger_state()
    data = Data.of(done, ledger_state)
    assert mixed in data.caption(6, ["x"], "")
    facts = overview.machine_facts(done, ledger_state, summarise(done, ledger_state))
    assert ("mixed code", mixed) in facts


def test_what_was_gone_on_with_is_not_asked_about_again(project: Path) -> None:
    half_done(project)
    edit(project, "dynamic.py")
    with pytest.raises(SweeperError, match=r"dynamic\.py .*, was "):
        start(project, extend=True)
    joined = start(project, extend=True, other_code=True)
    assert len(joined.versions) == 2
    assert len(start(project).versions) == 2, "neither a refusal nor a version"
    edit(project, "helper.py")
    with pytest.raises(SweeperError, match=r"helper\.py .*, was "):
        start(project)


def test_files_as_they_were_are_told_nothing(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    half_done(project)
    (project / "unrelated.py").write_text("")
    assert run("extend=true") == 0
    assert "other code" not in capsys.readouterr().err
    assert "other code" not in lines(Study.open(project / "studies/mine"))


def test_a_study_that_has_ended_only_says_so(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work(start(project))
    edit(project, "helper.py")
    assert run() == 0
    assert "mine began with other code: helper.py" in capsys.readouterr().err
    assert len(Study.open(project / "studies/mine").versions) == 1


def test_a_helper_that_is_gone_is_told(project: Path) -> None:
    half_done(project)
    (project / "helper.py").unlink()
    with pytest.raises(SweeperError, match=r"helper\.py missing, was "):
        start(project, extend=True)


def test_a_figure_s_file_may_change(project: Path) -> None:
    (project / "figure.py").write_text("def draw(data):\n    pass\n")
    (project / "mine.yaml").write_text(SPACE + "figures: [figure.py:draw]\n")
    begun = start(project)
    edit(project, "figure.py")
    assert len(start(project).versions) == len(begun.versions)


def test_a_worker_with_other_code_is_told(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begun = start(project)
    edit(project, "lazy.py")
    Worker(Study.open(begun.folder), pack="auto", device="cpu", workers=1).run()
    assert "other code than the study began with: lazy.py " in capsys.readouterr().err
    assert "4 of 4 runs ran with other code (lazy.py changed)" in lines(Study.open(begun.folder))


def test_the_best_are_not_ranked_again_with_other_code(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work(start(project))
    edit(project, "helper.py")
    words = ["rerank", "study=mine", "top=1", "seeds=1", "dispatch=inline"]
    with pytest.raises(SystemExit) as left:
        command_line.main(words)
    assert left.value.code == 2
    assert "mine began with other code: helper.py" in capsys.readouterr().err
    with pytest.raises(SystemExit) as left:
        command_line.main([*words, "other_code=true"])
    assert left.value.code == 0


def test_a_default_that_changed_later_changes_no_run(project: Path) -> None:
    """The plan holds the parameters that the study began with."""
    (project / "own.py").write_text(
        "from agents.parameter import Parameter\n"
        "from tests.helpers.counter_agent import Counter\n\n"
        "class Learner(Counter):\n"
        "    parameters = {**Counter.parameters, 'size': Parameter(float, 0.25)}\n"
    )
    (project / "mine.yaml").write_text(
        SPACE.replace("function: mine.py:train", "agent: own.py:Learner")
        .replace("{x: {kind: choice, values: [1, 2]}}", "{width: {kind: choice, values: [1, 2]}}")
        .replace("tasks: {t:", "tasks: {line:")
        + "evaluation: {every: 1, episodes: 1}\n"
    )
    ids = [run.id for run in start(project).plan.runs]
    text = (project / "own.py").read_text()
    (project / "own.py").write_text(text.replace("0.25)", "0.5), 'new': Parameter(int, 7)"))
    again = Study.open(project / "studies/mine")
    assert [run.id for run in again.plan.runs] == ids
    assert {run.params["size"] for run in again.plan.runs} == {0.25}
    module = lookup.imported(project / "own.py")
    assert module is not None
    del sys.modules[module.__name__]
    assert again.completed(again.plan.runs[0]).params["new"] == 7
    assert again.completed(again.plan.runs[0]).params["size"] == 0.25
