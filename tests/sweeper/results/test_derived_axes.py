"""Figures, tables and exports over parameters that follow from the axes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sweeper.errors import SweeperError
from sweeper.results.axis import ABSENT
from sweeper.results.data import Data
from sweeper.results.tables import number_text
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


def whole(run: Any, labels: Any) -> Any:
    return "complete", [(40, {"return": 1.0 + run.trial})]


def test_numbers_that_are_equal_up_to_rounding_are_one_point(played: Callable[..., Study]) -> None:
    axes = {
        "lr": {"kind": "float", "values": [0.1, 0.02, 0.01]},
        "momentum": {"kind": "float", "values": [0, 0.5, 0.9]},
    }
    data = Data.of(played(whole, axes=axes, derived={"ratio": "lr * (1 - momentum)"}, seeds=2))
    ratio = data.axes["ratio"]
    assert ratio.labels == pytest.approx((0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1))
    assert ratio.labels[3] == 0.01, "of equal ones that with the fewest digits"
    codes = ratio.codes(data.runs)
    assert (codes == 3).sum() == 3 * 2, "three configurations have 0.01"
    zipped = data.caption(6, ["ratio"], "x").partition("ipped:")[2]
    assert "momentum with ratio" not in zipped


def test_null_is_called_null_and_not_switched_off(played: Callable[..., Study]) -> None:
    axes = {"x": {"kind": "choice", "values": [None, 0.5, 2]}}
    space = {"axes": axes, "derived": {"d": "null if x == null else 10 * x"}, "seeds": 1}
    axis = Data.of(played(whole, **space)).axes["d"]
    assert axis.numeric and axis.known == [5, 20]
    assert number_text.texts(axis) == ["5", "20", "null"]


def test_what_is_null_in_one_block_and_absent_in_another_is_told_apart(
    played: Callable[..., Study],
) -> None:
    """A parameter of one block alone is absent in the other."""
    axes = {"x": {"kind": "choice", "values": [None, 0.5]}}
    blocks = {
        "one": {"derived": {"d": "null if x == null else 10 * x"}},
        "two": {"fixed": {"k": 1}},
    }
    axis = Data.of(played(whole, axes=axes, blocks=blocks, seeds=1)).axes["d"]
    assert not axis.numeric and set(map(str, axis.labels)) == {"null", "5.0", ABSENT}
