"""Policies against torch's distributions, against integration, and in packs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.distributions import Normal, TransformedDistribution
from torch.distributions.transforms import TanhTransform

from agents.policies import deterministic as of_means
from agents.policies import squashed_gaussian

GAUSSIAN = {"policy.log_std_low": -10.0, "policy.log_std_high": 2.0}


def gaussian(members: int = 1, **given: float) -> Drawn:
    bounds = GAUSSIAN | {f"policy.{name}": value for name, value in given.items()}
    return Drawn(squashed_gaussian.Policy([bounds] * members, "cpu"))


def deterministic(*stds: float, **given: float) -> Drawn:
    more = {f"smoothing.{name}": value for name, value in given.items()}
    return Drawn(of_means.Policy([{"policy.std": std, **more} for std in stds], "cpu"))


class Drawn:
    """A policy whose actor gives what stands in the place of states."""

    def __init__(self, policy: Any) -> None:
        self.policy = policy

    def sample(self, out: torch.Tensor, noise: torch.Tensor) -> Any:
        return self.policy.sample(lambda name, x: x, out, noise)

    def sample_in_update(self, out: torch.Tensor, noise: torch.Tensor) -> Any:
        return self.policy.sample_in_update(lambda name, x: x, out, noise)

    def mode(self, out: torch.Tensor) -> torch.Tensor:
        return self.policy.mode(lambda name, x: x, out)


def drawn(*size: int, dtype: Any = torch.float64) -> torch.Tensor:
    return torch.randn(*size, generator=torch.Generator().manual_seed(0), dtype=dtype)


def test_the_density_is_that_of_torch_with_its_gradients():
    out, noise = (0.5 * drawn(2, 50, 6)).requires_grad_(), drawn(2, 50, 3)
    actions, log_prob = gaussian(2).sample(out, noise)
    mean, log_std = out[..., :3], out[..., 3:]
    z = mean + log_std.exp() * noise
    theirs = TransformedDistribution(Normal(mean, log_std.exp()), [TanhTransform(cache_size=1)])
    torch.testing.assert_close(actions, torch.tanh(z))
    expected = theirs.base_dist.log_prob(z) - TanhTransform().log_abs_det_jacobian(z, z.tanh())
    torch.testing.assert_close(log_prob, expected.sum(2))
    inside = theirs.log_prob(actions.clamp(-1 + 1e-12, 1 - 1e-12)).sum(2)
    torch.testing.assert_close(log_prob, inside, rtol=1e-4, atol=1e-4)
    weights = drawn(2, 50)
    ours = torch.autograd.grad((log_prob * weights).sum(), out, retain_graph=True)[0]
    torch.testing.assert_close(ours, torch.autograd.grad((expected.sum(2) * weights).sum(), out)[0])


@pytest.mark.parametrize(("mean", "log_std"), [(0.0, -1.0), (0.7, -0.5), (-1.0, 0.3), (0.3, 1.0)])
def test_the_density_integrates_to_one_and_is_that_of_the_actions(mean, log_std):
    """In one dimension, over z on a grid: each z is one action tanh z."""
    z = torch.linspace(-25, 25, 200_001, dtype=torch.float64)
    noise = ((z - mean) / np.exp(log_std))[None, :, None]
    out = torch.tensor([mean, log_std], dtype=torch.float64).expand(1, len(z), 2)
    actions, log_prob = gaussian().sample(out, noise)
    inside = (actions[0, :, 0].abs() < 1 - 1e-9).nonzero()[:, 0]
    actions, density = actions[0, inside, 0], log_prob[0, inside].exp()
    assert torch.trapezoid(density, actions).item() == pytest.approx(1.0, abs=1e-4)
    below = torch.trapezoid(density[actions <= 0.5], actions[actions <= 0.5]).item()
    exact = Normal(mean, float(np.exp(log_std))).cdf(torch.tensor(np.arctanh(0.5))).item()
    assert below == pytest.approx(exact, abs=1e-3)


def test_densities_far_out_are_finite():
    out = torch.tensor([[[40.0, 0.0], [-40.0, 2.0], [90.0, -10.0]]], requires_grad=True)
    actions, log_prob = gaussian().sample(out, torch.zeros(1, 3, 1))
    assert actions.detach().abs().max() <= 1 and log_prob.isfinite().all()
    expected = [2 * (40 - np.log(2)) - 0.9189, 2 * (40 - np.log(2)) - 2.9189,
                2 * (90 - np.log(2)) + 10 - 0.9189]  # fmt: skip
    torch.testing.assert_close(log_prob[0].detach(), torch.tensor(expected).float())
    assert torch.autograd.grad(log_prob.sum(), out)[0].isfinite().all()


def test_the_deviation_is_clamped_and_has_no_gradient_beyond():
    out = torch.zeros(1, 3, 2, dtype=torch.float64)
    out[0, :, 1] = torch.tensor([-5.0, 0.0, 5.0])
    out.requires_grad_()
    actions, log_prob = gaussian(log_std_low=-1.0, log_std_high=0.5).sample(
        out, torch.ones(1, 3, 1, dtype=torch.float64)
    )
    stds = torch.tensor([-1.0, 0.0, 0.5], dtype=torch.float64).exp()
    torch.testing.assert_close(actions[0, :, 0], torch.tanh(stds))
    (slope,) = torch.autograd.grad(log_prob.sum(), out)
    assert slope[0, 0, 1] == slope[0, 2, 1] == 0.0 and slope[0, 1, 1] != 0.0


def test_modes_have_no_noise():
    out = drawn(1, 5, 4)
    torch.testing.assert_close(gaussian().mode(out), out[..., :2].tanh())
    torch.testing.assert_close(deterministic(0.3).mode(out), out.tanh())
    assert squashed_gaussian.Policy.networks({}, 5, 3)["actor"].outputs == 6
    assert of_means.Policy.networks({}, 5, 3)["actor"].outputs == 3


def test_deterministic_actions_have_their_members_noise_and_are_cut():
    out, noise = drawn(2, 400, 3), drawn(2, 400, 3).flip(1)
    actions, log_prob = deterministic(0.0, 0.5).sample(out, noise)
    torch.testing.assert_close(actions[0], out[0].tanh())
    torch.testing.assert_close(actions[1], (out[1].tanh() + 0.5 * noise[1]).clamp(-1, 1))
    assert actions[1].abs().max() == 1.0 and not log_prob.any()


def test_noise_in_updates_is_clipped_and_else_is_that_of_exploration():
    out, noise = drawn(1, 400, 3), drawn(1, 400, 3).flip(1)
    smooth = deterministic(0.5, std=0.3, clip=0.4)
    expected = (out.tanh() + (0.3 * noise).clamp(-0.4, 0.4)).clamp(-1, 1)
    torch.testing.assert_close(smooth.sample_in_update(out, noise)[0], expected)
    plain, far = deterministic(0.5), 9 * noise
    assert torch.equal(plain.sample_in_update(out, far)[0], plain.sample(out, far)[0])


def test_the_gradient_of_a_deterministic_action_stops_where_it_is_cut():
    out = torch.zeros(1, 2, 1, requires_grad=True)
    actions, _ = deterministic(1.0).sample(out, torch.tensor([[[0.5], [1.5]]]))
    (slope,) = torch.autograd.grad(actions.sum(), out)
    assert slope.flatten().tolist() == [1.0, 0.0]


@pytest.mark.parametrize("batch", [1, 3, 7])
@pytest.mark.parametrize("actions", [1, 5, 6])
def test_bits_do_not_depend_on_the_pack(batch, actions):
    out = drawn(9, batch, 2 * actions, dtype=torch.float32).requires_grad_()
    noise = drawn(9, batch, actions, dtype=torch.float32)
    together = gaussian(9).sample(out, noise)
    slopes = torch.autograd.grad(together[0].sum() + together[1].sum(), out)[0]
    for i in range(9):
        mine = out[i : i + 1].detach().clone().requires_grad_()
        alone = gaussian(1).sample(mine, noise[i : i + 1].clone())
        slope = torch.autograd.grad(alone[0].sum() + alone[1].sum(), mine)[0]
        assert torch.equal(alone[0][0], together[0][i])
        assert torch.equal(alone[1][0], together[1][i])
        assert torch.equal(slope[0], slopes[i])
