"""DQN: published sizes, exploration, targets, losses, cadences, refusals."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from agents.layers.spectral_settings import SpectralNormSettings
from agents.learners.dqn import Learner
from agents.learners.epsilon_schedule import EpsilonSchedule
from agents.networks.network import Network, count_parameters, part
from tests.helpers.cases import each
from tests.helpers.dqn_agents import learner

PLAIN = SpectralNormSettings((), "hard", 1.0, True)

SIZES = [
    ((8,), 32, 16_910), ((16,), 64, 66_582), ((24,), 128, 198_398), ((32,), 256, 527_270),
    ((8, 8), 32, 10_326), ((16, 16), 64, 40_230), ((24, 24), 128, 117_590),
    ((32, 32), 256, 307_142), ((8, 8, 8), 32, 5_790), ((16, 16, 16), 64, 22_070),
    ((24, 24, 24), 128, 61_358), ((32, 32, 24), 256, 117_470), ((32, 32, 32), 256, 152_550),
    ((24, 24, 24, 24), 128, 29_702), ((16,), 128, 132_566),
]  # fmt: skip


@each("convs, units, count", SIZES)
def test_parameter_counts_of_the_published_table(convs, units, count):
    params = Learner.complete({"network.convs": convs, "network.units": units})
    network = Network(part(params, "network"), (10, 10, 4), 6, [PLAIN], "cpu")
    assert sum(p.numel() for p in network.parameters) == count
    assert Learner.layers(params, "minatar/breakout") == len(convs) + 2
    assert count_parameters(part(params, "network"), (10, 10, 4), 6) == count


def test_defaults_are_those_of_the_spec():
    params = Learner.complete({})
    assert {name: params[name] for name in (
        "network.convs", "network.units", "gamma", "batch_size", "replay.capacity",
        "warmup_steps", "epsilon.final", "epsilon.decay_until", "evaluation.epsilon",
        "update_every", "target.every", "optimizer.lr", "optimizer.eps", "loss",
        "sn.projection", "sn.detach_rho", "sn.coefficient",
    )} == {
        "network.convs": (16,), "network.units": 128, "gamma": 0.99, "batch_size": 32,
        "replay.capacity": 100_000, "warmup_steps": 5_000, "epsilon.final": 0.01,
        "epsilon.decay_until": 250_000, "evaluation.epsilon": 0.001, "update_every": 4,
        "target.every": 4_000, "optimizer.lr": 2.5e-4, "optimizer.eps": 3.125e-4, "loss": "mse",
        "sn.projection": "divide", "sn.detach_rho": False, "sn.coefficient": 1.0,
    }  # fmt: skip


def test_epsilon_schedule_of_the_spec():
    """Identity 15: 1.0 for the first 5000 steps, 0.01 from 250,000 on, linear between."""
    schedule = EpsilonSchedule(5000, np.array([250_000.0]), np.array([1.0]), np.array([0.01]))
    assert all(schedule.at(step)[0] == 1.0 for step in (0, 1, 4999, 5000))
    assert schedule.at(127_500)[0] == pytest.approx(0.505)
    assert all(schedule.at(s)[0] == pytest.approx(0.01) for s in (250_000, 5_000_000))


def test_the_warmup_is_random_whatever_epsilon_is(run):
    agents = learner(run(epsilon__initial=0.0, epsilon__final=0.0))
    observations = np.zeros((1, 1, 10, 10, 4), dtype=bool)
    warm = {int(agents.act(observations, step)[0, 0]) for step in range(40)}
    assert warm == set(range(6))
    assert len({int(agents.act(observations, step)[0, 0]) for step in range(40, 80)}) == 1


def test_evaluation_acts_with_its_own_epsilon(run):
    agents = learner(run(evaluation__epsilon=1.0), run(evaluation__epsilon=0.0))
    observations = np.zeros((2, 300, 10, 10, 4), dtype=bool)
    draws = np.random.default_rng(0).integers(0, 2**32, (2, 600))
    actions = agents.evaluate(observations, draws)
    assert len(set(actions[0].tolist())) == 6 and len(set(actions[1].tolist())) == 1


def test_a_scheduler_of_epsilon_needs_an_optimiser_that_has_one():
    params = {"sn.layers": (-2,), "sn.scheduler": "muleps", "optimizer.kind": "sgd"}
    with pytest.raises(ValueError, match=r"optimizer\.kind=sgd has none"):
        Learner.check(params, "minatar/breakout")
    Learner.check(params | {"optimizer.kind": "rmsprop"}, "minatar/breakout")


def test_a_plain_perceptron_shares_no_pack_with_a_normalised_one():
    """It is computed in another way (fused_mlp), with other bits; a network of images is not."""
    for task, apart in (("gym/CartPole-v1", True), ("minatar/breakout", False)):
        plain, *others = [
            Learner.signature({"sn.layers": layers}, task) for layers in ((), (-2,), (-1, -2))
        ]
        assert len({*others}) == 1 and (plain not in others) == apart


REFUSED = [
    ({"optimizer.lrr": 1e-3}, "unknown parameter"), ({"loss": "l1"}, "mse, huber"),
    ({"optimizer.lr": "fast"}, "finite number"), ({"optimizer.lr": -1.0}, "at least 0"),
    ({"optimizer.lr": float("nan")}, "finite number"), ({"gamma": 1.5}, "at most 1"),
    ({"batch_size": 2.5}, "whole number"), ({"batch_size": True}, "whole number"),
    ({"sn.detach_rho": 1}, "true or false"), ({"sn.layers": -2}, "a list"),
    ({"sn.layers": (-4,)}, "-1, -2, -3"), ({"sn.layers": (-1, -1)}, "twice"),
    ({"sn.projection": "soft"}, "hard, divide, clip_scaled"),
    ({"network.convs": (8,) * 5}, "at most 4"), ({"network.convs": (0,)}, "at least 1"),
    ({"network.body": "transformer"}, "minatar, mlp"),
    ({"epsilon.decay_until": 100}, "at least warmup_steps"),
    ({"network.norm.kind": "group", "network.norm.groups": 32}, "16 channels .* 1, 2, 4, 8, 16$"),
    ({"network.norm.kind": "group", "network.norm.groups": 16, "network.units": 8}, "8 units"),
    ({"n_step": 0}, "n_step must be at least 1"),
    ({"update_times": 0}, "update_times must be at least 1, got 0"),
    ({"update_times": 1.5}, "update_times must be a whole number, got 1.5"),
    ({"n_step": 40, "warmup_steps": 40}, "warmup_steps must be at least n_step . 1 = 41"),
    ({"n_step": 3, "replay.capacity": 2}, "replay.capacity must be at least n_step .3., got 2"),
    ({"network.norm.kind": "instance"}, "none, layer, group, batch"),
]  # fmt: skip


@each("params, message", REFUSED)
def test_check_refuses(params, message):
    with pytest.raises(ValueError, match=message):
        Learner.check(params, "minatar/breakout")


@pytest.mark.parametrize("task", ["minatar/pong", "amiga/breakout", "breakout", ""])
def test_check_refuses_an_unknown_task(task):
    with pytest.raises(ValueError, match="valid"):
        Learner.check({}, task)


WITHOUT_TORCH = """
import sys
from agents.learners.dqn import Learner
for params in ({}, {"sn.layers": (-9,)}, {"loss": "no"}, {"network.convs": [1] * 9}):
    try:
        Learner.check(params, "minatar/breakout")
        refused = False
    except ValueError:
        refused = True
    assert refused == bool(params)
