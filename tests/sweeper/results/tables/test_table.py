"""The results table: which cells there are, their numbers, and which are bold."""

from __future__ import annotations

import re

import numpy as np
import pytest

from sweeper.errors import NothingToShow, SweeperError
from sweeper.results.data import Data
from sweeper.results.tables import table as results
from sweeper.results.tables import table_text

AXES = {
    "lr": {"kind": "float", "values": [1e-3, 1e-5]},
    "sn": {"kind": "choice", "values": ["none", "sn[-2]"]},
}
TASKS = {"line": {"low": 0.0, "high": 10.0}, "ring": {"low": 0.0, "high": 100.0}}
SPACE = {"axes": AXES, "tasks": TASKS, "score": {"metric": "return", "aggregate": "mean"}}


def whole(run, labels):
    """The seed; ten times that on the ring; 5 more with sn[-2] and a large step size."""
    better = labels.get("sn") == "sn[-2]" and labels.get("lr") == 1e-3
    value = (run.seed + 5 * better) * (10 if run.task == "ring" else 1)
    return "complete", [(20, {"return": 90.0}), (40, {"return": value, "loss": 1.0})]


@pytest.fixture
def table(played):
    def made(outcome=whole, *, keys=None, **options):
        return results.results(Data.of(played(outcome, **{**SPACE, **(keys or {})})), **options)

    return made


def cells(found, column="point"):
    """A column of the table, [rows × columns]."""
    return found.table[column].to_numpy().reshape(len(found.labels), len(found.columns))


def test_rows_are_configurations_and_columns_tasks(table):
    found = table()
    assert found.rows == ("lr", "sn")
    assert found.labels == [
        ("1e-5", "none"),
        ("1e-5", "sn[-2]"),
        ("0.001", "none"),
        ("0.001", "sn[-2]"),
    ]
    assert found.columns == ["line", "ring", "all tasks"]
    expected = [[0.2] * 3] * 3 + [[0.7] * 3]
    assert cells(found) == pytest.approx(np.array(expected))
    assert cells(found, "n").tolist() == [[5, 5, 10]] * 4
    assert (cells(found, "low") < cells(found)).all() and (
        cells(found, "high") > cells(found)
    ).all()


def test_a_metric_is_shown_in_its_own_unit_and_not_averaged_over_tasks(table):
    found = table(metric="return")
    assert found.columns == ["line", "ring"]
    assert cells(found).tolist() == [[2, 20]] * 3 + [[7, 70]]
    assert "Return, final at 40 steps (mean)," in found.caption


@pytest.mark.parametrize(
    ("options", "values", "label"),
    [
        ({"at": "max"}, [9, 0.9, 4.95], "Normalised score, max over 40 steps (mean),"),
        ({"metric": "return", "at": "max"}, [90, 90], "Return, max over 40 steps (mean),"),
        ({"metric": "loss", "at": "max"}, [1, 1], "Loss, max over 40 steps (mean),"),
    ],
)
def test_at_says_which_point_of_a_curve(table, options, values, label):
    found = table(**options)
    assert cells(found) == pytest.approx(np.array([values] * 4))
    assert label in found.caption and "scores by the last point" in found.caption


def test_columns_may_be_an_axis(table):
    found = table(x="lr")
    assert found.columns == ["lr = 1e-5", "lr = 0.001"]
    assert found.labels == [("none",), ("sn[-2]",)] and found.rows == ("sn",)
    assert cells(found) == pytest.approx(np.array([[0.2, 0.2], [0.2, 0.7]]))
    assert cells(found, "n").tolist() == [[10, 10], [10, 10]], "tasks are pooled"
    assert "× 2 tasks" in found.caption and "Bold: the best" in found.caption


def test_rows_may_be_any_axes(table):
    found = table(x="sn", y=["task", "lr"], metric="return")
    assert found.labels[0] == ("line", "1e-5")
    assert cells(found).tolist() == [[2, 2], [2, 7], [20, 20], [20, 70]]
    found = table(y=["sn"])
    assert found.columns == ["line", "ring", "all tasks"]
    assert "Pooled over lr" in found.caption
    assert cells(found, "n").tolist() == [[10, 10, 20]] * 2


def test_axes_that_move_together_stand_in_one_row(table):
    axes = AXES | {"width": {"kind": "int", "values": [8, 16]}}
    found = table(keys={"axes": axes, "zip": [["lr", "width"]]})
    assert found.rows == ("lr", "sn", "width") and len(found.labels) == 4
    found = table(keys={"axes": axes, "zip": [["lr", "width"]]}, x="lr")
    assert found.rows == ("sn",) and "Zipped: width with lr" in found.caption


