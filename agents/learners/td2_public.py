"""TD2 as its author's later public code has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from agents.learners import td2
from agents.learners.actor_critic_parameters import SMOOTHING
from agents.parameter import Parameter
from agents.replay.batch import Batch

if TYPE_CHECKING:
    import torch


class Learner(td2.Learner):
    """TD2 with noise on actions in targets and in the actor's loss, a mean over all critics."""

    noises = 2
    parameters: ClassVar[Mapping[str, Parameter]] = {
        **td2.Learner.parameters,
        **SMOOTHING,
        "smoothing.clip": Parameter(float, 0.3, low=0.0, packable=True),
    }

    def update(self, batch: Batch, *noise: torch.Tensor) -> None:
        """y = r + gamma m min_j Q'_j(s', mu(s') + e); the actor ascends
        mean_j Q_j(s, mu(s) + e)."""
        self.update_critic(batch, self.critic_target(batch, noise[0]))
        actions = self.smoothed(self.actor(batch.observations, training=True), noise[1])
        self.update_actor(self.q(batch.observations, actions).mean(1))
        self.update_targets()

    def critic_target(self, batch: Batch, *noise: torch.Tensor) -> torch.Tensor:
        """Returns y of the targets at smoothed actions, by the first noise."""
        return self.smoothed_target_q(batch, noise[0])
