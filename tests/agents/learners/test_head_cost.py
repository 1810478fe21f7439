"""What the space `head_cost` measures of an agent that learns from images."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from agents import lookup
from agents.learners.drq import Learner
from tests.helpers.paths import ROOT

SMALL = {
    "env.size": 20,
    "encoder.filters": 2,
    "encoder.strides": (2, 2),
    "actor.units": 16,
    "critic.units": 16,
    "batch_size": 8,
}
TASK = "dmc_pixels/cartpole-swingup"


def measured(**given):
    """The metrics of two updates and acts."""
    found = {}
    run = SimpleNamespace(
        seed=0, task=TASK, steps=2, report=lambda step, **said: found.update(said)
    )
    lookup.find("learners", f"{ROOT / 'spaces' / 'head_cost.py'}:measure")(SMALL | given, run)
    return found


def test_memory_is_that_of_weights_and_of_what_an_update_needs_besides():
    params = Learner.complete(SMALL | {"head": "modern2"})
    run = SimpleNamespace(params=params, seed=0, steps=2)
    agent = Learner([run], Learner.shape_of(params, TASK), "cpu")
    sizes = {name: t.nbytes for name, t, _ in agent.tensors() if name not in ("sums", "log_beta")}
    weights = sum(count for name, count in sizes.items() if not name.startswith("adam"))
    found = measured(head="modern2")
    assert found["act_mb"] == pytest.approx(weights / 1e6)
    assert found["train_gb"] > sum(sizes.values()) / 1e9
    assert found["train_ms"] > 0 and found["act_ms"] > 0
    larger = measured(head="modern2", batch_size=64)
    assert larger["train_gb"] > found["train_gb"] and larger["act_mb"] == found["act_mb"]


def test_what_is_no_parameter_of_the_agent_is_refused():
    with pytest.raises(ValueError, match="unknown parameter 'heads'"):
        measured(heads="mlp2")
