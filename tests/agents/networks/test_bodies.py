"""Bodies against formulas written out, and their sizes against published parameter counts."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from agents.layers.spectral_settings import SpectralNormSettings
from agents.networks.network import Network, check, count_parameters, depth
from tests.helpers.cases import each

P, B = 2, 3
ANT, OFENET, ACTIONS = (111,), (2159,), 8


def sizes(body, units=6, layers=3, **more):
    return {"body": body, "units": units, "layers": layers, **more}


def built(described, observation=(5,), outputs=2, settings=None):
    none = SpectralNormSettings((), "hard", 1.0, True)
    network = Network(described, observation, outputs, settings or [none] * P, "cpu")
    network.initialise(range(P))
    for layer in network.layers:
        layer.bias.normal_(generator=torch.Generator().manual_seed(0))
    return network


def linear(network, place, i, x):
    """Member i's linear map at `place`, of x [B, in]."""
    layer = network.layers[place]
    return F.linear(x, layer.weight[i].T, layer.bias[i])


def resnet(network, i, x):
    width = network.body.features
    y = F.pad(x, (0, width - x.shape[1]))
    for place in range(3):
        read = x if place == 0 else y
        f = F.relu(linear(network, place, i, read))
        y = F.pad(f, (0, width - f.shape[1])) + y
    return y


def resnet2(network, i, x):
    width = network.body.features
    y = F.pad(x, (0, width - x.shape[1]))
    for block in range(3):
        h = F.relu(linear(network, 2 * block, i, x if block == 0 else y))
        f = linear(network, 2 * block + 1, i, h)
        y = F.relu(F.pad(f, (0, width - f.shape[1])) + y)
    return y


def densenet(network, i, x):
    everything = [x]
    for place in range(3):
        everything.append(F.relu(linear(network, place, i, torch.cat(everything, 1))))
    return torch.cat(everything, 1)


def d2rl(network, i, x):
    y = torch.cat([F.relu(linear(network, 0, i, x)), x], 1)
    y = torch.cat([F.relu(linear(network, 1, i, y)), x], 1)
    return F.relu(linear(network, 2, i, y))


def residual(network, i, x):
    y = F.relu(linear(network, 0, i, x))
    for block, norm in enumerate(network.norms):
        z = F.layer_norm(y, y.shape[1:], norm.weight[i], norm.bias[i])
        inner = F.relu(linear(network, 1 + 2 * block, i, z))
        y = y + linear(network, 2 + 2 * block, i, inner)
    return y


def mlp(network, i, x):
    for place in range(3):
        x = F.relu(linear(network, place, i, x))
    return x


@each("formula", [mlp, resnet, resnet2, densenet, d2rl, residual])
@each("units", [4, 5, 6])
def test_a_body_computes_its_formula(formula, units):
    network = built(sizes(formula.__name__, units))
    for norm in network.norms:
        norm.weight.uniform_(0.5, 2.0)
        norm.bias.normal_()
    x = torch.randn(P, B, 5)
    for i, features in enumerate(network.features(x)):
        torch.testing.assert_close(features, formula(network, i, x[i]))


@pytest.mark.parametrize("body", ["mlp", "resnet", "resnet2", "densenet", "d2rl", "residual"])
def test_swish_takes_the_place_of_relu(body):
    relu, swish = built(sizes(body)), built(sizes(body, activation="swish"))
    x = torch.randn(P, B, 5)
    assert torch.equal(relu.layers[0].weight, swish.layers[0].weight)
    assert not torch.allclose(relu(x), swish(x))
    activations = [layer.activation for layer in swish.layers]
    assert "relu" not in activations and activations[0] == "swish" and activations[-1] is None


