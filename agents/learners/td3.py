"""TD3 (Fujimoto et al. 2018), with the defaults of its public code, but orthogonal weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from agents.learners.actor_critic import ActorCritic
from agents.learners.actor_critic_parameters import DETERMINISTIC, PARAMETERS, SMOOTHING
from agents.parameter import Parameter
from agents.replay.batch import Batch

if TYPE_CHECKING:
    import torch


class Learner(ActorCritic):
    """P agents with twin critics, smoothed targets and an actor that learns less often."""

    noises = 1
    parameters: ClassVar[Mapping[str, Parameter]] = {
        **PARAMETERS,
        **DETERMINISTIC,
        **SMOOTHING,
        "policy.std": Parameter(float, 0.1, low=0.0, packable=True),
        "policy.delay": Parameter(int, 2, low=1),
        "target.actor": Parameter(str, "ema", choices=("online", "ema")),
        "warmup_steps": Parameter(int, 25_000, low=2),
    }

    def update(self, batch: Batch, *noise: torch.Tensor) -> None:
        """y = r + gamma m min_j Q'_j(s', mu'(s') + e); the actor ascends Q_1(s, mu(s))."""
        self.update_critic(batch, self.critic_target(batch, noise[0]))
        if self.updates % self.params["policy.delay"] == 0:
            actions = self.policy.mode(self.actor(batch.observations, training=True))
            self.update_actor(self.q1(batch.observations, actions))
            self.update_targets()

    def critic_target(self, batch: Batch, *noise: torch.Tensor) -> torch.Tensor:
        """Returns y of the targets at smoothed actions, by the first noise."""
        return self.smoothed_target_q(batch, noise[0])
