"""`pool=best`: of axes that a figure does not show, the best configuration of each point."""

from __future__ import annotations

import pandas as pd
import pytest

from sweeper import figures
from sweeper.errors import SweeperError
from sweeper.results.data import Data
from sweeper.results.slices.part import Part
from sweeper.results.tables import table
from tests.helpers.figures import AXES

TASKS = {name: {"low": 0.0, "high": 2.0} for name in ("line", "ring")}
SPACE = {"axes": AXES, "tasks": TASKS, "score": {"metric": "return", "aggregate": "mean"}}
HEIGHTS = [[1, 9], [2, 4], [8, 3], [0, 1], [5, 5], [6, 3], [7, 7], [1, 1]]


def went(run, labels):
    """By trial on a line and a ring: trial 2 would be the best of some, but a run failed."""
    height = HEIGHTS[run.trial][run.task == "ring"]
    state = "failed" if (run.trial, run.seed) == (2, 4) else "complete"
    return state, [(20, {"return": 0.0}), (40, {"return": height + run.seed / 100})]


def points(study, name, options, tmp_path):
    figures.render(study, name, {"metric": "return", **options}, tmp_path / "x.svg")
    return pd.read_csv(tmp_path / "x.csv"), (tmp_path / "x.txt").read_text().replace("\n", " ")


@pytest.fixture
def study(played):
    return played(went, **SPACE)


def test_a_point_shows_the_best_complete_configuration_by_its_score_over_all_runs(study, tmp_path):
    best, said = points(study, "heatmap", {"x": "optimizer.lr", "y": "optimizer.eps",
                                           "facet": "task", "pool": "best"}, tmp_path)  # fmt: skip
    shown = {
        (task, lr, eps): point
        for task, lr, eps, point in best[["task", "optimizer.lr", "optimizer.eps", "point"]].values
    }
    expected = {}
    labels = [trial.labels for trial in study.plan.trials]
    for trial, (line, ring) in enumerate(HEIGHTS):
        key = labels[trial]["optimizer.lr"], labels[trial]["optimizer.eps"]
        if trial != 2 and (key not in expected or line + ring > sum(expected[key])):
            expected[key] = line, ring
    for (task, lr, eps), point in shown.items():
        assert point == pytest.approx(expected[lr, eps][task == "ring"] + 0.02)
    assert set(best["n"]) == {5} and "n = 40 of 80 runs" in said
    assert "Of sn.layers not all values but at each point those of the configuration with" in said
    assert "chosen by these same runs, so that their values are optimistic" in said
    assert "Failed: 1 configuration" in said, "whichever were not chosen"


@pytest.mark.parametrize(
    ("name", "options"),
    [("sensitivity", {"x": "optimizer.lr", "hue": "sn.layers"}), ("curves", {"hue": "sn.layers"}),
     ("scaling", {"x": "optimizer.lr"}), ("distributions", {"hue": "sn.layers"})],
)  # fmt: skip
def test_every_figure_that_pools_may_show_the_best(study, tmp_path, name, options):
    pooled, _ = points(study, name, options, tmp_path)
    best, said = points(study, name, {**options, "pool": "best"}, tmp_path)
    assert best["n"].max() < pooled["n"].max() and "optimistic" in said


def test_a_table_may_show_the_best(study):
    data = Part.of(study, {"pool": "best"}).data(Data.of(study))
    found = table.results(data, y=["sn.layers"], metric="return")
    sn = [trial.labels["sn.layers"] for trial in study.plan.trials]
    sums = {
        label: max((sum(HEIGHTS[t]), HEIGHTS[t]) for t in range(8) if t != 2 and sn[t] == label)[1]
        for label in ("none", "sn[-2]")
    }
    flat = [height + 0.02 for label in ("none", "sn[-2]") for height in sums[label]]
    assert found.table["point"].tolist() == pytest.approx(flat)


def test_a_point_without_a_complete_configuration_stays_incomplete(played, tmp_path):
    def lost(run, labels):
        return ("failed" if labels["optimizer.lr"] == 1e-5 else "complete"), [(40, {"return": 1.0})]

    options = {"x": "optimizer.lr", "hue": "sn.layers", "pool": "best"}
    best, _ = points(played(lost, **SPACE), "sensitivity", options, tmp_path)
    assert best["point"].isna().tolist() == [True, False, True, False]
    assert best.loc[best["point"].isna(), "planned"].tolist() == [20, 20]


def test_smaller_may_be_better(played, tmp_path):
    space = {**SPACE, "direction": "minimize"}
    best, _ = points(played(went, **space), "sensitivity",
                     {"x": "optimizer.lr", "pool": "best", "facet": "task", "hue": "sn.layers"},
                     tmp_path)  # fmt: skip
    assert best["point"].min() == pytest.approx(0.02)


def test_what_pools_nothing_refuses_it(study):
    for name in ("pairs", "importance", "ablation", "history", "pareto"):
        with pytest.raises(SweeperError, match=f"pool does not go with {name}"):
            figures.render(study, name, {"pool": "best"})
    with pytest.raises(SweeperError, match="pool must be all or best, but got 'worst'"):
        figures.render(study, "heatmap", {"pool": "worst"})
