"""Bands that are standard errors or deviations, single runs, tasks along x, scales of y."""

from __future__ import annotations

import numpy as np
import pytest

from sweeper import figures
from sweeper.errors import SweeperError
from tests.helpers.figures import words

AXES = {
    "width": {"kind": "int", "values": [8, 16]},
    "net": {"kind": "choice", "values": ["a", "b"]},
}


def drawn(study, name, **options):
    return figures.picture(study, name, options)


NOISE = [0.0, 1.0, 5.0, 2.0, 12.0]
MEAN = {"score": {"metric": "return", "aggregate": "mean"}}
TASKS = {f"navigation/{n}": {"low": 0, "high": 1} for n in (20, 1, 5)}


def noisy(run, labels):
    value = labels["width"] + NOISE[run.seed]
    return "complete", [(step, {"return": value}) for step in (20, 40)]


@pytest.mark.parametrize("name", ["curves", "scaling", "sensitivity"])
@pytest.mark.parametrize(("band", "width"), [("sd", 1.0), ("se", 5**-0.5)])
def test_they_are_of_all_runs_of_a_point_with_n_minus_1(played, name, band, width):
    study = played(noisy, axes=AXES, tasks={"a": {"low": 0, "high": 1}}, **MEAN)
    options = {"hue": "width"} if name == "curves" else {"x": "width"}
    options |= {"where": "net=a"}
    picture = drawn(study, name, band=band, **options)
    table, spread = picture.table, width * np.std(NOISE, ddof=1)
    assert (table["high"] - table["point"]).tolist() == pytest.approx([spread] * len(table))
    assert (table["point"] - table["low"]).tolist() == pytest.approx([spread] * len(table))
    assert set(table["band"]) == {band}
    said = {"sd": "± standard deviation, with n − 1,", "se": "± standard error, sd(n − 1)/√n,"}
    assert f"bands: {said[band]} of all runs of a point" in words(picture).replace("Bands", "bands")
    assert "95 %" not in words(picture) and "IQM" not in words(picture)
    assert any(
        f"± {band.upper() if band == 'se' else band}" in part for part in picture.caption.parts
    )
    plain = drawn(study, name, **options).table
    assert plain["point"].tolist() == table["point"].tolist() and "band" not in plain


def test_around_an_iqm_they_are_of_the_runs_that_it_leaves_out_too(played):
    picture = drawn(played(noisy, axes=AXES), "sensitivity", x="width", hue="net", band="se")
    spread = np.std(NOISE, ddof=1) / 2 / 5**0.5  # the task's high is 2
    assert (picture.table["high"] - picture.table["point"])[0] == pytest.approx(spread)
    assert "also of those that the IQM leaves out" in words(picture)
    assert not picture.table["tied"].any(), "they are no intervals"


def test_a_single_run_has_none(played):
    picture = drawn(played(noisy, axes=AXES, seeds=1), "sensitivity", x="width", band="se")
    assert picture.table["low"].isna().all()
    assert "none of a single run, nor where one diverged" in words(picture)


def test_where_a_run_diverged_there_is_none(played):
    def outcome(run, labels):
        lost = labels["width"] == 16 and run.seed == 0
        return ("nan", []) if lost else noisy(run, labels)

    iqm = {"score": {"metric": "return"}}
    found = drawn(played(outcome, axes=AXES, **iqm), "sensitivity", x="width", band="sd").table
    assert found["low"].notna().tolist() == [True, False, True, False]
    assert found["point"].notna().all()


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("heatmap", {"band": "se"}, "band does not go with heatmap, which has no bands"),
        (
            "curves",
            {"band": "sdev"},
            "one of interval, percentile, se, sd, but got 'sdev'",
        ),
        ("heatmap", {"runs": True}, "runs does not go with heatmap, which has no lines"),
        ("curves", {"runs": "5"}, "runs must be true or false, but got '5'"),
        ("sensitivity", {"yscale": "log"}, "yscale does not go with sensitivity, which has no y"),
        ("scaling", {"yscale": "ln"}, "yscale must be one of linear, log, symlog, but got 'ln'"),
    ],
)
def test_what_is_refused(played, name, options, expected):
    with pytest.raises(SweeperError) as error:
        figures.picture(played(noisy, axes=AXES), name, options)
    assert expected in str(error.value)


def test_a_median_has_no_deviation(played):
    rule = "se goes with score.aggregate mean or iqm, but got median"
    keys = {"axes": AXES, "score": {"metric": "return", "aggregate": "median"}}
    with pytest.raises(SweeperError, match=rule):
        drawn(played(noisy, **keys), "sensitivity", x="width", band="se")
    with pytest.raises(SweeperError, match=rule):
        played(noisy, figures=[{"curves": {"band": "se"}}], **keys)


