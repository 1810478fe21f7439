"""SAC as first published (Haarnoja et al. 2018a), with a value network; the one of Ota et al."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from agents.layers.base import INITS
from agents.learners.actor_critic import ActorCritic
from agents.learners.actor_critic_parameters import METRICS, OBJECTIVES, PARAMETERS
from agents.parameter import Parameter
from agents.replay.batch import Batch

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


class Learner(ActorCritic):
    """P agents with a stochastic policy, twin critics and a value network; no temperature.

    `reward_scale` takes the temperature's place: 5, and 20 on Humanoid. `critic.*`, `loss` and
    `asymmetry.*` are the value network's too.
    """

    policy_kind = "squashed_gaussian"
    metrics = (*METRICS, "value_loss")
    networks = ("actor", "critic", "value")
    with_targets = ("value",)
    parameters: ClassVar[Mapping[str, Parameter]] = {
        **PARAMETERS,
        "policy.log_std_low": Parameter(float, -20.0),
        "policy.log_std_high": Parameter(float, 2.0),
        "actor.objective": Parameter(str, "first", choices=OBJECTIVES),
        "reward_scale": Parameter(float, 5.0, packable=True),
        "actor.init": Parameter(str, "xavier", choices=INITS),
        "critic.init": Parameter(str, "xavier", choices=INITS),
    }

    @property
    def noises_in_targets(self) -> int:
        """None: targets of critics are of the value network, whose own the actor's actions give."""
        return 0

    def update(self, batch: Batch, *noise: torch.Tensor) -> None:
        """Q: c r + gamma m V'(s'); V: min_j Q_j(s, a) - log pi(a|s);
        the actor ascends Q_1(s, a) - log pi(a|s), unless `actor.objective` says otherwise."""
        actions, log_prob = self.actions(batch.observations, noise[0])
        y = self.critic_target(batch)
        with torch.no_grad():
            v = self.min_q(batch.observations, actions) - log_prob
        self.update_critic(batch, y)
        self.update_network("value", batch.observations, v, batch.weights)
        self.update_actor(self.objective(batch.observations, actions) - log_prob)
        for drawn in noise[1:]:
            actions, log_prob = self.actions(batch.observations, drawn)
            self.update_actor(self.objective(batch.observations, actions) - log_prob)
        self.update_targets()

    def critic_target(self, batch: Batch, *noise: torch.Tensor) -> torch.Tensor:
        """Returns y = c r + gamma m V'(s'), [P, B]."""
        with torch.no_grad():
            following = self.target("value", batch.next_observations)
            return self.target_q(batch, following[:, 0, :, 0])
