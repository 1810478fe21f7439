"""Spectral normalisation in ensembles: each network has its own, and all views see the same."""

from __future__ import annotations

import pytest
import torch

from agents.layers.base import ORTHOGONAL_GAIN
from agents.layers.spectral_settings import INTERMEDIATE, NOT_NORMALISED, SpectralNormSettings
from agents.networks.ensemble import Ensemble
from agents.networks.network import Network, depth
from agents.optim.target_average import TargetAverage

C, B, IN, OUT = 2, 5, 4, 2
MLP = {"body": "mlp", "units": 8, "layers": 2, "init": "orthogonal"}
RESIDUAL = {"body": "residual", "units": 8, "layers": 2, "init": "xavier"}
MEMBERS = [
    SpectralNormSettings((-2,), "divide", 1.5, detach_rho=False),
    NOT_NORMALISED,
    SpectralNormSettings((-1, -2, -3), "hard", 0.5, detach_rho=True),
    SpectralNormSettings((-1, -3), "divide", 1.0, detach_rho=False),
]
P = len(MEMBERS)


def made(sizes=MLP, members=MEMBERS, copies: int = C) -> Ensemble:
    rows = (len(members), copies)
    ensemble = Ensemble(sizes, IN, OUT, rows, "cpu", ORTHOGONAL_GAIN, members)
    ensemble.initialise(range(len(members)), "critic")
    return ensemble.train()


def held(ensemble: Ensemble) -> dict[str, torch.Tensor]:
    """Copies of what a checkpoint holds, [P, C, ...]."""
    return {name: tensor.clone() for name, tensor, _ in ensemble.tensors()}


