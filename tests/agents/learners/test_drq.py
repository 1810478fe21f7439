"""DrQ's update against the algorithm written plainly, and what Bjorck et al. 2021 publish of it."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn
from torch.distributions import Normal

from agents.envs import tasks
from agents.learners.drq import Learner
from agents.networks import network
from agents.replay.batch import Batch
from agents.shape import Shape

P, B, A, SIZE, VIEWS = 2, 4, 2, 11, 2
SHAPE = Shape((SIZE, SIZE, 6), "uint8", A, continuous=True, high=255.0, stack=2)
SMALL = {
    "encoder.filters": 4,
    "encoder.strides": (2, 1),
    "encoder.features": 6,
    "actor.units": 8,
    "critic.units": 8,
    "batch_size": B,
    "optimizer.eps": 1e-3,
}
"""A large eps: where gradients are about 0, Adam would make much of how they are rounded."""


def learner(members: int = P, **given: Any) -> Learner:
    params = Learner.complete(SMALL | given)
    Learner.check_together(params, SHAPE)
    runs = [SimpleNamespace(params=params, seed=seed, steps=100) for seed in range(members)]
    agents = Learner(runs, SHAPE, "cpu")
    agents.initialise()
    return agents


def batch(views: int = VIEWS) -> Batch:
    generator = torch.Generator().manual_seed(3)
    images = torch.rand(2, P, views * B, SIZE, SIZE, 6, generator=generator)
    return Batch(
        observations=images[0],
        actions=torch.randn(P, B, A, generator=generator).tanh(),
        rewards=torch.randn(P, B, generator=generator),
        masks=(torch.rand(P, B, generator=generator) < 0.7).float(),
        next_observations=images[1],
    )


def noises(views: int = VIEWS) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(4)
    return [torch.randn(P, B, A, generator=generator) for _ in range(views + 1)]


class Plain:
    """One agent of DrQ in float64, from torch.nn alone."""

    def __init__(self, state: dict[str, Any], params: dict[str, Any]) -> None:
        self.p = params
        self.convolutions = nn.Sequential()
        channels = 6
        for place, stride in enumerate(params["encoder.strides"]):
            conv = nn.Conv2d(channels, 4, 3, stride, dtype=torch.float64)
            weight = torch.from_numpy(state[f"convolutions.{place}.weight"][0]).double()
            conv.weight.data = weight.view(3, 3, channels, 4).permute(3, 2, 0, 1).contiguous()
            conv.bias.data = torch.from_numpy(state[f"convolutions.{place}.bias"][0]).double()
            self.convolutions += nn.Sequential(conv, nn.ReLU())
            channels = 4
        self.trunks = {name: self.trunk(state, f"{name}_trunk") for name in ("actor", "critic")}
        self.actor = self.mlp(state, "actor", 0)
        self.critics = nn.ModuleList(self.mlp(state, "critic", i) for i in range(2))
        of_critic = nn.ModuleList((self.convolutions, self.trunks["critic"], self.critics))
        of_actor = nn.ModuleList((self.trunks["actor"], self.actor))
        self.target = copy.deepcopy(of_critic)
        self.critic_adam = torch.optim.Adam(of_critic.parameters(), params["critic.lr"], eps=1e-3)
        self.actor_adam = torch.optim.Adam(of_actor.parameters(), params["actor.lr"], eps=1e-3)
        self.log_beta = torch.tensor(params["entropy.beta"]).double().log().requires_grad_()
        self.beta_adam = torch.optim.Adam([self.log_beta], params["entropy.lr"])
        self.of_critic = of_critic

    def linear(self, state: dict[str, Any], name: str, copy_: int) -> nn.Linear:
        weight = torch.from_numpy(state[f"{name}.weight"][copy_]).double()
        layer = nn.Linear(*weight.shape, dtype=torch.float64)
        layer.weight.data = weight.T.contiguous()
        layer.bias.data = torch.from_numpy(state[f"{name}.bias"][copy_]).double()
        return layer

    def trunk(self, state: dict[str, Any], name: str) -> nn.Sequential:
        linear = self.linear(state, f"{name}.0", 0)
        return nn.Sequential(linear, nn.LayerNorm(6, dtype=torch.float64), nn.Tanh())

    def mlp(self, state: dict[str, Any], name: str, copy_: int) -> nn.Sequential:
        layers: list[nn.Module] = []
        while f"{name}.{len(layers) // 2}.weight" in state:
            layers += [self.linear(state, f"{name}.{len(layers) // 2}", copy_), nn.ReLU()]
        return nn.Sequential(*layers[:-1])

    def maps(self, x: torch.Tensor, convolutions: nn.Module) -> torch.Tensor:
        return convolutions(x.double().permute(0, 3, 1, 2)).permute(0, 2, 3, 1).flatten(1)

    def sample(self, features: torch.Tensor, noise: torch.Tensor) -> list[torch.Tensor]:
        mean, raw = self.actor(features).chunk(2, dim=1)
        std = (-10 + 6 * (torch.tanh(raw) + 1)).exp()
        z = mean + std * noise
        a = torch.tanh(z)
        return [a, (Normal(mean, std).log_prob(z) - torch.log(1 - a**2)).sum(1)]

    def q(self, critics: Any, features: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        return torch.stack([c(torch.cat((features, actions), 1))[:, 0] for c in critics])

    def update(self, b: dict[str, torch.Tensor], noise: list[torch.Tensor]) -> None:
        beta = self.log_beta.exp().detach()
        convolutions, trunk, critics = self.target
        targets = []
        for view, e in zip(b["next_observations"].chunk(VIEWS), noise, strict=False):
            with torch.no_grad():
                read = self.trunks["actor"](self.maps(view, self.convolutions))
                a, log_prob = self.sample(read, e)
                value = self.q(critics, trunk(self.maps(view, convolutions)), a).min(0).values
                targets.append(b["rewards"] + 0.99 * b["masks"] * (value - beta * log_prob))
        y = sum(targets) / VIEWS
        loss = torch.zeros(()).double()
        for view in b["observations"].chunk(VIEWS):
            features = self.trunks["critic"](self.maps(view, self.convolutions))
            for q in self.q(self.critics, features, b["actions"]):
                loss = loss + ((q - y) ** 2).mean()
        self.descend(self.critic_adam, loss)
        self.critic_loss = loss.item()
        maps = self.maps(b["observations"][:B], self.convolutions).detach()
        a, log_prob = self.sample(self.trunks["actor"](maps), noise[-1])
        value = self.q(self.critics, self.trunks["critic"](maps).detach(), a).min(0).values
        self.descend(self.actor_adam, (beta * log_prob - value).mean())
        lack = (-log_prob.detach() + A).mean()  # the target entropy is -A
        self.descend(self.beta_adam, self.log_beta.exp() * lack)
        with torch.no_grad():
            pairs = zip(self.target.parameters(), self.of_critic.parameters(), strict=True)
            for mine, theirs in pairs:
                mine.lerp_(theirs, self.p["target.tau"])

    def descend(self, adam: Any, loss: torch.Tensor) -> None:
        adam.zero_grad()
        loss.backward()
        adam.step()


def test_updates_are_the_plain_algorithm_s():
    agents = learner(**{"policy.delay": 1, "target.every": 1})
    plain = [Plain(agents.save(row), agents.params) for row in range(P)]
    together, noise = batch(), noises()
    for _ in range(3):
        agents.updates += 1
        agents.update(together, *noise)
        for row, one in enumerate(plain):
            own = {
                name: value[row].double()
                for name, value in vars(together).items()
                if value is not None
            }
            one.update(own, [e[row].double() for e in noise])
    for row, one in enumerate(plain):
        found = agents.save(row)
        assert agents.measured(row, 0)["critic_loss"] > 0
        expected = Plain(found, agents.params)
        for mine, theirs in (
            (expected.of_critic, one.of_critic), (expected.actor, one.actor),
            (expected.trunks["actor"][0], one.trunks["actor"][0]),
        ):  # fmt: skip
            for a, b in zip(mine.parameters(), theirs.parameters(), strict=True):
                if a.dim() > 1:
                    torch.testing.assert_close(a, b, rtol=1e-3, atol=2e-5)
        target = torch.from_numpy(found["target.convolutions.0.bias"][0]).double()
        torch.testing.assert_close(target, one.target[0][0].bias.data, rtol=1e-3, atol=2e-5)
        assert found["log_beta"] == pytest.approx(one.log_beta.item(), rel=1e-4)


def test_the_actor_s_gradient_does_not_reach_the_convolutions():
    agents = learner(**{"critic.lr": 0.0, "policy.delay": 1})
    before = agents.save(0)
    agents.updates += 1
    agents.update(batch(), *noises())
    after = agents.save(0)
    moved = {n.rpartition(".")[0] for n in before if n[0] != "a" and (before[n] != after[n]).any()}
    assert not {name for name in moved if name.startswith(("convolutions", "critic"))}
    assert (after["actor_trunk.0.weight"] != before["actor_trunk.0.weight"]).all(-1).any()


def test_both_views_regress_to_one_target():
    """Equal views have twice the loss and the gradients of one, whose target is the mean's."""
    one = batch(1)
    twice = {n: torch.cat((t, t), 1) for n, t in vars(one).items() if n.endswith("observations")}
    two = Batch(**(vars(one) | twice))
    noise = noises(1)
    found = []
    for views, given, draws in ((1, one, noise), (2, two, [noise[0], *noise])):
        agents = learner(**{"augmentation.views": views, "policy.delay": 2})
        agents.recorded = {}
        agents.updates = 1
        agents.update(given, *draws)
        found.append(agents.recorded["critic"])
    torch.testing.assert_close(found[1].loss, 2 * found[0].loss)
    for single, double in zip(found[0].gradients, found[1].gradients, strict=True):
        torch.testing.assert_close(double, 2 * single, rtol=1e-4, atol=1e-5)


