"""Time of OFENet's own update, and of SAC's update on its features, beside torch's modules.

    python -m benchmarks.agents.ofenet [rounds]

Ant's 27 numbers and 8 torques, batches of 256, actor and twin critics of 2 x 256 with ReLU, OFENet
of 240 added units in 6 layers; P members, which the modules' side updates one after another. On one
thread, all in turns; a number is the median over rounds of milliseconds of CPU time of all members.
"""

from __future__ import annotations

import copy
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from datetime import date
from types import SimpleNamespace

import torch
from torch import nn

from agents.learners.sac import Learner
from agents.replay.batch import Batch
from agents.shape import Shape
from benchmarks.agents.dqn import cpu

STATES, ACTIONS, SIZE, UNITS, LAYERS, HIDDEN, TIMES = 27, 8, 256, 240, 6, 256, 5
PACKS = (1, 4)
Update = Callable[[], object]


def batch(members: int) -> Batch:
    """Random transitions of P members."""
    seen, following = torch.randn(2, members, SIZE, STATES)
    actions = torch.randn(members, SIZE, ACTIONS).tanh()
    return Batch(seen, actions, torch.randn(members, SIZE), torch.ones(members, SIZE), following)


def ours(members: int, features: str) -> dict[str, Update]:
    """The updates of a pack, with features or without."""
    sizes = {"features.kind": features}
    if features != "none":
        sizes |= {"features.units": UNITS, "features.layers": LAYERS}
    params = Learner.complete({"actor.units": HIDDEN, "critic.units": HIDDEN, **sizes})
    runs = [
        SimpleNamespace(params=params, seed=seed, steps=1000, task="mujoco/Ant-v4")
        for seed in range(members)
    ]
    agent = Learner(runs, Shape((STATES,), "float32", ACTIONS, continuous=True), "cpu")
    agent.initialise()
    seen, noise = batch(members), torch.randn(2, members, SIZE, ACTIONS)
    found: dict[str, Update] = {"sac": lambda: agent.update(agent.featured(seen), *noise)}
    if agent.features is not None:
        found["auxiliary"] = lambda: agent.features.update(seen)
    return found


