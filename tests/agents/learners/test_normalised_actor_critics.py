"""Spectral normalisation in actor-critic learners: when it iterates, what it keeps and refuses."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from agents import lookup
from agents.layers.spectral_norm import SpectralNorm
from agents.replay.batch import Batch
from agents.shape import Shape

B, S, A = 6, 4, 2
SN = {"critic.sn.layers": "intermediate", "actor.sn.layers": (-1, -2)}


def learner(name: str, *members: dict[str, Any]) -> Any:
    found = lookup.find("learners", name)
    runs = []
    for seed, given in enumerate(members or (SN,)):
        params = found.complete({"actor.units": 8, "critic.units": 8, "batch_size": B, **given})
        found.check(params, "navigation/2")
        runs.append(SimpleNamespace(params=params, seed=seed, steps=100))
    agents = found(runs, Shape((S,), "float32", A, continuous=True), "cpu")
    agents.initialise()
    return agents


def update(agents: Any, number: int = 2) -> None:
    def normal(*size: int) -> torch.Tensor:
        return torch.randn(len(agents.runs), B, *size)

    agents.updates = number
    batch = Batch(normal(S), normal(A).tanh(), normal(), torch.ones(1, B), normal(S))
    agents.update(batch, *torch.randn(agents.noises, len(agents.runs), B, A))


PASSES = [
    ("ddpg", {"actor": 2, "critic": 2, "target.critic": 1}),
    ("td2_public", {"actor": 2, "critic": 2, "target.critic": 1}),
    ("td3", {"actor": 1, "critic": 2, "target.actor": 1, "target.critic": 1}),
    ("sac", {"actor": 2, "critic": 2, "target.critic": 1}),
    ("sac_lite", {"actor": 2, "critic": 2, "target.critic": 1}),
    ("sac_v1", {"actor": 1, "critic": 3, "value": 1, "target.value": 1}),
]


@pytest.mark.parametrize(("name", "passes"), PASSES)
def test_each_pass_of_an_update_does_one_power_iteration(name, passes, monkeypatch):
    agents, found = learner(name), Counter()
    iterate = SpectralNorm._iterate

    def counted(self: SpectralNorm, which: Any) -> torch.Tensor:
        found[self.u.data_ptr()] += 1
        return iterate(self, which)

    monkeypatch.setattr(SpectralNorm, "_iterate", counted)
    update(agents)
    nets = agents.nets | {
        f"target.{n}": net for n, net in agents.targets.items() if net is not agents.nets[n]
    }
    for net, expected in passes.items():
        layers = nets[net].net.layers
        assert found[layers[-2].spectral.u.data_ptr()] == expected, net
    assert passes.keys() == nets.keys()


@pytest.mark.parametrize("name", [name for name, _ in PASSES])
def test_acting_evaluating_and_values_do_none(name):
    agents = learner(name, SN | {"warmup_steps": 2})
    before = agents.save(0)
    observations = np.random.default_rng(0).standard_normal((1, 3, S)).astype(np.float32)
    agents.act(observations[:, :1], 5)
    actions = agents.evaluate(observations, np.zeros((1, 6)))
    agents.q_values(observations, actions)
    assert all(np.array_equal(value, before[name]) for name, value in agents.save(0).items())
    assert {"actor.1.u", "actor.2.v", "critic.1.u"} <= before.keys()
    assert "critic.0.u" not in before and "critic.2.u" not in before


def test_targets_begin_at_their_networks_vectors_and_iterate_their_own():
    agents = learner("sac", SN | {"target.tau": 1.0})
    state = agents.save(0)
    assert np.array_equal(state["target.critic.1.u"], state["critic.1.u"])
    update(agents)
    state = agents.save(0)
    assert np.array_equal(state["target.critic.1.weight"], state["critic.1.weight"])
    assert not np.array_equal(state["target.critic.1.u"], state["critic.1.u"])


def test_kept_weights_act_as_the_agent_did():
    agents, fresh = learner("sac"), learner("sac")
    for number in range(3):
        update(agents, number)
    fresh.load_weights(0, agents.weights(0))
    observations = np.random.default_rng(0).standard_normal((1, 9, S)).astype(np.float32)
    one, other = (a.evaluate(observations, np.zeros((1, 18))) for a in (agents, fresh))
    assert np.array_equal(one, other)
    assert {"1.u", "1.v", "2.u", "2.v"} <= agents.weights(0).keys()


def test_a_normalised_critic_does_not_stretch_its_layer():
    """With flow the gradient is orthogonal to the weights, also through the whole learner."""
    agents = learner("sac")
    update(agents)
    batch = Batch(torch.randn(1, B, S), torch.randn(1, B, A).tanh(), torch.randn(1, B),
                  torch.ones(1, B), torch.randn(1, B, S))  # fmt: skip
    gradients = agents.probe_update(batch, 1)
    for name, place in (("critic", 1), ("actor", 1), ("actor", 2)):
        weight = agents.nets[name].parameters[2 * place].detach().flatten(1)
        gradient = gradients[name].gradients[2 * place].flatten(1)
        cosine = torch.cosine_similarity(weight, gradient, dim=1)
        assert gradient.abs().max() > 1e-4 and cosine.abs().max() < 1e-4


def test_plain_perceptrons_share_no_pack_with_normalised_ones():
    found = lookup.find("learners", "sac")

    def signatures(net: str, body: str) -> list[str]:
        sets: list[Any] = [(), (-2,), "intermediate"]
        return [
            found.signature({f"{net}.sn.layers": one, f"{net}.body": body}, "navigation/2")
            for one in sets
        ]

    for net in ("actor", "critic"):
        plain, *others = signatures(net, "mlp")
        assert len({*others}) == 1 and plain not in others
        assert len({*signatures(net, "residual")}) == 1
    assert signatures("actor", "mlp")[1] != signatures("critic", "mlp")[1]


def test_layers_are_those_of_the_network_that_a_parameter_names():
    found = lookup.find("learners", "td3")
    params = {"actor.layers": 1, "critic.layers": 2, "critic.body": "residual"}
    assert found.layers_of("actor.sn.layers", params, "navigation/2") == 2
    assert found.layers_of("critic.sn.layers", params, "navigation/2") == 6
    assert found.layers(params, "navigation/2") == 6


REFUSED = [
    ({"critic.sn.layers": (-4,)}, r"critic.sn.layers counts .* valid here: -1, -2, -3; got -4"),
    ({"actor.sn.layers": (-3,), "actor.layers": 1}, r"actor.sn.layers .* here: -1, -2; got -3"),
    ({"actor.sn.layers": "intermediate", "actor.layers": 1},
     r"actor.sn.layers=intermediate is all layers but the first and the last, and of 2 layers "
     r"there are no others; valid here: a list of -1, -2, or more layers"),
    ({"critic.sn.layers": "all"}, "critic.sn.layers must be a list or intermediate, got 'all'"),
    ({"critic.sn.layers": (-2, -2)}, "must not name a layer twice"),
    ({"sn.layers": (-2,)}, "unknown parameter 'sn.layers'"),
    ({"sn.projection": "soft"}, "hard, divide, clip_scaled"),
]  # fmt: skip


@pytest.mark.parametrize(("params", "message"), REFUSED)
def test_check_refuses(params, message):
    with pytest.raises(ValueError, match=message):
        lookup.find("learners", "sac").check(params, "navigation/2")


def test_dqn_takes_the_word_too():
    found = lookup.find("learners", "dqn")
    found.check({"sn.layers": "intermediate"}, "minatar/breakout")
    with pytest.raises(ValueError, match=r"^sn.layers=intermediate is all layers but"):
        found.check({"sn.layers": "intermediate", "network.convs": ()}, "minatar/breakout")
