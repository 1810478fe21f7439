"""SAC (Haarnoja et al. 2018, second version) with the defaults of public code.

They are those of the later code of the author of Hui 2022, which itself gives none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from agents.learners.actor_critic import ActorCritic
from agents.learners.actor_critic_parameters import ENTROPY, GAUSSIAN, METRICS, PARAMETERS
from agents.parameter import Parameter
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

    noises = 2
    parameters: ClassVar[Mapping[str, Parameter]] = {**PARAMETERS, **GAUSSIAN, **ENTROPY}
    metrics = (*METRICS, "entropy", "beta")

    @classmethod
    def check_together(cls, params: Mapping[str, Any], shape: Shape) -> None:
        """Raises ValueError where an automatic temperature has a fixed entropy or starts at 0."""
        super().check_together(params, shape)
        if params["entropy.auto"] and params["policy"] == "deterministic":
            raise ValueError(
                "entropy.auto must be false for policy=deterministic, whose entropy is fixed"
            )
        if params["entropy.auto"] and not params["entropy.beta"]:
            raise ValueError("entropy.beta must be above 0 where entropy.auto is true, got 0")

    def __init__(self, runs: Sequence[Run], shape: Shape, device: str) -> None:
        """Networks and the temperature."""
        super().__init__(runs, shape, device)
        self.temperature = Temperature([run.params for run in runs], shape.actions, device)
        self.optimisers["beta"] = self.temperature.optimiser

    def initialise(self) -> None:
        """Initialises networks and the temperature."""
        super().initialise()
        self.temperature.initialise()

    def update(self, batch: Batch, *noise: torch.Tensor) -> None:
        """y = r + gamma m (min_j Q'_j(s', a') - beta log pi(a'|s'));
        the actor ascends min_j Q_j(s, a) - beta log pi(a|s)."""
        self.update_critic(batch, self.critic_target(batch, noise[0]))
        self.update_policy(batch.observations, batch.observations, noise[1])
        self.update_targets()

    def update_policy(
        self, of_actor: torch.Tensor, of_critic: torch.Tensor, noise: torch.Tensor
    ) -> None:
        """Takes a step of the actor, then of the temperature, at states as each network reads them.

        The actor ascends min_j Q_j(s, a) - beta log pi(a|s).
        """
        beta = self.temperature.beta
        actions, log_prob = self.policy.sample(self.actor(of_actor, training=True), noise)
        self.update_actor(self.min_q(of_critic, actions) - beta * log_prob)
        self.means.add(entropy=-log_prob.detach().mean(1), beta=beta[:, 0])
        self.temperature.step(log_prob)

    def critic_target(self, batch: Batch, *noise: torch.Tensor) -> torch.Tensor:
        """Returns y of the soft values of the next states, by the first noise."""
        with torch.no_grad():
            return self.target_q(batch, self.next_values(batch, noise[0]))

    def next_values(self, batch: Batch, noise: torch.Tensor) -> torch.Tensor:
        """Returns the soft values [P, B] of the next states."""
        out = self.actor(batch.next_observations, target=True)
        actions, log_prob = self.policy.sample(out, noise)
        values = self.min_q(batch.next_observations, actions, target=True)
        return values - self.temperature.beta * log_prob

    def tensors(self) -> list[tuple[str, torch.Tensor, Sequence[int]]]:
        """Returns networks, moments, and the temperature."""
        return [*super().tensors(), ("log_beta", self.temperature.log, range(len(self.runs)))]
