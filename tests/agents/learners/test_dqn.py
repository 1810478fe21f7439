"""DQN: published sizes, exploration, targets, losses, cadences, refusals."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from agents.layers.spectral_norm import SpectralNormSettings
from agents.learners.dqn import Learner
from agents.learners.epsilon_schedule import EpsilonSchedule
from agents.networks.network import Network, count_parameters, part
from agents.replay.batch import Batch

PLAIN = SpectralNormSettings((), "hard", 1.0, True)

SIZES = [
    ((8,), 32, 16_910), ((16,), 64, 66_582), ((24,), 128, 198_398), ((32,), 256, 527_270),
    ((8, 8), 32, 10_326), ((16, 16), 64, 40_230), ((24, 24), 128, 117_590),
    ((32, 32), 256, 307_142), ((8, 8, 8), 32, 5_790), ((16, 16, 16), 64, 22_070),
    ((24, 24, 24), 128, 61_358), ((32, 32, 24), 256, 117_470), ((32, 32, 32), 256, 152_550),
    ((24, 24, 24, 24), 128, 29_702), ((16,), 128, 132_566),
]  # fmt: skip


@pytest.mark.parametrize(("convs", "units", "count"), SIZES)
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
    observations = np.zeros((1, 10, 10, 4), dtype=bool)
    warm = {int(agents.act(observations, step)[0]) for step in range(40)}
    assert warm == set(range(6))
    assert len({int(agents.act(observations, step)[0]) for step in range(40, 80)}) == 1


def test_evaluation_acts_with_its_own_epsilon(run):
    agents = learner(run(evaluation__epsilon=1.0), run(evaluation__epsilon=0.0))
    observations = np.zeros((2, 300, 10, 10, 4), dtype=bool)
    draws = np.random.default_rng(0).integers(0, 2**32, (2, 600))
    actions = agents.evaluate(observations, draws)
    assert len(set(actions[0].tolist())) == 6 and len(set(actions[1].tolist())) == 1


def learner(*runs) -> Learner:
    from agents.envs import tasks

    agents = Learner(runs, tasks.shape(runs[0].task), "cpu")
    agents.initialise()
    return agents


def batch(members: int, size: int = 32) -> Batch:
    torch.manual_seed(0)
    observations = (torch.rand(2, members, size, 10, 10, 4) < 0.2).float()
    return Batch(
        observations=observations[0],
        actions=torch.randint(0, 6, (members, size)),
        rewards=3 * torch.randn(members, size),
        masks=(torch.rand(members, size) < 0.8).float(),
        next_observations=observations[1],
    )


@pytest.mark.parametrize("detach_rho", [False, True])
def test_by_default_a_normalised_layer_is_learned_orthogonally_to_its_weights(
    detach_rho, run, monkeypatch
):
    """With the defaults, spec 2.1: W / rho with the gradient through rho; detached it is not."""
    changed = {"sn__detach_rho": True} if detach_rho else {}
    agents = learner(run(sn__layers=(-2,), **changed), run(sn__layers=(-2,), seed=1, **changed))
    seen = []
    monkeypatch.setattr(agents.optimisers["critic"], "step", lambda found, *_: seen.append(found))
    agents.update(batch(2))
    layers = agents.network("critic").layers
    weight = layers[-2].weight
    place = next(i for i, p in enumerate(agents.network("critic").parameters) if p is weight)
    gradient = seen[0][place].flatten(1)
    cosine = torch.cosine_similarity(gradient, weight.detach().flatten(1), dim=1).abs()
    assert (cosine > 1e-3).all() if detach_rho else (cosine < 1e-5).all()
    product = layers[-2].spectral.rho() * layers[-2].spectral.scale(False)
    torch.testing.assert_close(product.detach(), torch.ones(2))


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


PENALTY = {"penalty__kind": "gradient", "penalty__weight": 0.5, "penalty__target": 1.0}


@pytest.mark.parametrize(
    "given",
    [
        {"loss": "mse"},
        {"loss": "huber"},
        PENALTY,
        {"network__norm__kind": "batch"},
        {"network__norm__kind": "batch", **PENALTY},
    ],
    ids=lambda given: "-".join(map(str, given.values())),
)
def test_one_update_equals_the_algorithm_written_with_torch(given, run):
    agents = learner(run(gamma=0.9, **given), run(seed=1, optimizer__lr=1e-3, **given))
    sample = batch(2)
    before = [p.detach().clone() for p in agents.network("critic").parameters]
    agents.update(sample)
    for i, (gamma, lr) in enumerate([(0.9, 2.5e-4), (0.99, 1e-3)]):
        net = torch_network([p[i] for p in before], "network__norm__kind" in given)
        optimizer = torch.optim.Adam(net.parameters(), lr, eps=3.125e-4)
        with torch.no_grad():
            best = net.eval()(nchw(sample.next_observations[i])).max(1).values
            y = sample.rewards[i] + gamma * sample.masks[i] * best
        chosen = sample.actions[i, :, None]
        q = net.train()(nchw(sample.observations[i])).gather(1, chosen)[:, 0]
        losses = {"mse": torch.nn.MSELoss(), "huber": torch.nn.SmoothL1Loss()}
        error = losses[given.get("loss", "mse")](q, y)
        assert agents.measured(i, 0)["loss"] == pytest.approx(error.item(), rel=1e-4)
        assert agents.measured(i, 0)["q"] == pytest.approx(q.mean().item(), abs=1e-4)
        if "penalty__kind" in given:
            x = nchw(sample.observations[i]).requires_grad_()
            q = net.eval()(x).gather(1, chosen).sum()
            (gradient,) = torch.autograd.grad(q, x, create_graph=True)
            penalty = (gradient.flatten(1).norm(dim=1) - 1.0).square().mean()
            assert agents.measured(i, 0)["penalty"] == pytest.approx(penalty.item(), rel=1e-4)
            error = error + 0.5 * penalty
        error.backward()
        optimizer.step()
        updated = agents.network("critic").parameters[-4:]
        for mine, theirs in zip(updated, list(net.parameters())[-4:], strict=True):
            expected = theirs.detach().T if theirs.dim() == 2 else theirs.detach()
            torch.testing.assert_close(mine[i].detach(), expected, rtol=1e-3, atol=2e-5)
        running = [norm for norm in net if hasattr(norm, "running_mean")]
        for mine, theirs in zip(agents.network("critic").norms, running, strict=True):
            torch.testing.assert_close(mine.mean[i], theirs.running_mean)
            torch.testing.assert_close(mine.variance[i], theirs.running_var)


def test_a_penalty_of_weight_0_changes_no_bit(run):
    found = []
    for given in ({}, {"penalty__kind": "gradient", "penalty__weight": 0.0}):
        agents = learner(run(sn__layers=(-2,), **given), run(seed=1, **given))
        for _ in range(3):
            agents.update(batch(2))
        found.append(agents.tensors()[:-1])
    for (name, mine, _), (_, other, _) in zip(*found, strict=True):
        assert torch.equal(mine, other), name


def test_the_target_has_running_statistics_of_its_own(run):
    agents = learner(run(network__norm__kind="batch", target__every=48))
    for step in (40, 44):
        agents.learn(Sampled(), step)
    online, target = (held(agents, name) for name in ("online", "target"))
    assert online["norm0.mean"].any() and not target["norm0.mean"].any()
    agents.learn(Sampled(), 48)
    assert all(torch.equal(online[name], target[name]) for name in online)


@pytest.mark.parametrize("kind", ["layer", "group", "batch"])
def test_norms_of_images_are_those_of_torch(kind, run):
    given = {"network__convs": (8,), "network__norm__groups": 4, "network__norm__affine": True}
    net = learner(run(network__norm__kind=kind, **given)).network("critic")
    x = torch.randn(1, 7, 10, 10, 4)
    for norm in net.norms:
        norm.weight.data.uniform_(0.5, 2.0)
        norm.bias.data.normal_()
    layer, norm = net.layers[0], net.norms[0]
    layer.activation = None
    image = nchw(layer.map(x)[0])
    theirs = {
        "layer": torch.nn.GroupNorm(1, 8),
        "group": torch.nn.GroupNorm(4, 8),
        "batch": torch.nn.BatchNorm2d(8),
    }[kind]
    theirs.weight.data.copy_(norm.weight[0])
    theirs.bias.data.copy_(norm.bias[0])
    torch.testing.assert_close(nchw(layer(x, False, training=True)[0]), theirs(image))


def nchw(x: torch.Tensor) -> torch.Tensor:
    return x.permute(0, 3, 1, 2)


class ToRows(torch.nn.Module):
    """Flattens as we do: pixel by pixel, channels last."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.permute(0, 2, 3, 1).flatten(1)