def explicit(
    state: dict[str, torch.Tensor], member: int, copy: int, x: torch.Tensor
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Outputs of one network whose weights are W lambda / (v^T W u) or as `hard` has it; and W."""
    one, learned = MEMBERS[member], []
    for place in range(3):
        weight, bias = (
            state[f"{place}.{kind}"][member, copy].clone().requires_grad_()
            for kind in ("weight", "bias")
        )
        learned += [weight, bias]
        used = weight
        if place - 3 in one.layers:
            u, v = (state[f"{place}.{name}"][member, copy, 0] for name in "uv")
            rho = v @ weight @ u
            rho = rho.detach() if one.detach_rho else rho
            hard = 1.0 / rho.clamp(min=one.coefficient)
            used = weight * (one.coefficient / rho if one.projection == "divide" else hard)
        x = x @ used + bias
        x = x.relu() if place < 2 else x
    return x, learned


def expected(
    state: dict[str, torch.Tensor], x: torch.Tensor
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Outputs [P, C, B, OUT] as written out, and the gradients of their squares' sum."""
    outputs, gradients = [], []
    for member in range(P):
        for copy in range(C):
            y, learned = explicit(state, member, copy, x[member])
            outputs.append(y.detach())
            gradients.append(torch.autograd.grad(y.square().sum(), learned))
    stacked = [torch.stack(one) for one in zip(*gradients, strict=True)]
    return torch.stack(outputs).view(P, C, B, OUT), stacked


def close(ours, theirs) -> None:
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_weights_are_divided_and_gradients_flow_as_written_out():
    ensemble, x = made(), torch.randn(P, B, IN)
    y = ensemble(x, training=True, iterate=True)
    gradients = torch.autograd.grad(y.square().sum(), ensemble.parameters)
    outputs, written = expected(held(ensemble), x)
    close([y.detach(), *gradients], [outputs, *written])


def test_two_passes_may_share_a_gradient():
    """The second pass's power iteration does not change what the first is differentiated by."""
    ensemble, x = made(), torch.randn(2, P, B, IN)
    total, written = torch.zeros(()), []
    for each in x:
        total = total + ensemble(each, iterate=True).square().sum()
        written.append(expected(held(ensemble), each)[1])
    gradients = torch.autograd.grad(total, ensemble.parameters)
    close(gradients, [one + other for one, other in zip(*written, strict=True)])


def test_all_views_are_divided_by_the_same_and_constants_let_gradients_through_to_inputs():
    ensemble, x = made(), torch.randn(P, B, IN, requires_grad=True)
    ensemble(x.detach(), iterate=True)
    y = ensemble(x, constant=True)
    close([y.detach(), ensemble.first(x).detach()], [ensemble(x).detach(), y.detach()[:, 0]])
    for found, copies in ((y, range(C)), (ensemble.first(x)[:, None], [0])):
        (gradient,) = torch.autograd.grad(found.square().sum(), x)
        own = x.detach().clone().requires_grad_()
        nets = [explicit(held(ensemble), p, c, own[p])[0] for p in range(P) for c in copies]
        (written,) = torch.autograd.grad(sum(net.square().sum() for net in nets), own)
        close([gradient], [written])
    assert not ensemble(x.detach(), constant=True).requires_grad


def test_a_power_iteration_of_a_view_is_one_of_the_networks_that_pass():
    ensemble, x = made(), torch.randn(P, B, IN)

    def moved(**how: bool) -> torch.Tensor:
        before = held(ensemble)["1.u"]
        first = how.pop("first", False)
        ensemble.first(x, **how) if first else ensemble(x, **how)
        return (held(ensemble)["1.u"] != before).flatten(2).any(2)

    assert not moved().any() and not moved(constant=True).any() and not moved(first=True).any()
    assert moved(iterate=True).all() and moved(constant=True, iterate=True).all()
    assert moved(first=True, iterate=True)[:, 0].all()
    assert not moved(first=True, iterate=True)[:, 1:].any()


def test_rho_becomes_every_networks_own_spectral_norm():
    """Identity 1."""
    ensemble, x = made({**MLP, "init": "xavier"}), torch.randn(P, 1, IN)
    for _ in range(400):
        ensemble(x, iterate=True)
    for layer in ensemble.net.layers:
        assert layer.spectral is not None
        rows = layer.spectral.members
        norms = torch.linalg.matrix_norm(layer.weight.detach()[rows], 2)
        torch.testing.assert_close(layer.spectral.rho().detach()[rows], norms, rtol=1e-4, atol=0)
        assert len(norms.unique()) == len(rows)


def test_a_checkpoint_holds_u_and_v_of_the_members_that_have_them():
    having = {name: list(members) for name, _, members in made().tensors()}
    assert having["0.weight"] == [0, 1, 2, 3]
    assert (having["0.u"], having["1.u"], having["2.v"]) == ([2, 3], [0, 2], [2, 3])
    shapes = {name: tuple(tensor.shape) for name, tensor, _ in made().tensors()}
    assert shapes["0.u"] == (P, C, 1, 8) and shapes["0.v"] == (P, C, 1, IN)


def test_networks_begin_at_vectors_of_their_own_whatever_the_pack():
    u = held(made())["1.u"]
    assert len({tuple(one.flatten().tolist()) for one in u.flatten(0, 1)}) == P * C
    alone = Ensemble(MLP, IN, OUT, (1, C), "cpu", ORTHOGONAL_GAIN, MEMBERS[2:3])
    alone.initialise([2], "critic")
    assert torch.equal(held(alone)["1.u"][0], u[2])


def test_targets_average_weights_and_no_vectors():
    online, target = made(), made()
    target.net.copy_(online.net)
    online(torch.randn(P, B, IN), iterate=True)
    with torch.no_grad():
        for parameter in online.parameters:
            parameter.add_(1.0)
    vectors = held(target)
    TargetAverage(target.tracked, online.tracked, [1.0] * (P * C)).step()
    after = held(target)
    for name, tensor in held(online).items():
        assert torch.equal(after[name], vectors[name] if name[-1] in "uv" else tensor), name


@pytest.mark.parametrize(
    ("body", "layers", "places"),
    [
        ("mlp", 2, [1]), ("mlp", 4, [1, 2, 3]),
        ("residual", 1, [1, 2]), ("residual", 3, [1, 2, 3, 4, 5, 6]),
    ],
)  # fmt: skip
def test_intermediate_layers_are_those_of_bjorcks_table(body, layers, places):
    """Spec §2.5: L2 of mlp2, L2 to L4 of mlp4, both linear layers of each block."""
    sizes = {"body": body, "units": 8, "layers": layers}
    params = {
        "critic.sn.layers": INTERMEDIATE,
        "sn.projection": "divide",
        "sn.coefficient": 1.0,
        "sn.detach_rho": False,
    }
    settings = SpectralNormSettings.of(params, depth(sizes, (IN,)), "critic.sn.layers")
    network = Network(sizes, (IN,), OUT, [settings], "cpu")
    assert settings.projects
    assert places == [n for n, one in enumerate(network.layers) if one.spectral is not None]


def test_a_plain_member_beside_normalised_blocks_has_its_numbers_alone():
    whole, x = made(RESIDUAL), torch.randn(P, B, IN)
    alone = Ensemble(RESIDUAL, IN, OUT, (1, C), "cpu", ORTHOGONAL_GAIN)
    alone.initialise([1], "critic")
    found = []
    for ensemble, seen in ((whole, x), (alone.train(), x[1:2])):
        y = ensemble(seen, training=True, iterate=True)
        gradients = torch.autograd.grad(y.square().sum(), ensemble.parameters)
        found.append([y, *(one.view(ensemble.members, C, *one.shape[1:]) for one in gradients)])
    for one, other in zip(*found, strict=True):
        assert torch.equal(one[1], other[0])