class Dense(nn.Module):
    """Layers of linear map, batch norm and Swish, each behind all before it."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        width = UNITS // LAYERS
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.Linear(inputs + width * place, width), nn.BatchNorm1d(width), nn.SiLU()
            )
            for place in range(LAYERS)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """All of them."""
        for layer in self.layers:
            x = torch.cat((x, layer(x)), dim=1)
        return x


def perceptron(inputs: int, outputs: int) -> nn.Sequential:
    """2 x 256."""
    return nn.Sequential(
        *(nn.Linear(inputs, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, HIDDEN), nn.ReLU()),
        nn.Linear(HIDDEN, outputs),
    )


class Modules:
    """SAC of one agent, with OFENet or without, as one would write it with torch's modules."""

    def __init__(self, features: bool) -> None:
        self.phi_s = Dense(STATES) if features else nn.Identity()
        states = STATES + (UNITS if features else 0)
        self.phi_sa = Dense(states + ACTIONS) if features else nn.Identity()
        pairs = states + ACTIONS + (UNITS if features else 0)
        self.readout = nn.Linear(pairs, STATES)
        self.actor = perceptron(states, 2 * ACTIONS)
        self.critics = nn.ModuleList(perceptron(pairs, 1) for _ in range(2))
        self.log_beta = nn.Parameter(torch.zeros(()))
        self.nets = nn.ModuleList([self.phi_s, self.phi_sa, self.critics])
        self.targets = copy.deepcopy(self.nets)
        own = [self.phi_s, self.phi_sa, self.readout]
        self.adam = [
            torch.optim.Adam(parameters, 3e-4)
            for parameters in (
                [p for net in own for p in net.parameters()],
                [*self.actor.parameters()],
                [*self.critics.parameters()],
                [self.log_beta],
            )
        ]

    def auxiliary(self, seen: Batch) -> None:
        """A step of OFENet, and of its targets."""
        self.nets.train()
        pairs = self.phi_sa(torch.cat((self.phi_s(seen.observations), seen.actions), dim=1))
        self.step(0, nn.functional.mse_loss(self.readout(pairs), seen.next_observations))
        self.follow(zip(self.targets[:2], self.nets[:2], strict=True))

    def sac(self, seen: Batch, noise: torch.Tensor) -> None:
        """A step of critics, actor, temperature and the critics' targets."""
        self.nets.eval()
        self.targets.eval()
        target_s, target_sa, target_critics = self.targets
        beta = self.log_beta.exp().detach()
        with torch.no_grad():
            states, following = self.phi_s(seen.observations), target_s(seen.next_observations)
            actions, log_prob = self.policy(following, noise[0])
            pairs = target_sa(torch.cat((following, actions), dim=1))
            value = torch.minimum(*(critic(pairs)[:, 0] for critic in target_critics))
            y = seen.rewards + 0.99 * seen.masks * (value - beta * log_prob)
            pairs = self.phi_sa(torch.cat((states, seen.actions), dim=1))
        self.step(2, sum(((critic(pairs)[:, 0] - y) ** 2).mean() for critic in self.critics))
        actions, log_prob = self.policy(states, noise[1])
        pairs = self.phi_sa(torch.cat((states, actions), dim=1))
        q = torch.minimum(*(critic(pairs)[:, 0] for critic in self.critics))
        self.step(1, (beta * log_prob - q).mean())
        lack = (-log_prob.detach() + 0.5 * ACTIONS).mean()
        self.step(3, self.log_beta.exp() * lack)
        self.follow([(target_critics, self.critics)])

    def policy(self, states: torch.Tensor, noise: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Actions and the logarithms of their densities."""
        mean, log_std = self.actor(states).chunk(2, dim=1)
        normal = torch.distributions.Normal(mean, log_std.clamp(-10.0, 2.0).exp())
        z = mean + normal.stddev * noise
        squeezed = 2.0 * (0.6931 - z - nn.functional.softplus(-2.0 * z))
        return z.tanh(), (normal.log_prob(z) - squeezed).sum(1)

    def step(self, which: int, loss: torch.Tensor) -> None:
        """A step of one optimiser."""
        self.adam[which].zero_grad()
        loss.backward()
        self.adam[which].step()

    def follow(self, pairs: Iterable[tuple[nn.Module, nn.Module]]) -> None:
        """Moves targets towards their networks."""
        with torch.no_grad():
            for target, net in pairs:
                for mine, theirs in zip(target.parameters(), net.parameters(), strict=True):
                    mine.lerp_(theirs, 0.005)


def modules(members: int, features: bool) -> dict[str, Update]:
    """The updates of P agents, one after another."""
    agents, seen = [Modules(features) for _ in range(members)], batch(members)
    noise = torch.randn(members, 2, SIZE, ACTIONS)
    own = [Batch(*(part[row] for part in vars(seen).values())) for row in range(members)]
    found: dict[str, Update] = {
        "sac": lambda: [a.sac(b, n) for a, b, n in zip(agents, own, noise, strict=True)]
    }
    if features:
        found["auxiliary"] = lambda: [a.auxiliary(b) for a, b in zip(agents, own, strict=True)]
    return found


def milliseconds(update: Update) -> float:
    """CPU time of one update."""
    begin = time.process_time()
    for _ in range(TIMES):
        update()
    return (time.process_time() - begin) / TIMES * 1e3


def measured(members: int, rounds: int) -> dict[str, tuple[float, float]]:
    """Median milliseconds of modules and of ours, by update."""
    pairs = {"SAC without features": (modules(members, False)["sac"], ours(members, "none")["sac"])}
    theirs, mine = modules(members, True), ours(members, "ofenet")
    pairs["SAC on features"] = theirs["sac"], mine["sac"]
    pairs["OFENet's own"] = theirs["auxiliary"], mine["auxiliary"]
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in pairs}
    for _ in range(rounds + 1):
        for name, (one, other) in pairs.items():
            times[name].append((milliseconds(one), milliseconds(other)))
    columns = {name: zip(*found[1:], strict=True) for name, found in times.items()}
    return {name: tuple(map(statistics.median, both)) for name, both in columns.items()}  # type: ignore[misc]


def main(rounds: int) -> None:
    """Prints the table."""
    torch.set_num_threads(1)
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    print(f"{date.today()}, {cpu()}, {load}, torch {torch.__version__}, {platform.system()}")
    print("| P | update | torch's modules, ms | ours, ms | modules / ours |")
    print("|---|---|---|---|---|")
    for members in PACKS:
        for name, (theirs, mine) in measured(members, rounds).items():
            print(f"| {members} | {name} | {theirs:.1f} | {mine:.1f} | {theirs / mine:.1f} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