def test_a_block_of_two_layers_has_its_norms_before_each_activation():
    network = built(sizes("resnet2", units=6, layers=2, **{"norm.kind": "layer"}))
    assert len(network.norms) == 4 and depth(sizes("resnet2", layers=2), (5,)) == 5
    x, (first, second) = torch.randn(P, B, 5), network.layers[:2]
    for i, features in enumerate(network.body(x, False)):
        y = F.pad(x[i], (0, 1))
        for block in range(2):
            read = x[i] if block == 0 else y
            h = F.relu(F.layer_norm(linear(network, 2 * block, i, read), (6,)))
            y = F.relu(F.layer_norm(linear(network, 2 * block + 1, i, h), (6,)) + y)
        torch.testing.assert_close(features, y)
    assert first.activation == "relu" and second.activation is None


def test_the_blocks_of_residual_have_their_own_norms():
    params = {f"critic.{name}": value for name, value in sizes("residual").items()}
    check(params, "critic", (5,))
    with pytest.raises(ValueError, match=r"^critic\.norm\.kind must be none: .*, but got group$"):
        check({**params, "critic.norm.kind": "group"}, "critic", (5,))


def test_both_linear_layers_of_a_block_can_be_normalised():
    """Bjorck et al. 2021, App. C: all but the first and the last linear layer."""
    described = sizes("residual", layers=2)
    inside = tuple(range(-depth(described, (3,)) + 1, -1))
    network = built(described, settings=[SpectralNormSettings(inside, "divide", 1.0, False)] * P)
    assert [layer.spectral is not None for layer in network.layers] == [
        False, True, True, True, True, False
    ]  # fmt: skip
    assert network(torch.randn(P, B, 5), True).isfinite().all()


def layer_sizes(network):
    """Inputs and weights with biases of each layer of one member."""
    return [(w.shape[0], w.numel() + w.shape[1]) for w in (x.weight[0] for x in network.layers)]


def test_sac_as_published_has_the_counts_of_ota_table_2():
    original = sizes("mlp", 256, 2)
    assert count_parameters(original, ANT, ACTIONS) == 96_520
    network = Network(original, ANT, ACTIONS, [SpectralNormSettings((), "hard", 1.0, True)], "cpu")
    assert layer_sizes(network) == [(111, 28_672), (256, 65_792), (256, 2_056)]


def test_wide_densenet_has_the_counts_of_ota_table_2():
    ours = sizes("densenet", 2048, 2)
    assert count_parameters(ours, OFENET, ACTIONS) == 13_091_712
    network = Network(ours, OFENET, ACTIONS, [SpectralNormSettings((), "hard", 1.0, True)], "cpu")
    assert layer_sizes(network) == [(2159, 4_423_680), (4207, 8_617_984), (6255, 50_048)]


def test_d2rl_reads_the_observation_in_every_layer():
    network = built(sizes("d2rl", 256), ANT)
    assert [inputs for inputs, _ in layer_sizes(network)] == [111, 367, 367, 256]


NATURE = {"convs": (32, 64, 64), "kernels": (8, 4, 3), "strides": (4, 2, 1)}
SMALL = {"convs": (16, 32, 32), "kernels": (4, 4, 3), "strides": (2, 2, 2)}


@pytest.mark.parametrize(("given", "side", "units"), [(NATURE, 84, 512), (SMALL, 42, 128)])
def test_bodies_of_atari_have_the_counts_of_their_convolutions(given, side, units):
    described = sizes("atari", units, 1, **given)
    area, read, total = side, 4, 0
    for channels, kernel, stride in zip(*given.values(), strict=True):
        area = (area - kernel) // stride + 1
        total, read = total + (kernel * kernel * read + 1) * channels, channels
    total += (area * area * read + 1) * units + (units + 1) * 5
    assert count_parameters(described, (side, side, 4), 5) == total
    assert depth(described, (side, side, 4)) == 5


