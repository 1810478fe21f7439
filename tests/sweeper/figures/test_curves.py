"""Learning curves: the numbers behind them, and how panels are arranged."""

from __future__ import annotations

import numpy as np
import pytest

from sweeper.errors import SweeperError
from sweeper.figures.drawing import frame
from tests.helpers.figures import AXES, drawn, whole, words


def test_curves(played):
    picture = drawn(played(whole, axes=AXES), "curves", hue="sn.layers")
    assert picture.table["step"].tolist() == [20, 40, 20, 40]
    assert picture.table["point"].tolist() == [1.0, 2.0, 6.0, 12.0]
    assert picture.table["n"].tolist() == [20] * 4


def stopping(run, labels):
    """Without normalised layers seed 3 ends halfway."""
    state, reports = whole(run, labels)
    ends = labels["sn.layers"] == "none" and run.seed == 3
    return ("failed", reports[:1]) if ends else (state, reports)


def test_a_mean_line_is_dashed_where_its_set_of_runs_shrinks(played):
    picture = drawn(played(stopping, axes=AXES), "curves", hue="sn.layers")
    table = picture.table
    assert table["step"].tolist() == [20, 40, 20, 40]
    assert table["whole"].tolist() == [True, False, True, True]
    assert table["n"].tolist() == [20, 16, 20, 20]
    # of the seeds 0, 1, 2, 4 four times each the IQM of all but the lowest and highest quarter
    assert table["point"].tolist()[1] == 1.5
    (ax,) = picture.figure.axes
    (fewer,) = [line for line in ax.lines if line.get_gid() == "fewer"]
    assert fewer.get_xdata().tolist() == [20, 40] and fewer.get_linestyle() == "--"
    said = words(picture)
    assert "Dashed, without intervals: from there on only those of a line's runs that" in said
    assert "n = 16 runs" in said and "Of configurations that are not complete: 1 line" in said
    other = words(drawn(played(whole, axes=AXES), "curves", hue="sn.layers"))
    assert "Dashed" not in other and "not complete" not in other


def test_runs_that_report_at_other_steps_have_a_mean(played):
    """Seed 1 reports at 15 and 35: at 20 and 30 it is worth what it reported last."""

    def uneven(run, labels):
        steps = (15, 35, 40) if run.seed == 1 else (10, 20, 30, 40)
        return "complete", [(step, {"return": step + 100.0 * run.seed}) for step in steps]

    axes = {"sn.layers": {"kind": "choice", "values": ["none"]}}
    table = drawn(played(uneven, axes=axes, seeds=2), "curves").table
    assert table["step"].tolist() == [15, 20, 30, 35, 40]
    means = [(10 + 115) / 2, (20 + 115) / 2, (30 + 115) / 2, (30 + 135) / 2, (40 + 140) / 2]
    assert table["point"].tolist() == means and table["whole"].all()


def counting(run, labels):
    """Runs without normalised layers do two updates a step, the others five."""
    each = 2 if labels["sn.layers"] == "none" else 5
    reports = [(t, {"return": t + 0.0, "updates": each * t + 0.0}) for t in (10, 20)]
    return "complete", reports


def test_updates_stand_in_the_place_of_steps_where_asked(played):
    picture = drawn(played(counting, axes=AXES), "curves", hue="sn.layers", x="updates")
    assert picture.table["updates"].tolist() == [20, 40, 50, 100]
    assert picture.table["point"].tolist() == [10, 20, 10, 20] and "step" not in picture.table
    (ax,) = picture.figure.axes
    assert ax.get_xlabel() == "updates" and ax.get_xlim() == (0, 102)


def test_runs_whose_updates_differ_are_worth_what_they_reported_last(played):
    def uneven(run, labels):
        reports = [(t, {"return": t + 0.0, "env_steps": t * (run.seed + 1.0)}) for t in (10, 30)]
        return "complete", reports

    axes = {"sn.layers": {"kind": "choice", "values": ["none"]}}
    table = drawn(played(uneven, axes=axes, seeds=2), "curves", x="env_steps").table
    assert table["env_steps"].tolist() == [20, 30, 60] and table["n"].tolist() == [2, 2, 1]
    assert table["point"].tolist() == [10.0, 20.0, 30.0]


