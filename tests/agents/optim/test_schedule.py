"""Schedules of step sizes are those of torch, for every member and wherever a run is continued."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from agents import lookup
from agents.optim import schedule
from agents.optim.schedule import Schedule
from agents.parameter import Parameter

UPDATES = 7


def torchs(kind: str, end: float) -> list[float]:
    """The factors of torch's schedulers, one more than there are updates."""
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    schedules = torch.optim.lr_scheduler
    made: Any = (
        schedules.LinearLR(optimizer, 1.0, end, UPDATES)
        if kind == "linear"
        else schedules.CosineAnnealingLR(optimizer, UPDATES, end)
    )
    found = []
    for _ in range(UPDATES + 1):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        made.step()
    return found


@pytest.mark.parametrize("end", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("kind", ["linear", "cosine"])
def test_factors_are_those_of_torch_s_schedulers(kind: str, end: float) -> None:
    made = Schedule(kind, end, UPDATES)
    ours = [made.factor(done) for done in range(UPDATES + 1)]
    assert ours == pytest.approx(torchs(kind, end), abs=1e-12)
    assert ours[0] == 1.0 and made.factor(10 * UPDATES) == pytest.approx(end)


def test_a_constant_schedule_leaves_step_sizes_as_they_are() -> None:
    plain = schedule.Schedule.of(
        {"optimizer.schedule.kind": "constant", "optimizer.schedule.end_factor": 0.5}, 10
    )
    assert plain == schedule.CONSTANT
    assert all(3e-4 * plain.factor(done) == 3e-4 for done in range(20))


@pytest.mark.parametrize(
    ("name", "task", "given"),
    [
        ("dqn", "gym/CartPole-v1", {"update_every": 4, "epsilon.decay_until": 60}),
        ("dqn", "gym/CartPole-v1", {"update_every": 7, "epsilon.decay_until": 60}),
        ("sac", "navigation/2", {}),
        ("td3", "navigation/2", {"policy.delay": 3}),
    ],
)
def test_a_schedule_ends_with_the_last_update_of_each_network(
    name: str, task: str, given: dict[str, Any]
) -> None:
    learner = lookup.find("learners", name)
    small = {"warmup_steps": 22, "batch_size": 4, "optimizer.schedule.kind": "linear", **given}
    small |= {"actor.units": 4, "critic.units": 4, "network.units": 4}
    params = learner.complete({n: v for n, v in small.items() if n in learner.parameters})
    learner.check(params, task)
    every = SimpleNamespace(every=100, episodes=1, steps=None, cap=2)
    run = SimpleNamespace(params=params, task=task, seed=0, steps=100, evaluation=every)
    pack = learner.start([run], [None], "cpu")
    pack.train(100)
    scheduled = {n: one for n, one in pack.learner.optimisers.items() if n != "beta"}
    for network, one in scheduled.items():
        assert one.steps == one.members[0].schedule.updates > 1, network


def test_a_pack_holds_members_that_end_differently_and_only_schedules_of_one_kind() -> None:
    found: dict[str, Parameter] = dict(lookup.find("learners", "td3").parameters)
    assert found["optimizer.schedule.end_factor"].packable
    assert not found["optimizer.schedule.kind"].packable
