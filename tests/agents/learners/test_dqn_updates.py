"""DQN's updates: as written with torch, normalised, penalised; targets, cadences."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from agents.learners.dqn import Learner
from agents.replay.batch import Batch
from tests.helpers.dqn_agents import batch, learner


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
        self.draws: list[np.ndarray] = []
        self.step = 0

    def draw(self, draws: np.ndarray, share: float, n_step: int, gamma: torch.Tensor) -> Batch:
        self.times.append(self.step)
        self.draws.append(draws)
        assert draws.shape == (1, 32) and 0 <= share < 1 and n_step == 1
        return batch(1)

    def tell(self, batch: Batch, errors: torch.Tensor | None) -> None:
        assert errors is None


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


def test_several_updates_at_a_time_are_of_batches_and_schedules_of_their_own(run):
    """Targets are synced by steps, after all updates of a step."""
    agents = learner(run(warmup_steps=10, target__every=12, update_every=4, update_times=3))
    replay = Sampled()
    for step in range(1, 17):
        replay.step = step
        agents.learn(replay, step)
        synced = all(
            map(torch.equal, held(agents, "online").values(), held(agents, "target").values())
        )
        assert synced == (step < 16)
    assert replay.times == [12, 12, 12, 16, 16, 16]
    assert len({draws.tobytes() for draws in replay.draws}) == 6
    assert agents.counters["updates"] == agents.optimisers["critic"].steps == 6


@pytest.mark.parametrize("kind", ["linear", "categorical"])
def test_targets_go_on_from_the_state_after_several_steps(kind, run):
    """y = r_0 + g r_1 + g^2 r_2 + g^3 max_a Q(s_3, a), each member with its own g."""
    head = {"network__head__kind": kind}
    runs = [run(n_step=3, gamma=g, seed=i, **head) for i, g in enumerate((0.9, 0.5))]
    pack = Learner.start(runs, [None] * 2, "cpu")
    pack.train(30)
    rewards = torch.rand(2, 30, generator=torch.Generator().manual_seed(0))
    pack.replay.flush()
    pack.replay.outcomes[:, :30, 0] = rewards
    pack.replay.outcomes[:, :30, 1] = 1.0
    pack.replay._ends.note(slice(None), np.arange(30), False)
    draws = np.full((2, 4), 2**31, np.int64)  # step 13 of the 27 that have three after them
    chosen = pack.learner.sample(pack.replay, draws)
    y = pack.learner.critic_target(chosen)
    following = pack.learner._target.values(chosen.next_observations).amax(2)
    for row, g in enumerate((0.9, 0.5)):
        several = rewards[row, 13:16] @ torch.tensor([1.0, g, g * g])
        expected = several + g**3 * following[row]
        torch.testing.assert_close(y[row], expected, rtol=1e-4, atol=1e-4)


def test_updates_draw_transitions_of_several_steps(run):
    agents, asked = learner(run(n_step=5, gamma=0.9, warmup_steps=10, update_every=4)), []
    replay = Sampled()
    replay.draw = lambda draws, share, *several: (asked.append(several), batch(1))[1]
    agents.learn(replay, 12)
    ((n_step, gamma),) = asked
    assert n_step == agents.n_step == 5 and gamma.tolist() == [[pytest.approx(0.9)]]


def test_the_target_iterates_on_its_own_and_greedy_acting_where_asked(run):
    agents = learner(
        run(sn__layers=(-2,), epsilon__final=0.0),
        run(sn__layers=(-2,), epsilon__final=0.0, sn__iterate_on_act=False),
    )
    online, target = (held(agents, name)["1.u"] for name in ("online", "target"))
    before = online.clone()
    agents.act(np.zeros((2, 1, 10, 10, 4), dtype=bool), 900)
    assert not torch.equal(online[0], before[0]) and torch.equal(online[1], before[1])
    assert torch.equal(target, before)
    agents.act(np.zeros((2, 1, 10, 10, 4), dtype=bool), 0)
    agents.evaluate(np.zeros((2, 3, 10, 10, 4), dtype=bool), np.zeros((2, 6), dtype=np.int64))
    kept = online.clone()
    agents.critic_target(batch(2))
    assert torch.equal(online, kept) and not torch.equal(target, before)
