"""Sets of layers of agents that have several networks, and the word for intermediate ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from sweeper.errors import SweeperError
from sweeper.planning.loading import load
from sweeper.planning.plan import Plan
from sweeper.space.space import Space
from sweeper.trainable.loading import load_trainable

SETS = {"kind": "layers", "sets": ["none", "intermediate", [-2, -4]]}
BOTH = {
    "kind": "variant",
    "values": {
        "plain": {"critic.sn.layers": []},
        "sn": {"critic.sn.layers": "intermediate", "actor.sn.layers": [-1]},
    },
}


@pytest.fixture
def loaded(tmp_path: Path) -> Callable[..., Space]:
    """A space of sac, whose critic has 4 layers and whose actor 2."""

    def make(axes: dict[str, Any], agent: Any = "sac", **fixed: Any) -> Space:
        space = {
            "study": "demo",
            "agent": agent,
            "fixed": {"actor.layers": 1, "critic.layers": 3, **fixed},
            "axes": axes,
            "tasks": {"navigation/2": {"low": 0, "high": 1}},
            "seeds": 1,
            "steps": 20_000,
            "evaluation": {"every": 10_000, "episodes": 1},
            "score": {"metric": "return"},
        }
        file = tmp_path / "demo.yaml"
        file.write_text(yaml.safe_dump(space))
        return load(file)

    return make


def test_an_axis_counts_the_layers_of_its_network(loaded: Callable[..., Space]) -> None:
    space = loaded({"critic.sn.layers": SETS})
    plan = Plan(space, load_trainable(space))
    assert [trial.labels["critic.sn.layers"] for trial in plan.trials] == [
        "none",
        "intermediate",
        "critic[-2,-4]",
    ]
    assert [run.params["critic.sn.layers"] for run in plan.runs] == [(), "intermediate", (-2, -4)]
    again = Space.parse(json.loads(json.dumps(space.dump())))
    assert again == space
    every = loaded({"actor.sn.layers": {"kind": "layers", "all_subsets": {"max": 2}}})
    assert len(every.axes["actor.sn.layers"].points("actor.sn.layers")) == 4
    assert loaded({"actor.sn.layers": SETS}, **{"actor.layers": 3})
    agents = {"kind": "choice", "values": ["sac", "td3"]}
    assert loaded({"agent": agents, "critic.sn.layers": SETS}, ["sac", "td3"])
    assert loaded({"method": BOTH}, **{"sn.projection": "hard"})


@pytest.mark.parametrize(
    ("axes", "fixed", "message"),
    [
        ({"actor.sn.layers": SETS}, {},
         r"sets\[1\] is intermediate, all layers but the first and the last, but network on "
         r"navigation/2 has 2 layers\n"),
        ({"actor.sn.layers": {**SETS, "sets": [[-3]]}}, {},
         r"names layer -3, but network on navigation/2 has 2 layers: -1 to -2$"),
        ({"critic.sn.layers": {**SETS, "sets": [[-5]]}}, {}, "has 4 layers: -1 to -4$"),
        ({"critic.sn.layers": {**SETS, "sets": ["inner"]}}, {},
         r"must be none, a layer or a list like \[-2,-3\], or intermediate, but got 'inner'$"),
        ({"method": BOTH}, {"critic.sn.layers": "inner"},
         "critic.sn.layers"),
        ({"actor.units": {"kind": "int", "values": [8]}}, {"critic.sn.layers": "inner"},
         "fixed.critic.sn.layers must be a list or intermediate, but got 'inner'$"),
        ({"actor.units": {"kind": "int", "values": [8]}}, {"actor.sn.layers": [-3]},
         "actor.sn.layers counts layers from the output; valid here: -1, -2; got -3$"),
        ({"actor.units": {"kind": "int", "values": [8]}}, {"actor.sn.layers": "intermediate"},
         "of 2 layers there are no others"),
    ],
)  # fmt: skip
def test_what_no_network_has_is_refused(
    loaded: Callable[..., Space], axes: dict[str, Any], fixed: dict[str, Any], message: str
) -> None:
    with pytest.raises(SweeperError, match=message):
        loaded(axes, **fixed)
