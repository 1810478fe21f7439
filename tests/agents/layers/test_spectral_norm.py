"""Spectral normalisation: its identities, gradients, masks, refusals."""

from __future__ import annotations

import pytest
import torch

from agents import streams
from agents.layers.base import Layer
from agents.layers.convolution import Convolution
from agents.layers.linear import Linear
from agents.layers.spectral_norm import SpectralNorm
from agents.layers.spectral_settings import PROJECTIONS, SpectralNormSettings
from agents.learners.dqn import Learner
from agents.networks.network import Network, part
from tests.helpers.cases import each

P = 2


def settings(
    projection="hard", coefficient=1.0, detach_rho=True, layers=(-1,)
) -> SpectralNormSettings:
    return SpectralNormSettings(layers, projection, coefficient, detach_rho)


def normalised(layer: Layer, *members: SpectralNormSettings) -> SpectralNorm:
    seeds = range(len(members))
    layer.initialise(streams.keys(seeds, "weights"))
    norm = SpectralNorm(layer, members, -1)
    norm.initialise(streams.keys(seeds, "spectral"))
    layer.spectral, layer.activation = norm, None
    return norm


def largest(layer: Layer, member: int) -> float:
    """Top singular value of the explicit matrix of the layer's linear map."""
    size = layer.weight.new_zeros(layer.input_shape).numel()
    basis = torch.eye(size).view(1, size, *layer.input_shape)
    one = basis.expand(layer.weight.shape[0], *basis.shape[1:]).contiguous()
    matrix = layer.map(one)[member].flatten(1)
    return float(torch.linalg.matrix_norm(matrix, 2))


@each(
    "layer",
    [
        lambda: Linear(P, 40, 24, "cpu"),
        lambda: Convolution(P, (10, 10, 4), 8, 3, "cpu"),
        lambda: Convolution(P, (10, 10, 4), 8, 4, "cpu", 3),
    ],
)
@each("projection", PROJECTIONS)
@each("coefficient", [0.5, 1.0, 2.0])
@each("size", [0.1, 3.0])
def test_rho_is_the_operator_norm_and_each_mode_scales_as_it_says(
    layer, projection, coefficient, size
):
    layer = layer()
    norm = normalised(layer, *[settings(projection, coefficient)] * P)
    layer.weight *= size
    for _ in range(300):  # the slowest is then at 1e-5 of it
        scale = norm.scale(True)
    for i in range(P):
        sigma = largest(layer, i)
        assert float(norm.rho()[i]) == pytest.approx(sigma, rel=1e-4)
        expected = {
            "hard": 1 / max(coefficient, sigma),
            "divide": coefficient / sigma,
            "clip_scaled": 1 / max(sigma / coefficient, 1.0),
        }[projection]
        assert float(scale[i]) == pytest.approx(expected, rel=1e-4)
        bound = 1.0 if projection == "hard" else coefficient
        assert sigma * float(scale[i]) <= bound * (1 + 1e-4)


def test_hard_leaves_a_small_matrix_at_one_over_lambda():
    layer = Linear(P, 8, 8, "cpu")
    norm = normalised(layer, settings(coefficient=1.0), settings(coefficient=2.0))
    layer.weight *= 0.01
    assert norm.scale(True).tolist() == [1.0, 0.5]


def test_output_scaled_before_the_bias_equals_scaled_weights():
    layer = Linear(P, 6, 5, "cpu")
    norm = normalised(layer, *[settings()] * P)
    layer.bias.fill_(3.0)
    x = torch.randn(P, 4, 6)
    y = layer(x, True)
    scaled = x @ (layer.weight * norm.scale(False)[:, None, None]) + layer.bias[:, None]
    torch.testing.assert_close(y, scaled)


