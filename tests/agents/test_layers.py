"""Layers against torch's own, and products whose bits do not depend on the pack."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from agents import streams
from agents.networks.layers import Convolution, Linear, fold, unfold
from agents.networks.norms import LayerNorm
from agents.networks.products import product

P, B = 3, 4


def initialised(layer):
    layer.activation = None
    layer.initialise(streams.keys(range(P), "test"))
    layer.bias.normal_(generator=torch.Generator().manual_seed(0))
    return layer


def test_linear_equals_torch():
    layer = initialised(Linear(P, 7, 5, "cpu"))
    x = torch.randn(P, B, 7)
    for i, y in enumerate(layer(x, False)):
        torch.testing.assert_close(y, F.linear(x[i], layer.weight[i].T, layer.bias[i]))


def test_convolution_equals_torch_with_gradients():
    layer = initialised(Convolution(P, (10, 9, 4), 6, 3, "cpu"))
    layer.weight.requires_grad_()
    x = torch.randn(P, B, 10, 9, 4, requires_grad=True)
    y = layer(x, False)
    ours = torch.autograd.grad(y.square().sum(), [x, layer.weight])
    for i in range(P):
        kernel = layer.weight[i].view(3, 3, 4, 6).permute(3, 2, 0, 1)
        expected = F.conv2d(x[i].permute(0, 3, 1, 2), kernel, layer.bias[i]).permute(0, 2, 3, 1)
        torch.testing.assert_close(y[i], expected)
        theirs = torch.autograd.grad(expected.square().sum(), [x, layer.weight])
        for mine, other in zip(ours, theirs, strict=True):
            torch.testing.assert_close(mine[i], other[i], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("make", [lambda: Linear(P, 6, 5, "cpu"), lambda: conv()])
def test_adjoint_is_the_transposed_map(make):
    layer = initialised(make())
    x = torch.randn(P, 1, *layer.input_shape)
    y = torch.randn(P, 1, *layer.output_shape)
    forward = (layer.map(x) * y).flatten(1).sum(1)
    backward = (x * layer.adjoint(y)).flatten(1).sum(1)
    torch.testing.assert_close(forward, backward, rtol=1e-4, atol=1e-4)


def conv() -> Convolution:
    return Convolution(P, (6, 5, 2), 3, 3, "cpu")


def test_fold_is_the_adjoint_of_unfold():
    x, y = torch.randn(2, 3, 7, 6, 2), torch.randn(2, 3, 5, 4, 18)
    torch.testing.assert_close((unfold(x, 3) * y).sum(), (x * fold(y, 3)).sum())


def test_layer_norm_equals_torch():
    norm = LayerNorm(P, 8, True, "cpu")
    norm.weight.uniform_(0.5, 2.0)
    norm.bias.normal_()
    x = torch.randn(P, B, 8)
    for i, y in enumerate(norm(x, False)):
        torch.testing.assert_close(y, F.layer_norm(x[i], (8,), norm.weight[i], norm.bias[i]))


def test_weights_are_xavier_uniform_and_biases_zero():
    layer = Convolution(1, (10, 10, 4), 16, 3, "cpu")
    layer.initialise(streams.keys([0], "w"))
    bound = (6 / (9 * 4 + 9 * 16)) ** 0.5
    weight = layer.weight.numpy()
    assert np.abs(weight).max() <= bound and np.abs(weight).max() > 0.97 * bound
    assert abs(weight.std() - bound / 3**0.5) < 0.05 * bound
    assert not layer.bias.any()


SHAPES = [(1, 128, 6), (32, 128, 6), (64, 36, 16), (5, 33, 7), (10, 175, 25), (12, 90, 31)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("members", [2, 8, 32])
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