@pytest.mark.parametrize(
    ("x", "said"),
    [
        ("updates", "x=updates needs that metric of every run, and in .* no run reported it; .*"),
        ("return", "x of curves must be one of updates, env_steps, but got 'return'"),
    ],
)
def test_what_no_run_counts_is_refused(x, said, played):
    with pytest.raises(SweeperError, match=said):
        drawn(played(whole, axes=AXES), "curves", x=x)


def test_what_some_runs_do_not_count_is_refused(played):
    def some(run, labels):
        state, reports = counting(run, labels)
        return (state, reports) if run.seed else whole(run, labels)

    with pytest.raises(SweeperError, match="8 of its runs never reported it"):
        drawn(played(some, axes=AXES), "curves", x="updates")


def test_panels_of_one_metric_and_task_have_one_y_axis(played):
    tasks = {name: {"low": 0, "high": 1} for name in ("a", "b")}

    def went(run, labels):
        value = (1.0 if labels["sn.layers"] == "none" else 50.0) * (100 if run.task == "b" else 1)
        return "complete", [(40, {"return": value + run.seed})]

    study = played(went, axes=AXES, tasks=tasks)
    panels = drawn(study, "curves", hue="optimizer.lr", facet="sn.layers").figure.axes
    assert panels[0].get_ylim() == panels[2].get_ylim() != panels[1].get_ylim()
    assert panels[1].get_ylim() == panels[3].get_ylim()


def test_y_axes_of_positive_metrics_are_logarithmic_where_asked(played):
    def spiky(run, labels):
        metrics = {"return": run.seed - 2.0, "grad_norm": 10.0 ** (run.seed + 1)}
        return "complete", [(20, metrics), (40, metrics)]

    study = played(spiky, axes=AXES)
    asked = {"hue": "sn.layers", "metric": ["return", "grad_norm"]}
    with frame.asked(frame.Frame(yscale="log")):
        picture = drawn(study, "curves", **asked)
    returns, norms = picture.figure.axes
    assert (returns.get_yscale(), norms.get_yscale()) == ("linear", "log")
    low, high = norms.get_ylim()
    assert 0 < low < 4e3 and high >= 1e4
    assert [line for line in norms.lines if line.get_gid() == "cut off"], "bounds below 0"
    assert "y axes are logarithmic where all values are above 0" in words(picture)
    plain = drawn(study, "curves", **asked)
    assert {ax.get_yscale() for ax in plain.figure.axes} == {"linear"}
    assert "logarithmic" not in words(plain)


def test_curves_of_complete_trials_do_not_wait_for_the_others(played):
    def one_left(run, labels):
        state, reports = whole(run, labels)
        return ("running", reports[:1]) if run.trial == 0 else (state, reports)

    table = drawn(played(one_left, axes=AXES), "curves", hue="sn.layers").table
    assert table["n"].tolist() == [15, 15, 20, 20]


def test_in_curves_a_diverged_run_is_worse_than_all_others_from_then_on(played):
    def diverging(run, labels):
        state, reports = whole(run, labels)
        return ("nan", reports[:1]) if run.seed == 2 else (state, reports)

    table = drawn(played(diverging, axes=AXES), "curves", hue="sn.layers").table
    # without normalisation −∞, 0, 1, 3, 4 under each of 4 configurations: 0, 0, 0, 0, 1 … 3
    assert table["n"].tolist() == [20] * 4
    assert table["point"].tolist()[1] == np.mean([0] * 3 + [1] * 4 + [3] * 3)


