"""Null as a value of an axis: what is trained gets it, conditions and formulas see it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sweeper.errors import SweeperError
from sweeper.planning.configurations import notes
from sweeper.planning.plan import Plan
from sweeper.space.digest import digest
from sweeper.space.space import Space
from sweeper.trainable.loading import load_trainable
from tests.helpers import function_space
from tests.helpers.paths import FAKE_AGENT

NOISE = {"kind": "choice", "values": {"ou": "ornstein-uhlenbeck", "none": None}}
STD = {"kind": "float", "values": [0.1, 0.2], "when": {"noise": "ornstein-uhlenbeck"}}


@pytest.fixture
def planned(tmp_path: Path) -> Callable[..., Plan]:
    """The plan of a space of a function with these axes, further keys replaced."""

    def make(**keys: Any) -> Plan:
        loaded = function_space.loaded(tmp_path, **{"axes": {"noise": NOISE}, **keys})
        again = Space.parse(json.loads(json.dumps(loaded.dump())))
        assert again == loaded and digest(again) == digest(loaded)
        return Plan(again, load_trainable(again))

    return make


def test_a_function_gets_null(planned: Callable[..., Plan]) -> None:
    plan = planned(axes={"noise": NOISE, "std": STD})
    assert [dict(run.params) for run in plan.runs] == [
        {"noise": "ornstein-uhlenbeck", "std": 0.1},
        {"noise": "ornstein-uhlenbeck", "std": 0.2},
        {"noise": None},
    ]
    assert [trial.labels["noise"] for trial in plan.trials] == ["ou", "ou", "none"]


@pytest.mark.parametrize("wanted", [[None], None, "null", "none"])
def test_an_axis_may_depend_on_null(planned: Callable[..., Plan], wanted: Any) -> None:
    noise = NOISE if wanted != "null" else {"kind": "choice", "values": ["ou", None]}
    plan = planned(axes={"noise": noise, "std": {**STD, "when": {"noise": wanted}}})
    assert [run.params.get("std") for run in plan.runs] == [None, 0.1, 0.2]


def test_a_fixed_null_is_a_value_and_no_default(planned: Callable[..., Plan]) -> None:
    keys: dict[str, Any] = {"axes": {}, "fixed": {"clip": None, "pair": [1, None]}}
    plan = planned(**keys, derived={"clipped": "clip != null"})
    assert [dict(run.params) for run in plan.runs] == [
        {"clip": None, "pair": (1, None), "clipped": False}
    ]


def test_null_by_task_and_in_a_block_takes_the_place_of_what_is_fixed(
    planned: Callable[..., Plan],
) -> None:
    fixed = {"fixed": {"clip": 0.5}, "axes": {}}
    plan = planned(**fixed, by_task={"any": {"clip": None, "kl": None}})
    assert [dict(run.params) for run in plan.runs] == [{"clip": None, "kl": None}]
    plan = planned(**fixed, blocks={"without": {"fixed": {"clip": None}}, "with": {}})
    assert [dict(run.params) for run in plan.runs] == [{"clip": None}, {"clip": 0.5}]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"axes": {"lr": None}}, "axes.lr must be an axis, like"),
        ({"axes": {}, "blocks": {"a": {"axes": {"lr": None}}}}, "blocks.a.axes.lr must be an axis"),
        ({"axes": {}, "blocks": {"a": None}}, "blocks.a must be a mapping, {} for"),
        ({"tasks": {"task": None}}, "tasks.task must be a mapping with low and high"),
        ({"derived": {"x": None}}, "derived.x must be an expression"),
    ],
)
def test_what_is_named_and_left_empty_is_told(
    planned: Callable[..., Plan], keys: dict[str, Any], message: str
) -> None:
    with pytest.raises(SweeperError, match=message):
        planned(**keys)


def test_formulas_see_null_as_a_value(planned: Callable[..., Plan]) -> None:
    limit = {"kind": "choice", "values": [None, 5, 7]}
    plan = planned(
        axes={"limit": limit},
        derived={"twice": "null if limit == null else 2 * limit", "known": "limit != null"},
        constraints=["limit == null or limit < 6"],
        invalid="drop",
    )
    assert [dict(run.params) for run in plan.runs] == [
        {"limit": None, "twice": None, "known": False},
        {"limit": 5, "twice": 10, "known": True},
    ]
    assert list(notes.lines(plan)) == []
    with pytest.raises(SweeperError, match=r"derived.twice has no value: null is no number, for"):
        planned(axes={"limit": limit}, derived={"twice": "2 * limit"})


def test_an_agent_takes_null_where_its_default_is_null(planned: Callable[..., Plan]) -> None:
    keys = {
        "function": None,
        "agent": f"{FAKE_AGENT}:Rich",
        "tasks": {"minatar/breakout": {"low": 0, "high": 1}},
        "evaluation": {"every": 1, "episodes": 1},
        "score": {"metric": "return"},
    }
    plan = planned(axes={"limit": {"kind": "choice", "values": [None, 3]}}, **keys)
    assert [run.params["limit"] for run in plan.runs] == [None, 3]
    with pytest.raises(SweeperError, match=r"values\[0\] must be a whole number, but got null"):
        planned(axes={"network.units": {"kind": "choice", "values": [None, 64]}}, **keys)


def test_a_sampler_draws_null(planned: Callable[..., Plan]) -> None:
    plan = planned(axes={"noise": NOISE, "std": STD}, sampler="random", trials=3)
    assert sorted(str(run.params["noise"]) for run in plan.runs)[0] == "None"