@pytest.mark.parametrize("given", [NATURE, SMALL])
def test_the_body_of_atari_is_torch_s_strided_convolutions(given):
    network = built(sizes("atari", 6, 1, **given), (43, 43, 4))
    x = torch.rand(P, B, 43, 43, 4)
    for i, features in enumerate(network.features(x)):
        y = x[i].permute(0, 3, 1, 2)
        for layer, stride in zip(network.layers, given["strides"], strict=False):
            kernel = layer.weight[i].view(layer.size, layer.size, y.shape[1], -1)
            y = F.conv2d(y, kernel.permute(3, 2, 0, 1), layer.bias[i], stride).relu()
        y = F.relu(linear(network, 3, i, y.permute(0, 2, 3, 1).flatten(1)))
        torch.testing.assert_close(features, y, rtol=1e-4, atol=1e-5)


STRIDED = {"convs": (5, 4), "kernels": (4, 3), "strides": (3, 2)}


def test_many_images_go_through_atari_s_convolutions_as_one_and_few_as_products():
    network = built(sizes("atari", 6, 1, **STRIDED), (15, 15, 2)).train()
    x = torch.rand(P, 17, 15, 15, 2)
    gradients = []
    for some in (x, x.clone().requires_grad_()):
        assert network.body._is_one(some) is not some.requires_grad
        outputs = network(some)
        gradients.append(torch.autograd.grad(outputs.square().sum(), network.parameters))
    for mine, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-5)
    assert not network.body._is_one(x[:, :16])
    torch.testing.assert_close(network(x)[:, :16], network(x[:, :16]), rtol=1e-4, atol=1e-5)
    shown = network.activations(x)
    assert [one.shape[2:] for one in shown] == [(4, 4, 5), (1, 1, 4), (6,)]


@pytest.mark.parametrize("other", [{"activation": "swish"}, {"norm.kind": "layer"}])
def test_convolutions_with_more_than_relu_are_not_one(other):
    network = built(sizes("atari", 6, 1, **STRIDED, **other), (15, 15, 2))
    assert network.body.as_one(sizes("atari", 6, 1, **STRIDED, **other)) == 0
    assert not network.body._is_one(torch.rand(P, 17, 15, 15, 2))


@pytest.mark.parametrize(
    ("given", "side", "says"),
    [
        ({"kernels": (8, 4)}, 84, r"critic\.kernels must list a number for each .* 3, got .8, 4.$"),
        ({"convs": (16,)}, 84, r"are 1, got .8, 4, 3.: give convs, such as .32, 64, 64., or other"),
        ({"strides": (4, 0, 1)}, 84, r"critic\.strides must list whole numbers .*, got 0"),
        ({}, 30, r"leave 2 of 30 pixels for convolution 3 of 3 x 3: take larger images \(env\.si"),
    ],
)
def test_kernels_and_strides_that_do_not_fit_are_refused(given, side, says):
    described = sizes("atari", **(NATURE | given))
    params = {f"critic.{name}": value for name, value in described.items()}
    with pytest.raises(ValueError, match=says):
        check(params, "critic", (side, side, 4))


def blocks(count, inputs, outputs):
    """Numbers of a head of Bjorck et al. with `count` blocks of width 1024."""
    return count_parameters(sizes("residual", 1024, count), (inputs,), outputs)


def test_a_block_has_the_count_inferred_from_bjorck_table_2():
    assert blocks(2, 50, 1) - blocks(1, 50, 1) == 4_199_424
    assert blocks(1, 50, 1) == 51 * 1024 + 4_199_424 + 1025


@pytest.mark.parametrize("actions", [1, 6])
def test_modern4_weighs_134_megabytes_more_than_modern2(actions):
    """Bjorck et al. 2021, Table 2: an actor, twin critics and their targets, in float32."""

    def megabytes(critic, actor):
        critics = 4 * blocks(critic, 50 + actions, 1)
        return 4 * (critics + blocks(actor, 50, 2 * actions)) / 1e6

    assert megabytes(3, 1) - megabytes(1, 1) == pytest.approx(134.38, abs=0.005)
