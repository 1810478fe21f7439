"""Scores relative to the best run of a baseline, task by task: in figures and tables alone."""

from __future__ import annotations

import pandas as pd
import pytest

from sweeper.errors import SweeperError
from sweeper.results import frames
from sweeper.results.data import Data
from sweeper.results.run_tables import VALUE
from sweeper.results.tables.table import results
from tests.helpers.figures import drawn, words

AXES = {
    "layers": {"kind": "choice", "values": ["none", "sn"], "title": "normalised layers"},
    "lr": {"kind": "float", "values": [0.1, 1.0]},
}
TASKS = {"small": {"low": 1.0, "high": 2.0}, "large": {"low": 100.0, "high": 5000.0}}
RETURNS = {("none", 0.1): 2.0, ("none", 1.0): 3.0, ("sn", 0.1): 4.0, ("sn", 1.0): 5.0}
"""On the task `small`, of seed 0; on `large` a hundred times as much."""


def outcome(run, labels):
    value = RETURNS[labels["layers"], labels["lr"]] + 0.1 * run.seed
    value *= 1 if run.task == "small" else 100
    return "complete", [(40, {"return": value})]


def relative(played, outcome=outcome, **keys):
    keys = {"axes": AXES, "tasks": TASKS, "baseline": {"layers": "none"}} | keys
    study = played(outcome, **keys)
    return study, Data.of(study)


def scores(data: Data) -> dict[tuple[str, str, float], float]:
    table = data.table(None)
    table = table[table["seed"] == 4]
    keys = zip(table["task"], table["axis layers"], table["axis lr"], strict=True)
    return dict(zip(keys, table[VALUE].round(9), strict=True))


def test_the_best_run_of_the_baseline_is_1_on_each_task(played):
    """3.4 of `small` is as good as 340 of `large`: no task outweighs another in an average."""
    _, data = relative(played)
    assert data.tasks["small"] == (1.0, pytest.approx(3.4))
    assert data.tasks["large"] == (100.0, pytest.approx(340.0))
    found = scores(data)
    assert found["small", "none", 1.0] == 1.0 and found["large", "none", 1.0] == 1.0
    assert found["small", "sn", 1.0] == pytest.approx((5.4 - 1) / 2.4)
    assert found["large", "sn", 1.0] == pytest.approx((540 - 100) / 240)
    taken = data.rescored("max").table(None)
    pd.testing.assert_series_equal(taken[VALUE], data.table(None)[VALUE])
    assert data.table("return")[VALUE].max() == pytest.approx(540.0), "metrics keep their unit"


def test_values_of_trials_keep_the_bounds_of_the_space(played):
    study, _ = relative(played)
    fixed = frames.trials(study, study.ledger_state())["value"].tolist()
    without, _ = relative(played, baseline=None)
    assert fixed == frames.trials(without, without.ledger_state())["value"].tolist()


def test_figures_and_tables_say_what_is_1(played):
    study, data = relative(played)
    said = "A score of 1 is the best run with normalised layers = none on each task, "
    said += "by its final return (small 3.4, large 340)."
    assert said in results(data).caption
    for name in ("heatmap", "sensitivity", "curves"):
        assert said in words(drawn(study, name))
    table = results(data, x="layers", y=["lr"]).table
    best = table[(table["axis layers"] == "none")]["point"].max()
    assert best == pytest.approx((3.2 - 1) / 2.4), "the IQM of the seeds"


def test_where_smaller_is_better_the_best_is_0(played):
    tasks = {"small": {"low": 0.0, "high": 10.0}, "large": {"low": 0.0, "high": 1000.0}}
    _, data = relative(played, direction="minimize", tasks=tasks)
    assert data.tasks == {"small": (2.0, 10.0), "large": (200.0, 1000.0)}
    assert scores(data)["small", "sn", 1.0] == pytest.approx((5.4 - 2) / 8)
    assert "A score of 0 is the best run with" in results(data).caption


def test_a_task_without_a_run_of_the_baseline_keeps_its_bounds_and_is_named(played):
    def partly(run, labels):
        if run.task == "large" and labels["layers"] == "none":
            return None
        return outcome(run, labels)

    _, data = relative(played, partly)
    assert data.tasks["large"] == (100.0, 5000.0) and data.tasks["small"][1] == pytest.approx(3.4)
    assert "(small 3.4), but for large, where none is known to beat low." in results(data).caption
    _, data = relative(played, lambda run, labels: None)
    assert data.tasks["small"] == (1.0, 2.0)


def test_a_baseline_no_better_than_low_leaves_the_bounds(played):
    _, data = relative(played, lambda *_: ("complete", [(40, {"return": 0.5})]))
    assert data.tasks == {"small": (1.0, 2.0), "large": (100.0, 5000.0)}
    said = "not relative to normalised layers = none, of which no run is known to beat low."
    assert said in results(data).caption


def test_of_runs_scored_by_their_maximum_1_is_the_best_maximum_of_the_baseline(played):
    """The normalised score of Gogianu et al. as we read it, with low as the space has it."""

    def peaked(run, labels):
        value = outcome(run, labels)[1][0][1]["return"]
        return "complete", [(20, {"return": value}), (40, {"return": value / 2})]

    rule = {"metric": "return", "at": "max", "aggregate": "mean"}
    _, data = relative(played, peaked, score=rule)
    assert data.tasks == {"small": (1.0, pytest.approx(3.4)), "large": (100, pytest.approx(340))}
    assert scores(data)["large", "sn", 1.0] == pytest.approx((540 - 100) / 240)
    final = data.rescored("final")
    assert final.tasks == data.tasks, "what counts as 1 is no matter of a figure's at"
    assert "by its max return (small 3.4, large 340)" in results(final).caption


@pytest.mark.parametrize(
    ("baseline", "said"),
    [
        ({"layer": "none"}, r"baseline\.layer is no axis \(did you mean 'layers'\?\)"),
        ({"layers": "non"}, r"baseline\.layers must be one of its values, but got 'non'"),
        ("none", "baseline must be a mapping"),
    ],
)
def test_an_unknown_baseline_is_refused(played, baseline, said):
    with pytest.raises(SweeperError, match=said):
        relative(played, baseline=baseline)
