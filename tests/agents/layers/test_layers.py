"""Layers against torch's own."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from agents import streams
from agents.layers.base import ACTIVATIONS, ORTHOGONAL_GAIN, activated
from agents.layers.convolution import Convolution
from agents.layers.linear import Linear
from tests.helpers.cases import each

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


@pytest.mark.parametrize(("size", "stride"), [(3, 1), (3, 2), (4, 3), (2, 3)])
def test_convolution_equals_torch_with_gradients(size, stride):
    """Also where the last pixels of a side are in no patch, or some between."""
    layer = initialised(Convolution(P, (10, 9, 4), 6, size, "cpu", stride))
    layer.weight.requires_grad_()
    x = torch.randn(P, B, 10, 9, 4, requires_grad=True)
    y = layer(x, False)
    ours = torch.autograd.grad(y.square().sum(), [x, layer.weight])
    for i in range(P):
        kernel = layer.weight[i].view(size, size, 4, 6).permute(3, 2, 0, 1)
        images = x[i].permute(0, 3, 1, 2)
        expected = F.conv2d(images, kernel, layer.bias[i], stride).permute(0, 2, 3, 1)
        torch.testing.assert_close(y[i], expected)
        theirs = torch.autograd.grad(expected.square().sum(), [x, layer.weight])
        for mine, other in zip(ours, theirs, strict=True):
            torch.testing.assert_close(mine[i], other[i], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("make", [lambda: Linear(P, 6, 5, "cpu"), lambda: conv(), lambda: conv(2)])
def test_adjoint_is_the_transposed_map(make):
    layer = initialised(make())
    x = torch.randn(P, 1, *layer.input_shape)
    y = torch.randn(P, 1, *layer.output_shape)
    forward = (layer.map(x) * y).flatten(1).sum(1)
    backward = (x * layer.adjoint(y)).flatten(1).sum(1)
    torch.testing.assert_close(forward, backward, rtol=1e-4, atol=1e-4)


def conv(stride: int = 1) -> Convolution:
    return Convolution(P, (6, 5, 2), 3, 3, "cpu", stride)


def test_weights_are_xavier_uniform_and_biases_zero():
    layer = Convolution(1, (10, 10, 4), 16, 3, "cpu")
    layer.initialise(streams.keys([0], "w"))
    bound = (6 / (9 * 4 + 9 * 16)) ** 0.5
    weight = layer.weight.numpy()
    assert np.abs(weight).max() <= bound and np.abs(weight).max() > 0.97 * bound
    assert abs(weight.std() - bound / 3**0.5) < 0.05 * bound
    assert not layer.bias.any()


@pytest.mark.parametrize("sizes", [(20, 30), (30, 20), (25, 25), (30, 1)])
@pytest.mark.parametrize("gain", [1.0, ORTHOGONAL_GAIN])
def test_orthogonal_rows_or_columns_are_orthonormal_times_the_gain(sizes, gain):
    layer = Linear(2, *sizes, "cpu")
    layer.initialise(streams.keys([0, 1], "w"), gain)
    assert not layer.bias.any() and not torch.equal(layer.weight[0], layer.weight[1])
    for weight in layer.weight / gain:
        fewer = weight if sizes[0] <= sizes[1] else weight.T
        torch.testing.assert_close(fewer @ fewer.T, torch.eye(min(sizes)), rtol=0, atol=1e-5)


def test_orthogonal_weights_have_no_preferred_direction():
    """Without the signs of R's diagonal, the entries of Q have a mean that is not 0."""
    layer = Linear(2000, 3, 3, "cpu")
    layer.initialise(streams.keys(range(2000), "w"), 1.0)
    assert layer.weight.mean(0).abs().max() < 4 * (1 / 3 / 2000) ** 0.5


@pytest.mark.parametrize("gain", [None, 1.0])
def test_weights_do_not_depend_on_the_pack(gain):
    together, alone = Linear(3, 129, 131, "cpu"), Linear(1, 129, 131, "cpu")
    together.initialise(streams.keys([4, 5, 6], "w"), gain)
    alone.initialise(streams.keys([5], "w"), gain)
    assert torch.equal(together.weight[1], alone.weight[0])


def test_weights_are_drawn_by_their_number():
    """However the drawing is divided."""
    layer = Linear(1, 150, 151, "cpu")
    layer.initialise(streams.keys([7], "w"))
    uniforms = streams.uniforms(streams.key(7, "w"), np.arange(150 * 151, dtype=np.int64))
    bound = (6 / (150 + 151)) ** 0.5
    expected = (bound * (2.0 * uniforms - 1.0)).astype(np.float32)
    assert np.array_equal(layer.weight.numpy().ravel(), expected)


TORCHS = {
    "relu": torch.nn.ReLU(),
    "swish": torch.nn.SiLU(),
    "gelu": torch.nn.GELU(),
    "mish": torch.nn.Mish(),
    "elu": torch.nn.ELU(),
    "leaky_relu": torch.nn.LeakyReLU(),
    "tanh": torch.nn.Tanh(),
}


def test_every_activation_is_tried():
    assert TORCHS.keys() == {*ACTIVATIONS}
    y = torch.randn(2, 3)
    assert activated(y, None) is y


@each("name, shape", product(ACTIVATIONS, [(8, 3), (5, 32), (1, 257)]))
def test_activations_equal_torch_and_have_the_same_bits_in_any_pack(name, shape):
    drawn = 2.0 * torch.randn(6, *shape, generator=torch.Generator().manual_seed(0))

    def numbers(y):
        """What it gives and its gradient."""
        y = y.clone().requires_grad_()
        found = activated(y + 0.0, name)  # ReLU is done in place
        return found.detach(), torch.autograd.grad(found.square().sum(), y)[0]

    together, gradient = numbers(drawn)
    torch.testing.assert_close(together, TORCHS[name](drawn))
    for i in range(6):
        alone, mine = numbers(drawn[i : i + 1])
        assert torch.equal(alone[0], together[i]) and torch.equal(mine[0], gradient[i])
