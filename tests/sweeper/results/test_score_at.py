"""`at`: which point of its learning curve a run's value is, in figures and tables."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sweeper import figures
from sweeper.errors import SweeperError
from sweeper.results import frames
from sweeper.results.data import VALUE, Data
from tests.helpers.figures import OF_ANY_STUDY
from tests.helpers.spaces import loaded, message, write
from tests.sweeper.results.published.test_comparison import SPACE as PUBLISHED

AXES = {
    "lr": {"kind": "float", "values": [1e-3, 1e-5]},
    "sn": {"kind": "choice", "values": ["none", "sn[-2]"]},
}
TASKS = {"line": {"low": -10.0, "high": 10.0}, "ring": {"low": 0.0, "high": 100.0}}
SPACE = {"axes": AXES, "tasks": TASKS, "score": {"metric": "return", "aggregate": "mean"}}
SHOWING = [name for name in OF_ANY_STUDY if name != "curves"]


def risen(run, labels):
    """Up to twice its end at step 20, to it at step 40; one run diverges at once, one halfway."""
    end = run.seed + (10 if labels["sn"] == "none" else 20)
    if run.trial == 1 and run.seed == 0:
        return "nan", []
    points = [(10, {"return": 0.0}), (20, {"return": 2.0 * end}), (40, {"return": 1.0 * end})]
    return ("nan", points[:2]) if run.trial == 1 and run.seed == 1 else ("complete", points)


def values(data, metric=None):
    runs = data.table(metric)
    return runs[(runs["trial"] == 3) & (runs["seed"] == 2)].set_index("task")[VALUE].to_dict()


def test_the_score_is_taken_there_and_normalised(played):
    data = Data.of(played(risen, **SPACE))
    assert values(data.rescored("max")) == pytest.approx({"line": (44 + 10) / 20, "ring": 0.44})
    height = (22 * 10 + 33 * 20) / 30
    assert values(data.rescored("auc")) == pytest.approx(
        {"line": (height + 10) / 20, "ring": height / 100}
    )
    assert values(data.rescored("auc"), "return") == pytest.approx({"line": height, "ring": height})


@pytest.mark.parametrize("at", ["final", "max", "auc"])
def test_curves_taken_as_the_study_takes_them_are_worth_its_scores(played, at):
    """Runs that diverged have none, and count as worse than all, with a report or without one."""
    data = Data.of(played(risen, **SPACE | {"score": {"metric": "return", "at": at}}))
    found, diverged = data.table("return")[VALUE], data.runs["state"] == "nan"
    assert found[~diverged].tolist() == data.runs.loc[~diverged, "value"].tolist()
    assert found[diverged].tolist() == [-np.inf] * 4 and data.runs["value"][diverged].isna().all()
    curves = replace(data.tables, default_at="another").table(None)[VALUE]
    assert curves.tolist() == data.table(None)[VALUE].tolist()


@pytest.mark.parametrize("name", SHOWING)
def test_a_figure_shows_it_and_says_so(played, tmp_path, name):
    study = played(risen, **SPACE)
    plain, same, other = (
        drawn(study, name, options, tmp_path) for options in ({}, {"at": "final"}, {"at": "max"})
    )
    assert plain[0] == same[0] and plain[1].equals(same[1])
    assert "where the study scores by" not in plain[0]
    said = "Of each run's curve the largest value, where the study scores by the last point"
    assert said in other[0]
    assert name == "importance" or not other[1].equals(plain[1])
    if name in ("scatter", "ratios"):  # of single runs, and of plain metrics
        assert "max over 40 steps" in other[0]
    elif name not in ("importance", "distributions"):
        assert "normalised score, max over 40 steps (mean)" in other[0]


def drawn(study, name, options, folder):
    """All that the figure and its caption say, and its table."""
    svg, table, *_ = figures.render(study, name, options, folder / "it.svg")
    text = re.sub(r"<[^!]*?>", "", svg.read_text())
    said = " ".join(re.findall("<!-- (.*?) -->", text, re.DOTALL))
    said += f" {svg.with_suffix('.txt').read_text()}"
    return " ".join(said.split()), pd.read_csv(table)


def test_where_smaller_is_better_the_best_of_a_curve_is_its_smallest(played, tmp_path):
    cost = {"metric": "cost", "at": "max", "direction": "minimize", "high": 100}

    def fell(run, labels):
        points = [(10, 8.0), (20, 2.0 + run.seed), (40, 9.0)]
        return "complete", [(step, {"return": y, "cost": y}) for step, y in points]

    space = SPACE | {"direction": "minimize", "score": [SPACE["score"], cost]}
    study = played(fell, **space)
    said, table = drawn(study, "heatmap", {"at": "max"}, tmp_path)
    assert "normalised return, min over 40 steps (mean)" in said
    assert "Of each run's curve the smallest value, where the study scores by the last" in said
    (line, ring) = ((4.0 + 10) / 20, 4.0 / 100)
    assert table["point"].tolist() == pytest.approx([(line + ring) / 2] * 4)
    said, table = drawn(
        study, "heatmap", {"at": "max", "metric": "cost", "facet": "task"}, tmp_path
    )
    assert "cost, min over 40 steps (mean" in said and set(table["point"]) == {4.0}
    trials = frames.trials(study, study.ledger_state())
    assert trials["value cost"].tolist() == pytest.approx([0.04] * 4)


def test_a_metric_is_taken_there_too(played, tmp_path):
    study = played(risen, **SPACE)
    figures.render(
        study, "sensitivity", {"x": "sn", "metric": "return", "at": "max"}, tmp_path / "it.pdf"
    )
    table = pd.read_csv(tmp_path / "it.csv")
    points = table.loc[table["sn"] == "sn[-2]", "point"].tolist()
    assert points == pytest.approx([44.0, np.nan], nan_ok=True), "two runs of the second diverged"


def test_a_space_may_ask_for_it(tmp_path):
    space = loaded(tmp_path, "figures=[{heatmap: {at: auc}}]")
    assert space.figures[0].options == {"at": "auc"}


@pytest.mark.parametrize(
    ("figure", "expected"),
    [
        ("{heatmap: {at: last}}", "heatmap.at must be one of final, max, auc, but got 'last'"),
        ("{curves: {at: max}}", "curves.at is an unknown option; valid: x, hue, facet, metric"),
    ],
)
def test_a_space_that_asks_for_another_is_refused(tmp_path, figure, expected):
    assert f"figures[0].{expected}" in message(write(tmp_path), f"figures=[{figure}]")


@pytest.mark.parametrize("name", SHOWING)
def test_an_unknown_point_is_refused(played, name):
    study = played(risen, **SPACE)
    with pytest.raises(SweeperError, match="unknown at='last'; valid: final, max, auc") as raised:
        figures.render(study, name, {"at": "last"})
    assert raised.value.exit_code == 2


def test_curves_are_shown_whole(played):
    with pytest.raises(
        SweeperError, match="curves has no option 'at'; valid: x, hue, facet, metric"
    ):
        figures.render(played(risen, **SPACE), "curves", {"at": "max"})


def test_ours_beside_published_numbers_is_taken_there(played, tmp_path):
    def fallen(run, labels):
        return "complete", [(20, {"return": 900.0}), (40, {"return": 1.0 * run.seed})]

    said, table = drawn(played(fallen, **PUBLISHED), "compare", {"at": "max"}, tmp_path)
    assert table["point"].dropna().tolist() == [900.0] * 4
    assert (
        "return, max over 40 steps (mean)" in said
        and "Of each run's curve the largest value" in said
    )
