"""Losses of residuals: their weights by sign, Huber's function, one weight a member."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from agents.optim import losses
from agents.optim.losses import Loss


def params(**given: Any) -> dict[str, Any]:
    complete = {name: parameter.default for name, parameter in losses.PARAMETERS.items()}
    return complete | {name.replace("__", "."): value for name, value in given.items()}


def loss(q: torch.Tensor, *members: dict[str, Any]) -> torch.Tensor:
    """Of q [P, C, B] against 0."""
    return Loss(members, "cpu")(q, torch.zeros(len(members), q.shape[2]))[0]


def slope(q: torch.Tensor, *members: dict[str, Any]) -> torch.Tensor:
    """The gradient at q."""
    return Loss(members, "cpu")(q, torch.zeros(len(members), q.shape[2]))[1]


@pytest.fixture
def q() -> torch.Tensor:
    return 3 * torch.randn(1, 2, 64, generator=torch.Generator().manual_seed(0))


def test_alpha_of_a_half_is_half_the_mean_squared_error(q):
    """Identity 9."""
    squares = q.square().mean(2)
    torch.testing.assert_close(loss(q, params()), squares)
    torch.testing.assert_close(loss(q, params(asymmetry__alpha=0.5)), 0.5 * squares)


@pytest.mark.parametrize("alpha", [0.1, 0.5, 0.7, 0.99])
@pytest.mark.parametrize("kind", ["mse", "huber"])
def test_slopes_at_plus_and_minus_delta(alpha, kind):
    """Identity 9: each pulls towards the target, with slopes alpha to 1 - alpha."""
    found = slope(
        torch.tensor([[[0.4, -0.4, 2.5, -2.5]]]), params(asymmetry__alpha=alpha, loss=kind)
    )
    near, _, far, _ = found[0, 0].tolist()
    assert near > 0 and far > 0
    ratios = found[0, 0, 0::2] / -found[0, 0, 1::2]
    torch.testing.assert_close(ratios, torch.full((2,), alpha / (1 - alpha)))
    assert far / near == pytest.approx(2.5 / 0.4 if kind == "mse" else 1 / 0.4, rel=1e-5)


@pytest.mark.parametrize("kind", ["mse", "huber"])
@pytest.mark.parametrize("alpha", [None, 0.5, 0.2, 0.99])
def test_the_gradient_is_that_of_the_loss(alpha, kind, q):
    q.requires_grad_()
    given = params(asymmetry__alpha=alpha, loss=kind)
    (theirs,) = torch.autograd.grad(loss(q, given).sum(), q)
    torch.testing.assert_close(slope(q.detach(), given), theirs)


@pytest.mark.parametrize("kind", ["mse", "huber"])
def test_swapped_weights_are_negated_residuals(q, kind):
    """Identity 9."""
    one = loss(q, params(asymmetry__alpha=0.8, loss=kind))
    other = loss(-q, params(asymmetry__alpha=0.2, loss=kind))
    torch.testing.assert_close(one, other)
    assert not torch.allclose(one, loss(q, params(asymmetry__alpha=0.2, loss=kind)))


def test_huber_is_that_of_torch_with_delta_1(q):
    expected = torch.nn.HuberLoss(reduction="none")(q, torch.zeros_like(q)).mean(2)
    torch.testing.assert_close(loss(q, params(loss="huber")), expected)


@pytest.mark.parametrize(
    ("given", "weights"),
    [
        ({}, (1.0, 1.0)),
        ({"asymmetry__alpha": 0.3}, (0.3, 0.7)),
        ({"asymmetry__alpha": 0.3, "asymmetry__beta": 2.0}, (0.3, 2.0)),
        ({"asymmetry__alpha": 0.3, "asymmetry__beta": 0.0}, (0.3, 0.0)),
    ],
)
def test_beta_is_1_minus_alpha_unless_given(given, weights, q):
    losses.check(params(**given))
    above, below = q.clamp(min=0).square().mean(2), q.clamp(max=0).square().mean(2)
    expected = weights[0] * above + weights[1] * below
    torch.testing.assert_close(loss(q, params(**given)), expected)


def test_every_member_has_weights_of_its_own(q):
    members = [params(), params(asymmetry__alpha=0.2), params(asymmetry__alpha=0.9)]
    together = loss(q.expand(3, -1, -1), *members)
    for member, alone in zip(members, together, strict=True):
        assert torch.equal(loss(q, member)[0], alone)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"asymmetry__beta": 1.0}, "asymmetry.beta needs asymmetry.alpha"),
        ({"asymmetry__alpha": 0.0}, "asymmetry.alpha must be above 0 and below 1, got 0"),
        ({"asymmetry__alpha": 1.0, "asymmetry__beta": 0.5}, "above 0 and below 1, got 1"),
    ],
)
def test_weights_that_make_no_loss_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        losses.check(params(**given))
