"""The base of actor-critic learners: exploration, steps of updates, metrics, checkpoints.

A learner's own file says what one update is.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from agents.collecting import Collecting
from agents.envs import tasks
from agents.learners.actor_critic_draws import ActorCriticDraws, Counts
from agents.learners.actor_critic_parameters import FEATURES_LOSS, METRICS, OF_EPISODES
from agents.learners.actor_critic_passes import ActorCriticPasses
from agents.learners.running_means import RunningMeans
from agents.networks.ensemble import by_member
from agents.optim import losses, schedule
from agents.policies.base import ACTOR
from agents.replay import prioritised
from agents.replay.batch import Batch
from agents.replay.buffer import Replay
from agents.shape import Shape

if TYPE_CHECKING:
    import torch

    from agents.contract import Run
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


class ActorCritic(ActorCriticPasses):
    """P agents with an actor, `critics` critics each, and targets; actions are in [-1, 1]."""

    continuous = True
    passes_bytes = 55_000_000  # with those that make a matrix orthogonal
    metrics = METRICS

    def __init__(self, runs: Sequence[Run], shape: Shape, device: str) -> None:
        """Networks, targets and optimisers; hyperparameters as vectors [P]."""
        super().__init__(runs, shape, device)
        self.updates = 0
        self._updates_of_run = max(1, schedule.count(self.params, runs[0].steps))
        self.n_step: int = self.params["n_step"]
        self.loss = losses.Loss([run.params for run in runs], device)
        self.collecting = Collecting.of(self.params)
        self.draws = ActorCriticDraws(
            [run.seed for run in runs],
            Counts(
                batch=self.params["batch_size"],
                actions=shape.actions,
                normals=self.policy.normals(self.params, shape.actions),
                noises=self.noises,
                envs=self.collecting.envs,
            ),
            device,
        )
        measured = [name for name in self.metrics if name not in OF_EPISODES]
        measured += [] if self.features is None else [FEATURES_LOSS]
        self.means = RunningMeans(measured, len(runs), device)

    @classmethod
    def tasks(cls) -> Sequence[str]:
        """Returns the tasks that ship which it is meant for."""
        fit = super().tasks()
        return [t for t in fit if tasks.shape(t).is_image == cls.images]

    def act(self, observations: np.ndarray, step: int) -> np.ndarray:
        """Returns actions [P, E, A], uniformly random in the warm-up, then the policy's."""
        if step < self.params["warmup_steps"]:
            return self.draws.uniform(step)
        with torch.inference_mode():
            states = self.read(ACTOR, self._seen(observations))
            noise = self.draws.exploration(step)
            return self.policy.sample(self.acting_networks, states, noise)[0].cpu().numpy()

    def evaluate(self, observations: np.ndarray, draws: np.ndarray) -> np.ndarray:
        """Returns the policy's actions without noise, [P, E, A]."""
        with torch.inference_mode():
            states = self.read(ACTOR, self._seen(observations))
            return self.policy.mode(self.acting_networks, states).cpu().numpy()

    def is_behind(self, step: int) -> bool:
        """Returns whether features have to learn on before the first update."""
        if self.features is None or not self.learns(step):
            return False
        return self.features.updates <= self.features.pretrain

    def learns(self, step: int) -> bool:
        """Returns whether an update is due after `step` steps."""
        over = step >= self.params["warmup_steps"]
        return bool(over and step % self.params["update_every"] == 0)

    def learn(self, replay: Replay, step: int) -> None:
        """Updates `update_times` every `update_every` steps once the warm-up is over.

        Before that it draws anew what is due.

        Features do an update of their own first. Of those that come before all others it does one
        in a call (`is_behind`).
        """
        for one in self.resets.due(step):
            self.reset(one)
        if not self.learns(step):
            return
        for _ in range(self.collecting.updates_at_once):
            if self.features is not None:
                self.means.add(**{FEATURES_LOSS: self.features.learn(replay)})
                if self.features.updates <= self.features.pretrain:
                    return
            batch = self.transitions(replay, self.updates)
            noise = self.draws.noise(self.updates)
            self.updates += 1
            self.update(batch, *noise)
            replay.tell(batch, self.errors)

    def transitions(self, replay: Replay, update: int) -> Batch:
        """Returns the batch of an update."""
        return self.featured(self.drawn(replay, update).flattened())

    def drawn(self, replay: Replay, update: int, floats: bool = True) -> Batch:
        """Returns the transitions of an update as the replay's sampler chooses them."""
        draws, share = self.draws.batch(update), update / self._updates_of_run
        return replay.draw(draws, share, self.n_step, self.vector("gamma"), floats)

    def sample(self, replay: Replay, draws: np.ndarray) -> Batch:
        """Returns transitions of `n_step` steps, chosen by 32-bit `draws` [P, B]."""
        return replay.sample(draws, self.n_step, self.vector("gamma"))

    def log_pi(self, batch: Batch, step: int) -> torch.Tensor | None:
        """Returns log pi(a|s) [P, B] of an action a ~ pi in each state, by the draws of `step`.

        `None` where the policy has no density.
        """
        if not self.policy.is_stochastic:
            return None
        with torch.no_grad():
            states = self.network_inputs(ACTOR, batch)
            noise = self.draws.probe_noise(batch.rewards.shape[1], step)[0]
            return self.policy.sample(lambda name, x: self.nets[name](x)[:, 0], states, noise)[1]

    def update_from(self, batch: Batch, step: int) -> None:
        """Updates all networks, also those whose updates are delayed."""
        self.updates = 0
        noise = self.draws.probe_noise(batch.rewards.shape[1], step)
        self.update(self.featured(batch.flattened()), *noise)

    @abstractmethod
    def update(self, batch: Batch, *noise: torch.Tensor) -> None:
        """Does an update with `noises` tensors [P, B, normals] of normal numbers.

        `updates` counts it.
        """

    def target_q(self, batch: Batch, next_values: torch.Tensor) -> torch.Tensor:
        """Returns y = scale r + gamma m v of next values v [P, B]; m = 0 where terminated.

        Where `n_step` is above 1, r and m are those of `n_step_returns`.
        """
        gamma, scale = self.vector("gamma"), self.vector("reward_scale")
        return scale * batch.rewards + gamma * batch.masks * next_values

    def update_critic(self, batch: Batch, y: torch.Tensor) -> None:
        """Takes a gradient step of all critics towards y [P, B]."""
        self.update_critic_at(
            batch, self.pairs(batch.observations, batch.actions), y, batch.weights
        )

    def update_critic_at(
        self, batch: Batch, read: torch.Tensor, y: torch.Tensor, weights: torch.Tensor | None
    ) -> None:
        """Takes a gradient step of all critics at what they read of a batch, [P, N, inputs].

        y and weights are [P, N], N the batch or as many times as there are views of it.
        """
        values = self.update_network("critic", read, y, weights)
        self.errors = prioritised.errors_in(batch, values, y)
        self.means.add(q=values.mean((1, 2)))

    def update_network(
        self, name: str, x: torch.Tensor, y: torch.Tensor, weights: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Takes a gradient step of the networks `name` at x [P, B, inputs] towards y [P, B].

        Each transition's loss may have a weight [P, B]. Returns the outputs before it, [P, C, B].
        """
        outputs = self.nets[name](x, training=True, iterate=True)
        values = outputs.detach()[..., 0]
        loss, gradient = self.loss(values, y, weights)
        self._step(name, loss.sum(1), outputs, gradient[..., None])
        return values

    def update_actor(self, objective: torch.Tensor) -> None:
        """Takes a gradient step of the actor that raises the mean of an objective [P, B]."""
        gradient = objective.new_full(objective.shape, -1.0 / objective.shape[1])
        self._step("actor", -objective.detach().mean(1), objective, gradient)

    def _step(
        self, name: str, loss: torch.Tensor, outputs: torch.Tensor, gradient: torch.Tensor
    ) -> None:
        """Takes a step down a loss [P], from its gradient at `outputs`."""
        parts = self.learning_with(name)
        learned = [parameter for part in parts for parameter in self.learned[part].parameters]
        gradients = torch.autograd.grad(outputs, learned, gradient)
        self.record_loss(name, loss, gradients)
        left = iter(gradients)
        for part in parts:
            self.optimisers[part].step([next(left) for _ in self.learned[part].parameters])
            self.projections[part].step()
        self.means.add(**{f"{name}_loss": loss})

    def measured(self, row: int, step: int) -> dict[str, float]:
        """Returns means over the updates since the last report."""
        return self.means.of_member(row)

    def reset_metrics(self) -> None:
        """Resets the running means."""
        self.means.reset()

    def tensors(self) -> list[tuple[str, torch.Tensor, Sequence[int]]]:
        """Returns all networks, targets that are their own, what optimisers keep, running sums."""
        rows = len(self.runs)
        everyone = range(rows)
        tensors: list[tuple[str, torch.Tensor, Sequence[int]]] = []
        for name, net in self.learned.items():
            tensors += [(f"{name}.{n}", t, having) for n, t, having in net.tensors()]
            if self.averaged[name] is not net:
                own = self.averaged[name].tensors()
                tensors += [(f"target.{name}.{n}", t, having) for n, t, having in own]
        for name, one in self.optimisers.items():
            kept = [(n, by_member(t, rows)) for n, t in one.tensors()]
            tensors += [(f"{one.kept_as}.{name}.{n}", t, everyone) for n, t in kept]
        for name, projection in self.projections.items():
            norms = enumerate(by_member(t, rows) for t in projection.norms)
            tensors += [(f"norms.{name}.{n}", t, everyone) for n, t in norms]
        if self.features is not None:
            tensors += [(f"features.{name}", t, rows) for name, t, rows in self.features.tensors()]
        return [*tensors, ("sums", self.means.sums, everyone)]

    def acting(self) -> list[tuple[str, torch.Tensor, Sequence[int]]]:
        """Returns the actor: `0.weight` [in, out], `0.bias` [out], ... from the input on.

        What features of states need stands before it, the policy's other networks after it.
        """
        read = [] if self.features is None else self.features.acting()
        before = [(f"features.{name}", tensor, rows) for name, tensor, rows in read]
        return [*before, *self.nets[ACTOR].net.tensors(), *self.acting_beside()]

    def acting_beside(self) -> list[tuple[str, torch.Tensor, Sequence[int]]]:
        """Returns the tensors of the policy's networks but for the actor."""
        others = [name for name in self.nets if name not in self.networks]
        found = [(n, *named) for n in others for named in self.nets[n].net.tensors()]
        return [(f"{network}.{name}", tensor, rows) for network, name, tensor, rows in found]

    @property
    def counters(self) -> dict[str, int]:
        """Updates done, optimisers' steps, and updates in the running means."""
        steps = {f"steps.{name}": one.steps for name, one in self.optimisers.items()}
        means = {f"measured.{name}": count for name, count in self.means.counts.items()}
        beside = {} if self.features is None else {"features.updates": self.features.updates}
        return {"updates": self.updates, **steps, **means, **beside}

    @counters.setter
    def counters(self, counters: dict[str, int]) -> None:
        self.updates = counters["updates"]
        for name, one in self.optimisers.items():
            one.steps = counters[f"steps.{name}"]
        self.means.counts = {n: counters[f"measured.{n}"] for n in self.means.names}
        if self.features is not None:
            self.features.updates = counters["features.updates"]
