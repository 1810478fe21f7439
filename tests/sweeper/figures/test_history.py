"""The history of a sampler's trials: values in their order, the best so far, what has no value."""

from __future__ import annotations

import numpy as np
import pytest

from sweeper.report import publish
from tests.helpers.figures import drawn, words

LR = {"lr": {"kind": "float", "low": 1e-5, "high": 1e-1, "log": True}}
SAMPLED = {"axes": LR, "sampler": "random", "trials": 8}
HEIGHTS = [3.0, 1.0, 5.0, 4.0, 7.0, 6.0, 2.0, 5.0]


def went(run, labels):
    """Trial 2 failed, 4 was pruned, 6 diverged and 7 goes on."""
    states = {2: "failed", 4: "pruned", 6: "nan", 7: "running"}
    reports = [(40, {"return": HEIGHTS[run.trial] + run.seed / 100})]
    return states.get(run.trial, "complete"), reports


def test_values_the_best_so_far_and_states(played):
    picture = drawn(played(went, **SAMPLED), "history", metric="return")
    table = picture.table
    assert table["trial"].tolist() == list(range(8))
    assert table["state"].tolist() == [
        *("complete", "complete", "failed", "complete"),
        *("pruned", "complete", "diverged", "running"),
    ]
    nan = np.nan
    points = [3.02, 1.02, nan, 4.02, nan, 6.02, nan, nan]
    assert table["point"].tolist() == pytest.approx(points, nan_ok=True)
    best = [3.02, 3.02, 3.02, 4.02, 4.02, 6.02, 6.02, 6.02]
    assert table["best so far"].tolist() == pytest.approx(best)
    said = words(picture)
    assert "in the end trial 5 (lr = " in said and "), chosen by these same runs" in said
    assert "At the bottom: failed 1 trial, pruned 1 trial, diverged 1 trial. Not ended: 1" in said


def test_smaller_is_better(played):
    picture = drawn(played(went, **SAMPLED, direction="minimize"), "history", metric="return")
    assert picture.table["best so far"].tolist()[-1] == pytest.approx(1.02)


def test_before_the_first_value_there_is_no_best(played):
    def late(run, labels):
        return ("failed" if run.trial < 2 else "complete"), [(40, {"return": 1.0})]

    table = drawn(played(late, **SAMPLED), "history").table
    assert table["best so far"].isna().tolist() == [True, True, *[False] * 6]


def test_without_intervals_the_runs_are_drawn_and_it_says_so(played):
    picture = drawn(played(went, **SAMPLED, seeds=2), "history")
    assert picture.table["low"].isna().all()
    assert "interval unknown" in words(picture) and "faint marks are single runs" in words(picture)


@pytest.mark.all_formats
@pytest.mark.parametrize(
    ("keys", "names"),
    [
        ({}, ["curves", "history"]),
        ({"figures": ["sensitivity"]}, ["sensitivity"]),
        ({"figures": []}, []),
        ({"sampler": "grid", "axes": {"lr": {"kind": "float", "values": [1.0, 2.0]}}}, []),
    ],
)
def test_a_samplers_study_without_figures_shows_its_history_and_its_top_curves(
    played, keys, names, monkeypatch
):
    space = {**SAMPLED, **keys}
    if space["sampler"] == "grid":
        del space["trials"], space["sampler"]
    study = played(went, **space)
    monkeypatch.setattr(study, "edition", lambda _: "1", raising=False)
    monkeypatch.setattr("sweeper.report.page.page.write", lambda *_: None)
    assert publish.draw(study, study.ledger_state())
    assert sorted(file.stem for file in study.paths.figures.glob("*.pdf")) == names
    if "curves" in names:
        said = (study.paths.figures / "curves.txt").read_text()
        assert "the best 4 of 4 complete configurations" in said
