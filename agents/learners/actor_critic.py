"""The base of actor-critic learners: exploration, steps of updates, metrics, checkpoints.

A learner's own file says what one update is.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from agents.envs import tasks
from agents.learners.actor_critic_draws import ActorCriticDraws
from agents.learners.actor_critic_networks import ActorCriticNetworks
from agents.learners.actor_critic_parameters import METRICS, OF_EPISODES
from agents.learners.running_means import RunningMeans
from agents.networks.ensemble import by_member
from agents.optim import losses, schedule
from agents.policies import POLICIES
from agents.replay import prioritised
from agents.replay.batch import Batch
from agents.replay.buffer import Replay
from agents.replay.frames import as_floats
from agents.shape import Shape

if TYPE_CHECKING:
    import torch

    from agents.contract import Run
    from agents.networks.network import Network
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


class ActorCritic(ActorCriticNetworks):
    """P agents with an actor, `critics` critics each, and targets; actions are in [-1, 1]."""

    continuous = True
    passes_bytes = 55_000_000  # with those that make a matrix orthogonal
    metrics = METRICS
    noises: ClassVar[int] = 0
    """How many normal numbers an update needs for every number of a batch's actions."""

    def __init__(self, runs: Sequence[Run], shape: Shape, device: str) -> None:
        """Networks, targets and optimisers; hyperparameters as vectors [P]."""
        super().__init__(runs, shape, device)
        self.updates = 0
        self._updates_of_run = max(1, schedule.count(self.params, runs[0].steps))
        self.n_step: int = self.params["n_step"]
        self._vectors: dict[str, torch.Tensor] = {}
        members = [run.params for run in runs]
        self.policy = POLICIES[self.params.get("policy", self.policy_kind)](members, device)
        self.loss = losses.Loss(members, device)
        seeds, sizes = [run.seed for run in runs], (self.params["batch_size"], shape.actions)
        self.draws = ActorCriticDraws(seeds, *sizes, self.noises_of_update, device)
        measured = [name for name in self.metrics if name not in OF_EPISODES]
        self.means = RunningMeans(measured, len(runs), device)

    @classmethod
    def tasks(cls) -> Sequence[str]:
        """Returns the tasks that ship which it is meant for."""
        fit = super().tasks()
        return [t for t in fit if tasks.shape(t).is_image == cls.images]

    @property
    def noises_of_update(self) -> int:
        """As `noises`, for agents whose settings decide how many they are."""
        return self.noises

    def vector(self, name: str) -> torch.Tensor:
        """Returns a hyperparameter of all members, [P, 1]."""
        if name not in self._vectors:
            values = [[float(run.params[name])] for run in self.runs]
            self._vectors[name] = torch.tensor(values, device=self.device)
        return self._vectors[name]

    def act(self, observations: np.ndarray, step: int) -> np.ndarray:
        """Returns actions [P, A], uniformly random in the warm-up, then the policy's."""
        if step < self.params["warmup_steps"]:
            return self.draws.uniform(step)
        with torch.inference_mode():
            noise, out = self.draws.exploration(step), self.actor_outputs(observations[:, None])
            return self.policy.sample(out, noise)[0][:, 0].cpu().numpy()

    def evaluate(self, observations: np.ndarray, draws: np.ndarray) -> np.ndarray:
        """Returns the policy's actions without noise, [P, E, A]."""
        with torch.inference_mode():
            return self.policy.mode(self.actor_outputs(observations)).cpu().numpy()

    def actor_outputs(self, observations: np.ndarray) -> torch.Tensor:
        """Returns the actor's outputs for arrays [P, E, ...], 0 for NaN.

        Diverged members act until the next check for divergence, and some tasks raise at NaN.
        """
        read = self.read("actor", self._seen(observations))
        return self.actor(read, iterate=False).nan_to_num_()

    def _seen(self, observations: np.ndarray) -> torch.Tensor:
        return as_floats(torch.from_numpy(observations).to(self.device), self.shape.high)

    def read(self, name: str, observations: torch.Tensor) -> torch.Tensor:
        """Returns what the network `name` reads of observations, [P, B, ...] -> [P, B, inputs].

        A critic reads actions beside them.
        """
        return observations.flatten(2)

    def learn(self, replay: Replay, step: int) -> None:
        """Updates every `update_every` steps once the warm-up is over."""
        if step < self.params["warmup_steps"] or step % self.params["update_every"]:
            return
        batch = self.transitions(replay, self.updates)
        noise = self.draws.noise(self.updates)
        self.updates += 1
        self.update(batch, *noise)
        replay.tell(batch, self.errors)

    def transitions(self, replay: Replay, update: int) -> Batch:
        """Returns the batch of an update."""
        return self.drawn(replay, update).flattened()

    def drawn(self, replay: Replay, update: int, floats: bool = True) -> Batch:
        """Returns the transitions of an update as the replay's sampler chooses them."""
        draws, share = self.draws.batch(update), update / self._updates_of_run
        return replay.draw(draws, share, self.n_step, self.vector("gamma"), floats)

    def sample(self, replay: Replay, draws: np.ndarray) -> Batch:
        """Returns transitions of `n_step` steps, chosen by 32-bit `draws` [P, B]."""
        return replay.sample(draws, self.n_step, self.vector("gamma"))

    def update_from(self, batch: Batch, step: int) -> None:
        """Updates all networks, also those whose updates are delayed."""
        self.updates = 0
        self.update(batch.flattened(), *self.draws.probe_noise(batch.rewards.shape[1], step))

    @abstractmethod
    def update(self, batch: Batch, *noise: torch.Tensor) -> None:
        """Does an update with `noises` tensors [P, B, A] of normal numbers; `updates` counts it."""

    def actor(
        self, x: torch.Tensor, target: bool = False, training: bool = False, iterate: bool = True
    ) -> torch.Tensor:
        """Returns the actor's outputs, or its target's: [P, B, S] -> [P, B, outputs].

        Normalised layers do a power iteration first, as in all passes of an update, unless
        `iterate` is false.
        """
        nets = self.targets if target else self.nets
        return nets["actor"](x, training, iterate=iterate)[:, 0]

    def q(
        self, observations: torch.Tensor, actions: torch.Tensor, target: bool = False
    ) -> torch.Tensor:
        """Returns all critics' values, or their targets': [P, B, S] and [P, B, A] -> [P, C, B].

        The critics' parameters get no gradients, nor in `min_q` and `q1`; normalised layers do a
        power iteration first.
        """
        nets = self.targets if target else self.nets
        read = torch.cat((observations, actions), dim=2)
        return nets["critic"](read, constant=True, iterate=True)[..., 0]

    def min_q(
        self, observations: torch.Tensor, actions: torch.Tensor, target: bool = False
    ) -> torch.Tensor:
        """Returns min_j Q_j(s, a), or the targets', [P, B] (Fujimoto et al. 2018, Eq. 10)."""
        return self.q(observations, actions, target).amin(1)

    def q1(
        self, observations: torch.Tensor, actions: torch.Tensor, iterate: bool = True
    ) -> torch.Tensor:
        """Returns the first critic's values [P, B]; `iterate` as in `actor`."""
        read = torch.cat((observations, actions), dim=2)
        return self.nets["critic"].first(read, iterate)[..., 0]

    def smoothed(self, out: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """Returns the policy's actions with clipped normal noise on them, clipped to [-1, 1]."""
        std, clip = (self.vector(f"smoothing.{key}")[..., None] for key in ("std", "clip"))
        return (self.policy.mode(out) + (std * noise).clamp(-clip, clip)).clamp(-1.0, 1.0)

    def target_q(self, batch: Batch, next_values: torch.Tensor) -> torch.Tensor:
        """Returns y = scale r + gamma m v of next values v [P, B]; m = 0 where terminated.

        Where `n_step` is above 1, r and m are those of `n_step_returns`.
        """
        gamma, scale = self.vector("gamma"), self.vector("reward_scale")
        return scale * batch.rewards + gamma * batch.masks * next_values

    def smoothed_target_q(self, batch: Batch, noise: torch.Tensor) -> torch.Tensor:
        """Returns y of min_j Q'_j(s', a') at smoothed actions a' (Fujimoto et al. 2018, Eq. 14)."""
        with torch.no_grad():
            next_actions = self.smoothed(self.actor(batch.next_observations, target=True), noise)
            next_values = self.min_q(batch.next_observations, next_actions, target=True)
            return self.target_q(batch, next_values)

    def update_critic(self, batch: Batch, y: torch.Tensor) -> None:
        """Takes a gradient step of all critics towards y [P, B]."""
        read = self.network_inputs("critic", batch)
        values = self.update_network("critic", read, y, batch.weights)
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
        self.means.add(**{f"{name}_loss": loss})

    def network(self, name: str) -> Network:
        """Returns the first of every member's networks `name`."""
        return self.nets[name].alone

    def network_inputs(self, name: str, batch: Batch) -> torch.Tensor:
        """Returns observations, and for a critic actions beside them."""
        read = self.read(name, batch.observations)
        return torch.cat((read, batch.actions), dim=2) if name == "critic" else read

    def q_values(self, observations: np.ndarray, actions: np.ndarray) -> np.ndarray:
        """Returns Q_1(s, a), [P, E]."""
        with torch.inference_mode():
            taken = torch.from_numpy(actions).to(self.device)
            read = self.read("critic", self._seen(observations))
            return self.q1(read, taken, iterate=False).cpu().numpy()

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
        return [*tensors, ("sums", self.means.sums, everyone)]

    def acting(self) -> list[tuple[str, torch.Tensor, Sequence[int]]]:
        """Returns the actor: `0.weight` [in, out], `0.bias` [out], ... from the input on."""
        return self.nets["actor"].net.tensors()

    @property
    def counters(self) -> dict[str, int]:
        """Updates done, optimisers' steps, and updates in the running means."""
        steps = {f"steps.{name}": one.steps for name, one in self.optimisers.items()}
        means = {f"measured.{name}": count for name, count in self.means.counts.items()}
        return {"updates": self.updates, **steps, **means}

    @counters.setter
    def counters(self, counters: dict[str, int]) -> None:
        self.updates = counters["updates"]
        for name, one in self.optimisers.items():
            one.steps = counters[f"steps.{name}"]
        self.means.counts = {n: counters[f"measured.{n}"] for n in self.means.names}
