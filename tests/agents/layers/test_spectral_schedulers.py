"""Schedulers of spectral radii: their identities, their members alone, what does not fit."""

from __future__ import annotations

import itertools

import pytest
import torch

from agents.layers.spectral_settings import SCHEDULERS, SpectralNormSettings
from agents.learners.dqn import Learner
from agents.networks.network import Network, part
from agents.optimisers.sgd import Optimiser
from tests.helpers.cases import each

DEPTH = 5
SETS = [s for n in (1, 2, 5) for s in itertools.combinations(range(-DEPTH, 0), n)]


def settings(scheduler: str, layers: tuple[int, ...] = (), **others) -> SpectralNormSettings:
    given = {"sn.scheduler": scheduler, "sn.layers": layers}
    given |= {"sn.projection": "hard", "sn.detach_rho": True}
    given |= {f"sn.{name}": value for name, value in others.items()}
    return SpectralNormSettings.of(Learner.complete(given), DEPTH)


def network(*members: SpectralNormSettings) -> Network:
    """Three convolutions, one hidden layer, and the head; all members alike, with large radii."""
    sizes = part(Learner.complete({"network.convs": (4, 5, 6), "network.units": 12}), "network")
    net = Network(sizes, (10, 10, 4), 6, members, "cpu")
    net.initialise([7] * len(members))
    generator = torch.Generator().manual_seed(0)
    for layer in net.layers:
        layer.weight *= 2.0
        layer.bias += torch.rand(layer.bias.shape[1:], generator=generator)
    return net.train()


def inputs(members: int) -> torch.Tensor:
    one = torch.rand(1, 8, 10, 10, 4, generator=torch.Generator().manual_seed(1))
    return one.expand(members, -1, -1, -1, -1).contiguous()