ACTING_MB = {
    "mlp2": 45.8, "mlp4": 87.8, "modern2": 108.8, "modern4": 243.2, "modern4_literal": 327.2,
}  # fmt: skip
PIXELS = Shape((84, 84, 9), "uint8", 1, continuous=True, high=255.0, stack=3)


def trained_and_targets(head: str) -> tuple[int, int]:
    sizes = Learner.sizes(Learner.complete({"head": head}), PIXELS)
    return sizes.trained, sizes.targets


@pytest.mark.parametrize("head", ACTING_MB)
def test_memory_of_acting_is_that_of_the_weights(head):
    """Spec: the fp32 weights of actor, twin critics and their targets, with their encoders."""
    assert 4e-6 * sum(trained_and_targets(head)) == pytest.approx(ACTING_MB[head], abs=0.15)


def test_modern4_has_eight_blocks_more_than_modern2():
    block = 1024 * 2048 + 2048 + 2048 * 1024 + 1024 + 2 * 1024
    two, four = (sum(trained_and_targets(head)) for head in ("modern2", "modern4"))
    assert block == 4_199_424
    assert four - two == 8 * block
    assert 4e-6 * (four - two) == pytest.approx(134.38, abs=0.005)


def test_a_body_of_one_s_own_takes_the_head_s_place():
    params = Learner.complete({"head": "modern4", "actor.body": "mlp", "actor.layers": 3})
    assert [params[f"{n}.{k}"] for n in ("critic", "actor") for k in ("body", "layers")] == [
        "residual", 3, "mlp", 3,
    ]  # fmt: skip
    assert network.depth(network.part(params, "critic"), (50,)) == 8


