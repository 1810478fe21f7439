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
    """tanh z with z ~ N(mu, sigma), both from the actor; log sigma is bounded.

    It is clamped, or, where `policy.log_std_bound` is `tanh`, squashed to lie between its bounds.

    log pi(a | s) = log N(z; mu, sigma) - sum_j log(1 - a_j^2) (Haarnoja et al. 2018, App. C).
    """

    def __init__(self, members: Sequence[Mapping[str, Any]], device: str) -> None:
        self._low = float(members[0]["policy.log_std_low"])
        self._high = float(members[0]["policy.log_std_high"])
        self._squashes = members[0].get("policy.log_std_bound", "clamp") == "tanh"

    @staticmethod
    def outputs(actions: int) -> int:
        """Returns two a number of an action: mean, log standard deviation."""
        return 2 * actions

    def sample(self, out: torch.Tensor, noise: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns reparametrised actions and their log-density."""
        bounded = self._squashed(out) if self._squashes else out
        return autograd.squashed(bounded, noise, self._low, self._high)

    def _squashed(self, out: torch.Tensor) -> torch.Tensor:
        """The actor's outputs with log sigma = low + (high - low) (tanh(log sigma) + 1) / 2."""
        mean, raw = out.chunk(2, dim=2)
        log_std = self._low + 0.5 * (self._high - self._low) * (torch.tanh(raw) + 1.0)
        return torch.cat((mean, log_std), dim=2)

    def mode(self, out: torch.Tensor) -> torch.Tensor:
        """Returns tanh of the mean."""
        return torch.tanh(out.chunk(2, dim=2)[0])
