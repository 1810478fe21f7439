"""A policy with a latent variable, whose entropy has a variational bound (Hui 2022, §2.1.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from agents.networks.described import Described
from agents.parameter import Parameter
from agents.policies import squashed_gaussian
from agents.policies.base import ACTOR, HEAD_GAIN, Networks

if TYPE_CHECKING:
    import torch

    from agents.policies import densities
else:
    from agents.lazy import LazyModule

    densities = LazyModule("agents.policies.densities")
    torch = LazyModule("torch")

_LATENT, _POSTERIOR = "actor_latent", "actor_posterior"


class Policy(squashed_gaussian.Policy):
    """a ~ pi_1(a|z, s), a squashed Gaussian, with a latent z ~ pi_2(z|s), a Gaussian.

    An auxiliary Gaussian q_3(z|a, s) learns with them. In the place of log pi(a|s), which no
    formula gives, stands log pi_1(a|z, s) + log pi_2(z|s) - log q_3(z|a, s): its mean is at least
    that of log pi(a|s), so that entropies are bounded from below.
    """

    parameters: ClassVar[Mapping[str, Parameter]] = {"policy.latent": Parameter(int, 16, low=1)}

    @classmethod
    def networks(cls, params: Mapping[str, Any], states: int, actions: int) -> dict[str, Described]:
        """Returns pi_1, pi_2 and q_3, which all are described by `actor.*`."""
        latent = int(params["policy.latent"])
        return {
            ACTOR: Described(states + latent, 2 * actions, ACTOR, HEAD_GAIN),
            _LATENT: Described(states, 2 * latent, ACTOR, HEAD_GAIN),
            _POSTERIOR: Described(states + actions, 2 * latent, ACTOR, HEAD_GAIN),
        }

    @classmethod
    def normals(cls, params: Mapping[str, Any], actions: int) -> int:
        """Returns those of the action, then those of z."""
        return actions + int(params["policy.latent"])

    def __init__(self, members: Sequence[Mapping[str, Any]], device: str) -> None:
        super().__init__(members, device)
        self._latent = int(members[0]["policy.latent"])

    def sample(
        self, networks: Networks, states: torch.Tensor, noise: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns reparametrised actions, and the bound in the place of their log-density."""
        of_action, of_latent = noise[..., : -self._latent], noise[..., -self._latent :]
        mean, log_std = self.normal(networks(_LATENT, states))
        z = mean + log_std.exp() * of_latent
        log_latent = densities.log_normal(of_latent, log_std)
        out = networks(ACTOR, torch.cat((states, z), dim=2))
        actions, log_action = self.squashed(out, of_action)
        guess, log_width = self.normal(networks(_POSTERIOR, torch.cat((states, actions), dim=2)))
        log_guess = densities.log_normal((z - guess) * (-log_width).exp(), log_width)
        return actions, log_action + log_latent - log_guess

    def mode(self, networks: Networks, states: torch.Tensor) -> torch.Tensor:
        """Returns the action of the means of z and of a."""
        z = networks(_LATENT, states).chunk(2, dim=2)[0]
        return torch.tanh(networks(ACTOR, torch.cat((states, z), dim=2)).chunk(2, dim=2)[0])
