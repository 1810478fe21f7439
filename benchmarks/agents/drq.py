"""Milliseconds of an update of DrQ from pixels, one core, beside the same update written plainly.

    python -m benchmarks.agents.drq [rounds]

The plain update is what one would write with torch.nn: Conv2d, Linear, autograd and torch.optim for
one agent (a pack of four is compared with four of them, one after another), channels last, which is
faster. `products` are the convolutions and matrix products that an update must do, alone, by the
same calls of torch. All run in this process on one thread, in turns; a row is the median over
rounds of CPU time, of batches of 512 one measurement after another that does not count. Every
second update is one of the actor and of targets too.
"""

from __future__ import annotations

import copy
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.distributions import Normal

from agents.learners.drq import Learner
from agents.networks import encoder
from agents.replay.batch import Batch
from agents.shape import Shape
from benchmarks.agents.dqn import cpu

ACTIONS, VIEWS = 1, 2
Update = Callable[[], None]


@dataclass(frozen=True)
class Case:
    """A row: side of the images, batch, members, and what differs from the defaults."""

    name: str
    size: int
    batch: int
    members: int
    given: dict[str, Any]


_SMALL = {"encoder.filters": 16, "encoder.strides": (2, 2, 1, 1), "actor.units": 256}
_SMALL |= {"critic.units": 256}
CASES = [
    *(Case("84 x 84, as published", 84, b, p, {}) for b in (128, 512) for p in (1, 4)),
    Case("84 x 84, modern4", 84, 128, 1, {"head": "modern4"}),
    *(Case("48 x 48, small", 48, 64, p, _SMALL) for p in (1, 4)),
    Case("48 x 48, small, modern4", 48, 64, 1, _SMALL | {"head": "modern4"}),
]


def shape_of(case: Case) -> Shape:
    """Images of three frames."""
    size = case.size
    return Shape((size, size, 9), "uint8", ACTIONS, continuous=True, high=255.0, stack=3)


def ours(case: Case) -> Update:
    """Two updates of a pack, on views that are there already."""
    params = Learner.complete({"batch_size": case.batch, **case.given})
    runs = [SimpleNamespace(params=params, seed=s, steps=1000) for s in range(case.members)]
    agents = Learner(runs, shape_of(case), "cpu")
    agents.initialise()
    several = [torch.stack(parts) for parts in zip(*(drawn(case) for _ in runs), strict=True)]
    images, actions, rewards, *noise = several
    masks = torch.ones_like(rewards)
    batch = Batch(images, actions, rewards, masks, images)

    def twice() -> None:
        for _ in range(2):
            agents.updates += 1
            agents.update(batch, *noise)

    return twice


def drawn(case: Case) -> list[torch.Tensor]:
    """One member's images, actions, rewards and noises."""
    size, batch = case.size, case.batch
    images = torch.rand(VIEWS * batch, size, size, 9)
    noise = [torch.randn(batch, ACTIONS) for _ in range(VIEWS + 1)]
    return [images, torch.rand(batch, ACTIONS), torch.rand(batch), *noise]


