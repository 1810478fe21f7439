"""DDPG (Lillicrap et al. 2016) as in Hui 2022, ch. 3: one critic, targets by the online actor.

It is not Algorithm 1 as printed, whose policy has noise (§2.1.2): here neither the targets nor the
actor's loss have any.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from agents.learners.actor_critic import ActorCritic
from agents.learners.actor_critic_parameters import DETERMINISTIC, PARAMETERS
from agents.parameter import Parameter
from agents.replay.batch import Batch

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


class Learner(ActorCritic):
    """P agents with a deterministic policy and noise of a fixed size on it."""

    parameters: ClassVar[Mapping[str, Parameter]] = {
        **PARAMETERS,
        **DETERMINISTIC,
        "critics": Parameter(int, 1, low=1),
    }

    def update(self, batch: Batch, *noise: torch.Tensor) -> None:
        """y = r + gamma m min_j Q'_j(s', mu(s')); the actor ascends Q_1(s, mu(s))."""
        self.update_critic(batch, self.critic_target(batch))
        actions = self.policy.mode(self.actor(batch.observations, training=True))
        self.update_actor(self.q1(batch.observations, actions))
        self.update_targets()

    def critic_target(self, batch: Batch, *noise: torch.Tensor) -> torch.Tensor:
        """Returns y = r + gamma m min_j Q'_j(s', mu(s')), [P, B]."""
        with torch.no_grad():
            next_actions = self.policy.mode(self.actor(batch.next_observations, target=True))
            next_values = self.min_q(batch.next_observations, next_actions, target=True)
            return self.target_q(batch, next_values)
