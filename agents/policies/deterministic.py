"""The deterministic policy: tanh, with normal noise while training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agents.policies.base import Policy

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


class Deterministic(Policy):
    """tanh(out), and normal noise of `std` on it, clipped to [-1, 1]."""

    def __init__(self, members: Sequence[Mapping[str, Any]], device: str) -> None:
        stds = [[[float(params["policy.std"])]] for params in members]
        self._std = torch.tensor(stds, device=device)

    @staticmethod
    def outputs(actions: int) -> int:
        """Returns `actions`: the mean."""
        return actions

    def sample(self, out: torch.Tensor, noise: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns noisy actions; their log-density depends on no mean and counts as 0."""
        action = (torch.tanh(out) + self._std * noise).clamp(-1.0, 1.0)
        return action, action.new_zeros(action.shape[:2])

    def mode(self, out: torch.Tensor) -> torch.Tensor:
        """Returns the mean, tanh(out)."""
        return torch.tanh(out)
