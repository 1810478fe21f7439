"""Several scores against each other: which configurations stand on the front, and what is said."""

from __future__ import annotations

import re

import numpy as np
import pytest

from sweeper import figures
from sweeper.errors import NothingToShow
from tests.contracts import test_figures as contract
from tests.helpers.figures import drawn, words

AXES = {"x": {"kind": "int", "values": [0, 1, 2, 3, 4, 5]}}
COST = {"metric": "cost", "direction": "minimize", "low": 0, "high": 10}
SCORE = [{"metric": "return"}, COST]

RETURNS, COSTS = (1.0, 2.0, 3.0, 2.5, 9.0), (1.0, 1.5, 4.0, 6.0, 0.0)


def went(run, labels):
    """Trials 0, 1 and 2 are unbeaten, trial 2 beats trial 3; 4 diverged, 5 failed."""
    if labels["x"] == 5:
        return "failed", []
    spread = 0.01 * run.seed
    point = {"return": RETURNS[labels["x"]] + spread, "cost": COSTS[labels["x"]] + spread}
    return ("nan" if labels["x"] == 4 else "complete"), [(20, point)]


def test_the_front_has_what_no_other_beats_in_all_scores(played):
    picture = drawn(played(went, axes=AXES, score=SCORE), "pareto")
    table = picture.table.set_index("trial")
    assert table["front"].to_dict() == {0: True, 1: True, 2: True, 3: False}
    assert table["point return"].tolist() == pytest.approx([0.51, 1.01, 1.51, 1.26])
    assert table["point cost"].tolist() == pytest.approx([0.102, 0.152, 0.402, 0.602])
    assert table[["low return", "high cost"]].notna().all(axis=None)
    said = words(picture)
    assert "normalised return, final at 40 steps (IQM), larger is better" in said
    assert "normalised cost, final at 40 steps (IQM), smaller is better" in said
    assert "3 of 4 complete configurations that no other beats in all scores" in said
    assert "Failed: 1 configuration" in said and "diverged: 5 (worse" in said


def test_what_diverged_is_no_mark(played):
    picture = drawn(played(went, axes=AXES, score=SCORE), "pareto")
    (axes,) = picture.figure.axes
    marks = np.concatenate([line.get_xydata() for line in axes.lines if line.get_marker() == "o"])
    assert len(marks) == 4 and np.isfinite(marks).all() and marks[:, 0].max() < 2


@pytest.mark.parametrize("number", [2, 3, 4])
def test_every_two_scores_have_a_panel(played, draw, number):
    others = [{**COST, "metric": name} for name in ("cost", "loss", "size")]

    def many(run, labels):
        state, reports = went(run, labels)
        return state, [(s, point | {"loss": point["return"], "size": 1.0}) for s, point in reports]

    study = played(many, axes=AXES, score=[SCORE[0], *others[: number - 1]])
    picture, seen = draw(study, "pareto")
    shown = [axes for axes in picture.figure.axes if axes.axison]
    assert len(shown) == number * (number - 1) // 2
    contract.says_what_stands_behind_it(picture, seen, len(study.plan.runs))
    contract.is_not_clipped(picture.figure, seen)
    contract.does_not_overlap(seen)


draw = contract.draw


def test_few_seeds_have_no_bars_and_it_is_said(played):
    picture = drawn(played(went, axes=AXES, score=SCORE, seeds=2), "pareto")
    assert picture.table["low return"].isna().all()
    assert "interval unknown: fewer than 5 seeds" in words(picture)


def test_a_study_where_all_diverged_has_no_mark(played):
    study = played(lambda run, labels: ("nan", []), axes=AXES, score=SCORE)
    assert "no configuration is complete" in words(drawn(study, "pareto"))


def test_one_score_is_no_front(played):
    with pytest.raises(NothingToShow, match=re.escape("played has one score, return; a space")):
        figures.render(played(went, axes=AXES), "pareto", {})