def test_tasks_stand_along_x_at_their_numbers(played):
    study = played(noisy, axes=AXES, tasks=TASKS)
    for name in ("sensitivity", "scaling"):
        picture = drawn(study, name, x="task", hue="width", facet="net")
        axes = picture.figure.axes[0]
        assert axes.get_xlabel() == "n of navigation/n"
        assert picture.table["task"].tolist() == [1, 5, 20] * 4
        assert [tick.get_text() for tick in axes.get_xticklabels()] == ["1", "5", "20"]
        assert picture.table["n"].tolist() == [5] * 12
    assert not drawn(study, "sensitivity", x="task").table["best"].any(), "nobody chooses a task"


def test_other_tasks_stand_there_in_the_order_of_the_space(played):
    tasks = {name: {"low": 0, "high": 1} for name in ("gym/Pole-v1", "gym/Pole-v0", "a/b")}
    for name in ("sensitivity", "scaling"):
        picture = drawn(played(noisy, axes=AXES, tasks=tasks), name, x="task", hue="net")
        assert picture.table["task"].tolist()[:3] == list(tasks)
    lines = drawn(played(noisy, axes=AXES, tasks=tasks), "curves", hue="task", facet="width")
    assert [text.get_text() for text in lines.figure.legends[0].get_texts()] == list(tasks)


def singles(ax):
    return [line for line in ax.lines if line.get_gid() == "single"]


def test_single_runs_are_dashed_beside_the_average_where_asked(played):
    study = played(noisy, axes=AXES, **MEAN)
    asked = {"hue": "width", "where": "net=a"}
    picture, plain = (drawn(study, "curves", **asked, **more) for more in ({"runs": True}, {}))
    ax = picture.figure.axes[0]
    ends = sorted(line.get_ydata()[-1] for line in singles(ax))
    assert ends == sorted(width + noise for width in (8, 16) for noise in NOISE)
    assert all(line.is_dashed() for line in singles(ax))
    assert len(ax.collections) == 2, "the bands stay"
    assert "thin dashed lines are single runs" in words(picture)
    assert not singles(plain.figure.axes[0]) and "single runs" not in words(plain)
    assert picture.table.equals(plain.table)
    low, high = ax.get_ylim()
    assert low < 8 and high > 28, "none is cut off"


@pytest.mark.parametrize("name", ["scaling", "sensitivity"])
def test_single_runs_are_marks_along_an_axis(played, name):
    study = played(noisy, axes=AXES, tasks={"a": {"low": 0, "high": 1}}, **MEAN)
    picture, plain = (
        drawn(study, name, x="width", hue="net", **more) for more in ({"runs": "true"}, {})
    )
    marks, without = (
        sum(len(part.get_offsets()) for part in one.figure.axes[0].collections)
        for one in (picture, plain)
    )
    assert marks - without == 2 * 2 * 5
    assert "small faint marks are single runs" in words(picture)
    assert "single runs" not in words(plain)


def far(run, labels):
    value = float(run.seed) - (1100 if run.task == "navigation/20" else 0)
    return "complete", [(40, {"return": value, "size": 10.0 ** (1 + run.seed)})]


def test_a_y_axis_may_be_linear_near_0_and_logarithmic_beyond(played):
    study = played(far, axes=AXES, tasks=TASKS)
    for name, asked in (("scaling", {"x": "task"}), ("curves", {"facet": "width"})):
        picture = drawn(study, name, hue="net", metric="return", yscale="symlog", **asked)
        axes = [ax for ax in picture.figure.axes if ax.lines]
        assert {ax.get_yscale() for ax in axes} == {"symlog"}
        assert min(ax.get_ylim()[0] for ax in axes) < -1000
        assert max(ax.get_ylim()[1] for ax in axes) > 2
        ticks = {tick.get_text() for ax in axes for tick in ax.get_yticklabels()}
        assert ticks >= ({"−1000", "0", "1"} if name == "scaling" else {"−1098", "2"})
        assert "linear from −1 to 1 and logarithmic beyond" in words(picture)


def test_a_y_axis_along_an_axis_is_logarithmic_where_all_is_above_0(played):
    study = played(far, axes=AXES, tasks=TASKS)
    asked = {"x": "task", "hue": "net", "yscale": "log"}
    sizes, returns = (drawn(study, "scaling", metric=one, **asked) for one in ("size", "return"))
    assert sizes.figure.axes[0].get_yscale() == "log"
    assert returns.figure.axes[0].get_yscale() == "linear"
