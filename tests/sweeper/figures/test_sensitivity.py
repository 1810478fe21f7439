"""Lines against one axis: their points, the best of them, and the usable range."""

from __future__ import annotations

import pytest

from sweeper.results.axis import Axis
from tests.helpers.figures import AXES, drawn, whole, words


def test_sensitivity_pools_the_other_axes(played):
    picture = drawn(played(whole, axes=AXES), "sensitivity", x="optimizer.lr", hue="sn.layers")
    table = picture.table
    assert table["n"].tolist() == [10] * 4
    assert table["point"].tolist() == [1.0, 1.0, 6.0, 6.0]
    assert table["usable"].tolist() == [False, False, True, True]
    assert "Pooled over optimizer.eps" in words(picture)
    assert "n = 10 runs a point" in words(picture)


def test_the_inactive_stands_apart_from_drawn_numbers(played):
    places = Axis("x", (1.0, 1.0001, 2.0, 5.0, float("nan")), True, absent=True).places
    assert places[-1] - places[-2] > 0.1 * (places[-2] - places[0])


def dashed(axes):
    return [line.get_ydata()[0] for line in axes.lines if line.get_linewidth() == 0.6]


def test_the_line_that_usable_means_is_drawn_where_it_is_near_and_said_always(played):
    def near(run, labels):
        return "complete", [(40, {"return": labels["optimizer.lr"] * 2e3 + run.seed / 100})]

    picture = drawn(played(near, axes=AXES), "sensitivity", x="optimizer.lr")
    (axes,) = picture.figure.axes
    low, high = axes.get_ylim()
    (line,) = dashed(axes)
    assert low < line < high and line == pytest.approx(0.8 * picture.table["point"].max())
    assert "scores of at least 0.81" in words(picture)


def test_usable_ranges_do_not_squeeze_the_points(played):
    """Scores of 50 to 52 and a least usable one of 41; eight lines have eight bars."""
    axes = {"lr": {"kind": "float", "values": [0.1, 1.0]}, "net": {"kind": "choice"}}
    axes["net"]["values"] = [f"n{number}" for number in range(8)]

    def close(run, labels):
        return "complete", [(40, {"return": 100.0 + run.seed})]

    picture = drawn(played(close, axes=axes), "sensitivity", x="lr", hue="net")
    (panel,) = picture.figure.axes
    low, high = panel.get_ylim()
    table = picture.table
    assert (table["high"].max() - table["low"].min()) / (high - low) > 0.6
    assert dashed(panel) == [] and "scores of at least 40.8" in words(picture)


def test_direction(played):
    def outcome(run, labels):
        return "complete", [(40, {"return": 2 * labels["lr"]})]

    study = played(
        outcome, axes={"lr": {"kind": "float", "values": [0.0, 0.1, 0.5]}}, direction="minimize"
    )
    assert drawn(study, "sensitivity").table["usable"].tolist() == [True, True, False]


ALPHA = {"alpha": {"kind": "float", "values": [0.1, 0.5, 0.9]}}
TASKS = {"a": {"low": 0, "high": 10}, "b": {"low": 0, "high": 1000}}
TRUE = {"a": {0.1: 1.0, 0.5: 9.0, 0.9: 8.0}, "b": {0.1: 100.0, 0.5: 500.0, 0.9: 900.0}}


def peaked(run, labels):
    """On a 0.5 is best and overlaps 0.9, on b 0.9 is best by far."""
    value = TRUE[run.task][labels["alpha"]] + run.seed - 2
    return "complete", [(40, {"return": value, "loss": value})]


def labels_in(axes):
    return [text.get_text() for text in axes.texts]


