"""What actor-critic learners share: networks, targets, updates, exploration, checkpoints.

A learner's own file says what one update is.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from agents import losses, policies, streams
from agents.learner import BaseLearner, Sizes
from agents.means import Means
from agents.networks import network
from agents.networks.ensemble import Ensemble, by_member
from agents.networks.layers import ORTHOGONAL_GAIN
from agents.optim import Adam, AdamSettings, Average
from agents.policies import POLICIES
from agents.replay import Batch, Replay
from agents.shape import Shape

if TYPE_CHECKING:
    import torch

    from agents.train import Run
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


_OF_EPISODES = ("return", "train_return", "eval_partial")
METRICS: tuple[str, ...] = (*_OF_EPISODES, "critic_loss", "actor_loss", "q")
_PASSES = 3  # online, target, and the gradient's way back


class ActorCritic(BaseLearner):
    """P agents with an actor, `critics` critics each, and targets; actions are in [-1, 1]."""

    continuous = True
    metrics = METRICS
    policy_kind: ClassVar[str] = "deterministic"
    """The policy where no parameter says it."""
    noises: ClassVar[int] = 0
    """How many normal numbers an update needs for every number of a batch's actions."""
    values: ClassVar[Sequence[str]] = ("critic",)
    """The networks that give values; all are described by `critic.*`."""
    targeted: ClassVar[Sequence[str]] = ("critic",)
    """Those that a target follows, where `target.networks` says so."""

    @classmethod
    def check_together(cls, params: Mapping[str, Any], shape: Shape) -> None:
        """Networks fit observations and actions; parameters that need others have them."""
        for name in ("actor", *cls.values):
            network.check(params, _describes(name), (_inputs(name, shape),))
        losses.check(params)
        policies.check(params)

    @classmethod
    def layers(cls, params: Mapping[str, Any], task: str) -> int:
        """Number of parametric layers of a critic."""
        return network.depth(network.part(cls.complete(params), "critic"))

    @classmethod
    def sizes(cls, params: Mapping[str, Any], shape: Shape) -> Sizes:
        """All networks, and the passes of a batch through them."""
        trained = targets = made = 0
        followed = cls.followed(params)
        for name in ("actor", *cls.values):
            outputs = cls.outputs(params, shape) if name == "actor" else 1
            sizes = network.part(params, _describes(name)), (_inputs(name, shape),), outputs
            copies = params["critics"] if name == "critic" else 1
            trained += copies * network.numbers(*sizes)
            targets += copies * network.numbers(*sizes) if name in followed else 0
            made += copies * network.made(*sizes)
        return Sizes(trained, targets, _PASSES * params["batch_size"] * made)

    @classmethod
    def outputs(cls, params: Mapping[str, Any], shape: Shape) -> int:
        """How many numbers the actor gives."""
        return POLICIES[params.get("policy", cls.policy_kind)].outputs(shape.actions)

    @classmethod
    def followed(cls, params: Mapping[str, Any]) -> list[str]:
        """The networks that have a target of their own."""
        if not params["target.networks"]:
            return []
        return [*cls.targeted, *(["actor"] if params.get("target.actor") == "ema" else [])]

    def __init__(self, runs: Sequence[Run], shape: Shape, device: str) -> None:
        """Networks, targets and optimisers; hyperparameters as vectors [P]."""
        self.runs, self.shape, self.device = runs, shape, device
        self.params = runs[0].params
        self.updates = 0
        self._vectors: dict[str, torch.Tensor] = {}
        members = [run.params for run in runs]
        self.policy = POLICIES[self.params.get("policy", self.policy_kind)](members, device)
        self.loss = losses.Loss(members, device)
        names = ("actor", *self.values)
        self.nets = {name: self._made(name).train() for name in names}
        followed = self.followed(self.params)
        self.targets = {n: self._made(n) if n in followed else self.nets[n] for n in names}
        self._averages = [self._average(name) for name in followed]
        self.adams = {name: self.adam(name, net.parameters) for name, net in self.nets.items()}
        self._draw([run.seed for run in runs], self.params["batch_size"])
        measured = [name for name in self.metrics if name not in _OF_EPISODES]
        self.means = Means(measured, len(runs), device)

    def _made(self, name: str) -> Ensemble:
        params, members = self.params, len(self.runs)
        copies = params["critics"] if name == "critic" else 1
        outputs = self.outputs(params, self.shape) if name == "actor" else 1
        sizes = network.part(params, _describes(name))
        gain = 1.0 if name == "actor" else ORTHOGONAL_GAIN
        rows = members, copies
        return Ensemble(sizes, _inputs(name, self.shape), outputs, rows, self.device, gain)

    def _average(self, name: str) -> Average:
        rows = self.nets[name].copies
        taus = [float(run.params["target.tau"]) for run in self.runs for _ in range(rows)]
        return Average(self.targets[name].tracked, self.nets[name].tracked, taus)

    def adam(self, name: str, parameters: Sequence[torch.Tensor]) -> Adam:
        """An optimiser of tensors whose rows are the members', or several of each in turn."""
        copies = len(parameters[0]) // len(self.runs)
        settings = [
            AdamSettings(
                float(run.params[f"{_describes(name)}.lr"]),
                *(float(run.params[f"optimizer.{key}"]) for key in ("eps", "beta1", "beta2")),
            )
            for run in self.runs
            for _ in range(copies)
        ]
        return Adam(parameters, settings)

    def _draw(self, seeds: Sequence[int], batch: int) -> None:
        """Streams of the warm-up's actions, of exploration, of batches, and of updates' noise."""
        actions = self.shape.actions
        self._warming = streams.Draws(streams.keys(seeds, "warmup"), actions)
        self._exploring = streams.Normals(streams.keys(seeds, "exploration"), actions)
        self._batches = streams.Draws(streams.keys(seeds, "batches"), batch)
        width = max(1, self.noises * batch * actions)
        self._noise = streams.Normals(streams.keys(seeds, "updates"), width)

    def vector(self, name: str) -> torch.Tensor:
        """A hyperparameter of all members, [P, 1], to go with [P, B]."""
        if name not in self._vectors:
            values = [[float(run.params[name])] for run in self.runs]
            self._vectors[name] = torch.tensor(values, device=self.device)
        return self._vectors[name]

    def initialise(self) -> None:
        """Random networks; targets start equal to them."""
        for name, net in self.nets.items():
            net.initialise([run.seed for run in self.runs], name)
            if self.targets[name] is not net:
                self.targets[name].net.copy_(net.net)

    def act(self, observations: np.ndarray, step: int) -> np.ndarray:
        """Uniformly random actions in the warm-up, then the policy's; [P, A]."""
        if step < self.params["warmup_steps"]:
            uniform = (self._warming.at(step) + 0.5) * 2.0**-32
            return (2.0 * uniform - 1.0).astype(np.float32)
        with torch.inference_mode():
            noise = self._tensor(self._exploring.at(step))[:, None]
            action, _ = self.policy.sample(self.act_on(observations[:, None]), noise)
            return action[:, 0].cpu().numpy()

    def evaluate(self, observations: np.ndarray, draws: np.ndarray) -> np.ndarray:
        """The policy's actions without noise, [P, E, A]."""
        with torch.inference_mode():
            return self.policy.mode(self.act_on(observations)).cpu().numpy()

    def act_on(self, observations: np.ndarray) -> torch.Tensor:
        """The actor's outputs for arrays [P, E, ...]; 0 for what is not a number.

        Members that diverge act on until they are looked at, and some tasks raise at such actions.
        """
        return self.actor(self._tensor(observations).float().flatten(2)).nan_to_num_()

    def _tensor(self, array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(array).to(self.device)

    def learn(self, replay: Replay, step: int) -> None:
        """An update every `update_every` steps once the warm-up is over."""
        if step < self.params["warmup_steps"] or step % self.params["update_every"]:
            return
        batch = replay.sample(self._batches.at(self.updates)).flat()
        noise: Sequence[torch.Tensor] = ()
        if self.noises:
            size = (len(self.runs), self.noises, -1, self.shape.actions)
            noise = self._tensor(self._noise.at(self.updates)).view(size).unbind(1)
        self.updates += 1
        self.update(batch, *noise)

    @abstractmethod
    def update(self, batch: Batch, *noise: torch.Tensor) -> None:
        """One update, with `noises` tensors [P, B, A] of normal numbers; `updates` counts it."""

    def actor(self, observations: torch.Tensor, target: bool = False) -> torch.Tensor:
        """The actor's outputs, or its target's: [P, B, S] -> [P, B, outputs]."""
        nets = self.targets if target else self.nets
        return nets["actor"](observations)[:, 0]

    def q(
        self, observations: torch.Tensor, actions: torch.Tensor, target: bool = False
    ) -> torch.Tensor:
        """All critics' values, or all targets': [P, B, S] and [P, B, A] -> [P, C, B].

        No gradients for the critics; nor below.
        """
        nets = self.targets if target else self.nets
        return nets["critic"](torch.cat((observations, actions), dim=2), constant=True)[..., 0]

    def q1(self, observations: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        """The first critic's values [P, B], for an actor to climb."""
        return self.nets["critic"].first(torch.cat((observations, actions), dim=2))[..., 0]

    def smoothed(self, out: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """The policy's actions with clipped normal noise on them, cut at -1 and 1."""
        std, clip = (
            self.vector("smoothing.std")[..., None],
            self.vector("smoothing.clip")[..., None],
        )
        return (self.policy.mode(out) + (std * noise).clamp(-clip, clip)).clamp(-1.0, 1.0)

    def bootstrap(self, batch: Batch, values: torch.Tensor) -> torch.Tensor:
        """y = scale r + gamma m v of the values [P, B] that follow, m = 0 where terminated."""
        gamma, scale = self.vector("gamma"), self.vector("reward_scale")
        return scale * batch.rewards + gamma * batch.masks * values

    def fit_critic(self, batch: Batch, y: torch.Tensor) -> None:
        """A step of all critics towards y [P, B]."""
        q = self.fit("critic", torch.cat((batch.observations, batch.actions), dim=2), y)
        self.means.add(q=q.mean((1, 2)))

    def fit(self, name: str, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """A step of the networks `name` on x [P, B, inputs] towards y [P, B].

        Returns what they gave before, [P, C, B].
        """
        outputs = self.nets[name](x, training=True)
        values = outputs.detach()[..., 0]
        self._step(name, outputs, self.loss.gradient(values, y)[..., None])
        self.means.add(**{f"{name}_loss": self.loss(values, y).sum(1)})
        return values

    def climb(self, objective: torch.Tensor) -> None:
        """A step of the actor that makes the mean of an objective [P, B] larger."""
        batch = objective.shape[1]
        self._step("actor", objective, objective.new_full(objective.shape, -1.0 / batch))
        self.means.add(actor_loss=-objective.detach().mean(1))

    def _step(self, name: str, outputs: torch.Tensor, gradient: torch.Tensor) -> None:
        """A step of Adam from the gradient of a loss at `outputs`."""
        parameters = self.nets[name].parameters
        self.adams[name].step(torch.autograd.grad(outputs, parameters, gradient))

    def follow(self) -> None:
        """Targets come nearer by tau."""
        for average in self._averages:
            average.step()

    def measured(self, row: int, step: int) -> dict[str, float]:
        """Means over the updates since the last report."""
        return self.means.of(row)

    def forget(self) -> None:
        """Begin new means."""
        self.means.forget()

    def tensors(self) -> list[tuple[str, torch.Tensor, Sequence[int]]]:
        """All networks, targets that are their own, Adam's moments, running sums."""
        rows, held = len(self.runs), []
        for name, net in self.nets.items():
            held += [(f"{name}.{n}", t) for n, t in net.tensors()]
            if self.targets[name] is not net:
                held += [(f"target.{name}.{n}", t) for n, t in self.targets[name].tensors()]
        for name, adam in self.adams.items():
            for kind, moments in (("m", adam.m), ("v", adam.v)):
                named = enumerate(by_member(t, rows) for t in moments)
                held += [(f"adam.{name}.{kind}.{i}", moment) for i, moment in named]
        held.append(("sums", self.means.sums))
        return [(name, tensor, range(rows)) for name, tensor in held]

    def acting(self) -> list[tuple[str, torch.Tensor, Sequence[int]]]:
        """The actor: `0.weight` [in, out], `0.bias` [out], ... from the input on."""
        return self.nets["actor"].net.tensors()

    @property
    def counters(self) -> dict[str, int]:
        """Updates done, Adams' steps, and updates in the running means."""
        steps = {f"steps.{name}": adam.steps for name, adam in self.adams.items()}
        means = {f"measured.{name}": count for name, count in self.means.counts.items()}
        return {"updates": self.updates, **steps, **means}

    @counters.setter
    def counters(self, counters: dict[str, int]) -> None:
        self.updates = counters["updates"]
        for name, adam in self.adams.items():
            adam.steps = counters[f"steps.{name}"]
        self.means.counts = {n: counters[f"measured.{n}"] for n in self.means.names}


def _describes(name: str) -> str:
    """Whose parameters describe a network: all values are made like the critic."""
    return "actor" if name == "actor" else "critic"


def _inputs(name: str, shape: Shape) -> int:
    """How many numbers a network reads; a critic reads actions too."""
    observation = math.prod(shape.observation)
    return observation + shape.actions if name == "critic" else observation