def test_a_line_ends_where_diverged_runs_decide_it(played):
    def diverging(run, labels):
        state, reports = whole(run, labels)
        return ("nan", reports[:1]) if run.seed > 2 else (state, reports)

    picture = drawn(played(diverging, axes=AXES), "curves", hue="sn.layers")
    assert picture.table["step"].tolist() == [20, 20]
    assert all(np.isfinite(line.get_ydata()).all() for line in picture.figure.axes[0].lines)


def test_of_a_metric_whose_best_nobody_knows_diverged_runs_drop_out(played):
    def diverging(run, labels):
        points = [(step, {"return": 1.0, "loss": step + run.seed}) for step in (20, 40)]
        return ("nan", points[:1]) if run.seed > 2 else ("complete", points)

    table = drawn(played(diverging, axes=AXES), "curves", metric="loss", hue="sn.layers").table
    assert table["n"].tolist() == [20, 12, 20, 12]
    assert table["point"].tolist() == [22, 41, 22, 41]


def test_curves_have_a_panel_a_task(played):
    tasks = {name: {"low": 0, "high": 1} for name in ("a", "b", "c", "d")}
    picture = drawn(played(whole, axes=AXES, tasks=tasks), "curves", hue="sn.layers")
    assert [axes.get_title() for axes in picture.figure.axes] == list(tasks)
    assert picture.table["task"].value_counts().tolist() == [4] * 4


def test_a_facet_of_curves_is_a_row(played):
    tasks = {name: {"low": 0, "high": 1} for name in ("a", "b")}
    study = played(whole, axes=AXES, tasks=tasks)
    picture = drawn(study, "curves", hue="optimizer.lr", facet="sn.layers")
    titles = [axes.get_title() for axes in picture.figure.axes]
    assert titles == [f"{task}\nsn.layers = {sn}" for sn in ("none", "sn[-2]") for task in "ab"]


def with_rank(run, labels):
    """The effective rank is reported half as often as the return."""
    state, reports = whole(run, labels)
    rank = 40.0 + run.seed + 100 * (run.task == "b")
    return state, [reports[0], (40, {**reports[1][1], "effective_rank": rank})]


TWO = {name: {"low": 0, "high": 1} for name in ("a", "b")}


def test_tasks_as_facet_are_panels_of_raw_values(played):
    study = played(with_rank, axes=AXES, tasks=TWO)
    picture = drawn(study, "curves", hue="sn.layers", facet="task", metric="effective_rank")
    assert [axes.get_title() for axes in picture.figure.axes] == ["a", "b"]
    assert picture.table.groupby("task", observed=True)["point"].unique().map(list).tolist() == [
        [42.0],
        [142.0],
    ]


def test_each_metric_has_a_column_of_panels(played):
    study = played(with_rank, axes=AXES, tasks=TWO)
    picture = drawn(study, "curves", hue="sn.layers", metric=["return", "effective_rank"])
    panels = picture.figure.axes
    assert [axes.get_ylabel() for axes in panels] == ["return (IQM)", "effective_rank (IQM)"] * 2
    assert [axes.get_title() for axes in panels] == ["a", "a", "b", "b"]
    assert [len(axes.lines) for axes in panels] == [2] * 4
    assert panels[0].get_ylim()[1] < 20 < panels[1].get_ylim()[0], "each has a y axis of its own"
    table = picture.table[picture.table["sn.layers"] == "sn[-2]"]
    said = [(row.metric, row.task, row.step, row.point) for row in table.itertuples()]
    assert said == [
        *(
            ("return", task, step, point)
            for task in "ab"
            for step, point in ((20, 6.0), (40, 12.0))
        ),
        ("effective_rank", "a", 40, 42.0),
        ("effective_rank", "b", 40, 142.0),
    ]


