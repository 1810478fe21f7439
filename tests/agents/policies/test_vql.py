"""The policy with a latent variable: its bound, and the squashed Gaussian that it extends."""

from __future__ import annotations

import math
from typing import Any

import torch

from agents.policies import squashed_gaussian, vql
from tests.helpers.networks_of_policies import networks

S, A, LATENT = 3, 2, 4
PARAMS = {"policy.log_std_low": -10.0, "policy.log_std_high": 2.0, "policy.latent": LATENT}
DESCRIBED = vql.Policy.networks(PARAMS, S, A)


def drawn(*size: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*size, generator=generator, dtype=torch.float64)


def policy(members: int = 1) -> vql.Policy:
    return vql.Policy([PARAMS] * members, "cpu")


def test_what_each_network_reads_and_gives() -> None:
    sizes = {name: (one.inputs, one.outputs) for name, one in DESCRIBED.items()}
    assert sizes == {
        "actor": (S + LATENT, 2 * A),
        "actor_latent": (S, 2 * LATENT),
        "actor_posterior": (S + A, 2 * LATENT),
    }
    assert {one.prefix for one in DESCRIBED.values()} == {"actor"}
    assert vql.Policy.normals(PARAMS, A) == A + LATENT


def test_the_bound_is_below_the_entropy() -> None:
    """The entropy by log pi(a|s) = log E_z pi_1(a|z, s), from 2,000 latents for each action."""
    nets, one, actions = networks(DESCRIBED, 1), policy(), 400
    state = drawn(1, 1, S).expand(1, actions, S)
    taken, surrogate = one.sample(nets, state, drawn(1, actions, A + LATENT, seed=1))
    mean, log_std = one.normal(nets("actor_latent", state[:, :1]))
    z = mean + log_std.exp() * drawn(1, 2_000, LATENT, seed=2)
    read = torch.cat((state[:, :1].expand(1, 2_000, S), z), dim=2)
    at, width = one.normal(nets("actor", read))
    before = torch.atanh(taken)[0, :, None]
    normal = torch.distributions.Normal(at[0], width[0].exp()).log_prob(before).sum(2)
    log_prob = torch.logsumexp(normal, 1) - math.log(2_000) - (1 - taken[0] ** 2).log().sum(1)
    gap = surrogate[0] - log_prob
    error = gap.std().item() / math.sqrt(actions)
    assert gap.mean().item() > 3 * error  # -surrogate is below the entropy -log pi


def test_a_constant_latent_equals_the_squashed_gaussian() -> None:
    """Where pi_1 does not look at z, nor q_3 at the action, so that q_3 = pi_2."""
    nets = networks(DESCRIBED, 1)
    first = networks({"actor": squashed_gaussian.Policy.networks({}, S, A)["actor"]}, 1)

    def blind(name: str, x: torch.Tensor) -> torch.Tensor:
        if name == "actor":
            return first(name, x[..., :S])
        return nets("actor_latent", x[..., :S])

    states, noise = drawn(1, 50, S), drawn(1, 50, A + LATENT, seed=1)
    actions, log_prob = policy().sample(blind, states, noise)
    plain = squashed_gaussian.Policy([PARAMS], "cpu")
    theirs, density = plain.sample(first, states, noise[..., :A])
    torch.testing.assert_close(actions, theirs)
    torch.testing.assert_close(log_prob, density)
    torch.testing.assert_close(policy().mode(blind, states), plain.mode(first, states))


def test_gradients_reach_all_three_networks() -> None:
    nets: Any = networks(DESCRIBED, 1)
    weights = [w.requires_grad_() for layers in nets.weights.values() for w in layers]
    actions, log_prob = policy().sample(nets, drawn(1, 20, S), drawn(1, 20, A + LATENT, seed=1))
    gradients = torch.autograd.grad(log_prob.sum() + actions.sum(), weights)
    assert all(gradient.abs().max() > 0 for gradient in gradients)
