"""SAC (Haarnoja et al. 2018, second version) with the defaults of public code.

They are those of the later code of the author of Hui 2022, which itself gives none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from agents.learners.actor_critic import ActorCritic
from agents.learners.actor_critic_parameters import METRICS, PARAMETERS, POLICIES
from agents.optim.resets import Reset
from agents.parameter import Parameter
from agents.policies import temperature
from agents.policies.base import TARGETS
from agents.policies.temperature import Temperature
from agents.replay.batch import Batch
from agents.shape import Shape

if TYPE_CHECKING:
    import torch

    from agents.contract import Run
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


class Learner(ActorCritic):
    """P agents with a stochastic policy, twin critics and a temperature beta."""

    parameters: ClassVar[Mapping[str, Parameter]] = {
        **PARAMETERS,
        **POLICIES,
        **temperature.PARAMETERS,
    }
    metrics = (*METRICS, "entropy", "beta")

    @classmethod
    def check_together(cls, params: Mapping[str, Any], shape: Shape) -> None:
        """Raises ValueError where networks, parameters or the temperature do not fit."""
        super().check_together(params, shape)
        temperature.check(params, cls.policy_of(params).is_stochastic)

    def __init__(self, runs: Sequence[Run], shape: Shape, device: str) -> None:
        """Networks and the temperature."""
        super().__init__(runs, shape, device)
        self.temperature = Temperature(self._members, shape.actions, device)
        self.optimisers["beta"] = self.temperature.optimiser

    def initialise(self) -> None:
        """Initialises networks and the temperature."""
        super().initialise()
        self.temperature.initialise()

    def reset(self, one: Reset) -> None:
        """Draws networks anew, and lets the temperature begin again where all layers are."""
        super().reset(one)
        if one.layers is None:
            self.temperature.reset(one.row)

    def update(self, batch: Batch, *noise: torch.Tensor) -> None:
        """y = r + gamma m (min_j Q'_j(s', a') - beta log pi(a'|s'));
        the actor ascends Q(s, a) - beta log pi(a|s), Q the least of all critics unless
        `actor.objective` says otherwise."""
        of_targets, of_actor = self.noises_by_use(noise)
        self.update_critic(batch, self.critic_target(batch, *of_targets))
        for drawn in of_actor:
            self.update_policy(batch.observations, batch.observations, drawn)
        self.update_targets()

    def update_policy(
        self, of_actor: torch.Tensor, of_critic: torch.Tensor, noise: torch.Tensor | None
    ) -> None:
        """Takes a step of the policy, then of the temperature, at states as actor and critics read
        them."""
        beta = self.temperature.beta
        actions, log_prob = self.actions(of_actor, noise)
        self.update_actor(self.objective(of_critic, actions) - beta * log_prob)
        self.means.add(entropy=-log_prob.detach().mean(1), beta=beta[:, 0])
        self.temperature.step(log_prob)

    def critic_target(self, batch: Batch, *noise: torch.Tensor) -> torch.Tensor:
        """Returns y of the soft values of the next states, by the first noise."""
        with torch.no_grad():
            drawn = noise[0] if TARGETS in self.noise_in else None
            return self.target_q(batch, self.next_values(batch, drawn))

    def next_values(self, batch: Batch, noise: torch.Tensor | None) -> torch.Tensor:
        """Returns the soft values [P, B] of the next states."""
        actions, log_prob = self.next_actions(batch.next_observations, noise)
        values = self.min_q(batch.next_observations, actions, target=True)
        return values - self.temperature.beta * log_prob

    def tensors(self) -> list[tuple[str, torch.Tensor, Sequence[int]]]:
        """Returns networks, moments, and the temperature."""
        beta = self.temperature.name, self.temperature.learned, range(len(self.runs))
        return [*super().tensors(), beta]