SWINGUP = "dmc_pixels/cartpole-swingup"


@pytest.mark.parametrize(
    ("task", "params", "says"),
    [
        ("dmc/cartpole-swingup", {}, r"reads images \[H, W, C\], got observations \(5,\)"),
        ("navigation/3", {"env.stack": 2}, r"reads images \[H, W, C\], got observations \(3,\)"),
        ("minatar/breakout", {}, "'minatar/breakout' are choices; agents for these: c51, dqn"),
        (SWINGUP, {"env.size": 7}, "env.size must be at least 8, got 7"),
        (SWINGUP, {"env.size": 100_000}, "env.size must be at most 512, got 100000"),
        (SWINGUP, {"env.stack": 0}, "env.stack must be at least 1, got 0"),
        (SWINGUP, {"env.repeat": 0}, "env.repeat must be at least 1, got 0"),
        (SWINGUP, {"env.size": 12}, r"leave 1 of 12 pixels for convolution 4"),
        (SWINGUP, {"augmentation.pad": 84}, "augmentation.pad must be below the 84 pixels"),
        (SWINGUP, {"augmentation.views": 0}, "augmentation.views must be at least 1, got 0"),
        (SWINGUP, {"head": "mlp3"}, "head must be one of mlp2, .*modern4_literal, got 'mlp3'"),
    ],
)
def test_what_does_not_fit_is_refused(task: str, params: dict[str, Any], says: str):
    with pytest.raises(ValueError, match=says):
        Learner.check(params, task)


def test_images_of_any_size_fit():
    """84 x 84 where the task says nothing else."""
    assert Learner.shape_of(Learner.complete({}), SWINGUP).observation == (84, 84, 9)
    racing = "gym/CarRacing-v3"
    try:
        tasks.check(racing)
    except ValueError as error:
        pytest.skip(str(error))
    Learner.check({}, racing)
    assert Learner.shape_of(Learner.complete({}), racing).observation == (96, 96, 9)
