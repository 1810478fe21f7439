"""What the networks of actor-critic learners read, and what they give in passes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from agents.learners.actor_critic_networks import ActorCriticNetworks
from agents.learners.actor_critic_parameters import BATCH_NORM
from agents.policies.base import ACTOR, TARGETS, Networks
from agents.replay.batch import Batch
from agents.replay.frames import as_floats
from agents.shape import Shape

if TYPE_CHECKING:
    import torch

    from agents.contract import Run
    from agents.networks.network import Network
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


class ActorCriticPasses(ActorCriticNetworks):
    """A learner's passes: what `read` gives of observations is what actor and critics see."""

    def __init__(self, runs: Sequence[Run], shape: Shape, device: str) -> None:
        """Networks, and the policy that turns an actor's outputs into actions."""
        super().__init__(runs, shape, device)
        self._vectors: dict[str, torch.Tensor] = {}
        self.policy = self.policy_of(self.params)(self._members, device)
        self.noise_in = self.policy.noise_in(self.params)
        self.batch_in = {name: self.params[name] == "batch" for name in BATCH_NORM}
        """The passes in which batch norms take the batch's statistics, besides those that learn."""

    def vector(self, name: str) -> torch.Tensor:
        """Returns a hyperparameter of all members, [P, 1]."""
        if name not in self._vectors:
            values = [[float(run.params[name])] for run in self.runs]
            self._vectors[name] = torch.tensor(values, device=self.device)
        return self._vectors[name]

    def acting_networks(self, name: str, x: torch.Tensor) -> torch.Tensor:
        """Returns what a network of the policy gives for an agent that acts, 0 for NaN.

        Diverged members act until the next check for divergence, and some tasks raise at NaN.
        """
        return self.nets[name](x)[:, 0].nan_to_num_()

    def _seen(self, observations: np.ndarray) -> torch.Tensor:
        return as_floats(torch.from_numpy(observations).to(self.device), self.shape.high)

    def read(self, name: str, observations: torch.Tensor) -> torch.Tensor:
        """Returns what the network `name` reads of observations, [P, B, ...] -> [P, B, inputs].

        A critic reads `pairs` of them with actions.
        """
        flat = observations.flatten(2)
        return flat if self.features is None else self.features.states(flat)

    def pairs(
        self, states: torch.Tensor, actions: torch.Tensor, target: bool = False
    ) -> torch.Tensor:
        """Returns what a critic, or its target, reads of what `read` gave and of actions."""
        if self.features is None:
            return torch.cat((states, actions), dim=2)
        return self.features.pairs(states, actions, target)

    def featured(self, batch: Batch) -> Batch:
        """Returns a batch whose observations are features, where there are any."""
        if self.features is None:
            return batch
        seen = self.features.states(batch.observations)
        following = self.features.states(batch.next_observations, target=True)
        return replace(batch, observations=seen, next_observations=following)

    def networks_of_policy(self, target: bool = False, training: bool = False) -> Networks:
        """Returns what calls the policy's networks, or their targets as constants, in an update.

        Normalised layers do a power iteration first, as in all passes of an update.
        """

        def call(name: str, x: torch.Tensor) -> torch.Tensor:
            if target:
                return self.target(name, x)[:, 0]
            return self.nets[name](x, training, iterate=True)[:, 0]

        return call

    def next_actions(
        self, states: torch.Tensor, noise: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns the actions [P, B, A] that targets take in the next states, and log pi [P, B].

        They are the policy's modes where it has no noise in targets.
        """
        return self._actions(self.networks_of_policy(target=True), states, noise)

    def actions(
        self, states: torch.Tensor, noise: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns the actions [P, B, A] and log pi [P, B] that the actor's loss takes."""
        return self._actions(self.networks_of_policy(training=True), states, noise)

    def _actions(
        self, networks: Networks, states: torch.Tensor, noise: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        if noise is not None:
            return self.policy.sample_in_update(networks, states, noise)
        actions = self.policy.mode(networks, states)
        return actions, actions.new_zeros(actions.shape[:2])

    @property
    def noises_in_targets(self) -> int:
        """How many times the targets of an update draw an action for each state of a batch."""
        return int(TARGETS in self.noise_in)

    @property
    def noises(self) -> int:
        """How many times an update draws an action for each state of a batch."""
        of_actor = self.params["actor.steps"] if ACTOR in self.noise_in else 0
        return self.noises_in_targets + int(of_actor)

    def noises_by_use(
        self, noise: Sequence[torch.Tensor]
    ) -> tuple[Sequence[torch.Tensor], Sequence[torch.Tensor | None]]:
        """Returns an update's noise in targets, and that of each step of the actor or `None`."""
        steps: int = self.params["actor.steps"]
        first = self.noises_in_targets
        return noise[:first], noise[first:] or [None] * steps

    def target(self, name: str, x: torch.Tensor) -> torch.Tensor:
        """Returns what the networks `name` of targets give, [P, B, inputs] -> [P, C, B, outputs].

        They are constants, and networks without a target of their own stand for it.
        """
        training = self.batch_in["batch_norm.targets"]
        return self.targets[name](x, training, constant=True, iterate=True)

    def q(
        self, observations: torch.Tensor, actions: torch.Tensor, target: bool = False
    ) -> torch.Tensor:
        """Returns all critics' values, or their targets': [P, B, S] and [P, B, A] -> [P, C, B].

        The critics' parameters get no gradients, nor in `min_q` and `q1`; normalised layers do a
        power iteration first.
        """
        read = self.pairs(observations, actions, target)
        if target:
            return self.target("critic", read)[..., 0]
        training = self.batch_in["batch_norm.actor_loss"]
        return self.nets["critic"](read, training, constant=True, iterate=True)[..., 0]

    def objective(self, observations: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        """Returns the values [P, B] that the actor climbs, by `actor.objective`."""
        kind = self.params["actor.objective"]
        if kind == "first":
            return self.q1(observations, actions)
        if kind == "min":
            return self.min_q(observations, actions)
        return self.q(observations, actions).mean(1)

    def min_q(
        self, observations: torch.Tensor, actions: torch.Tensor, target: bool = False
    ) -> torch.Tensor:
        """Returns min_j Q_j(s, a), or the targets', [P, B] (Fujimoto et al. 2018, Eq. 10)."""
        return self.q(observations, actions, target).amin(1)

    def q1(
        self, observations: torch.Tensor, actions: torch.Tensor, iterate: bool = True
    ) -> torch.Tensor:
        """Returns the first critic's values [P, B]; `iterate` as in `actor`."""
        training = iterate and self.batch_in["batch_norm.actor_loss"]
        read = self.pairs(observations, actions)
        return self.nets["critic"].first(read, iterate, training)[..., 0]

    def network(self, name: str) -> Network:
        """Returns the first of every member's networks `name`."""
        return self.nets[name].alone

    def network_inputs(self, name: str, batch: Batch) -> torch.Tensor:
        """Returns observations, or features of them, and for a critic of actions too."""
        read = self.read(name, batch.observations)
        return self.pairs(read, batch.actions) if name == "critic" else read

    def q_values(self, observations: np.ndarray, actions: np.ndarray) -> np.ndarray:
        """Returns Q_1(s, a), [P, E]."""
        with torch.inference_mode():
            taken = torch.from_numpy(actions).to(self.device)
            read = self.read("critic", self._seen(observations))
            return self.q1(read, taken, iterate=False).cpu().numpy()
