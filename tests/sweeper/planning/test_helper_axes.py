"""Helper axes, which only formulas read: what is trained gets what is derived from them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sweeper.errors import SweeperError
from sweeper.planning.plan import Plan
from sweeper.space.digest import differences, digest
from sweeper.space.space import Space
from sweeper.trainable.loading import load_trainable
from tests.helpers import function_space
from tests.helpers.paths import FAKE_AGENT

GAP = {"kind": "float", "low": 0.001, "high": 0.1, "log": True, "count": 3, "helper": True}
AGENT = {
    "agent": f"{FAKE_AGENT}:Rich",
    "function": None,
    "tasks": {"minatar/breakout": {"low": 0, "high": 1}},
    "evaluation": {"every": 1, "episodes": 1},
    "score": {"metric": "return"},
}


@pytest.fixture
def loaded(tmp_path: Path) -> Callable[..., Space]:
    """A space of a function with a helper axis, further keys replaced."""

    def make(**keys: Any) -> Space:
        derived = {"gamma": "1 - one_minus_gamma"}
        given = {"axes": {"one_minus_gamma": GAP}, "derived": derived, **keys}
        return function_space.loaded(tmp_path, **given)

    return make


def params(space: Space) -> list[dict[str, Any]]:
    return [dict(run.params) for run in Plan(space, load_trainable(space)).runs]


def test_what_is_trained_gets_what_is_derived_alone(loaded: Callable[..., Space]) -> None:
    space = loaded()
    assert params(space) == [{"gamma": 0.999}, {"gamma": 0.99}, {"gamma": 0.9}]
    trials = Plan(space, load_trainable(space)).trials
    assert [trial.labels for trial in trials] == [
        {"one_minus_gamma": value} for value in (0.001, 0.01, 0.1)
    ]
    assert digest(Space.parse(json.loads(json.dumps(space.dump())))) == digest(space)


def test_an_agent_need_not_know_a_helper_axis(loaded: Callable[..., Space]) -> None:
    axes = {
        "size": {
            "kind": "choice",
            "values": {"small": {"units": 64, "deep": True}, "big": {"units": 128, "deep": False}},
            "helper": True,
        }
    }
    derived = {
        "network.units": "size.units",
        "network.layers": "4 if size.deep else 2",
        "loss": "'huber' if size == 'small' else 'mse'",
    }
    found = params(loaded(axes=axes, derived=derived, **AGENT))
    names = ("network.units", "network.layers", "loss")
    assert [tuple(one[name] for name in names) for one in found] == [
        (64, 4, "huber"),
        (128, 2, "mse"),
    ]
    assert not any(name.startswith("size") for name in found[0])


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_a_sampler_draws_a_helper_axis(loaded: Callable[..., Space], sampler: str) -> None:
    drawn = {key: value for key, value in GAP.items() if key != "count"}
    space = loaded(axes={"one_minus_gamma": drawn}, sampler=sampler, trials=3)
    made = Plan(space, load_trainable(space)).expansion.draw(lambda *_: 0.02)
    assert made.params == {"gamma": 0.98} and made.labels == {"one_minus_gamma": 0.02}


def test_a_helper_axis_may_only_switch_others_on(loaded: Callable[..., Space]) -> None:
    axes = {
        "way": {"kind": "choice", "values": ["a", "b"], "helper": True},
        "x": {"kind": "float", "values": [1, 2], "when": {"way": "a"}},
        "y": {"kind": "float", "values": [3], "when": {"way": "b"}},
    }
    assert params(loaded(axes=axes, derived={})) == [{"x": 1}, {"x": 2}, {"y": 3}]


def test_what_is_refused(loaded: Callable[..., Space]) -> None:
    said = "axes.one_minus_gamma.helper must be read by derived, constraints or a when, but none"
    with pytest.raises(SweeperError, match=said):
        loaded(derived={})
    with pytest.raises(SweeperError, match="hold two trials with the same parameters"):
        loaded(derived={"gamma": "1 if one_minus_gamma < 0.05 else 2"})
    plain = {key: value for key, value in GAP.items() if key != "helper"}
    changed = differences(loaded(axes={"one_minus_gamma": plain}), loaded())
    assert list(changed.values()) == ["helpers: nothing there, [one_minus_gamma] now"]