def test_one_metric_in_a_list_is_that_metric(played):
    study = played(with_rank, axes=AXES)
    one, listed = (drawn(study, "curves", metric=metric).table for metric in ("loss", ["loss"]))
    assert one.equals(listed) and "metric" not in listed


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        (["return", "effective_rnk"], "'effective_rnk' is no metric.*did you mean 'effective_rank"),
        (["loss", "loss"], "names one metric twice: loss, loss"),
        ([], "takes 1 to 4 metrics, but got 0"),
        (["a", "b", "c", "d", "e"], "takes 1 to 4 metrics, but got 5"),
    ],
)
def test_wrong_metrics(played, metric, message):
    with pytest.raises(SweeperError, match=message):
        drawn(played(with_rank, axes=AXES), "curves", metric=metric)


def test_of_many_tasks_two_stand_beside_each_other(played):
    tasks = {f"t{number}": {"low": 0, "high": 1} for number in range(7)}
    study = played(with_rank, axes={"sn.layers": AXES["sn.layers"]}, tasks=tasks, seeds=1)
    figure = drawn(study, "curves", metric=["return", "effective_rank"]).figure
    shown = [axes for axes in figure.axes if axes.axison]
    assert [axes.get_title() for axes in shown] == [task for task in tasks for _ in "ab"]
    assert len(figure.axes) == 4 * 4 and figure.get_figheight() < 11
    lowest = [axes.get_title() for axes in shown if axes.xaxis.label.get_visible()]
    assert lowest == ["t5", "t5", "t6", "t6"]


def test_steps_of_a_function_are_plain_ones_and_one_is_one(played):
    def went(run, labels):
        return "complete", [(1, {"return": 1.0})]

    study = played(went, axes=AXES, steps=1)
    picture = drawn(study, "curves")
    assert picture.figure.axes[0].get_xlabel() == "steps" and "seeds, 1 step)." in words(picture)


def test_steps_of_an_agent_are_those_of_its_environment(make_study):
    picture = drawn(make_study(), "curves", metric="value")
    assert picture.figure.axes[-1].get_xlabel() == "environment steps"
    assert "3 seeds, 40 environment steps)." in words(picture)


TWO = {"a": {"low": 0, "high": 10}, "b": {"low": 100, "high": 300}}


def unlike(run, labels):
    """On task a the seed, on task b twenty times that above 100; b's seed 3 diverges at the end."""
    value = run.seed if run.task == "a" else 100 + 20 * run.seed
    reports = [(20, {"return": float(value)}), (40, {"return": 2.0 * value})]
    return ("nan", reports[:1]) if (run.task, run.seed) == ("b", 3) else ("complete", reports)


@pytest.mark.parametrize(("how", "point"), [("mean", 0.2), ("task_median", 0.2), ("iqm", 0.2)])
def test_curves_of_the_score_are_averaged_over_tasks(played, how, point):
    """At step 20 of both tasks the seed over 10, and behind it a run of one is worse than all."""
    score = {"metric": "return", "aggregate": how}
    axes = {"sn.layers": {"kind": "choice", "values": ["none", "all"]}}
    study = played(unlike, axes=axes, tasks=TWO, score=score)
    picture = drawn(study, "curves", hue="sn.layers", metric="score")
    (ax,) = picture.figure.axes
    assert ax.get_ylabel().startswith("normalised return (")
    table = picture.table[picture.table["step"] == 20]
    assert table["point"].tolist() == pytest.approx([point] * 2) and table["n"].tolist() == [10] * 2
    assert (table["low"] < table["point"]).all() and (table["point"] < table["high"]).all()
    assert (picture.table["step"] == 40).sum() == (2 if how == "iqm" else 0)
    rows = drawn(study, "curves", hue="sn.layers", metric="score", facet="task").figure.axes
    assert [ax.get_title() for ax in rows] == ["a", "b"]


def test_a_metric_that_is_called_score_is_itself(played):
    def named(run, labels):
        return "complete", [(40, {"return": 1.0, "score": 50.0})]

    picture = drawn(played(named, axes=AXES, tasks=TWO), "curves", metric="score")
    assert set(picture.table["point"]) == {50.0} and set(picture.table["task"]) == {"a", "b"}
