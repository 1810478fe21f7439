"""What Adam alone must do: eps outside the root, gradients of whatever strides."""

from __future__ import annotations

import pytest
import torch

from agents.optimisers.adam import Optimiser
from agents.optimisers.base import Settings

PLAIN = {"eps": 1e-8, "beta1": 0.9, "beta2": 0.999, "weight_decay": 0.0}


@pytest.mark.parametrize("on_cpu", [True, False])
def test_eps_is_outside_the_root(on_cpu):
    """First step: m = g, v = g^2 after correction, so x moves by lr g / (|g| + eps)."""
    x = torch.zeros(1, 1)
    adam = Optimiser([x], [Settings(1.0, PLAIN | {"eps": 0.5})])
    adam._on_cpu = on_cpu
    adam.step([torch.full((1, 1), 0.25)])
    assert x.item() == pytest.approx(-0.25 / (0.25 + 0.5), rel=1e-5)


def test_gradients_may_have_any_strides():
    """The fused kernel itself reads them as if they were contiguous."""
    twice = []
    for strided in (False, True):
        parameter = torch.ones(2, 3, 1)
        gradient = torch.arange(24.0).view(2, 3, 4)[..., :1]
        adam = Optimiser([parameter], [Settings(0.1, PLAIN)] * 2)
        for sign in (1.0, -0.3):
            adam.step(
                [sign * gradient if not strided else (sign * gradient.expand(2, 3, 4))[..., :1]]
            )
        twice.append(parameter)
    assert torch.equal(*twice)
