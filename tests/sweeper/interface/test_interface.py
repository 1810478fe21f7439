"""`sweeper.open`, `plan` and `run`: what notebooks work with."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import sweeper
from sweeper import figures
from sweeper.cli import command_line
from sweeper.interface import running
from sweeper.interface.opened import OpenStudy
from sweeper.interface.words import words
from sweeper.planning.loading import load
from sweeper.results.export import tidy_tables
from sweeper.space.overrides import parse_words
from sweeper.study.study import Study
from tests.helpers.cases import each
from tests.helpers.paths import ROOT
from tests.helpers.worked_study import work
from tests.helpers.worker_parts import WorkerParts


@pytest.fixture
def worked(make_study: Callable[..., Study]) -> Study:
    return work(make_study())


def files(folder: Path) -> dict[str, bytes]:
    found = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def test_type_checkers_see_the_names_that_there_are() -> None:
    tree = ast.parse((ROOT / "sweeper" / "__init__.pyi").read_text())
    named = {
        alias.asname: (node.module, alias.name)
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert {*named} == {*sweeper._PLACES, "report"} <= {*dir(sweeper)}
    for name, (module, attribute) in named.items():
        if name != "report":  # which is a package that may be called
            assert getattr(sweeper, name) is getattr(importlib.import_module(module), attribute)


def test_importing_it_imports_nothing_else() -> None:
    code = "import sys; before = {*sys.modules}; import sweeper; print(*({*sys.modules} - before))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {*found.stdout.split()} == {"__future__", "sweeper"}


def test_a_plan_is_what_the_command_says_and_its_trials_and_runs(
    space_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "studies"
    found = sweeper.plan(space_file, {"axes.size.values": [0.1, 0.2, 0.3]}, seeds=2, root=root)
    said = ["plan", str(space_file), "axes.size.values=[0.1, 0.2, 0.3]", "seeds=2", f"root={root}"]
    with pytest.raises(SystemExit):
        command_line.main(said)
    assert f"{found}\n" == capsys.readouterr().out
    assert found.name == "hops" and not root.exists()
    assert found.trials.columns.tolist() == ["trial", "width", "size"]
    assert found.trials["size"].tolist() == [0.1, 0.2, 0.3] * 2
    assert found.runs.columns.tolist() == ["run", "trial", "task", "seed", "steps", "width", "size"]
    assert len(found.runs) == 6 * 2 and set(found.runs["steps"]) == {40}
    assert "<pre>hops: 6 trials" in found._repr_html_()


def test_a_run_from_python_is_the_commands(space_file: Path, tmp_path: Path) -> None:
    root = tmp_path / "studies"
    asked = {"axes.width.values": (1,)}
    study = sweeper.run(space_file, asked, seeds=np.int64(2), dispatch="inline", root=root)
    assert set(study.trials["state"]) == {"complete"} and len(study.runs) == 4
    again = sweeper.run(root / "hops", dispatch="inline")
    pd.testing.assert_frame_equal(again.runs, study.runs)


def test_tables_are_those_of_export(worked: Study, tmp_path: Path) -> None:
    study = sweeper.open(worked.folder)
    for name in ("runs", "trials", "reports"):
        out = tidy_tables.write(worked, name, tmp_path / f"{name}.csv")
        assert getattr(study, name).to_csv(index=False) == out.read_text()
    assert study.name == "hops" and study.folder == worked.folder
    assert study.space["steps"] == 40
    assert study.status.runs["complete"] == 12


def test_a_study_is_found_by_its_name_as_well(worked: Study) -> None:
    root = worked.folder.parent
    assert sweeper.open("hops", root).folder == worked.folder
    with pytest.raises(sweeper.SweeperError, match=r"no study 'hop' under .*did you mean 'hops'"):
        sweeper.open("hop", root)


def test_the_best_trials_are_those_of_the_command(
    worked: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    study = sweeper.open(worked.folder)
    assert study.best(3)["trial"].tolist() == study.best()["trial"].tolist()[:3]
    with pytest.raises(SystemExit):
        command_line.main(["best", "hops", f"root={worked.folder.parent}", "where=width=2"])
    said = capsys.readouterr().out
    of_part = study.best(where="width=2")
    assert [f"trial {number}" in said for number in of_part["trial"]] == [True, True]
    assert set(of_part["width"]) == {"2"} or set(of_part["width"]) == {2}
    for wrong in (-1, 0, True, "three", 2.5):
        with pytest.raises(sweeper.SweeperError, match="n must be a whole number from 1"):
            study.best(wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="whre"):
        study.best(2, whre="width=2")  # type: ignore[call-arg]


def test_a_figure_is_the_commands_and_nothing_is_written(worked: Study, tmp_path: Path) -> None:
    before = files(worked.folder)
    study = sweeper.open(worked.folder)
    shown = [
        study.figure("heatmap"),
        study.figure("sensitivity", x="size", where=["width=2"], width=3.4, ylim=(0, 2)),
    ]
    assert (repr(study), study._repr_html_(), len(study.best())) and files(worked.folder) == before
    assert shown[1].get_size_inches()[0] == pytest.approx(3.4)
    for name, options, figure in (
        ("heatmap", {}, shown[0]),
        ("sensitivity", {"x": "size", "where": "width=2", "width": 3.4, "ylim": [0, 2]}, shown[1]),
    ):
        figures.render(worked, name, options, tmp_path / f"{name}.svg")
        texts = [text.get_text() for axes in figure.axes for text in axes.texts]
        assert all(text in (tmp_path / f"{name}.svg").read_text() for text in texts if text)


def test_a_running_study_is_seen_as_it_goes_on(make_study: Callable[..., Study]) -> None:
    started = make_study()
    study = sweeper.open(started.folder)
    assert study.reports.empty and set(study.runs["state"]) == {"open"}
    worker = WorkerParts(started)
    held = worker.claim()[0]
    worker.attempts.report([(held, (10, {"value": 0.5}))], sync=True)
    run = held.run
    assert study.reports["run"].tolist() == [run.id]
    assert study.runs.set_index("run").loc[run.id, "state"] == "running"
    assert study.best().empty and "no trial" not in study._repr_html_()


def test_runs_that_failed_are_told_with_their_errors(tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text("def train(config, run):\n    raise ValueError('no <b>')\n")
    (tmp_path / "x.yaml").write_text(
        "study: x\nfunction: f.py:train\ntasks: {a: {low: 0, high: 1}}\nseeds: 2\nsteps: 1\n"
        "score: {metric: m}\nlimits: {failures: 1}\n"
    )
    study = sweeper.run(tmp_path / "x.yaml", dispatch="inline", root=tmp_path / "studies")
    assert study.failed["seed"].tolist() == [0, 1] and set(study.failed["attempts"]) == {1}
    assert all(error.endswith("ValueError: no <b>") for error in study.failed["error"])
    assert "no &lt;b&gt;" in study._repr_html_()


def test_an_interrupted_run_is_an_interrupt(
    space_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running.command, "carry_out", lambda *_, **__: 130)
    with pytest.raises(KeyboardInterrupt):
        sweeper.run(space_file, root=tmp_path)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"sedes": 3}, "unknown option or key of the space 'sedes' .did you mean 'seeds'"),
        ({"seeds": 0}, "seeds=0: seeds must be a whole number of at least 1, but got 0"),
        ({"axes.width.values": []}, "axes.width.values"),
        ({"note": "a: 'b' #c"}, ""),
        ({"fixed.x": object()}, "values are numbers, texts, lists and mappings"),
        ({"dispatch": "slrum"}, "unknown dispatch 'slrum' .did you mean 'slurm'"),
    ],
)
def test_mistakes_are_those_of_the_command(
    space_file: Path, asked: dict[str, Any], said: str
) -> None:
    if not said:
        assert sweeper.plan(space_file, asked)
        return
    with pytest.raises(sweeper.SweeperError, match=said):
        sweeper.plan(space_file, asked)


@each(
    "value",
    [
        *(3, 1e-5, -0.5, 1e400, "text", "1e-3", "null", "a: b", 'ü\n\\ "', True, None),
        *([1, [2.5, None]], {"kind": "choice", "values": ["a b", 1]}, []),
    ],
)
def test_values_arrive_as_they_are(value: Any) -> None:
    (override,) = parse_words(words({"fixed.x": value}, {}, ()), ())[1]
    assert override.value == value and type(override.value) is type(value)


def test_values_of_numpy_and_paths_are_plain() -> None:
    given = {"fixed.a": np.arange(2), "fixed.b": np.float32(0.5), "fixed.c": Path("x")}
    found = parse_words(words(given, {}, ()), ())[1]
    assert [one.value for one in found] == [[0, 1], 0.5, "x"]
    options = {"workers": (4, 2), "watch": True, "root": Path("x"), "scale": None}
    assert words(None, options, options) == ["workers=4,2", "watch=true", "root=x"]


def test_a_space_of_the_command_line_and_of_python_are_one(space_file: Path) -> None:
    given = {"axes.size.values": [0.1], "seeds": 2}
    found = parse_words(words(given, {}, ()), ())[1]
    said = parse_words(["axes.size.values=[0.1]", "seeds=2"], ())[1]
    assert load(space_file, None, found).dump() == load(space_file, None, said).dump()


def test_what_is_opened_is_a_study(worked: Study) -> None:
    assert isinstance(sweeper.open(str(worked.folder)), OpenStudy)
