"""Figures, tables and exports of a part of a study: `where`, `trial` and `top`."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sweeper import figures
from sweeper.cli.app import parsed
from sweeper.errors import NothingToShow, SweeperError
from sweeper.figures import records
from sweeper.report.page import pictures
from sweeper.results import frames
from sweeper.results.data import Data
from sweeper.results.export import tidy_tables
from sweeper.results.ranking import ranking
from sweeper.results.slices import best_trials
from sweeper.results.slices.part import Part
from sweeper.results.tables import table
from sweeper.space import figure_options
from tests.helpers.command import call
from tests.helpers.figures import AXES, OF_ANY_STUDY, whole

TASKS = {name: {"low": 0.0, "high": 2.0} for name in ("line", "ring")}
LR = {"optimizer.lr": {"kind": "float", "values": [1e-5, 1e-4, 1e-3]}}


def graded(run, labels):
    """The trial's number, more on a ring; the runs of trial 3 failed."""
    value = run.trial + 5.0 * (run.task == "ring") + run.seed / 100
    return ("failed" if run.trial == 3 else "complete"), [
        (20, {"return": value / 2}),
        (40, {"return": value}),
    ]


def drawn(study, name, options, tmp_path):
    """The table behind a figure that is drawn of a part, and its caption's words."""
    figures.render(study, name, options, tmp_path / "it.svg")
    said = (tmp_path / "it.txt").read_text()
    return pd.read_csv(tmp_path / "it.csv"), " ".join(said.split())


def test_a_heat_map_of_a_part_has_the_values_of_these_runs_alone(played, tmp_path):
    study = played(graded, axes=LR, tasks=TASKS)
    options = {"where": "task=ring,optimizer.lr=1e-5..1e-4", "metric": "return"}
    found, _ = drawn(study, "heatmap", options, tmp_path)
    assert found["optimizer.lr"].tolist() == [1e-5, 1e-4]
    assert found["point"].tolist() == pytest.approx([5.02, 6.02])
    assert found["n"].tolist() == [5, 5]


def test_the_caption_says_the_part_and_its_runs(played):
    study = played(graded, axes=LR, tasks=TASKS)
    part = Part.of(study, {"where": ["task=ring", "optimizer.lr=1e-5..1e-4"], "trial": [0]})
    said = part.data(Data.of(study)).caption(5, ["optimizer.lr"], "x")
    assert said.startswith(
        "played, where task = ring and optimizer.lr = 1e-5..1e-4, trial 0: n = 5 of 5 runs "
        "(1 configuration × 1 task × 5 seeds, 40 steps)"
    )


@pytest.mark.parametrize("name", OF_ANY_STUDY)
def test_every_figure_draws_a_part(played, name, tmp_path):
    study = played(whole, axes=AXES, tasks=TASKS)
    for where in ("optimizer.lr=1e-5", "task=ring,seed=0..2", "sn.layers=none,optimizer.eps=1e-4"):
        found, _ = drawn(study, name, {"where": where}, tmp_path)
        assert len(found)


@pytest.mark.parametrize("name", ["heatmap", "curves", "sensitivity", "pairs", "distributions"])
def test_top_shows_what_best_ranks_first(played, name, tmp_path):
    study = played(graded, axes=AXES, tasks=TASKS)
    found, said = drawn(study, name, {"top": 2}, tmp_path)
    assert "the best 2 of 7 complete configurations" in said
    if name == "curves":
        assert set(found["trial"]) == {6, 7}, "a line a trial"
    part = Part.of(study, {"top": 2}).data(Data.of(study))
    first = [line.partition("trial ")[2].partition(":")[0] for line in ranking.best(study, 2)][1:]
    assert part.axis("trial").labels == tuple(map(int, first)) == (7, 6)


def test_top_ranks_by_the_tasks_own_bounds_where_a_baseline_is_one(played):
    axes = {"lr": {"kind": "float", "values": [1e-3, 1e-4, 1e-5]}}
    tasks = {"line": {"low": 0.0, "high": 100.0}, "ring": {"low": 0.0, "high": 100.0}}
    returns = {"line": [1.0, 3.0, 1.0], "ring": [50.0, 50.0, 75.0]}

    def went(run, labels):
        return "complete", [(40, {"return": returns[run.task][run.trial]})]

    study = played(went, axes=axes, tasks=tasks, baseline={"lr": 1e-3},
                   score={"metric": "return", "aggregate": "mean"})  # fmt: skip
    assert best_trials.in_order(Data.of(study)) == [2, 1, 0], "as sweeper best, not by ratios"


