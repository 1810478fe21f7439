"""A dot a run by two metrics, and how these correlate: over configurations, not over seeds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from sweeper import figures
from sweeper.errors import SweeperError
from tests.helpers.figures import drawn, words

AXES = {
    "width": {"kind": "int", "values": [*range(8)]},
    "sn": {"kind": "choice", "values": ["none", "one"]},
}
TASKS = {name: {"low": 0, "high": 2} for name in ("easy", "hard")}


def went(run, labels):
    """On the easy task what is steep is bad, on the hard one it is all one; one run failed."""
    if (run.trial, run.seed) == (0, 0):
        return "failed", []
    steep = 10.0 ** (labels["width"] - 3) * (1 + 0.01 * run.seed)
    noise = 0.15 * ((3 * run.seed + run.trial) % 4)
    good = (
        2 - labels["width"] / 5 + noise
        if run.task == "easy"
        else (run.seed * 7 + run.trial * 5) % 11
    )
    return "complete", [(40, {"return": good + 0.001 * run.trial, "steep": steep})]


@pytest.fixture
def picture(played):
    return drawn(played(went, axes=AXES, tasks=TASKS), "scatter", hue="sn", metric="steep")


def test_a_panel_has_its_dots_and_its_correlation(picture):
    dots = picture.table[picture.table["seed"].notna()]
    assert len(dots) == 2 * (16 * 5 - 1)
    panels = picture.table[picture.table["seed"].isna()].set_index("task")
    for task, own in dots.groupby("task"):
        found = panels.loc[task]
        assert found["n"] == len(own) == 79
        assert found["point"] == pytest.approx(spearmanr(own["steep"], own["score"]).statistic)
        assert found["low"] < found["high"]
    assert panels.loc["easy", "high"] < -0.8 < -0.5 < panels.loc["hard", "low"]
    axes = [ax for ax in picture.figure.axes if ax.axison]
    seen = [line.get_xydata() for ax in axes for line in ax.lines]
    assert sum(map(len, seen)) == len(dots)
    assert [(ax.get_xscale(), ax.get_yscale()) for ax in axes] == [("log", "linear")] * 2


def test_it_says_what_stands_where_and_what_the_interval_is_of(picture):
    said = words(picture)
    assert "steep" in said and "normalised return, final at 40 steps" in said
    assert "ρ = −0.9" in said and "easy" in said
    assert "95 % of 2,000 resamples of configurations, each with all its runs" in said


def test_two_metrics_are_x_and_y_and_three_are_refused(played):
    study = played(went, axes=AXES, tasks=TASKS)
    table = drawn(study, "scatter", metric=["return", "steep"]).table
    assert np.nanmax(table["return"]) > 2, "in their own units"
    assert {"return", "steep"} <= set(table)
    for names in (["return", "steep", "loss"], ["steep", "steep"]):
        with pytest.raises(SweeperError, match="two different metrics"):
            drawn(study, "scatter", metric=names)
    with pytest.raises(SweeperError, match="no metric"):
        drawn(study, "scatter", metric="unknown")


def test_limits_that_are_asked_for_are_taken(played, tmp_path):
    files = figures.render(
        played(went, axes=AXES),
        "scatter",
        {"xlim": "0.1..10", "metric": "steep"},
        tmp_path / "x.svg",
    )
    assert "axes as asked for: x 0.1 to 10" in files[-1].read_text().replace("\n", " ").lower()
