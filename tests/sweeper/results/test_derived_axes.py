"""Figures, tables and exports over parameters that follow from the axes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sweeper.errors import SweeperError
from sweeper.results.data import Data
from sweeper.study.study import Study
from tests.helpers.figures import drawn, words
from tests.helpers.function_space import loaded

AXES: dict[str, Any] = {
    "one_minus_gamma": {"kind": "float", "values": [0.1, 0.01], "helper": True},
    "net": {
        "kind": "variant",
        "values": {"small": {"width": 8, "depth": 1}, "wide": {"width": 64, "depth": 1}},
    },
}


@pytest.fixture
def study(played: Callable[..., Study]) -> Study:
    def went(run: Any, labels: Any) -> Any:
        value = run.params["gamma"] + run.params["width"] / 100 + run.seed / 1000
        return "complete", [(20, {"return": value / 2}), (40, {"return": value})]

    return played(went, axes=AXES, derived={"gamma": "1 - one_minus_gamma"})


def test_what_formulas_and_variants_set_is_an_axis_where_it_varies(study: Study) -> None:
    data = Data.of(study)
    derived = {name: axis.labels for name, axis in data.axes.items() if axis.derived}
    assert derived == {"gamma": (0.9, 0.99), "width": (8, 64)}
    assert data.varied == ["one_minus_gamma", "net"]


@pytest.mark.parametrize("name", ["sensitivity", "scaling", "heatmap", "distributions", "curves"])
def test_figures_show_them_and_are_not_pooled_over_what_they_follow_from(
    study: Study, name: str
) -> None:
    options = {"hue": "gamma"} if name in ("curves", "distributions") else {"x": "gamma"}
    shown = drawn(study, name, **options)
    assert set(shown.table["gamma"]) == {0.9, 0.99}
    if name not in ("heatmap", "curves"):
        assert "one_minus_gamma" not in words(shown).partition("pooled over")[2]


def test_numbers_are_those_of_the_axis_that_they_follow_from(study: Study) -> None:
    one, other = (drawn(study, "sensitivity", x=x).table for x in ("one_minus_gamma", "gamma"))
    by_axis = dict(
        zip(zip(1 - one["one_minus_gamma"], one["net"], strict=True), one["point"], strict=True)
    )
    found = dict(zip(zip(other["gamma"], other["net"], strict=True), other["point"], strict=True))
    assert found == pytest.approx(by_axis)


def test_a_space_may_ask_for_such_figures(tmp_path: Path) -> None:
    keys = {"axes": AXES, "derived": {"gamma": "1 - one_minus_gamma"}}
    space = loaded(tmp_path, **keys, figures=[{"sensitivity": {"x": "gamma", "hue": "width"}}])
    assert space.figures[0].options == {"x": "gamma", "hue": "width"}
    with pytest.raises(SweeperError, match="must be an axis, but got 'gama'"):
        loaded(tmp_path, **keys, figures=[{"sensitivity": {"x": "gama"}}])