def test_the_best_of_each_task_and_what_cannot_be_told_from_it(played):
    study = played(peaked, axes=ALPHA, tasks=TASKS)
    picture = drawn(study, "sensitivity", x="alpha", facet="task", metric="return")
    assert picture.table["point"].tolist() == [*TRUE["a"].values(), *TRUE["b"].values()]
    assert picture.table["best"].tolist() == [False, True, False, False, False, True]
    assert picture.table["tied"].tolist() == [False, False, True, False, False, False]
    assert [axes.get_title() for axes in picture.figure.axes] == ["a", "b"]
    assert [labels_in(axes) for axes in picture.figure.axes] == [["0.5"], ["0.9"]]
    white = [
        [line.get_xdata().tolist() for line in axes.lines if line.get_mfc() == "white"]
        for axes in picture.figure.axes
    ]
    assert white == [[[0.9]], [[]]]
    assert "Black edge: the best alpha of each line; open: its interval overlaps" in words(picture)
    assert picture.figure.axes[0].get_ylabel() == "return, final at 40 steps\n(IQM)"


def test_usable_ranges_are_those_of_the_panel(played):
    table = drawn(played(peaked, axes=ALPHA, tasks=TASKS), "sensitivity", facet="task").table
    assert table["usable"].tolist() == [False, True, True, False, False, True]


def test_a_line_a_task(played):
    study = played(peaked, axes=ALPHA, tasks=TASKS)
    picture = drawn(study, "sensitivity", x="alpha", hue="task")
    (axes,) = picture.figure.axes
    assert sorted(labels_in(axes)) == ["0.5", "0.9"]
    assert picture.table["point"].tolist() == pytest.approx([0.1, 0.9, 0.8, 0.1, 0.5, 0.9])


def test_places_without_a_point_are_explained(played):
    def failing(run, labels):
        return peaked(run, labels) if labels["alpha"] < 0.9 else ("failed", [])

    picture = drawn(played(failing, axes=ALPHA, tasks=TASKS), "sensitivity", facet="task")
    assert picture.table["point"].isna().tolist() == [False, False, True] * 2
    assert "Without a point: 2 that are not complete" in words(picture)


def test_the_best_without_intervals_is_doubtful(played):
    picture = drawn(played(peaked, axes=ALPHA, tasks=TASKS, seeds=3), "sensitivity", facet="task")
    assert picture.table["best"].sum() == 2 and not picture.table["tied"].any()
    assert "without intervals others may be as good" in words(picture)


def test_the_smallest_is_the_best_where_scores_are_minimised(played):
    study = played(peaked, axes=ALPHA, tasks={"a": TASKS["a"]}, direction="minimize")
    assert drawn(study, "sensitivity").table["best"].tolist() == [True, False, False]


def test_no_best_of_a_metric_that_is_not_scored(played):
    study = played(peaked, axes=ALPHA, tasks=TASKS)
    picture = drawn(study, "sensitivity", metric="loss")
    assert not picture.table["best"].any() and "best" not in words(picture)
    label = "loss, final at 40 steps (IQM over 2 tasks, not normalised)"
    assert label in words(picture)


def test_lines_that_are_best_at_one_value_share_a_text(played):
    axes = {**ALPHA, "width": {"kind": "int", "values": [1, 2, 3]}}

    def close(run, labels):
        value = TRUE["a"][labels["alpha"]] + 0.01 * labels["width"] * (labels["width"] < 3)
        value -= 4 * (labels["width"] == 3)
        return "complete", [(40, {"return": value})]

    picture = drawn(played(close, axes=axes, tasks={"a": TASKS["a"]}), "sensitivity", x="alpha")
    assert picture.table["best"].sum() == 3
    assert labels_in(picture.figure.axes[0]) == ["0.5"]


def test_the_best_value_is_written_whole_though_its_neighbour_is_near(played):
    """A third of a panel is enough for a number, however close the points stand."""
    rates = [1e-5, 4.64e-5, 2.154e-4, 1e-3, 2.1544e-3]
    axes = {"lr": {"kind": "float", "values": rates}}

    def rising(run, labels):
        return "complete", [(40, {"return": labels["lr"] * 1e3 + run.seed / 100})]

    (panel,) = drawn(played(rising, axes=axes), "sensitivity", x="lr").figure.axes
    assert [text.get_text() for text in panel.texts] == ["2.154×10⁻³"]
