"""Batches of transitions, and rows of append-only arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


@dataclass(frozen=True)
class Rows:
    """Rows `begin` ... `end` - 1 of append-only arrays; none before `first` is needed."""

    begin: int
    end: int
    first: int
    arrays: dict[str, np.ndarray]


@dataclass(frozen=True)
class Batch:
    """Transitions: observations [P, B, ...], actions, rewards and masks [P, B].

    Actions are choices [P, B] (int64), or numbers [P, B, A]. `masks` is 0 where the transition
    terminated its episode, else 1, also where that was truncated. `weights` [P, B], of each
    transition's loss, and `places` [P, B] in the replay are there where priorities drew them.
    """

    observations: torch.Tensor
    actions: torch.Tensor
    rewards: torch.Tensor
    masks: torch.Tensor
    next_observations: torch.Tensor
    weights: torch.Tensor | None = None
    places: np.ndarray | None = None

    def flattened(self) -> Batch:
        """Returns the batch with observations as rows of numbers, [P, B, S]."""
        return replace(
            self,
            observations=self.observations.flatten(2),
            next_observations=self.next_observations.flatten(2),
        )
