"""The usual head: a number is a value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.heads.base import BaseHead

if TYPE_CHECKING:
    import torch
    import torch.nn.functional as F
else:
    from agents.lazy import LazyModule

    F = LazyModule("torch.nn.functional")


class Head(BaseHead):
    """Values themselves: squared errors, or Huber's with delta 1."""

    def values(self, outputs: torch.Tensor) -> torch.Tensor:
        """Returns the numbers."""
        return outputs

    def chosen(self, outputs: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        """Returns the values [P, B] of the actions."""
        return outputs.gather(2, actions[..., None]).squeeze(2)

    def best(self, outputs: torch.Tensor) -> torch.Tensor:
        """Returns the largest values."""
        return outputs.amax(2)

    def value(self, chosen: torch.Tensor) -> torch.Tensor:
        """Returns the values."""
        return chosen

    def target(
        self, rewards: torch.Tensor, discounts: torch.Tensor, following: torch.Tensor
    ) -> torch.Tensor:
        """Returns r + d v, [P, B]."""
        return rewards + discounts * following

    def mean(self, target: torch.Tensor) -> torch.Tensor:
        """Returns the target."""
        return target

    def loss(self, chosen: torch.Tensor, target: torch.Tensor, kind: str | None) -> torch.Tensor:
        """Returns squared errors, or Huber's."""
        if kind == "huber":
            return F.huber_loss(chosen, target, reduction="none")
        return (chosen - target).square()

    def errors(self, chosen: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Returns |v - y|."""
        return (chosen - target).abs()
