"""Projected weights keep the norms that they were drawn with, each matrix of each member."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from agents import lookup
from agents.optim.projection import Projection
from tests.helpers.cases import each

QUICK = {
    "warmup_steps": 20,
    "batch_size": 8,
    "replay.capacity": 60,
    "actor.units": 9,
    "critic.units": 7,
    "network.units": 9,
    "optimizer.lr": 1e-2,
    "actor.lr": 1e-2,
    "critic.lr": 1e-2,
    "update_every": 2,
}
STEPS = 40


def test_each_matrix_of_each_member_is_scaled_to_its_norm() -> None:
    generator = torch.Generator().manual_seed(0)
    weights = [torch.randn(3, *shape, generator=generator) for shape in ((4, 5), (5, 2))]
    norms = [[torch.linalg.matrix_norm(row) for row in weight] for weight in weights]
    projection = Projection(weights)
    projection.remember()
    for weight in weights:
        weight.mul_(torch.tensor([3.0, 0.1, 1.0])[:, None, None]).add_(0.1)
    weights[0][1] = 0.0
    turned = [weight.clone() for weight in weights]
    projection.step()
    for weight, norm, before in zip(weights, norms, turned, strict=True):
        for row, mine in enumerate(weight):
            if not before[row].any():
                assert not mine.any()
                continue
            expected = before[row] * norm[row] / before[row].norm()
            torch.testing.assert_close(mine, expected)


def test_what_is_drawn_anew_is_remembered_alone() -> None:
    weights = [torch.ones(2, 2, 2) for _ in range(3)]
    projection = Projection(weights)
    projection.remember()
    for weight in weights:
        weight.mul_(5.0)
    projection.remember([1], first=2)
    projection.step()
    assert [weight[:, 0, 0].tolist() for weight in weights] == [[1, 1], [1, 1], [1, 5]]


def weights_of(name: str, project: str) -> list[tuple[list[torch.Tensor], list[torch.Tensor]]]:
    """Weights of each network of a pack of two, at the beginning and after some updates."""
    learner = lookup.find("learners", name)
    task = ("minatar/breakout", "navigation/3")[learner.continuous]
    given = QUICK | {"optimizer.project": project}
    params = learner.complete({n: v for n, v in given.items() if n in learner.parameters})
    learner.check(params, task)
    schedule = SimpleNamespace(every=60, episodes=1, steps=None, cap=5)
    runs = [
        SimpleNamespace(params=params, task=task, seed=seed, steps=60, evaluation=schedule)
        for seed in (0, 1)
    ]
    pack = learner.start(runs, [None] * 2, "cpu")
    agent = pack.learner
    nets = [net.net for net in agent.learned.values()] if learner.continuous else [agent._online]
    before = [[layer.weight.detach().clone() for layer in net.layers] for net in nets]
    pack.train(STEPS)
    return [
        (old, [layer.weight.detach() for layer in net.layers])
        for old, net in zip(before, nets, strict=True)
    ]


@pytest.mark.parametrize("project", ["none", "hidden", "all"])
@pytest.mark.parametrize("name", ["dqn", "sac"])
def test_agents_keep_the_norms_of_the_layers_that_are_asked_for(name: str, project: str) -> None:
    for before, after in weights_of(name, project):
        kept = {"none": 0, "hidden": len(after) - 1, "all": len(after)}[project]
        for place, (old, new) in enumerate(zip(before, after, strict=True)):
            assert not torch.equal(old, new)
            off = (new.norm(dim=(1, 2)) / old.norm(dim=(1, 2)) - 1.0).abs()
            assert (off < 1e-6).all() if place < kept else (off > 1e-5).all()


@each("value", ["yes", "None", True, 1])
def test_others_are_refused(value: Any) -> None:
    for name, task in (("dqn", "minatar/breakout"), ("sac", "navigation/3")):
        with pytest.raises(ValueError, match=r"optimizer.project must be (one of none|a word)"):
            lookup.find("learners", name).check({"optimizer.project": value}, task)
