"""Gradients of the layers' own functions, and the gradients of those."""

from __future__ import annotations

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

from agents.layers.functional import autograd


@pytest.mark.parametrize("shape", [(1, 2, 4, 3, 2), (2, 1, 5, 5, 1)])
def test_unfolding_can_be_differentiated_twice(shape):
    x = torch.randn(shape, dtype=torch.float64, requires_grad=True)

    def cubed(x):
        return autograd.unfold(x, 3) ** 3

    assert gradcheck(cubed, x) and gradgradcheck(cubed, x)


@pytest.mark.parametrize("axis", [1, -1])
def test_standardising_can_be_differentiated_twice(axis):
    x = torch.randn(2, 5, 4, dtype=torch.float64, requires_grad=True)

    def normal(x):
        return autograd.standardised(x, axis, 1e-5)[0]

    assert gradcheck(normal, x) and gradgradcheck(normal, x)


def test_both_ways_of_writing_its_gradient_agree():
    x, y = torch.randn(2, 3, 6, 4, dtype=torch.float64)
    x.requires_grad_()
    normal, _, _ = autograd.standardised(x, -1, 1e-5)
    once, twice = (
        torch.autograd.grad(normal, x, y, create_graph=graph, retain_graph=True)[0]
        for graph in (False, True)
    )
    torch.testing.assert_close(once, twice.detach())
