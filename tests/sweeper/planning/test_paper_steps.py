"""The paper's budget: where it comes from, and that figures show it beside their own."""

from __future__ import annotations

import pytest

from sweeper.errors import SweeperError
from sweeper.planning.loading import load
from sweeper.space.digest import digest
from sweeper.space.space import Space
from tests.helpers.figures import AXES, drawn, whole, words
from tests.helpers.spaces import edited, loaded, message

PAPER = "scales:\n  paper: {steps: 1e6}\n"


@pytest.mark.parametrize("scale", [None, "smoke", "paper"])
def test_the_papers_steps_are_those_of_its_scale(tmp_path, scale):
    path = edited(tmp_path, ("scales:\n", PAPER), ("steps: 1000", "steps: 2000"))
    space = load(path, scale)
    assert space.paper_steps == 1_000_000
    assert Space.parse(space.dump()).paper_steps == 1_000_000
    assert digest(space) == digest(space.model_copy(update={"paper_steps": None}))


def test_the_papers_steps_are_the_spaces_where_its_scale_names_none(tmp_path):
    path = edited(tmp_path, ("scales:\n", "scales:\n  paper: {seeds: 9}\n"))
    assert load(path, "smoke").paper_steps == 1000
    assert loaded(tmp_path).paper_steps is None, "without such a scale nothing is known of a paper"


def test_papers_steps_that_are_no_number_are_refused_in_every_scale(tmp_path):
    path = edited(tmp_path, ("scales:\n", "scales:\n  paper: {steps: many}\n"))
    with pytest.raises(SweeperError, match=r"x.yaml:24: scales.paper.steps must be a whole number"):
        load(path, "smoke")


def test_only_its_scale_says_what_the_papers_steps_are(tmp_path):
    assert "paper_steps is an unknown key" in message(
        edited(tmp_path, ("seeds: 2", "paper_steps: 2"))
    )


BUDGETS = {"steps": 1_000_000, "scales": {"laptop": {"steps": 40}, "paper": {}}}
OWN = {"steps": 20, "scales": {"paper": {"steps": 5000}, "small": {}}}


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (BUDGETS, "Laptop: 40 of scale paper's 1,000,000 steps. A short one."),
        (OWN, "diverged: 0. 20 of scale paper's 5,000 steps. A short one."),
        (
            {"steps": 40, "scales": {"laptop": {}, "paper": {}}},
            "diverged: 0. Laptop: scale paper's 40 steps. A short one.",
        ),
        ({"steps": 40, "scales": {"paper": {}}}, "diverged: 0. A short one."),
        ({"steps": 40, "scales": {"laptop": {}}}, "diverged: 0. A short one."),
    ],
)
@pytest.mark.parametrize("name", ["heatmap", "sensitivity", "curves"])
def test_the_budget_stands_beside_the_papers(played, name, keys, said):
    assert said in words(drawn(played(whole, axes=AXES, note="a short one", **keys), name))
