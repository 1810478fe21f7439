"""Which statistics batch norms take in each pass of an update, and which passes they follow."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from agents import lookup
from agents.layers.norms import BatchNorm
from agents.replay.batch import Batch
from agents.shape import Shape

S, A, B = 5, 2, 10
NORMS = {"critic.norm.kind": "batch", "actor.norm.kind": "batch", "critic.body": "densenet"}
NAMES = ("sac", "sac_v1", "sac_lite", "td3", "ddpg", "td2", "td2_public")


def agent(name: str, **given: Any) -> Any:
    found = lookup.find("learners", name)
    sizes = {"actor.units": 6, "critic.units": 5, "batch_size": B}
    params = found.complete({**sizes, **NORMS, **given})
    found.check(params, "navigation/5")
    run = SimpleNamespace(params=params, seed=0, steps=100, task="navigation/5")
    made = found([run], Shape((S,), "float32", A, continuous=True), "cpu")
    made.initialise()
    return made


def batch() -> Batch:
    generator = torch.Generator().manual_seed(3)

    def normal(*size: int) -> torch.Tensor:
        return torch.randn(1, B, *size, generator=generator)

    return Batch(normal(S), normal(A).tanh(), normal(), torch.ones(1, B), 2.0 + normal(S))


def update(made: Any) -> None:
    generator = torch.Generator().manual_seed(4)
    made.updates = 2
    made.update(batch(), *torch.randn(made.noises, 1, B, A, generator=generator))


def follows(made: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[list[int], list[bool]]:
    """Whose running statistics an update's passes moved, and which passes took the batch's."""
    followed: list[int] = []
    training: list[bool] = []
    normal, follow = BatchNorm.normal, BatchNorm.follow

    def told(self: BatchNorm, x: torch.Tensor, learning: bool) -> torch.Tensor:
        training.append(learning)
        return normal(self, x, learning)

    def counted(self: BatchNorm, *given: Any) -> None:
        followed.append(self.mean.data_ptr())
        follow(self, *given)

    monkeypatch.setattr(BatchNorm, "normal", told)
    monkeypatch.setattr(BatchNorm, "follow", counted)
    update(made)
    return followed, training


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("statistics", ["running", "batch"])
def test_each_networks_statistics_follow_one_pass_of_an_update(name, statistics, monkeypatch):
    fields = dict.fromkeys(("batch_norm.targets", "batch_norm.actor_loss"), statistics)
    made = agent(name, **fields)
    followed, training = follows(made, monkeypatch)
    online = [norm.mean.data_ptr() for net in made.nets.values() for norm in net.net.norms]
    assert sorted(followed) == sorted(online)
    assert all(training) == (statistics == "batch")
    assert sum(training) == (len(training) if statistics == "batch" else len(online))


@pytest.mark.parametrize("field", ["batch_norm.targets", "batch_norm.actor_loss"])
def test_each_field_changes_what_it_names_alone(field):
    made, other = agent("td3"), agent("td3", **{field: "batch"})
    values, others = (
        a.min_q(batch().observations, batch().actions, target=True) for a in (made, other)
    )
    of_actor = [a.q1(batch().observations, batch().actions) for a in (made, other)]
    at_next = [a.next_actions(batch().next_observations, None)[0] for a in (made, other)]
    in_targets = field == "batch_norm.targets"
    assert torch.equal(values, others) != in_targets
    assert torch.equal(*at_next) != in_targets
    assert torch.equal(*of_actor) == in_targets
    acting = [a.q1(batch().observations, batch().actions, iterate=False) for a in (made, other)]
    assert torch.equal(*acting)


def test_targets_average_the_running_statistics():
    made = agent("td2", **{"target.tau": 0.25})
    before = made.save(0)
    update(made)
    after = made.save(0)
    for part in ("mean", "variance"):
        name = f"critic.norm0.{part}"
        expected = 0.75 * before[f"target.{name}"] + 0.25 * after[name]
        np.testing.assert_allclose(after[f"target.{name}"], expected, rtol=1e-5)
        assert not np.array_equal(after[name], before[name])


def test_constants_are_those_that_are_given():
    keras = {f"critic.norm.{key}": value for key, value in (("eps", 1e-3), ("momentum", 0.01))}
    made = agent("td3", **keras)
    assert {(n.eps, n.momentum) for n in made.nets["critic"].net.norms} == {(1e-3, 0.01)}
    assert {(n.eps, n.momentum) for n in made.nets["actor"].net.norms} == {(1e-5, 0.1)}
    x = 3.0 * torch.randn(1, B, S + A)
    net = made.nets["critic"].net
    rows = [x[0] @ net.layers[0].weight[c] + net.layers[0].bias[c] for c in range(2)]
    made.nets["critic"](x, training=True)
    for copy, row in enumerate(rows):
        torch.testing.assert_close(net.norms[0].mean[copy], 0.01 * row.mean(0))
        torch.testing.assert_close(net.norms[0].variance[copy], 0.99 + 0.01 * row.var(0))
    for bad, said in ((-1.0, "critic.norm.eps must be at least 0"), ("x", "a finite number")):
        with pytest.raises(ValueError, match=said):
            agent("td3", **{"critic.norm.eps": bad})
    with pytest.raises(ValueError, match=r"critic\.norm\.momentum must be at most 1"):
        agent("td3", **{"critic.norm.momentum": 1.5})
    with pytest.raises(ValueError, match=r"batch_norm\.targets must be one of running, batch"):
        agent("td3", **{"batch_norm.targets": "both"})