def torch_network(parameters: list[torch.Tensor], batch_norms: bool) -> torch.nn.Module:
    kernel, bias, *rest = parameters
    channels, units = kernel.shape[1], rest[0].shape[1]
    norms = [torch.nn.Identity(), torch.nn.Identity()]
    if batch_norms:
        norms = [torch.nn.BatchNorm2d(channels, affine=False)]
        norms += [torch.nn.BatchNorm1d(units, affine=False)]
    net = torch.nn.Sequential(
        torch.nn.Conv2d(4, channels, 3), norms[0], torch.nn.ReLU(), ToRows(),
        torch.nn.Linear(64 * channels, units), norms[1], torch.nn.ReLU(),
        torch.nn.Linear(units, 6),
    )  # fmt: skip
    with torch.no_grad():
        net[0].weight.copy_(kernel.view(3, 3, 4, channels).permute(3, 2, 0, 1))
        net[0].bias.copy_(bias)
        for layer, weight, b in zip((net[4], net[7]), rest[::2], rest[1::2], strict=True):
            layer.weight.copy_(weight.T)
            layer.bias.copy_(b)
    return net


class Sampled:
    """A replay that counts how often it was sampled."""

    def __init__(self) -> None:
        self.times: list[int] = []
        self.step = 0

    def sample(self, draws: np.ndarray) -> Batch:
        self.times.append(self.step)
        assert draws.shape == (1, 32)
        return batch(1)


