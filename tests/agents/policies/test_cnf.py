"""The conditional flow: its inverse, its density, and the squashed Gaussian that it extends."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch.distributions import Normal

from agents.policies import cnf, densities, squashed_gaussian
from tests.helpers.cases import each
from tests.helpers.networks_of_policies import networks

S = 3
BOUNDS = {"policy.log_std_low": -10.0, "policy.log_std_high": 2.0}


def flow(actions: int, couplings: int, members: int = 1, **given: Any) -> tuple[Any, Any]:
    """A flow, and networks of random weights for it."""
    params = {**BOUNDS, "policy.couplings": couplings}
    described = cnf.Policy.networks(params, S, actions)
    return cnf.Policy([params] * members, "cpu"), networks(described, members, **given)


def drawn(*size: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*size, generator=generator, dtype=torch.float64)


@each("actions", [1, 2, 3, 6])
@each("couplings", [1, 2, 5])
def test_the_inverse_undoes_the_flow(actions: int, couplings: int) -> None:
    policy, nets = flow(actions, couplings, 2)
    states, start = drawn(2, 40, S), drawn(2, 40, actions, seed=1)
    end, stretched = policy.forward(nets, states, start)
    back, same = policy.inverse(nets, states, end)
    torch.testing.assert_close(back, start, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(same, stretched)
    if couplings > 1 or actions == 1:
        assert (end - start).abs().amin((0, 1)).max() > 0  # no number stands still


@pytest.mark.parametrize(("actions", "points"), [(1, 20_001), (2, 801)])
@pytest.mark.parametrize("couplings", [0, 1, 3])
def test_the_density_integrates_to_one(actions: int, points: int, couplings: int) -> None:
    """Over z on a grid, each of which is one action tanh z."""
    policy, nets = flow(actions, couplings, gains={"actor": 0.3, "coupling": 0.5})
    policy.high = -1.0  # a narrow base, so that little of it is beyond the grid
    axis = torch.linspace(-9, 9, points, dtype=torch.float64)
    z = torch.cartesian_prod(*[axis] * actions).view(1, -1, actions)
    states = drawn(1, 1, S).expand(1, z.shape[1], S)
    log_prob = policy.log_prob(nets, states, torch.tanh(z)) + densities.log_slope(z)
    volume = log_prob.exp().sum().item() * (18 / (points - 1)) ** actions
    assert volume == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("actions", [1, 2, 5])
def test_the_density_is_what_autograd_finds(actions: int) -> None:
    """log N(e) - log |da / de|, and log_prob of the actions that were drawn."""
    policy, nets = flow(actions, 3)
    states, noise = drawn(1, 12, S), 0.5 * drawn(1, 12, actions, seed=1)
    found, log_prob = policy.sample(nets, states, noise)
    for i in range(12):
        state = states[:, i : i + 1]

        def action(e: torch.Tensor, state: torch.Tensor = state) -> torch.Tensor:
            return policy.sample(nets, state, e[None, None])[0][0, 0]

        jacobian = torch.autograd.functional.jacobian(action, noise[0, i])
        expected = Normal(0.0, 1.0).log_prob(noise[0, i]).sum() - jacobian.det().abs().log()
        torch.testing.assert_close(log_prob[0, i], expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(policy.log_prob(nets, states, found), log_prob)


def test_without_couplings_it_is_the_squashed_gaussian() -> None:
    policy, nets = flow(3, 0)
    states, noise = drawn(1, 30, S), drawn(1, 30, 3, seed=1)
    plain = squashed_gaussian.Policy([BOUNDS], "cpu")
    for ours, theirs in zip(
        policy.sample(nets, states, noise), plain.sample(nets, states, noise), strict=True
    ):
        assert torch.equal(ours, theirs)
    assert torch.equal(policy.mode(nets, states), plain.mode(nets, states))


def test_it_begins_as_the_squashed_gaussian() -> None:
    """As the heads of its couplings begin at 0."""
    policy, nets = flow(3, 4, gains={"coupling": 0.0})
    states, noise = drawn(1, 30, S), drawn(1, 30, 3, seed=1)
    plain = squashed_gaussian.Policy([BOUNDS], "cpu").sample(nets, states, noise)
    for ours, theirs in zip(policy.sample(nets, states, noise), plain, strict=True):
        torch.testing.assert_close(ours, theirs)
    described = cnf.Policy.networks({"policy.couplings": 1}, S, 3)
    assert described["coupling_0"].head_gain == 0.0


def test_halves_take_turns_and_the_state_enters() -> None:
    policy, nets = flow(5, 1)
    states, z = drawn(1, 9, S), drawn(1, 9, 5, seed=1)
    moved = policy.forward(nets, states, z)[0] != z
    assert moved[0].all(0).tolist() == [False, False, True, True, True]
    policy, nets = flow(5, 2)
    assert (policy.forward(nets, states, z)[0] != z).all()
    assert (policy.forward(nets, states + 1, z)[0] != policy.forward(nets, states, z)[0]).all()


def test_far_out_all_stays_finite() -> None:
    policy, nets = flow(2, 2)
    states = 1e4 * drawn(1, 50, S)
    actions, log_prob = policy.sample(nets, states.requires_grad_(), drawn(1, 50, 2))
    assert actions.detach().abs().max() <= 1.0 and log_prob.isfinite().all()
    (slope,) = torch.autograd.grad(log_prob.sum() + actions.sum(), states)
    assert slope.isfinite().all()
    assert densities.log_slope(torch.tensor([[[-90.0, 0.0, 90.0]]])).item() == pytest.approx(
        4 * math.log(2) - 4 * 90
    )
