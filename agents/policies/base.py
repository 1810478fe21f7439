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
    """Raise ValueError where the bounds of log sigma have no order; not all learners have them."""
    low, high = (params.get(f"policy.log_std_{end}") for end in ("low", "high"))
    if low is not None and low >= high:
        raise ValueError(f"policy.log_std_low must be below policy.log_std_high={high}, got {low}")


class Policy(ABC):
    """Actions from the outputs [P, B, outputs] of an actor and normal noise [P, B, A]."""

    @abstractmethod
    def __init__(self, members: Sequence[Mapping[str, Any]], device: str) -> None:
        """From the parameters `policy.*` of every member."""

    @staticmethod
    @abstractmethod
    def outputs(actions: int) -> int:
        """How many numbers the actor gives for `actions` numbers of an action."""

    @abstractmethod
    def sample(self, out: torch.Tensor, noise: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Actions [P, B, A] and what depends on the actor of their log-density [P, B]."""

    @abstractmethod
    def mode(self, out: torch.Tensor) -> torch.Tensor:
        """The actions [P, B, A] that an evaluation takes."""
