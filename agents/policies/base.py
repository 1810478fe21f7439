"""Policies: how an actor's outputs become actions in [-1, 1] (Hui 2022, §2.1.2)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


def check(params: Mapping[str, Any]) -> None:
    """Raises ValueError where the lower bound of log sigma, if any, is not below the upper."""
    low, high = (params.get(f"policy.log_std_{end}") for end in ("low", "high"))
    if low is not None and low >= high:
        raise ValueError(f"policy.log_std_low must be below policy.log_std_high={high}, got {low}")


class Policy(ABC):
    """Actions from the outputs [P, B, outputs] of an actor and normal noise [P, B, A]."""

    @abstractmethod
    def __init__(self, members: Sequence[Mapping[str, Any]], device: str) -> None:
        """Policies from the parameters `policy.*` of every member."""

    @staticmethod
    @abstractmethod
    def outputs(actions: int) -> int:
        """Returns how many numbers the actor gives for `actions` numbers of an action."""

    @abstractmethod
    def sample(self, out: torch.Tensor, noise: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns actions [P, B, A] and log pi(a|s) [P, B], but for what no actor changes."""

    @abstractmethod
    def mode(self, out: torch.Tensor) -> torch.Tensor:
        """Returns the actions [P, B, A] that an evaluation takes."""
