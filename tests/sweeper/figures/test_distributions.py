"""Performance profiles as figures, against counts by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sweeper import figures
from sweeper.errors import SweeperError
from tests.helpers.figures import AXES, drawn, whole, words


def test_a_line_pools_the_runs_of_its_configurations(played):
    picture = drawn(played(whole, axes=AXES), "distributions", hue="sn.layers")
    table = picture.table
    plain, normalised = (table[table["sn.layers"] == name] for name in ("none", "sn[-2]"))
    # scores are 0, 0.5, 1, 1.5 and 2, by seed, and 5 more with normalised layers
    for own, scores in ((plain, [0, 0.5, 1, 1.5, 2]), (normalised, [5, 5.5, 6, 6.5, 7])):
        for level, share in zip(own["tau"], own["point"], strict=True):
            assert share == pytest.approx(np.mean(np.array(scores) > level))
        assert own["n"].tolist() == [20] * len(own)
    assert plain["IQM"].iloc[0] == pytest.approx(1.0)
    assert plain["gap"].iloc[0] == pytest.approx((1 + 0.5) / 5)
    assert normalised["IQM"].iloc[0] == pytest.approx(6.0) and normalised["gap"].iloc[0] == 0.0
    assert (plain["gap low"] < plain["gap"]).all() and (plain["gap"] < plain["gap high"]).all()
    assert (table["low"] <= table["point"]).all() and (table["point"] <= table["high"]).all()
    said = words(picture)
    assert "IQM (optimality gap) by sn.layers: none: 1.00 [" in said and "; sn[-2]: 6.00 [" in said


def test_where_minimised_the_share_below_counts(played):
    study = played(whole, axes=AXES, direction="minimize")
    picture = drawn(study, "distributions", hue="sn.layers")
    table = picture.table[picture.table["sn.layers"] == "none"]
    assert table["point"].is_monotonic_increasing
    assert table["gap"].iloc[0] == pytest.approx(1.0), "the mean score above 0"
    assert "share of runs with score < τ" in words(picture)


def test_a_metric_of_its_own_has_no_optimality_gap(played):
    picture = drawn(played(whole, axes=AXES), "distributions", metric="loss")
    assert "gap" not in picture.table and "optimality" not in words(picture)
    assert picture.table["IQM"].unique() == [3.0]


def test_only_complete_configurations_count(played):
    def outcome(run, labels):
        if run.trial == 0 and run.seed == 0:
            return "failed", []
        return ("nan", [(20, {"return": 1.0})]) if run.trial == 1 else whole(run, labels)

    picture = drawn(played(outcome, axes=AXES), "distributions", hue="sn.layers")
    assert picture.table.groupby("sn.layers")["n"].first().to_dict() == {"none": 15, "sn[-2]": 20}
    assert "diverged: 5 (worse than all others" in words(picture)


def test_a_value_without_a_line_is_named(played):
    def outcome(run, labels):
        failed = labels["sn.layers"] != "none" and run.seed == 0
        return ("failed", []) if failed else ("complete", [(40, {"return": run.seed})])

    picture = drawn(played(outcome, axes=AXES), "distributions", hue="sn.layers")
    assert set(picture.table["sn.layers"]) == {"none"}
    assert "No configuration is complete of sn.layers = sn[-2]" in words(picture)


def test_few_seeds_have_no_band(played):
    picture = drawn(played(whole, axes=AXES, seeds=1), "distributions")
    assert picture.table[["low", "high", "IQM low", "gap low"]].isna().all(axis=None)
    assert "Pointwise interval unknown: fewer than 5 seeds" in words(picture)


def test_one_run_far_away_does_not_press_the_others_together(played):
    def outcome(run, labels):
        far = run.trial == 0 and run.seed == 0
        return "complete", [(40, {"return": -1e4 if far else 0.1 * run.seed + run.trial * 0.01})]

    picture = drawn(played(outcome, axes=AXES), "distributions", hue="sn.layers")
    assert picture.table["tau"].min() > -1
    assert picture.table["point"].iloc[0] == pytest.approx(19 / 20)
    assert "Beyond the x axis, but counted: 1 run at" in words(picture)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hue": "sn.layer"}, "'sn.layer' is no axis.*did you mean 'sn.layers'"),
        ({"hue": "task", "facet": "task"}, "hue and facet must differ"),
        ({"metric": "los"}, "'los' is no metric.*did you mean 'loss'"),
    ],
)
def test_wrong_options(played, options, message):
    with pytest.raises(SweeperError, match=message):
        figures.render(played(whole, axes=AXES), "distributions", options)


def test_tasks_in_a_metrics_own_unit_have_x_axes_of_their_own(played):
    tasks = {"a": {"low": 0, "high": 1}, "b": {"low": 0, "high": 1000}}

    def outcome(run, labels):
        return "complete", [(40, {"return": (run.seed + 1.0) * (1000 if run.task == "b" else 1)})]

    study = played(outcome, axes=AXES, tasks=tasks)
    one, two = drawn(study, "distributions", facet="task", metric="return").figure.axes
    assert one.get_xlim()[1] < 10 < 1000 < two.get_xlim()[1]
    one, two = drawn(study, "distributions", facet="task").figure.axes
    assert one.get_xlim() == two.get_xlim()