def test_top_of_several_scores_are_those_that_no_other_beats(played):
    scores = [{"metric": "return"}, {"metric": "loss", "direction": "minimize"}]
    losses = {1e-5: 1.0, 1e-4: 0.5, 1e-3: 2.0}

    def went(run, labels):
        lr = labels["optimizer.lr"]
        return "complete", [(40, {"return": run.trial % 2 + 0.0, "loss": losses[lr]})]

    study = played(went, axes=LR, score=scores)
    data = Data.of(study)
    assert best_trials.in_order(data) == [1]
    count = len(study.plan.trials)
    said = f"the 1 of {count} complete configurations that no other beats in all scores, chosen by"
    assert said in Part.of(study, {"top": 5}).data(data).origin.part


def test_top_of_a_part_is_the_best_of_that_part(played):
    study = played(graded, axes=AXES, tasks=TASKS)
    asked = {"where": ["sn.layers=none"], "top": 2}
    part = Part.of(study, asked).data(Data.of(study))
    numbers = [t.number for t in study.plan.trials if t.labels["sn.layers"] == "none"]
    assert sorted(part.axis("trial").labels) == sorted(set(numbers) - {3})[-2:]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("importance", {"top": 3}, "top does not go with importance, which needs all"),
        ("ablation", {"trial": 3}, "trial does not go with ablation, which needs all"),
        ("heatmap", {"top": 0}, "top must be a whole number from 1, but got 0"),
        ("heatmap", {"trial": "a"}, "trial must be numbers of trials, as in 17, 3,17 or 0..4"),
        ("heatmap", {"where": "x"}, "where must be conditions, as in optimizer.lr=1e-3, but got"),
        ("heatmap", {"where": "optimizer.lr="}, "where must be conditions"),
        ("heatmap", {"where": "optimizer.eta=1"}, r"did you mean 'optimizer.eps'\?\)"),
    ],
)
def test_options_are_checked_before_anything_is_read(played, name, options, message):
    study = played(whole, axes=AXES)
    study.ledger_state = None  # nobody may ask
    with pytest.raises(SweeperError, match=message) as raised:
        figures.render(study, name, options)
    assert raised.value.exit_code == 2


def test_an_empty_part_is_told_before_anything_is_read(played):
    study = played(whole, axes=AXES)
    study.ledger_state = None
    with pytest.raises(NothingToShow, match=r"no run of played has optimizer.lr=1\.\.2; there is"):
        figures.render(study, "heatmap", {"where": "optimizer.lr=1..2"})


def test_files_of_parts_have_names_of_their_own(played):
    study = played(whole, axes=AXES)
    asked = [{}, {"top": 5}, {"trial": 5}, {"where": "seed=1"}, {"where": "seed=0..1"}]
    asked += [{"where": "sn.layers=sn[-2]"}, {"where": f"trial={','.join('01234567' * 1)}"}]
    asked += [{"trial": [0, 1, 2, 3]}]
    stems = [figures.render(study, "heatmap", options)[0].stem for options in asked]
    assert len(set(stems)) == len(asked)
    assert all(len(stem) < 200 for stem in stems)


def test_negative_numbers_and_long_conditions_have_names_of_their_own(played):
    study = played(whole, axes=AXES | {"b": {"kind": "int", "values": [-1, 1]}})
    long = ",".join(f"trial={n}" if not n else str(n) for n in range(16))
    asked = [{"where": "b=1"}, {"where": "b=-1"}, {"where": long}, {"where": f"{long},b=1"}]
    stems = [figures.render(study, "heatmap", options)[0].stem for options in asked]
    assert len(set(stems)) == len(asked)


@pytest.mark.all_formats
def test_a_record_redraws_the_same_part(played):
    study = played(graded, axes=LR, tasks=TASKS)
    files = figures.render(study, "sensitivity", {"where": "task=ring", "trial": "0..1"})
    before = files[3].read_bytes()
    (record,) = [one for one in records.read(study.paths) if "where" in one.options]
    files[3].unlink()
    assert figures.redraw(study, record, study.ledger_state()) == files
    assert files[3].read_bytes() == before


@pytest.mark.all_formats
def test_a_figure_of_the_space_may_show_a_part(played):
    entry = {"heatmap": {"where": {"optimizer.lr": 1e-5}}}
    study = played(whole, axes=AXES, figures=[entry, {"curves": {"top": 2}}])
    files = figures.render(study, "heatmap", {})
    assert files[0].stem == "heatmap", "the only one that is asked for"
    assert set(pd.read_csv(files[3]).get("optimizer.lr", pd.Series([1e-5]))) == {1e-5}