def held(agents: Learner, name: str) -> dict[str, torch.Tensor]:
    """The tensors of a checkpoint that belong to one of the two networks."""
    named = ((key.split(".", 1), tensor) for key, tensor, _ in agents.tensors() if "." in key)
    return {inner: tensor for (outer, inner), tensor in named if outer == name}


def test_updates_and_target_syncs_come_when_they_are_due(run):
    agents = learner(run(warmup_steps=10, target__every=9, update_every=4, sn__layers=(-2,)))
    replay, synced = Sampled(), []
    for step in range(1, 40):
        replay.step = step
        agents.learn(replay, step)
        online, target = (held(agents, name) for name in ("online", "target"))
        assert online.keys() == target.keys() and "2.weight" in online
        if all(torch.equal(online[name], target[name]) for name in online) and step >= 10:
            synced.append(step)
    assert replay.times == [12, 16, 20, 24, 28, 32, 36]
    assert set(synced) >= {18, 27, 36} and 20 not in synced


def test_the_target_iterates_on_its_own_and_greedy_acting_where_asked(run):
    agents = learner(
        run(sn__layers=(-2,), epsilon__final=0.0),
        run(sn__layers=(-2,), epsilon__final=0.0, sn__iterate_on_act=False),
    )
    online, target = (held(agents, name)["1.u"] for name in ("online", "target"))
    before = online.clone()
    agents.act(np.zeros((2, 10, 10, 4), dtype=bool), 900)
    assert not torch.equal(online[0], before[0]) and torch.equal(online[1], before[1])
    assert torch.equal(target, before)
    agents.act(np.zeros((2, 10, 10, 4), dtype=bool), 0)
    agents.evaluate(np.zeros((2, 3, 10, 10, 4), dtype=bool), np.zeros((2, 6), dtype=np.int64))
    kept = online.clone()
    agents.target_values(batch(2))
    assert torch.equal(online, kept) and not torch.equal(target, before)


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
    ({"network.norm.kind": "instance"}, "none, layer, group, batch"),
]  # fmt: skip


@pytest.mark.parametrize(("params", "message"), REFUSED)
def test_check_refuses(params, message):
    with pytest.raises(ValueError, match=message):
        Learner.check(params, "minatar/breakout")


@pytest.mark.parametrize("task", ["minatar/pong", "atari/breakout", "breakout", ""])
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
