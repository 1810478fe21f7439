"""The stochastic policy of SAC: a normal distribution squashed by tanh."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agents.policies.base import ACTOR, BasePolicy, Networks

if TYPE_CHECKING:
    import torch

    from agents.layers.functional import autograd
else:
    from agents.lazy import LazyModule

    autograd = LazyModule("agents.layers.functional.autograd")
    torch = LazyModule("torch")


class Policy(BasePolicy):
    """tanh z with z ~ N(mu, sigma), both from the actor; log sigma is bounded.

    It is clamped, or, where `policy.log_std_bound` is `tanh`, squashed to lie between its bounds.

    log pi(a | s) = log N(z; mu, sigma) - sum_j log(1 - a_j^2) (Haarnoja et al. 2018, App. C).
    """

    def __init__(self, members: Sequence[Mapping[str, Any]], device: str) -> None:
        self.low = float(members[0]["policy.log_std_low"])
        self.high = float(members[0]["policy.log_std_high"])
        self._squashes = members[0].get("policy.log_std_bound", "clamp") == "tanh"

    def sample(
        self, networks: Networks, states: torch.Tensor, noise: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns reparametrised actions and their log-density."""
        return self.squashed(networks(ACTOR, states), noise)

    def squashed(self, out: torch.Tensor, noise: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns actions and their log-density for (mu, log sigma), [P, B, 2 A]."""
        bounded = self._between(out) if self._squashes else out
        return autograd.squashed(bounded, noise, self.low, self.high)

    def normal(self, out: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns mu and the bounded log sigma of what a network gave, [P, B, n] each."""
        mean, raw = out.chunk(2, dim=2)
        if self._squashes:
            raw = self._between(out).chunk(2, dim=2)[1]
        return mean, raw.clamp(self.low, self.high)

    def _between(self, out: torch.Tensor) -> torch.Tensor:
        """The outputs with log sigma = low + (high - low) (tanh(log sigma) + 1) / 2."""
        mean, raw = out.chunk(2, dim=2)
        log_std = self.low + 0.5 * (self.high - self.low) * (torch.tanh(raw) + 1.0)
        return torch.cat((mean, log_std), dim=2)

    def mode(self, networks: Networks, states: torch.Tensor) -> torch.Tensor:
        """Returns tanh of the mean."""
        return torch.tanh(networks(ACTOR, states).chunk(2, dim=2)[0])