def test_a_table_of_a_part(played):
    study = played(graded, axes=LR, tasks=TASKS)
    data = Part.of(study, {"where": ["optimizer.lr=1e-5..1e-4"]}).data(Data.of(study))
    found = table.results(data, metric="return")
    assert [labels[0] for labels in found.labels] == ["1e-5", "0.0001"]
    assert found.table["point"].tolist() == pytest.approx([0.02, 5.02, 1.02, 6.02])
    assert "where optimizer.lr = 1e-5..1e-4: n = 20 of 20 runs" in found.caption


@pytest.mark.parametrize("kind", ["runs", "trials", "reports"])
def test_an_export_of_a_part(played, tmp_path, kind):
    study = played(graded, axes=LR, tasks=TASKS)
    asked = {"where": ["task=ring"], "top": 2}
    tidy_tables.write(study, kind, tmp_path / "x.csv", asked)
    found = pd.read_csv(tmp_path / "x.csv")
    assert sorted(set(found["trial"])) == [1, 2]
    assert len(found) == {"runs": 10, "trials": 2, "reports": 20}[kind]
    if kind == "trials":
        assert found["value"].tolist() == pytest.approx(np.array([6.02, 7.02]) / 2)


def test_a_part_in_which_trials_have_unlike_runs_is_no_importance(played):
    space = {"axes": LR, "tasks": TASKS, "derived": {"b": "optimizer.lr"}}
    by_task = {"line": {"b2": 1}, "ring": {"b2": 2}}
    study = played(graded, **space, by_task=by_task)
    part = Part.of(study, {})
    kept = np.array([run.trial > 0 or run.task == "line" for run in study.plan.runs])
    data = part.data(Data.of(study)).within(kept, "where it is so")
    with pytest.raises(SweeperError, match="what importance compares are configurations"):
        data.crossed("importance")


def test_options_that_all_figures_share_are_listed_but_where_they_do_not_fit():
    assert {"where", "top", "trial"} <= set(figure_options.takes("curves"))
    assert "top" not in figure_options.takes("importance")


def test_where_may_be_given_more_than_once_and_nothing_else():
    found = parsed(["where=a=1", "where=b=2,3", "top=4"], ["where", "top"])
    assert found == {"where": "a=1,b=2,3", "top": "4"}
    with pytest.raises(SweeperError, match="top= is given twice"):
        parsed(["top=1", "top=2"], ["where", "top"])


def test_the_report_has_the_whole_caption(played, tmp_path):
    study = played(whole, axes=AXES)
    figures.render(study, "heatmap", {}, tmp_path / "x.svg")
    found = pictures.shown(0, tmp_path / "x.svg")
    assert "Failed: 0 configurations; pruned: 0 runs" in found.caption.replace("\n", " ")


def test_best_ranks_a_part_by_the_runs_that_are_in_it(played, capsys, monkeypatch):
    study = played(graded, axes=AXES, tasks=TASKS)
    monkeypatch.setattr("sweeper.cli.study.study_of", lambda words: study)
    runs = frames.runs(study, study.ledger_state())
    ring = frames.of_runs(runs[runs["task"] == "ring"], study.space, list(study.space.axes))
    assert call("best", "where=task=ring", "top=2") == 0
    first, *lines = capsys.readouterr().out.splitlines()
    assert f"{study.name}, where task = ring: " in first
    expected = ranking.ranked(study.space, ranking.complete(study.space, ring)).head(2)
    for line, row in zip(lines[:2], expected.to_dict("records"), strict=True):
        assert f"{ranking.values_of(study.space, row)}  trial {row['trial']}:" in line
    assert call("best", "trial=6,7", "n=9") == 0
    said = capsys.readouterr().out
    assert {int(one.split(":")[0]) for one in said.split("  trial ")[1:]} == {6, 7}
    assert call("best", "where=task=ring,seed=99") == 1
    assert call("best", "n=2", "top=2") == 2
    assert "n and top are the same here" in capsys.readouterr().err
    assert call("best", "pool=best") == 2
    assert "pool does not go with best" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["sensitivity", "scaling", "heatmap", "curves", "distributions"])
def test_an_axis_that_a_part_nowhere_has_is_shown_as_absent(played, tmp_path, name):
    axes = {
        "opt": {"kind": "choice", "values": ["adam", "sgd"]},
        "momentum": {"kind": "float", "values": [0.0, 0.9], "when": {"opt": "sgd"}},
        "decay": {"kind": "float", "low": 1e-3, "high": 0.1, "when": {"opt": "sgd"}},
    }
    study = played(graded, axes=axes, sampler="random", trials=6)
    for axis in ("momentum", "decay"):
        option = "hue" if name in ("curves", "distributions") else "x"
        found, _ = drawn(study, name, {option: axis, "where": "opt=adam"}, tmp_path)
        assert found[axis].isna().all() and len(found)
