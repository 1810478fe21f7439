"""The figure of claims: a row each, its texts inside the picture, and why there may be none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.text import Text

from sweeper import figures
from sweeper.errors import NothingToShow, SweeperError
from sweeper.figures.drawing.picture import Picture
from sweeper.study.study import Study
from tests.helpers.figures import AXES, whole, words

Play = Callable[..., Study]

MANY = {
    "helps": "score(sn.layers=sn[-2]) > score(sn.layers=none)",
    "hurts": {"claim": "score(sn.layers=sn[-2]) < score(sn.layers=none) by 0.1", "pool": "best"},
    "wider": "usable(optimizer.lr | sn.layers=sn[-2]) > usable(optimizer.lr | sn.layers=none)",
    "best": {"claim": "best(optimizer.lr) <= 1e-4", "where": {"optimizer.eps": [1e-4, 1e-2]}},
    "loss": {"claim": "loss(sn.layers=sn[-2]) > loss(sn.layers=none)", "source": "$\\bad{$ 2021"},
}


def picture(study: Study, **options: Any) -> Picture:
    return figures.picture(study, "claims", options)


def noisy(run: Any, labels: Any) -> Any:
    state, points = whole(run, labels)
    noise = np.random.default_rng([run.seed, run.trial]).normal()
    return state, [(step, {**found, "loss": 3.0 + noise}) for step, found in points]


def test_a_row_a_claim_a_panel_a_unit(played: Play) -> None:
    found = picture(played(noisy, axes=AXES, seeds=6, claims=MANY))
    found.figure.canvas.draw()
    assert len(found.figure.axes) == 4
    assert list(found.table["name"]) == list(MANY)
    said = words(found)
    for text in ("in favour: usable values of optimizer.lr", "optimizer.lr with the best score"):
        assert text in said
    assert "exploratory" not in said.lower()
    assert "n = 6" in said and "n, the seeds of a task" in said
    assert "begins at 0" in said and "its interval is unknown" not in said
    assert {*found.table["verdict"]} <= {"supported", "refuted", "undecided"}
    assert "score(sn.layers=sn[-2]) > score(sn.layers=none)" in found.text


def test_unknown_intervals_are_told(played: Play) -> None:
    said = words(picture(played(noisy, axes=AXES, seeds=3, claims={"helps": MANY["helps"]})))
    assert "n = 3" in said and "A mark without a bar: its interval is unknown" in said
    assert "begins at 0" not in said


def test_texts_stay_inside_whatever_is_claimed(played: Play) -> None:
    long = {"kind": "choice", "values": [f"a long description of number {n}" for n in range(3)]}
    text = (
        "score(network.x=a long description of number 0) > score(network.x=a long description of "
    )
    claims = {f"claim_{n}": f"{text}number {n})" for n in (1, 2)}
    made = played(
        lambda run, labels: ("complete", [(40, {"return": float(run.seed)})]),
        axes={"network.x": long},
        seeds=5,
        claims=claims,
    )
    for options in ({}, {"width": 5}, {"title": "what was claimed", "caption": False}):
        found = picture(made, **options).figure
        found.canvas.draw()
        renderer, box = found.canvas.get_renderer(), found.bbox
        for one in found.findobj(Text):
            if one.get_text() and one.get_visible():
                inside = one.get_window_extent(renderer)
                assert inside.x0 >= box.x0 - 1 and inside.x1 <= box.x1 + 1, one.get_text()


def test_it_needs_room_for_what_is_claimed(played: Play) -> None:
    made = played(noisy, axes=AXES, seeds=6, claims=MANY)
    with pytest.raises(SweeperError, match="width must be at least 5 inches for claims"):
        picture(made, width="column")


def test_claims_that_came_later_have_open_marks(
    played: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Study, "registered", lambda study, name: name == "helps")
    found = picture(played(noisy, axes=AXES, seeds=6, claims=MANY))
    marks = [line for ax in found.figure.axes for line in ax.lines if line.get_marker() == "o"]
    assert [one.get_markerfacecolor() == "white" for one in marks] == [False, *[True] * 4]
    assert "registered before the first run ended" in words(found)
    assert "Exploratory: the claim came after the first run had ended" in found.caption


def test_sides_that_diverged_or_lack_runs_say_so(played: Play) -> None:
    def went(run: Any, labels: Any) -> Any:
        if labels["optimizer.lr"] == 1e-5:
            return "nan", [(20, {"return": 0.0})]
        return noisy(run, labels) if labels["optimizer.eps"] == 1e-4 else None

    claims = {
        "diverged": "score(optimizer.lr=1e-5) > score(optimizer.lr=1e-3,optimizer.eps=1e-4)",
        "open": "score(optimizer.lr=1e-3,optimizer.eps=1e-2) > 0.1",
    }
    said = words(picture(played(went, axes=AXES, seeds=6, claims=claims)))
    assert "diverged" in said and "no complete runs" in said


@pytest.mark.parametrize("state", ["open", "failed"])
def test_nothing_is_drawn_and_said_why(played: Play, state: str) -> None:
    made = played(
        lambda run, labels: ("failed", []) if state == "failed" else None,
        axes=AXES,
        claims=MANY,
    )
    with pytest.raises(NothingToShow, match=rf"claims has nothing to show: .*\(40 {state}\)"):
        picture(made)
    with pytest.raises(NothingToShow, match="the space of other makes none"):
        picture(played(noisy, name="other", axes=AXES))


def test_they_are_drawn_at_the_end_unless_no_figure_is_wanted(played: Play) -> None:
    names = [
        [
            one.name
            for one in played(noisy, name=f"s{n}", axes=AXES, claims=MANY, **keys).space.drawn
        ]
        for n, keys in enumerate(
            ({}, {"figures": []}, {"figures": ["heatmap"]}, {"figures": ["claims", "heatmap"]})
        )
    ]
    assert names == [["claims"], [], ["heatmap", "claims"], ["claims", "heatmap"]]


def test_it_takes_no_part(played: Play, tmp_path: Path) -> None:
    made = played(noisy, axes=AXES, seeds=6, claims=MANY)
    for option in ("where", "trial", "top", "pool"):
        with pytest.raises(SweeperError, match="claims, each of which says what it is about"):
            picture(made, **{option: "1"})
