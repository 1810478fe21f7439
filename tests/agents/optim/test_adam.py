"""Adam equals torch.optim.Adam for every member, on both of its paths."""

from __future__ import annotations

import pytest
import torch

from agents.optim.adam import Adam, AdamSettings

SETTINGS = [
    AdamSettings(1e-3, 1e-8, 0.9, 0.999),
    AdamSettings(1e-2, 0.5, 0.0, 0.99),
    AdamSettings(3e-4, 3.125e-4, 0.8, 0.9999),
]


@pytest.mark.parametrize("path", ["step_memberwise", "step_together"])
def test_every_member_follows_torch_adam_with_its_own_numbers(path):
    torch.manual_seed(0)
    ours = [torch.randn(3, 4, 5), torch.randn(3, 5)]
    theirs = [[p[i].clone().requires_grad_() for p in ours] for i in range(3)]
    references = [
        torch.optim.Adam(ps, s.lr, (s.beta1, s.beta2), s.eps)
        for ps, s in zip(theirs, SETTINGS, strict=True)
    ]
    adam = Adam(ours, SETTINGS)
    for _ in range(20):
        gradients = [torch.randn_like(p) for p in ours]
        getattr(adam, path)(gradients)
        for i, reference in enumerate(references):
            for p, g in zip(theirs[i], gradients, strict=True):
                p.grad = g[i].clone()
            reference.step()
    for i, reference in enumerate(theirs):
        for p, q in zip(ours, reference, strict=True):
            torch.testing.assert_close(p[i], q.detach(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("path", ["step_memberwise", "step_together"])
def test_eps_is_outside_the_root(path):
    """First step: m = g, v = g^2 after correction, so x moves by lr g / (|g| + eps)."""
    x = torch.zeros(1, 1)
    adam = Adam([x], [AdamSettings(1.0, 0.5, 0.9, 0.999)])
    getattr(adam, path)([torch.full((1, 1), 0.25)])
    assert x.item() == pytest.approx(-0.25 / (0.25 + 0.5), rel=1e-5)


def test_step_counts_updates():
    adam = Adam([torch.zeros(1, 2)], SETTINGS[:1])
    adam.step([torch.ones(1, 2)])
    adam.step([torch.ones(1, 2)])
    assert adam.steps == 2


def test_gradients_may_have_any_strides():
    """The fused kernel itself reads them as if they were contiguous."""
    twice = []
    for strided in (False, True):
        parameter = torch.ones(2, 3, 1)
        gradient = torch.arange(24.0).view(2, 3, 4)[..., :1]
        adam = Adam([parameter], [AdamSettings(0.1, 1e-8, 0.9, 0.999)] * 2)
        for sign in (1.0, -0.3):
            adam.step(
                [sign * gradient if not strided else (sign * gradient.expand(2, 3, 4))[..., :1]]
            )
        twice.append(parameter)
    assert torch.equal(*twice)
