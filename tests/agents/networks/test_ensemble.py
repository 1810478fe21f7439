"""Ensembles, and the averages that targets are."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from agents.layers.base import ORTHOGONAL_GAIN
from agents.learners.actor_critic import ActorCritic
from agents.learners.td3 import Learner
from agents.networks.ensemble import Ensemble
from agents.networks.network import part
from agents.optim.target_average import TargetAverage
from agents.shape import Shape

P, C, B, IN, OUT = 3, 2, 5, 4, 2
SIZES = part(Learner.complete({"critic.units": 8}), "critic")


def made(members: int = P, copies: int = C) -> Ensemble:
    ensemble = Ensemble(SIZES, IN, OUT, (members, copies), "cpu", ORTHOGONAL_GAIN)
    ensemble.initialise(range(members), "critic")
    return ensemble.train()


def tensors(ensemble: Ensemble) -> dict[str, torch.Tensor]:
    return {name: tensor for name, tensor, _ in ensemble.tensors()}


def by_hand(ensemble: Ensemble, x: torch.Tensor, member: int, copy: int) -> torch.Tensor:
    """One network of the saved tensors [P, C, in, out], without the ensemble."""
    held = tensors(ensemble)
    for place in range(3):
        weight, bias = (held[f"{place}.{kind}"][member, copy] for kind in ("weight", "bias"))
        x = x @ weight + bias
        x = x.relu() if place < 2 else x
    return x


def test_rows_are_every_members_networks_in_turn():
    ensemble, x = made(), torch.randn(P, B, IN)
    y = ensemble(x)
    assert y.shape == (P, C, B, OUT)
    for member in range(P):
        for copy in range(C):
            torch.testing.assert_close(
                y[member, copy].detach(), by_hand(ensemble, x[member], member, copy)
            )


def test_networks_begin_from_streams_of_their_own_whatever_the_pack():
    ensemble = made()
    weights = tensors(ensemble)["0.weight"].flatten(0, 1)
    assert len({tuple(weight.flatten().tolist()) for weight in weights}) == P * C
    one = Ensemble(SIZES, IN, OUT, (1, 1), "cpu", ORTHOGONAL_GAIN)
    one.initialise([2], "critic")
    assert torch.equal(tensors(one)["0.weight"][0, 0], weights[2 * C])


@pytest.mark.parametrize("copies", [1, 2, 5])
def test_the_first_sees_what_is_learned_and_passes_no_gradient_to_it(copies):
    ensemble, x = made(copies=copies), torch.randn(P, B, IN, requires_grad=True)
    for _ in range(2):
        y = ensemble.first(x)
        torch.testing.assert_close(y, ensemble(x)[:, 0])
        (mine,) = torch.autograd.grad(y.square().sum(), x)
        (theirs,) = torch.autograd.grad(ensemble(x)[:, 0].square().sum(), x)
        torch.testing.assert_close(mine, theirs)
        assert not ensemble.first(x.detach()).requires_grad
        with torch.no_grad():
            for parameter in ensemble.parameters:
                parameter.add_(0.3 * torch.randn_like(parameter))


def test_the_last_layer_of_an_actor_is_small():
    """Spec §2.8: orthogonal with gain sqrt 2, and 1 for an actor's last layer."""
    agents = actor_critic(2)
    for name, gain in (("actor", 1.0), ("critic", 2**0.5)):
        held = tensors(agents.nets[name])
        for place, expected in (("0", 2**0.5), ("2", gain)):
            values = torch.linalg.svdvals(held[f"{place}.weight"])
            torch.testing.assert_close(values, torch.full_like(values, expected))
        assert not held["2.bias"].any()


def actor_critic(members: int) -> ActorCritic:
    runs = [SimpleNamespace(params=Learner.complete({}), seed=i, steps=100) for i in range(members)]
    agents = Learner(runs, Shape((IN,), "float32", OUT, continuous=True), "cpu")
    agents.initialise()
    return agents


def test_averages_follow_by_each_members_tau():
    """0 stays, 1 copies to the bit."""
    taus = [0.0, 0.25, 0.75, 1.0]
    targets = [torch.randn(4, 3, 2), torch.randn(4, 2)]
    online = [torch.randn(4, 3, 2), torch.randn(4, 2)]
    before = [t.clone() for t in targets]
    TargetAverage(targets, online, taus).step()
    for target, source, old in zip(targets, online, before, strict=True):
        assert torch.equal(target[0], old[0]) and torch.equal(target[3], source[3])
        for i in (1, 2):
            torch.testing.assert_close(target[i], (1 - taus[i]) * old[i] + taus[i] * source[i])