def gradients(net: Network) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Outputs of a training pass after some power iterations, and gradients of a loss of them."""
    x = inputs(len(net.layers[0].weight))
    with torch.no_grad():
        for _ in range(3):
            net(x, iterate=True)
    y = net(x, iterate=True)
    weight = torch.rand(y.shape[1:], generator=torch.Generator().manual_seed(2))
    return y.detach(), list(torch.autograd.grad((y * weight).sum(), net.parameters))


def product(net: Network, member: int) -> torch.Tensor:
    radii = [layer.spectral.radii()[member] for layer in net.layers if layer.spectral is not None]
    return torch.stack(radii).prod()


@each("layers", SETS)
def test_bias_scaling_equals_the_output_divided_by_the_product(layers):
    """Identity 3: outputs, and gradients of the raw parameters."""
    net = network(settings("bias_scaling", layers), settings("divout", layers), settings("none"))
    y, found = gradients(net)
    torch.testing.assert_close(y[0], y[1], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(y[1], y[2] / product(net, 1), rtol=1e-5, atol=1e-5)
    assert product(net, 1) > 1.5
    for gradient in found:
        torch.testing.assert_close(gradient[0], gradient[1], rtol=1e-4, atol=1e-5)


@each("layers", SETS)
def test_divgrad_divides_every_gradient_by_the_product(layers):
    """Identity 4; the model itself stays as it is."""
    net = network(settings("divgrad", layers), settings("none"))
    y, plain = gradients(net)
    assert torch.equal(y[0], y[1])
    for raw, scaled in zip(plain, net.schedulers.gradients(plain), strict=True):
        torch.testing.assert_close(scaled[0], raw[1] / product(net, 0))
        assert torch.equal(scaled[1], raw[1])


def test_with_sgd_divgrad_is_a_step_size_divided_by_the_product():
    """Identity 4, its second half."""
    net = network(settings("divgrad", (-2, -3)))
    _, plain = gradients(net)
    scaled, rho = net.schedulers.gradients(plain), product(net, 0)
    kept = [[p.detach().clone() for p in net.parameters] for _ in range(2)]
    Optimiser(kept[0], [Optimiser.defaults(0.1)]).step(scaled)
    Optimiser(kept[1], [Optimiser.defaults(0.1 / float(rho))]).step(plain)
    for ours, other, before in zip(*kept, net.parameters, strict=True):
        torch.testing.assert_close(ours - before, other - before, rtol=1e-3, atol=1e-7)
    assert not torch.equal(kept[0][0], net.parameters[0])


def test_divgrad_with_own_radii_divides_the_gradients_of_watched_weights_alone():
    net = network(settings("divgrad", (-2, -4), scope="own"), settings("none"))
    _, plain = gradients(net)
    scaled = net.schedulers.gradients(plain)
    for place, layer in enumerate(net.layers):
        radius = 1.0 if layer.spectral is None else layer.spectral.radii()[0]
        torch.testing.assert_close(scaled[2 * place][0], plain[2 * place][1] / radius)
        assert torch.equal(scaled[2 * place + 1][0], plain[2 * place + 1][1])


def test_muleps_multiplies_epsilon_by_the_product_of_watched_layers():
    net = network(settings("muleps", (-1, -2, -3)), settings("divgrad", (-4,)), settings("none"))
    gradients(net)
    assert net.schedulers.eps().tolist() == [float(product(net, 0)), 1.0, 1.0]
    assert net.schedulers.rates(10) is None


def test_step_sizes_by_layer_are_divided_by_each_layers_own_radius():
    net = network(settings("div_lr", (-2, -5)), settings("muleps", (-3,)))
    gradients(net)
    rates = net.schedulers.rates(10)
    for place, layer in enumerate(net.layers):
        for factor in rates[2 * place : 2 * place + 2]:
            if layer.spectral is None:
                assert factor is None
            else:
                assert factor[0] == 1.0 / layer.spectral.radii()[0] and factor[1] == 1.0
    assert rates[6][0] < 1.0


def test_a_radius_below_one_counts_as_one():
    net = network(settings("divout", (-2,)), settings("none"))
    with torch.no_grad():
        net.layers[-2].weight *= 0.01
    y = net(inputs(2), iterate=True)
    assert torch.equal(y[0], y[1])


def test_watched_layers_find_their_radius_and_leave_the_network_as_it_is():
    net = network(settings("none", use="watch", layers=(-2, -3)), settings("none"))
    hidden = net.layers[-2].spectral
    with torch.no_grad():
        for _ in range(500):
            y = net(inputs(2), iterate=True)
    assert torch.equal(y[0], y[1])
    top = torch.linalg.matrix_norm(net.layers[-2].weight[0].detach(), 2)
    assert float(hidden.rho().detach()[0]) == pytest.approx(float(top), rel=1e-4)


MIXED = [settings(name, (-2, -4)) for name in SCHEDULERS] + [
    settings("divgrad", (-2, -3), scope="own"),
    settings("none", layers=(-3,), projection="divide", detach_rho=False),
    settings("none", layers=(-1,), use="watch"),
]


@pytest.mark.parametrize("row", range(len(MIXED)))
def test_a_member_among_all_others_equals_it_alone_bit_for_bit(row):
    together, alone = network(*MIXED), network(MIXED[row])
    (y, mine), (own, plain) = gradients(together), gradients(alone)
    assert torch.equal(y[row], own[0])
    scaled = together.schedulers.gradients(mine), alone.schedulers.gradients(plain)
    for ours, theirs in zip(*scaled, strict=True):
        assert torch.equal(ours[row], theirs[0])
    eps = alone.schedulers.eps()
    assert together.schedulers.eps()[row] == (1.0 if eps is None else eps[0])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"scheduler": "divgrad", "layers": ()}, "sn.scheduler=divgrad uses .* there are none"),
        ({"scheduler": "muleps", "layers": (-2,), "use": "project"}, "sn.use=project contradicts"),
        ({"scheduler": "bias_scaling", "layers": (-2,), "use": "watch"}, "valid: sn.use=project"),
        ({"scheduler": "muleps", "layers": (-2,), "scope": "own"}, "sn.scheduler=divgrad, and"),
        ({"layers": (-2,), "scope": "own"}, "sn.scope is a parameter of sn.scheduler=divgrad"),
        ({"use": "watch", "layers": (-9,)}, "sn.layers counts layers from the output"),
    ],
)
def test_settings_that_do_not_fit_are_refused(given, message):
    params = {f"sn.{name}": value for name, value in given.items()}
    with pytest.raises(ValueError, match=message):
        Learner.check(params, "minatar/breakout")
