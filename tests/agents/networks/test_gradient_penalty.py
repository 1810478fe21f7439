"""The gradient penalty against finite differences, for whatever body, norm and activation."""

from __future__ import annotations

from itertools import product

import pytest
import torch

from agents import lookup
from agents.layers.spectral_settings import SpectralNormSettings
from agents.learners.dqn import Learner
from agents.networks.gradient_penalty import GradientPenalty, lengths
from agents.networks.network import Network

P, B, OUTPUTS = 2, 3, 4
IMAGE, VECTOR = (5, 6, 2), (5,)
MEMBERS = [
    {"penalty.weight": 1.0, "penalty.target": 2.0},
    {"penalty.weight": 0.5, "penalty.target": 0.0},
]
SETTINGS = {
    "none": SpectralNormSettings((), "divide", 1.0, detach_rho=False),
    "flowing": SpectralNormSettings((-1, -2, -3), "divide", 1.0, detach_rho=False),
    "detached": SpectralNormSettings((-2,), "hard", 0.5, detach_rho=True),
}


@pytest.fixture
def doubles():
    """Tensors are made of float64."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def described(body, norm="none", activation="relu"):
    norms = {"norm.kind": norm, "norm.groups": 2, "norm.affine": norm != "none"}
    return {
        "body": body,
        "convs": (4, 2),
        **({"kernels": (2, 2), "strides": (2, 1)} if body == "atari" else {}),
        "units": 6,
        "layers": 2,
        "activation": activation,
    } | norms


def fits(sizes):
    try:
        lookup.find("networks", sizes["body"]).check(sizes, observation(sizes["body"]))
    except ValueError:
        return False
    return True


def observation(body):
    return IMAGE if body in ("minatar", "atari") else VECTOR


def built(sizes, settings=SETTINGS["none"]):
    """A network whose biases and running statistics are not those that it begins with."""
    network = Network(sizes, observation(sizes["body"]), OUTPUTS, [settings] * P, "cpu")
    network.initialise(range(P))
    for owner in (*network.layers, *network.norms):
        owner.bias.uniform_(-0.5, 0.5)
    for norm in network.norms:
        for name, tensor in norm.tensors():
            tensor.uniform_(0.5, 2.0) if name != "mean" else tensor.normal_()
    for layer in network.layers:
        if layer.spectral is not None:
            layer.spectral.scale(iterate=True)
    return network.train()


CASES = [
    (sizes, sn)
    for sizes in (
        described(body, norm, activation)
        for body, norm, activation in product(
            lookup.names("networks"), ("none", "layer", "group", "batch"), ("relu", "swish")
        )
    )
    for sn in SETTINGS
    if fits(sizes) and (sn == "none" or sizes["norm.kind"] in ("none", "batch"))
]


@pytest.mark.parametrize("body", lookup.names("networks"))
def test_its_gradient_is_that_of_finite_differences(body, doubles):
    torch.manual_seed(0)
    tried = [(sizes, sn) for sizes, sn in CASES if sizes["body"] == body]
    assert len(tried) >= 6
    for sizes, sn in tried:
        network, penalty = built(sizes, SETTINGS[sn]), GradientPenalty(MEMBERS, "cpu")
        if sn == "detached":  # rho is a constant then
            for layer in network.layers:
                if layer.spectral is not None:
                    scale = layer.spectral.scale(iterate=False).detach()
                    layer.spectral.scale = lambda iterate, scale=scale: scale
        x = torch.rand(P, B, *observation(body))
        actions = torch.randint(0, OUTPUTS, (P, B))
        found = penalty(network, x, actions)
        gradients = torch.autograd.grad(found.sum(), network.parameters, materialize_grads=True)
        for parameter, gradient in zip(network.parameters, gradients, strict=True):
            direction = torch.randn_like(parameter)
            ends = []
            for step in (1e-6, -1e-6):
                with torch.no_grad():
                    parameter += step * direction
                ends.append(penalty(network, x, actions).detach())
                with torch.no_grad():
                    parameter -= step * direction
            difference = (ends[0] - ends[1]) / 2e-6
            expected = (gradient * direction).flatten(1).sum(1)
            torch.testing.assert_close(
                difference, expected, rtol=1e-4, atol=1e-6, msg=f"{sizes}, {sn}"
            )


def test_it_is_of_each_states_own_gradient(doubles):
    """Also with a batch norm, whose batch statistics would mix states."""
    torch.manual_seed(0)
    network, penalty = built(described("minatar", "batch")), GradientPenalty(MEMBERS, "cpu")
    x = torch.rand(P, B, *IMAGE, requires_grad=True)
    actions = torch.randint(0, OUTPUTS, (P, B))
    for i, (weight, target) in enumerate([(1.0, 2.0), (0.5, 0.0)]):
        each = []
        for b in range(B):
            q = network(x)[i, b, actions[i, b]]
            (gradient,) = torch.autograd.grad(q, x)
            each.append((gradient.square().sum().sqrt() - target) ** 2)
        torch.testing.assert_close(penalty(network, x, actions)[i], sum(each) / B)
        assert penalty.weight[i] == weight


def test_where_q_is_flat_its_gradient_is_zero_and_not_nan():
    network = Network(described("mlp"), VECTOR, OUTPUTS, [SETTINGS["none"]] * P, "cpu").train()
    penalty = GradientPenalty(MEMBERS, "cpu")
    found = penalty(network, torch.rand(P, B, *VECTOR), torch.zeros(P, B, dtype=torch.int64))
    assert found.tolist() == [4.0, 0.0]
    for gradient in torch.autograd.grad(found.sum(), network.parameters, allow_unused=True):
        assert gradient is None or not gradient.any()


def test_a_length_of_zero_has_a_gradient_of_zero():
    x = torch.tensor([[[3.0, 4.0], [0.0, 0.0]]], requires_grad=True)
    found = lengths(x)
    assert found.tolist() == [[5.0, 0.0]]
    (gradient,) = torch.autograd.grad(found.sum(), x)
    torch.testing.assert_close(gradient, torch.tensor([[[0.6, 0.8], [0.0, 0.0]]]))


REFUSED = [
    ({"penalty.kind": "lipschitz"}, "penalty.kind must be one of none, gradient"),
    (
        {"penalty.weight": 0.5},
        "penalty.weight is a parameter of penalty.kind=gradient, and",
    ),
    ({"penalty.target": 1.0}, "penalty.target is a parameter of penalty.kind=gradient"),
    ({"penalty.kind": "gradient", "penalty.weight": -1.0}, "at least 0"),
    ({"penalty.kind": "gradient", "penalty.target": -1.0}, "at least 0"),
]


@pytest.mark.parametrize(("params", "message"), REFUSED)
def test_check_refuses(params, message):
    with pytest.raises(ValueError, match=message):
        Learner.check(params, "minatar/breakout")


BACKWARDS = {
    "twice": "def backward(ctx, gradient): return 2 * gradient",
    "said": "@once_differentiable\n    def backward(ctx, gradient): return 2 * gradient",
    "detached": "def backward(ctx, gradient): return 2 * gradient.detach()",
    "in_place": "def backward(ctx, gradient): return gradient.exp().mul_(2).log_().exp_()",
}
BODY = """
import torch
from torch.autograd.function import once_differentiable
from agents.networks import mlp

class Doubled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return 2 * x

    @staticmethod
    %s

class Body(mlp.Body):
    chained = False

    def __call__(self, x, iterate, training=False):
        return Doubled.apply(super().__call__(x, iterate, training))
"""


@pytest.mark.parametrize("kind", BACKWARDS)
def test_a_body_that_cannot_be_differentiated_twice_is_refused_when_it_starts(kind, run, tmp_path):
    file = tmp_path / f"doubled_{kind}.py"
    file.write_text(BODY % BACKWARDS[kind])
    learns = run(network__body=f"{file}:Body")
    Learner.start([learns], [None], "cpu")
    penalised = run(network__body=f"{file}:Body", penalty__kind="gradient")
    if kind == "twice":
        pack = Learner.start([penalised], [None], "cpu")
        assert all(p.grad is None for p in pack.learner.network("critic").parameters)
        return
    with pytest.raises(ValueError, match=rf"twice, and network\.body=.*{kind}\.py:Body cannot be"):
        Learner.start([penalised], [None], "cpu")
