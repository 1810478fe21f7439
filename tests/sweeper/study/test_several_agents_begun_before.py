"""Studies of several agents, begun before more of them had a parameter."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from agents.learners.td2 import Learner as Td2
from agents.learners.td3 import Learner as Td3
from agents.parameter import Parameter
from sweeper.errors import SweeperError
from sweeper.planning.loading import load
from sweeper.study import studies
from sweeper.study.study import Study

SPACE: dict[str, Any] = {
    "study": "agents",
    "axes": {"agent": {"kind": "choice", "values": ["td3", "td2"]}},
    "tasks": {"navigation/2": {"low": -100, "high": 0}},
    "steps": 40,
    "evaluation": {"every": 40, "episodes": 1, "cap": 20},
    "score": {"metric": "return"},
    "figures": [],
}
DELAY = "policy.delay"


def test_it_goes_on_with_the_defaults_that_it_had(tmp_path, monkeypatch):
    def join(seeds: int, extend: bool = False) -> Study:
        file = tmp_path / "x.yaml"
        file.write_text(yaml.safe_dump(SPACE | {"seeds": seeds}, sort_keys=False))
        return studies.start(tmp_path / "studies" / "agents", load(file), extend=extend)

    without = {name: one for name, one in Td2.parameters.items() if name != DELAY}
    with monkeypatch.context() as before:
        before.setattr(Td2, "parameters", without)
        ids = [run.id for run in join(1).plan.runs]
    assert [run.id for run in join(1).plan.runs] == ids
    grown = join(2, extend=True)
    assert [run.id for run in grown.plan.runs if run.seed == 0] == ids
    delays = {(r.params["agent"], grown.completed(r).params[DELAY]) for r in grown.plan.runs}
    assert delays == {("td3", 2), ("td2", 1)}
    monkeypatch.setattr(Td3, "parameters", {**Td3.parameters, DELAY: Parameter(int, 3)})
    with pytest.raises(SweeperError, match=r"fixed\.policy\.delay: 2 there"):
        join(2)
