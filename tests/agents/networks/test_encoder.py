"""The encoder's parts against torch's own convolutions, and its published sizes."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from agents.layers.functional import fused_convolutions
from agents.networks import encoder
from agents.networks.encoder import Convolutions, Trunk
from agents.shape import Shape

P, B = 3, 5
SMALL = {"encoder.filters": 6, "encoder.strides": (2, 1), "encoder.features": 7}
PUBLISHED = {"encoder.filters": 32, "encoder.strides": (2, 1, 1, 1), "encoder.features": 50}


def pixels(size: int, stack: int = 3) -> Shape:
    return Shape((size, size, 3 * stack), "uint8", 2, continuous=True, high=255.0)


def images(members: int = P, batch: int = B, size: int = 15) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.rand(members, batch, size, size, 9, generator=generator)


def made(part: type, params=SMALL, shape=None, members=P, seeds=range(P)):
    found = part(params, shape or pixels(15), members, "cpu")
    found.initialise(seeds)
    for layer in found.layers:
        layer.bias.normal_(generator=torch.Generator().manual_seed(1))
    return found.train()


def plainly(part, member: int, x: torch.Tensor, strides=(2, 1)) -> torch.Tensor:
    """One member's convolutions by torch, as rows of numbers: rows, columns, filters."""
    y = x.permute(0, 3, 1, 2).double()
    for layer, stride in zip(part.layers, strides, strict=True):
        kernel = layer.weight[member].view(3, 3, y.shape[1], -1).permute(3, 2, 0, 1).double()
        y = F.conv2d(y, kernel, layer.bias[member].double(), stride).relu()
    return y.permute(0, 2, 3, 1).flatten(1)


def test_convolutions_and_their_gradients_are_torch_s():
    part, x = made(Convolutions), images()
    y = part(x)
    weights = torch.randn(y.shape, generator=torch.Generator().manual_seed(2))
    gradients = torch.autograd.grad((y * weights).sum(), part.parameters)
    ours = torch.stack([plainly(part, member, x[member]) for member in range(P)])
    expected = torch.autograd.grad((ours * weights).sum(), part.parameters)
    assert y.shape == (P, B, 5 * 5 * 6)
    torch.testing.assert_close(y, ours.float(), rtol=1e-5, atol=1e-5)
    for mine, theirs in zip(gradients, expected, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-4)


def test_without_gradients_convolutions_give_the_same_bits():
    part, x = made(Convolutions), images()
    with torch.no_grad():
        assert torch.equal(part(x), part(x))
        assert torch.equal(part(x), part(x).detach())
        found = part(x)
    assert torch.equal(found, part(x))


def test_grouped_convolutions_of_a_gpu_are_the_same_function():
    part, x = made(Convolutions), images()
    y = fused_convolutions.grouped(x, (2, 1), part.parameters).flatten(2)
    torch.testing.assert_close(y, part(x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("part", [Convolutions, Trunk])
def test_a_member_in_a_pack_has_the_bits_it_has_alone(part):
    x = images() if part is Convolutions else images().flatten(2)[..., : 5 * 5 * 6].contiguous()
    together, alone = made(part), made(part, members=1, seeds=[1])
    for mine, theirs in zip(alone.parameters, together.parameters, strict=True):
        mine.data.copy_(theirs[1:2])
    outputs = together(x), alone(x[1:2])
    assert torch.equal(outputs[0][1], outputs[1][0])
    gradients = [
        torch.autograd.grad((y * y).sum(), parts.parameters)
        for y, parts in zip(outputs, (together, alone), strict=True)
    ]
    assert all(torch.equal(mine[1], theirs[0]) for mine, theirs in zip(*gradients, strict=True))


def test_a_trunk_is_a_linear_layer_a_layer_norm_and_tanh():
    part, x = made(Trunk), torch.randn(P, B, 5 * 5 * 6)
    layer, norm = part.layers[0], part.norms[0]
    norm.weight.data.normal_()
    norm.bias.data.normal_()
    for i in range(P):
        y = F.linear(x[i], layer.weight[i].T, layer.bias[i])
        y = F.layer_norm(y, (7,), norm.weight[i], norm.bias[i])
        torch.testing.assert_close(part(x)[i], torch.tanh(y), rtol=1e-5, atol=1e-5)


def test_published_sizes():
    assert encoder.maps(PUBLISHED, pixels(84))[1:] == [
        (41, 41, 32), (39, 39, 32), (37, 37, 32), (35, 35, 32),
    ]  # fmt: skip
    assert encoder.counts(PUBLISHED, pixels(84)) == (30_368, 39_200 * 50 + 50 + 100)


@pytest.mark.parametrize("params", [SMALL, PUBLISHED, SMALL | {"encoder.strides": (3,)}])
def test_counts_are_those_of_the_parts(params):
    shape = pixels(21)
    for part, count in zip((Convolutions, Trunk), encoder.counts(params, shape), strict=True):
        parts = made(part, params, shape)
        assert sum(t[0].numel() for t in parts.parameters) == count


@pytest.mark.parametrize(
    ("strides", "size", "said"),
    [
        ((), 15, "at least one convolution"),
        ((2, 0), 15, "whole numbers of at least 1, got 0"),
        ((True,), 15, "got True"),
        ((2, 2, 2), 13, r"leave 2 of 13 pixels for convolution 3"),
        ((1,), 2, r"leave 2 of 2 pixels for convolution 1"),
    ],
)
def test_strides_that_do_not_fit_are_refused(strides, size, said):
    with pytest.raises(ValueError, match=said):
        encoder.check(SMALL | {"encoder.strides": strides}, pixels(size))


def test_states_are_refused():
    with pytest.raises(ValueError, match=r"reads images .* got observations \(4,\); valid"):
        encoder.check(SMALL, Shape((4,), "float32", 1, continuous=True))