assert Learner.layers({}, "minatar/seaquest") == 3 and len(Learner.tasks()) > 5
assert Learner.signature({}, "minatar/seaquest") and Learner.parameters and Learner.metrics
assert Learner.pack_size({}, "minatar/seaquest", "cpu") >= 1
print(sorted({"torch", "minatar", "matplotlib", "seaborn", "sweeper"} & set(sys.modules)))
"""


def test_the_contract_needs_neither_torch_nor_environments():
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_pack_size_on_a_gpu_follows_its_free_memory(monkeypatch):
    def size(free_mb: int) -> int:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free_mb << 20, 0))
        return Learner.pack_size({}, "minatar/breakout", "cuda")

    assert size(1) == 1 and size(80_000) == 256
    assert 1 < size(500) < size(1000) < 256


def test_signature_is_what_members_must_share():
    def signature(task="minatar/breakout", **params):
        return Learner.signature({k.replace("__", "."): v for k, v in params.items()}, task)

    alike = signature()
    assert signature(optimizer__lr=1e-3, sn__layers=(-2,), gamma=0.9) == alike
    assert signature("minatar/asterix") == alike != signature("minatar/seaquest")
    for different in ({"network__convs": (8,)}, {"batch_size": 64}, {"warmup_steps": 6_000},
                      {"loss": "huber"}, {"target__every": 10}):  # fmt: skip
        assert signature(**different) != alike


@pytest.mark.parametrize("norm", ["none", "layer"])
def test_runs_with_a_watched_convolution_of_atari_s_have_packs_of_their_own(norm):
    given = {"network.body": "atari", "network.convs": (4, 5), "network.strides": (2, 1)}
    given |= {"network.kernels": (4, 3), "network.norm.kind": norm}

    def signature(*layers):
        return Learner.signature({**given, "sn.layers": layers}, "minatar/breakout")

    assert signature() == signature(-2) == signature(-1, -2)
    assert signature(-3) == signature(-4, -2) and (signature(-3) == signature()) == (norm != "none")


def test_weights_are_enough_to_act_with_numpy_alone(run, tmp_path):
    params = {"network__body": "mlp", "network__layers": 2, "evaluation__epsilon": 0.0}
    runs = [run(seed=seed, optimizer__lr=1e-3, **params) for seed in (0, 1, 2)]
    pack = Learner.start(runs, [None] * 3, "cpu")
    pack.train(120)
    np.savez(tmp_path / "weights.npz", **pack.weights(1))
    with np.load(tmp_path / "weights.npz") as weights:
        x = np.random.default_rng(0).random((5, 10, 10, 4)) < 0.3
        q = x.reshape(5, -1).astype(np.float32)
        for layer in range(3):
            q = q @ weights[f"{layer}.weight"] + weights[f"{layer}.bias"]
            q = np.maximum(q, 0) if layer < 2 else q
        assert len(weights.files) == 6
    draws = np.full((3, 10), 2**31)
    observations = np.stack([x, x, x])
    assert np.array_equal(q.argmax(1), pack.learner.evaluate(observations, draws)[1])


def test_weights_of_a_normalised_layer_come_with_its_vectors(run):
    runs = [run(sn__layers=(-2,)), run(seed=1)]
    pack = Learner.start(runs, [None] * 2, "cpu")
    assert {"1.u", "1.v"} <= pack.weights(0).keys()
    assert not {"1.u", "1.v"} & pack.weights(1).keys()