def test_a_space_of_one_configuration_has_one_row(table):
    keys = {"axes": {"lr": {"kind": "float", "values": [1e-3]}}, "tasks": {"line": TASKS["line"]}}
    found = table(keys=keys)
    assert (found.rows, found.labels, found.columns) == (("lr",), [("0.001",)], ["line"])
    assert not found.table["bold"].any(), "of one"
    assert table(keys=keys, x="lr").labels == [("line",)]


def test_bold_are_the_best_and_those_that_cannot_be_told_from_it(table):
    def went(run, labels):
        place = {("none", 1e-5): 0, ("sn[-2]", 1e-5): 8, ("none", 1e-3): 50, ("sn[-2]", 1e-3): 51}
        value = place[labels["sn"], labels["lr"]] + run.seed
        return "complete", [(40, {"return": value if run.task == "line" else -value})]

    found = table(went)
    low, high = cells(found, "low"), cells(found, "high")
    assert high[1, 0] < low[3, 0] < high[2, 0], "the third overlaps the fourth, which is best"
    assert cells(found, "bold")[:, :2].tolist() == [
        [False, True],
        [False, False],
        [True, False],
        [True, False],
    ]
    assert "Bold: the best of each task and all whose interval overlaps its" in found.caption


def test_the_lowest_is_bold_where_less_is_better(table):
    found = table(keys={"direction": "minimize"}, metric="return")
    assert cells(found, "bold").tolist() == [[True, True]] * 3 + [[False, False]]
    assert "Bold: the lowest of each task" in found.caption


def test_without_intervals_only_points_are_compared(table):
    found = table(keys={"seeds": 2})
    assert np.isnan(cells(found, "low")).all()
    assert cells(found, "bold").tolist() == [[False] * 3] * 3 + [[True] * 3]
    assert "interval unknown: fewer than 5 seeds in a task" in found.caption
    assert "without intervals others may be as good" in found.caption


def test_of_another_metric_nothing_is_bold(table):
    found = table(metric="loss")
    assert not found.table["bold"].any()
    assert "Nothing is bold: which loss is better is not said" in found.caption


def test_where_tasks_are_pooled_all_cells_are_compared(table):
    assert cells(table(x="lr"), "bold").tolist() == [[False, False], [False, True]]


def test_failed_pruned_missing_and_diverged_runs(table):
    ends = {0: "failed", 1: "pruned", 2: None, 3: "nan"}

    def went(run, labels):
        odd = run.seed == 0 and run.task == "line"
        if not odd:
            return whole(run, labels)
        return ends[run.trial] and (ends[run.trial], [])

    found = table(went)
    order = [2, 3, 0, 1]
    expected = np.full((4, 3), np.nan)
    expected[order.index(3), 1] = 0.2
    assert cells(found) == pytest.approx(expected, nan_ok=True), "nothing of what is not whole"
    assert cells(found, "failed")[order.index(0)].tolist() == [1, 0, 1]
    assert "Failed: 1 configuration; pruned: 1 run; missing: 1; diverged: 1" in found.caption
    assert " of 40 runs" in found.caption and "n = 10 of" in found.caption
    text = table_text.markdown(found)
    assert text.count("| –") == 9 and text.count("| diverged") == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"x": "lrr"}, "'lrr' is no axis of played (did you mean 'lr'?)"),
        ({"y": ["nothing"]}, "'nothing' is no axis of played"),
        ({"x": "lr", "y": ["lr"]}, "x and y must differ, but both are 'lr'"),
        ({"y": ["sn", "lr", "sn"]}, "y names 'sn' twice"),
        ({"y": ["sn", "lr", "task"]}, "y names all axes there are"),
        ({"metric": "retur"}, "'retur' is no metric of played (did you mean 'return'?)"),
        ({"at": "last"}, "unknown at='last'; valid: final, max, auc"),
    ],
)
def test_what_is_refused(table, options, said):
    with pytest.raises(SweeperError, match=re.escape(said)) as raised:
        table(**options)
    assert raised.value.exit_code == 2


@pytest.mark.parametrize(("went", "said"), [(None, "40 open"), (("failed", []), "40 failed")])
def test_a_study_without_finished_runs_says_so(table, went, said):
    with pytest.raises(NothingToShow, match=f"no run of played has finished with a score .{said}"):
        table(lambda run, labels: went)
