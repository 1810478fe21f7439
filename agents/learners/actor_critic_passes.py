"""What the networks of actor-critic learners read, and what they give in passes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from agents.learners.actor_critic_networks import ActorCriticNetworks
from agents.learners.actor_critic_parameters import BATCH_NORM
from agents.policies import POLICIES
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
        members = [run.params for run in runs]
        self.policy = POLICIES[self.params.get("policy", self.policy_kind)](members, device)
        self.batch_in = {name: self.params[name] == "batch" for name in BATCH_NORM}
        """The passes in which batch norms take the batch's statistics, besides those that learn."""

    def vector(self, name: str) -> torch.Tensor:
        """Returns a hyperparameter of all members, [P, 1]."""
        if name not in self._vectors:
            values = [[float(run.params[name])] for run in self.runs]
            self._vectors[name] = torch.tensor(values, device=self.device)
        return self._vectors[name]

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

    def actor(
        self, x: torch.Tensor, target: bool = False, training: bool = False, iterate: bool = True
    ) -> torch.Tensor:
        """Returns the actor's outputs, or its target's, as constants: [P, B, S] -> [P, B, outputs].

        Normalised layers do a power iteration first, as in all passes of an update, unless
        `iterate` is false.
        """
        if not target:
            return self.nets["actor"](x, training, iterate=iterate)[:, 0]
        return self.target("actor", x)[:, 0]

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

    def smoothed(self, out: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """Returns the policy's actions with clipped normal noise on them, clipped to [-1, 1]."""
        std, clip = (self.vector(f"smoothing.{key}")[..., None] for key in ("std", "clip"))
        return (self.policy.mode(out) + (std * noise).clamp(-clip, clip)).clamp(-1.0, 1.0)

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