def test_gradient_flows_through_rho_unless_detached_and_only_for_linear_layers():
    """With rho = u^T W v and fixed u, v: d(W x / rho) = dW x / rho - W x (u^T dW v) / rho^2."""
    layer = Linear(2, 6, 5, "cpu")
    norm = normalised(layer, settings("divide"), settings("divide", detach_rho=False))
    layer.weight.requires_grad_()
    x, weights = torch.randn(2, 3, 6), torch.randn(2, 3, 5)
    (ours,) = torch.autograd.grad((layer(x, True) * weights).sum(), [layer.weight])
    rho = norm.rho().detach()[:, None, None]
    plain = x.transpose(1, 2) @ weights / rho
    outer = norm.v.transpose(1, 2) @ norm.u
    inner = (weights * (x @ layer.weight)).sum((1, 2))[:, None, None]
    through = plain - inner * outer / rho**2
    torch.testing.assert_close(ours[0], plain[0], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(ours[1], through[1].detach(), rtol=1e-4, atol=1e-5)

    convolution = Convolution(1, (5, 5, 2), 3, 3, "cpu")
    norm = normalised(convolution, settings("divide", detach_rho=False))
    convolution.weight.requires_grad_()
    assert not norm.scale(True).requires_grad


def gradient_of(projection: str, detach_rho: bool, size: float) -> tuple[Linear, SpectralNorm]:
    """A normalised layer with weights `size` times their first ones, and its gradient in `grad`."""
    torch.manual_seed(0)
    layer = Linear(P, 40, 24, "cpu")
    norm = normalised(layer, *[settings(projection, 2.0, detach_rho)] * P)
    layer.weight *= size
    layer.weight.requires_grad_()
    y = layer(torch.randn(P, 8, 40), True)
    layer.weight.grad = torch.autograd.grad((y - torch.randn_like(y)).square().sum(), layer.weight)[
        0
    ]
    return layer, norm


def along(layer: Linear) -> torch.Tensor:
    """The cosine [P] between a layer's gradient and its weights."""
    weight, gradient = layer.weight.detach().flatten(1), layer.weight.grad.flatten(1)
    return torch.cosine_similarity(weight, gradient, dim=1)


@pytest.mark.parametrize("size", [0.1, 1.0, 30.0])
def test_with_flow_the_gradient_of_a_divided_layer_is_orthogonal_to_its_weights(size):
    """W / rho(W) stays as it is when W grows, so that no gradient points along W."""
    layer, norm = gradient_of("divide", False, size)
    assert along(layer).abs().max() < 1e-5
    product = norm.rho().detach() * norm.scale(False).detach()
    torch.testing.assert_close(product, torch.full((P,), 2.0))  # u^T (2 W / rho) v = 2


@pytest.mark.parametrize("projection", ["hard", "clip_scaled"])
def test_with_flow_the_other_projections_are_orthogonal_where_they_divide_and_only_there(
    projection,
):
    assert along(gradient_of(projection, False, 30.0)[0]).abs().max() < 1e-5
    assert along(gradient_of(projection, False, 0.1)[0]).abs().min() > 1e-3


@pytest.mark.parametrize("projection", PROJECTIONS)
def test_detached_the_gradient_stretches_the_weights(projection):
    assert along(gradient_of(projection, True, 30.0)[0]).abs().min() > 1e-3


def test_no_iteration_unless_asked_and_only_for_those_asked():
    layer = Linear(2, 6, 5, "cpu")
    norm = normalised(layer, *[settings()] * 2)
    before = norm.u.clone()
    norm.scale(False)
    assert torch.equal(norm.u, before)
    norm.scale(torch.tensor([False, True]))
    assert torch.equal(norm.u[0], before[0]) and not torch.equal(norm.u[1], before[1])


def test_an_unmasked_member_has_exactly_the_numbers_of_a_plain_network():
    params = Learner.complete({})
    plain, masked = (
        Network(part(params, "network"), (10, 10, 4), 6, members, "cpu").train()
        for members in (
            [settings(layers=())] * 2,
            [settings(layers=()), settings(layers=(-1, -2, -3), detach_rho=False)],
        )
    )
    x = (torch.rand(2, 8, 10, 10, 4) < 0.2).float()
    results = []
    for network in (plain, masked):
        network.initialise([0, 0])
        q = network(x, True)
        results.append((q, *torch.autograd.grad(q.square().sum(), network.parameters)))
    assert all(layer.spectral is None for layer in plain.layers)
    for a, b in zip(*results, strict=True):
        assert torch.equal(a[0], b[0])
        assert not torch.equal(a[1], b[1])


def test_a_network_copies_the_vectors_too():
    params = Learner.complete({})
    one, two = (
        Network(part(params, "network"), (10, 10, 4), 6, [settings(layers=(-2, -3))], "cpu")
        for _ in range(2)
    )
    one.initialise([3])
    one(torch.zeros(1, 1, 10, 10, 4), True)
    two.copy_(one)
    for (name, a, _), (_, b, _) in zip(one.tensors(), two.tensors(), strict=True):
        assert torch.equal(a, b), name


@pytest.mark.parametrize(
    ("convs", "body"), [((16,), "minatar"), ((8, 8), "minatar"), ((), "minatar"), ((16,), "mlp")]
)
def test_layer_indices_follow_forward_order(convs, body):
    params = Learner.complete({"network.convs": convs, "network.body": body})
    depth = Learner.layers(params, "minatar/breakout")
    called = []
    network = Network(part(params, "network"), (10, 10, 4), 6, [settings(layers=())], "cpu")
    for layer in network.layers:
        layer.rows = spy(layer, layer.rows, called)
    network.head(network.features(torch.zeros(1, 1, 10, 10, 4)), False)
    assert called == network.layers and len(called) == depth


def spy(layer, rows, called):
    def spied(x):
        called.append(layer)
        return rows(x)

    return spied


@pytest.mark.parametrize("layers", [(-4,), (0,), (1,), (-1, -1), (-1.0,), ("-1",), (True,)])
def test_wrong_layer_sets_are_refused(layers):
    with pytest.raises(ValueError, match=r"sn\.layers"):
        Learner.check({"sn.layers": layers}, "minatar/breakout")
