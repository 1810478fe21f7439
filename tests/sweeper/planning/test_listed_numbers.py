"""Numbers that may be lists, such as widths: fixed, as values of an axis, and refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from sweeper.cli.commands.agents import agent
from sweeper.errors import SweeperError
from sweeper.planning.loading import load
from sweeper.planning.plan import Plan
from sweeper.trainable.contract import Parameter
from sweeper.trainable.frozen import FrozenParameter
from sweeper.trainable.loading import load_trainable

SPACE: dict[str, Any] = {
    "study": "widths",
    "agent": "td3",
    "fixed": {"warmup_steps": 20, "replay.capacity": 100, "actor.units": [400, 300]},
    "axes": {"critic.units": {"kind": "choice", "values": [16, [12, 8], [8, 8.0, 8]]}},
    "tasks": {"navigation/2": {"low": -100, "high": 0}},
    "seeds": 1,
    "steps": 40,
    "evaluation": {"every": 40, "episodes": 1, "cap": 20},
    "score": {"metric": "return"},
    "figures": [],
}


def planned(folder: Path, **keys: Any) -> Plan:
    file = folder / "x.yaml"
    file.write_text(yaml.safe_dump(SPACE | keys, sort_keys=False))
    space = load(file)
    return Plan(space, load_trainable(space))


def test_lists_are_values_of_an_axis_and_of_fixed(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    assert [trial.labels["critic.units"] for trial in plan.trials] == ["16", "[12,8]", "[8,8,8]"]
    assert [run.params["critic.units"] for run in plan.runs] == [16, (12, 8), (8, 8, 8)]
    assert {run.params["actor.units"] for run in plan.runs} == {(400, 300)}
    assert all(type(width) is int for width in plan.runs[2].params["critic.units"])
    assert len({run.id for run in plan.runs}) == 3


@pytest.mark.parametrize(
    ("widths", "said"),
    [
        ([], "fixed.critic.units must be a number or a list of some, but got []"),
        ([8, 0], "must be at least 1, but got 0"),
        ([8, 2.5], "must be a whole number, but got 2.5"),
        ([8, "wide"], "must be a whole number, but got 'wide'"),
        ("wide", "must be a whole number, but got 'wide'"),
        ([8, [8]], "must be a whole number, but got the list [8]"),
    ],
)
def test_other_lists_are_refused(tmp_path: Path, widths: Any, said: str) -> None:
    with pytest.raises(SweeperError) as error:
        planned(tmp_path, axes={}, fixed={**SPACE["fixed"], "critic.units": widths})
    assert said in str(error.value) and "critic.units" in str(error.value)


def test_layers_that_do_not_agree_are_refused_with_both(tmp_path: Path) -> None:
    fixed = {**SPACE["fixed"], "actor.layers": 3}
    with pytest.raises(SweeperError, match=r"actor.layers=3, got \[400, 300\]"):
        planned(tmp_path, axes={}, fixed=fixed)
    assert planned(tmp_path, axes={}, fixed={**fixed, "actor.layers": 2}).runs


def test_parameters_that_take_no_lists_still_refuse_them(tmp_path: Path) -> None:
    with pytest.raises(SweeperError, match=r"actor\.layers must be a whole number, but got"):
        planned(tmp_path, axes={}, fixed={**SPACE["fixed"], "actor.layers": [2]})


def test_it_is_kept_with_a_study_and_told() -> None:
    known: Parameter = load_td3()["actor.units"]
    frozen = FrozenParameter.of(known)
    assert FrozenParameter.of_json(frozen.to_json()) == frozen and frozen.listed
    assert "listed" not in FrozenParameter.of(load_td3()["actor.layers"]).to_json()
    told = " ".join("\n".join(agent("td3")).split())
    assert "actor.units 256 whole number from 1 or a list" in told


def load_td3() -> Any:
    from agents.learners.td3 import Learner

    return Learner.parameters
