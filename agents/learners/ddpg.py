"""Deterministic policy gradients (Lillicrap et al. 2016), and all that differ from it in settings.

TD2, TD3 and others are this learner with other defaults. Where actions have noise is a setting,
`policy.noise_in`: Hui 2022 defines a policy with noise (§2.1.2), and its chapter 3 leaves it out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from agents.learners.actor_critic import ActorCritic
from agents.learners.actor_critic_parameters import DETERMINISTIC, PARAMETERS
from agents.parameter import Parameter
from agents.policies.base import TARGETS
from agents.replay.batch import Batch

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


class Learner(ActorCritic):
    """P agents with a deterministic policy; DDPG has one critic, and noise in exploration alone."""

    parameters: ClassVar[Mapping[str, Parameter]] = {
        **PARAMETERS,
        **DETERMINISTIC,
        "critics": Parameter(int, 1, low=1),
    }

    def update(self, batch: Batch, *noise: torch.Tensor) -> None:
        """y = r + gamma m min_j Q'_j(s', mu(s') + e); every `policy.delay` updates the actor
        ascends Q(s, mu(s) + e), Q by `actor.objective`; e is 0 where `policy.noise_in` does not
        say so."""
        of_targets, of_actor = self.noises_by_use(noise)
        self.update_critic(batch, self.critic_target(batch, *of_targets))
        if self.updates % self.params["policy.delay"] == 0:
            for drawn in of_actor:
                actions, _ = self.actions(batch.observations, drawn)
                self.update_actor(self.objective(batch.observations, actions))
            self.update_targets()

    def critic_target(self, batch: Batch, *noise: torch.Tensor) -> torch.Tensor:
        """Returns y [P, B], by the first noise where there is noise in targets."""
        with torch.no_grad():
            drawn = noise[0] if TARGETS in self.noise_in else None
            actions, _ = self.next_actions(batch.next_observations, drawn)
            next_values = self.min_q(batch.next_observations, actions, target=True)
            return self.target_q(batch, next_values)