class Block(nn.Module):
    """A residual block."""

    def __init__(self, units: int) -> None:
        super().__init__()
        inner = nn.Linear(units, 2 * units), nn.ReLU(), nn.Linear(2 * units, units)
        self.inside = nn.Sequential(nn.LayerNorm(units), *inner)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Returns x + W2 relu(W1 norm(x))."""
        out: torch.Tensor = x + self.inside(x)
        return out


class Plain:
    """One agent, written as one would with torch.nn."""

    def __init__(self, case: Case) -> None:
        params = Learner.complete(case.given)
        *read, given = encoder.maps(params, shape_of(case))
        strides = params["encoder.strides"]
        layers = [
            layer
            for (_, _, channels), stride in zip(read, strides, strict=True)
            for layer in (nn.Conv2d(channels, given[2], 3, stride), nn.ReLU())
        ]
        self.convolutions = nn.Sequential(*layers).to(memory_format=torch.channels_last)
        inputs = given[0] * given[1] * given[2]
        trunks = [
            nn.Sequential(nn.Flatten(), nn.Linear(inputs, 50), nn.LayerNorm(50), nn.Tanh())
            for _ in range(2)
        ]
        self.trunk = trunks[0]
        self.actor = nn.Sequential(trunks[1], self.head(params, "actor", 50, 2 * ACTIONS))
        heads = [self.head(params, "critic", 50 + ACTIONS, 1) for _ in range(2)]
        self.critic = nn.ModuleList([self.convolutions, self.trunk, *heads])
        self.target = copy.deepcopy(self.critic)
        self.critic_adam = torch.optim.Adam(self.critic.parameters(), 1e-3)
        self.actor_adam = torch.optim.Adam(self.actor.parameters(), 1e-3)
        self.log_beta = torch.zeros((), requires_grad=True)
        self.beta_adam = torch.optim.Adam([self.log_beta], 1e-3)

    @staticmethod
    def head(params: dict[str, Any], name: str, inputs: int, outputs: int) -> nn.Sequential:
        """A body and its output layer."""
        units, count = params[f"{name}.units"], params[f"{name}.layers"]
        layers: list[nn.Module] = [nn.Linear(inputs, units), nn.ReLU()]
        if params[f"{name}.body"] == "residual":
            layers += [Block(units) for _ in range(count)]
        else:
            layers += [m for _ in range(count - 1) for m in (nn.Linear(units, units), nn.ReLU())]
        return nn.Sequential(*layers, nn.Linear(units, outputs))

    def sample(self, maps: torch.Tensor, noise: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns actions and their log-density."""
        mean, raw = self.actor(maps).chunk(2, dim=1)
        std = (-10 + 6 * (torch.tanh(raw) + 1)).exp()
        z = mean + std * noise
        a = torch.tanh(z)
        return a, (Normal(mean, std).log_prob(z) - torch.log(1 - a**2 + 1e-6)).sum(1)

    @staticmethod
    def q(critic: Any, features: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        """Returns both critics' values."""
        pair = torch.cat((features, actions), 1)
        return torch.stack([head(pair)[:, 0] for head in critic[2:]])

    def update(self, number: int, images: Any, actions: Any, rewards: Any, *noise: Any) -> None:
        """Does one update; every second is one of the actor and of targets too."""
        beta = self.log_beta.exp().detach()
        with torch.no_grad():
            a, log_prob = self.sample(self.convolutions(images), torch.cat(noise[:-1]))
            features = self.target[1](self.target[0](images))
            value = self.q(self.target, features, a).min(0).values - beta * log_prob
            y = rewards + 0.99 * value.view(VIEWS, -1).mean(0)
        read = self.trunk(self.convolutions(images))
        values = self.q(self.critic, read, actions.repeat(VIEWS, 1))
        loss = sum(VIEWS * F.mse_loss(q, y.repeat(VIEWS)) for q in values)
        self.descend(self.critic_adam, loss)
        if number % 2:
            return
        with torch.no_grad():
            maps = self.convolutions(images[: len(rewards)])
            features = self.trunk(maps)
        a, log_prob = self.sample(maps, noise[-1])
        value = self.q(self.critic, features, a).min(0).values
        self.descend(self.actor_adam, (beta * log_prob - value).mean())
        self.descend(self.beta_adam, self.log_beta.exp() * (1 - log_prob.detach()).mean())
        with torch.no_grad():
            pairs = zip(self.target.parameters(), self.critic.parameters(), strict=True)
            for mine, theirs in pairs:
                mine.lerp_(theirs, 0.01)

    @staticmethod
    def descend(adam: torch.optim.Adam, loss: Any) -> None:
        """Takes a step."""
        adam.zero_grad()
        loss.backward()
        adam.step()


def plainly(case: Case) -> Update:
    """Two updates of as many agents, one after another."""
    several = [(Plain(case), drawn(case)) for _ in range(case.members)]

    def twice() -> None:
        for agent, (images, *others) in several:
            for number in range(2):
                agent.update(number, images.permute(0, 3, 1, 2), *others)

    return twice


def products(case: Case) -> Update:
    """The convolutions and matrix products of two updates of `case.members` agents."""
    params = Learner.complete(case.given)
    *_, (height, width, filters) = images = encoder.maps(params, shape_of(case))
    one, views = case.batch, VIEWS * case.batch
    trunk = (height * width * filters, 50)
    calls = [*_convolutions(params, images, views, one)]
    calls += [
        *_linear(views, *trunk, 6),
        *_linear(views, *trunk, 0, 2, 2),
        *_linear(one, *trunk, 2),
    ]
    for size in _matrices(params, "critic") * 2:
        calls += [*_linear(views, *size, 4, 2, 2), *_linear(one, *size, 1, 0, 1)]
    for size in _matrices(params, "actor"):
        calls += [*_linear(views, *size, 2), *_linear(one, *size, 1, 1, 1)]

    def twice() -> None:
        for call in calls * case.members:
            call()

    return twice


def _convolutions(params: Any, images: Any, views: int, one: int) -> Iterator[Update]:
    """Of two updates: on s' online and target, on s forward and back, once on one view of s."""
    strides = params["encoder.strides"]
    for (h, w, c), (_, _, n), stride in zip(images[:-1], images[1:], strides, strict=True):
        x = torch.rand(views, h, w, c).permute(0, 3, 1, 2)
        kernel = torch.rand(n, c, 3, 3).contiguous(memory_format=torch.channels_last)
        y = F.conv2d(x, kernel, None, stride)
        sizes = [n], [stride] * 2, [0, 0], [1, 1], False, [0, 0], 1, [c != 9, True, True]
        forward = partial(F.conv2d, x, kernel, None, stride)
        back = partial(torch.ops.aten.convolution_backward, y, x, kernel, *sizes)
        yield from [forward] * 6
        yield from [back] * 2
        yield partial(F.conv2d, x[:one], kernel, None, stride)


def _linear(
    batch: int, inputs: int, outputs: int, forward: int, weights: int = 0, back: int = 0
) -> Iterator[Update]:
    """As many products forward, for gradients of weights, and back."""
    x, w, y = torch.rand(batch, inputs), torch.rand(inputs, outputs), torch.rand(batch, outputs)
    yield from [partial(torch.mm, x, w)] * forward
    yield from [partial(torch.mm, x.T, y)] * weights
    yield from [partial(torch.mm, y, w.T)] * back


def _matrices(params: Any, name: str) -> list[tuple[int, int]]:
    """The sizes of a head's hidden matrices."""
    units, count = params[f"{name}.units"], params[f"{name}.layers"]
    if params[f"{name}.body"] == "residual":
        return [size for _ in range(count) for size in ((units, 2 * units), (2 * units, units))]
    return [(units, units)] * (count - 1)


def took(way: Update) -> float:
    """Returns seconds of CPU time."""
    begin = time.process_time()
    way()
    return time.process_time() - begin


def main(rounds: int) -> None:
    """Prints the table."""
    torch.set_num_threads(1)
    print(f"{date.today()}, {cpu()}, torch {torch.__version__}, median of {rounds} rounds\n")
    print("| sizes | batch | P | ms, ours | ms, plain | plain / ours | ms, products |")
    print("|---|---|---|---|---|---|---|")
    for case in CASES:
        ways = [ours(case), plainly(case), products(case)]
        for way in ways:
            way()
        count = rounds if case.batch < 512 else 1
        times = [[took(way) for way in ways] for _ in range(count)]
        mine, plain, least = (sorted(t)[count // 2] * 500 for t in zip(*times, strict=True))
        cells = f"{mine:,.1f} | {plain:,.1f} | {plain / mine:.2f} | {least:,.1f}"
        print(f"| {case.name} | {case.batch} | {case.members} | {cells} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 5)
