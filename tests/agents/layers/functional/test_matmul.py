"""Products whose bits do not depend on the pack."""

from __future__ import annotations

import torch

from agents.layers.functional.matmul import product
from tests.helpers.cases import each

SHAPES = [(1, 128, 6), (32, 128, 6), (64, 36, 16), (5, 33, 7), (10, 175, 25), (12, 90, 31)]
SHAPES += [(256, 256, 1), (32, 400, 1), (1, 64, 1), (12, 1, 400), (4, 1, 1)]  # with a vector


@each("shape", SHAPES)
@each("members", [2, 8, 32])
def test_products_and_their_gradients_are_bit_equal_in_any_pack(shape, members):
    m, k, n = shape
    generator = torch.Generator().manual_seed(m * k * n)
    a = torch.randn(members, m, k, generator=generator, requires_grad=True)
    b = torch.randn(members, k, n, generator=generator, requires_grad=True)
    together = product(a, b)
    gradients = torch.autograd.grad(together.square().sum(), [a, b])
    for i in range(members):
        left, right = (t[i : i + 1].detach().clone().requires_grad_() for t in (a, b))
        alone = product(left, right)
        assert torch.equal(alone[0], together[i])
        for mine, other in zip(
            torch.autograd.grad(alone.square().sum(), [left, right]), gradients, strict=True
        ):
            assert torch.equal(mine[0], other[i])
