"""OFENet: its published sizes, and its updates beside the same written with torch.nn."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from agents import lookup
from agents.features import base
from agents.features.densely import Densely
from agents.features.ofenet import Features
from agents.layers.spectral_settings import SpectralNormSettings
from agents.networks.network import Network
from agents.replay.batch import Batch
from agents.shape import Shape
from tests.helpers.plain_features import PlainOFENet

SAC = lookup.find("learners", "sac")
S, A, P, B = 5, 2, 2, 12
SMALL = {"features.kind": "ofenet", "features.layers": 3, "features.units": 12}


def complete(**given: Any) -> dict[str, Any]:
    return SAC.complete(SMALL | given)


def made(task: str = "navigation/5", shape: Shape | None = None, **given: Any) -> Features:
    members = [
        complete(**{"features.lr": lr, "features.tau": tau, **given})
        for lr, tau in ((3e-4, 0.1), (1e-2, 1.0))
    ]
    runs = [SimpleNamespace(seed=seed, task=task, params=p) for seed, p in enumerate(members)]
    features = Features(runs, members, shape or Shape((S,), "float32", A, continuous=True), "cpu")
    features.initialise()
    return features


def batch(seed: int) -> Batch:
    generator = torch.Generator().manual_seed(seed)

    def normal(*size: int) -> torch.Tensor:
        return torch.randn(P, B, *size, generator=generator)

    ones = torch.ones(P, B)
    return Batch(normal(S), normal(A).tanh(), ones, ones, normal(S))


def saved(features: Features, row: int) -> dict[str, np.ndarray]:
    return {f"features.{n}": t.detach()[row].numpy().copy() for n, t, _ in features.tensors()}


def test_every_layer_of_the_published_table_counts_what_it_says():
    """Ota et al. 2021, Table 2: Ant-v2 of 111 numbers, a batch norm counting four a unit."""
    sizes = {"layers": 8, "units": 256, "activation": "swish"}
    net = Densely({**sizes, "norm.kind": "batch", "norm.affine": True}, 111, 1, "meta")
    counts = [
        sum(t.numel() for t in (layer.weight, layer.bias, *(t for _, t in norm.tensors())))
        for layer, norm in zip(net.layers, net.norms, strict=True)
    ]
    assert counts == [29_696, 95_232, 160_768, 226_304, 291_840, 357_376, 422_912, 488_448]
    assert sum(counts) == 2_072_576 and net.features == 2_159


@pytest.mark.parametrize(
    ("body", "inputs", "units", "published"),
    [
        ("densenet", 2_159, 2_048, [4_423_680, 8_617_984, 50_048]),
        ("mlp", 111, 256, [28_672, 65_792, 2_056]),
    ],
)
def test_actors_of_the_published_table_count_what_it_says(body, inputs, units, published):
    sizes = {"body": body, "layers": 2, "units": units, "activation": "swish"}
    net = Network(sizes, (inputs,), 8, [SpectralNormSettings((), "hard", 1.0, True)], "meta")
    assert [layer.weight.numel() + layer.bias.numel() for layer in net.layers] == published


@pytest.mark.parametrize(("units", "layers", "count"), [(240, 6, 135_852), (2_048, 8, 8_115_148)])
def test_all_that_is_learned_is_as_much_as_was_counted(units, layers, count):
    params = complete(**{"features.units": units, "features.layers": layers})
    ant = Shape((27,), "float32", 8, continuous=True)
    assert Features.counts(params, ant).trained == count
    assert Features.widths(params, ant) == (27 + units, 27 + 8 + 2 * units)


def test_what_is_counted_is_what_is_there():
    features = made()
    counts = Features.counts(complete(), Shape((S,), "float32", A, continuous=True))
    named = {name: tensor[0].numel() for name, tensor, _ in features.tensors()}
    moments = sum(n for name, n in named.items() if name.startswith("adam"))
    assert sum(named.values()) - moments == counts.trained + counts.targets
    assert moments == 2 * (counts.trained - 2 * 12), "all but the biases before norms learn"


def test_widths_are_those_of_the_features():
    features, seen = made(), batch(0)
    states = features.states(seen.observations)
    assert states.shape == (P, B, S + 12)
    assert features.pairs(states, seen.actions).shape == (P, B, S + A + 24)
    assert torch.equal(states[..., :S], seen.observations)
    assert torch.equal(features.pairs(states, seen.actions)[..., S + 12 : S + 12 + A], seen.actions)


def test_updates_equal_those_of_modules():
    features = made(**{"features.targets": 3})
    eps, momentum = 1e-3, 0.01
    before = [saved(features, row) for row in range(P)]
    plain = [PlainOFENet(state, "features.", eps, momentum) for state in before]
    for net in plain:
        for dense in (net.states, net.pairs):
            for linear in dense.linears:
                linear.bias.requires_grad_(False)  # its gradient is rounding alone
    adams = [
        torch.optim.Adam([p for p in net.parameters() if p.requires_grad], lr)
        for net, lr in zip(plain, (3e-4, 1e-2), strict=True)
    ]
    for number in range(4):
        seen = batch(number)
        losses = features.update(seen)
        for row, (net, adam) in enumerate(zip(plain, adams, strict=True)):
            parts = seen.observations, seen.actions, seen.next_observations
            loss = net.loss(*(part[row].double() for part in parts))
            assert losses[row].item() == pytest.approx(loss.item(), rel=1e-5)
            adam.zero_grad()
            loss.backward()
            adam.step()
    for row, net in enumerate(plain):
        state = saved(features, row)
        mine = PlainOFENet(state, "features.", eps, momentum)
        moved = PlainOFENet(before[row], "features.", eps, momentum).state_dict()
        for name, value in mine.state_dict().items():
            if "num_batches" not in name:
                torch.testing.assert_close(value, net.state_dict()[name], rtol=1e-5, atol=1e-5)
                still = "linears" in name and name.endswith("bias")
                assert torch.equal(value, moved[name]) == still, name


def test_gradients_equal_those_of_modules(monkeypatch):
    features, seen = made(), batch(3)
    plain = [PlainOFENet(saved(features, row), "features.", 1e-3, 0.01) for row in range(P)]
    found: list[Any] = []
    monkeypatch.setattr(features._optimiser, "step", found.extend)
    features.update(seen)
    for row, net in enumerate(plain):
        parts = seen.observations, seen.actions, seen.next_observations
        net.loss(*(part[row].double() for part in parts)).backward()
        expected = [
            g
            for dense in (net.states, net.pairs)
            for linear, norm in zip(dense.linears, dense.norms, strict=True)
            for g in (linear.weight.grad.T, norm.weight.grad, norm.bias.grad)
        ]
        expected += [net.readout.weight.grad.T, net.readout.bias.grad]
        for mine, theirs in zip(found, expected, strict=True):
            torch.testing.assert_close(mine[row].double(), theirs, rtol=1e-5, atol=1e-5)
            assert theirs.abs().max() > 1e-4


def test_targets_follow_by_tau_and_online_ones_are_the_networks():
    features = made()
    old, seen = saved(features, 0), batch(1)
    assert torch.equal(
        features.states(seen.observations), features.states(seen.observations, target=True)
    )
    features.update(seen)
    new = saved(features, 0)
    for name, value in new.items():
        if name.startswith("features.target."):
            online = new[name.replace("target.", "")]
            np.testing.assert_allclose(value, 0.9 * old[name] + 0.1 * online, rtol=1e-5, atol=1e-6)
    same = made(**{"target.features": "online"})
    same.update(seen)
    assert not any("target." in name for name, _, _ in same.tensors())
    assert torch.equal(same.states(seen.observations), same.states(seen.observations, target=True))


def test_reading_takes_running_statistics_and_changes_nothing():
    features, seen = made(), batch(2)
    for number in range(3):
        features.update(batch(number))
    before = saved(features, 1)
    one = features.states(seen.observations[:, :1])
    assert torch.allclose(one, features.states(seen.observations)[:, :1], atol=1e-6)
    plain = PlainOFENet(before, "features.", 1e-3, 0.01).eval()
    states = plain.states(seen.observations[1].double())
    pairs = plain.pair(states, seen.actions[1].double())
    mine = features.pairs(features.states(seen.observations), seen.actions)[1]
    torch.testing.assert_close(mine.double(), pairs, rtol=1e-5, atol=1e-5)
    assert all(np.array_equal(value, before[n]) for n, value in saved(features, 1).items())


def test_gradients_reach_actions_alone():
    features, seen = made(), batch(4)
    states = features.states(seen.observations.clone().requires_grad_())
    assert not states.requires_grad
    actions = seen.actions.clone().requires_grad_()
    weights = torch.randn(P, B, S + A + 24, generator=torch.Generator().manual_seed(1))
    (gradient,) = torch.autograd.grad(features.pairs(states, actions), actions, weights)
    for row in range(P):
        plain = PlainOFENet(saved(features, row), "features.", 1e-3, 0.01).eval()
        own = seen.actions[row].double().requires_grad_()
        plain.pair(states[row].double(), own).backward(weights[row].double())
        torch.testing.assert_close(gradient[row].double(), own.grad, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("task", "numbers", "predicted"),
    [
        ("mujoco/ant_111", 111, 27), ("mujoco/Ant-v4", 27, 27), ("mujoco/Humanoid-v4", 376, 292),
        ("mujoco/Humanoid-v5", 348, 348), ("mujoco/Hopper-v4", 11, 11), ("navigation/5", 5, 5),
    ],
)  # fmt: skip
def test_as_many_numbers_are_predicted_as_was_published(task, numbers, predicted):
    shape = Shape((numbers,), "float32", 2, continuous=True)
    assert Features.told(complete(), task, shape) == predicted
    assert Features.told(complete(**{"features.targets": 4}), task, shape) == 4


REFUSED = [
    ({"features.units": 250, "features.layers": 8}, "multiple of features.layers .8.* 248, 256"),
    ({"features.units": 5, "features.layers": 8}, "got 5; nearest: 8"),
    ({"features.targets": 3}, "features.targets must be at most 2, .*got 3"),
    ({"features.batch_size": 1}, "features.batch_size must be at least 2, got 1"),
    ({"features.kind": "ofnet"}, "features.kind: unknown features 'ofnet'.*valid: none, ofenet"),
    ({"features.kind": "OFENet"}, r"unknown features .OFENet. \(did you mean .ofenet.\?\)"),
    ({"features.kind": "none"}, "features.units is a parameter of features.kind=ofenet"),
    ({"target.features": "ewa"}, "target.features must be one of online, ema"),
]


@pytest.mark.parametrize(("given", "said"), REFUSED)
def test_bad_parameters_are_refused(given, said):
    with pytest.raises(ValueError, match=said):
        SAC.check({"features.kind": "ofenet", "features.units": 16, **given}, "navigation/2")


def test_features_of_pixels_are_refused():
    shape = Shape((84, 84, 3), "uint8", 2, continuous=True)
    with pytest.raises(ValueError, match=r"features.kind=ofenet reads vectors, got images \[84, "):
        base.check(complete(), shape)
    with pytest.raises(ValueError, match=r"features\.kind=ofenet reads vectors, got images"):
        lookup.find("learners", "drq").check(
            {"features.kind": "ofenet"}, "dmc_pixels/cartpole-swingup"
        )
