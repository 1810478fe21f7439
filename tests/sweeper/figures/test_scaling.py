"""Which axes a scaling figure takes, and its numbers."""

from __future__ import annotations

import pytest

from sweeper import figures
from sweeper.errors import SweeperError
from tests.helpers.figures import drawn, words

AXES = {
    "optimizer.lr": {"kind": "float", "values": [1e-4, 1e-3]},
    "critic.layers": {"kind": "int", "values": [4, 2]},
    "sn.layers": {"kind": "choice", "values": ["none", "sn[-2]"]},
    "critic.units": {"kind": "int", "values": [256, 64, 128]},
}


def grows(run, labels):
    """In units of 2: units / 64 + layers, 10 more where normalised, and the seed."""
    value = labels["critic.units"] / 64 + labels["critic.layers"] + run.seed
    return "complete", [(40, {"return": value + 10.0 * (labels.get("sn.layers") == "sn[-2]")})]


def test_width_is_x_depth_the_panels_and_the_next_axis_the_lines(played):
    axes = {name: AXES[name] for name in ("critic.layers", "sn.layers", "critic.units")}
    picture = drawn(played(grows, axes=axes), "scaling")
    table = picture.table
    assert list(table.columns[:3]) == ["critic.layers", "sn.layers", "critic.units"]
    first = table[(table["critic.layers"] == 2) & (table["sn.layers"] == "none")]
    assert first["critic.units"].tolist() == [64, 128, 256]
    # units / 64 + 2 layers + the IQM of the seeds, which is 2, halved by the task's high
    assert first["point"].tolist() == [2.5, 3.0, 4.0]
    other = table[(table["critic.layers"] == 4) & (table["sn.layers"] == "sn[-2]")]
    assert other["point"].tolist() == [8.5, 9.0, 10.0]
    assert table["n"].tolist() == [5] * 12
    assert (table["low"] < table["point"]).all() and (table["point"] < table["high"]).all()
    assert "n = 60 of 60 runs" in words(picture)


def test_points_pool_what_is_not_shown(played):
    table = drawn(played(grows, axes=AXES), "scaling", hue="sn.layers").table
    assert list(table.columns[:3]) == ["critic.layers", "sn.layers", "critic.units"]
    assert table["n"].tolist() == [10] * 12


def test_panels_share_one_y_axis_but_those_of_tasks_in_their_own_units(played):
    tasks = {"a": {"low": 0, "high": 2}, "b": {"low": 0, "high": 2}}

    def outcome(run, labels):
        state, points = grows(run, labels)
        factor = 100.0 if run.task == "b" else 1.0
        return state, [(step, {"return": factor * at["return"]}) for step, at in points]

    study = played(outcome, axes=AXES, tasks=tasks)
    for options, shared in (({}, True), ({"metric": "return", "facet": "task"}, False)):
        axes = drawn(study, "scaling", **options).figure.axes
        assert (axes[0].get_ylim() == axes[1].get_ylim()) == shared


def test_incomplete_points_are_counted_and_hatched(played):
    def outcome(run, labels):
        if labels["critic.units"] == 128:
            return None
        return (
            ("failed", []) if labels["critic.layers"] == 4 and run.seed == 1 else grows(run, labels)
        )

    axes = {name: AXES[name] for name in ("critic.layers", "critic.units")}
    picture = drawn(played(outcome, axes=axes), "scaling")
    assert picture.table["point"].notna().tolist() == [True, False, True, False, False, False]
    assert "Without a point: 4 that are not complete" in words(picture)
    assert "Failed: 2 configurations; pruned: 0 runs; missing: 10; diverged: 0" in words(picture)


def test_one_seed_has_no_interval(played):
    picture = drawn(played(grows, axes=AXES, seeds=1), "scaling")
    assert picture.table["low"].isna().all()
    assert "Interval unknown: fewer than 5 seeds" in words(picture)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"x": "critic.unit"}, r"'critic.unit' is no axis.*did you mean 'critic.units'"),
        ({"x": "critic.units", "facet": "critic.units"}, "x and facet must differ"),
        ({"metric": "los"}, r"'los' is no metric of played; valid: return"),
    ],
)
def test_wrong_options(played, options, message):
    with pytest.raises(SweeperError, match=message):
        figures.render(played(grows, axes=AXES), "scaling", options)
