"""The stochastic policy of SAC: a normal distribution squashed by tanh."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agents.policies.base import Policy

if TYPE_CHECKING:
    import torch

    from agents.layers.functional import autograd
else:
    from agents.lazy import LazyModule

    autograd = LazyModule("agents.layers.functional.autograd")
    torch = LazyModule("torch")


class SquashedGaussian(Policy):
    """tanh z with z ~ N(mu, sigma), both from the actor; log sigma is clamped.

    log pi(a | s) = log N(z; mu, sigma) - sum_j log(1 - a_j^2) (Haarnoja et al. 2018, App. C).
    """

    def __init__(self, members: Sequence[Mapping[str, Any]], device: str) -> None:
        self._low = float(members[0]["policy.log_std_low"])
        self._high = float(members[0]["policy.log_std_high"])

    @staticmethod
    def outputs(actions: int) -> int:
        """Mean and logarithm of the standard deviation."""
        return 2 * actions

    def sample(self, out: torch.Tensor, noise: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Reparametrised."""
        return autograd.squashed(out, noise, self._low, self._high)

    def mode(self, out: torch.Tensor) -> torch.Tensor:
        """tanh of the mean."""
        return torch.tanh(out.chunk(2, dim=2)[0])
