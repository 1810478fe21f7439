"""Batches of transitions, and rows of append-only arrays."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


class Column:
    """An array whose rows are read by slices from where they are, `column[begin:end]`.

    `np.asarray(column)` reads all of them.
    """

    def __init__(
        self, shape: tuple[int, ...], dtype: Any, read: Callable[[int, int], np.ndarray]
    ) -> None:
        self.shape, self.dtype, self._read = shape, np.dtype(dtype), read

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> np.ndarray:
        begin, end, _ = rows.indices(len(self))
        return self._read(begin, max(begin, end))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[:], dtype)

    @property
    def nbytes(self) -> int:
        """Bytes of all rows."""
        return int(math.prod(self.shape) * self.dtype.itemsize)


@dataclass(frozen=True)
class Rows:
    """Rows `begin` ... `end` - 1 of append-only arrays; none before `first` is needed.

    Arrays are columns, which can be read until the pack that they are of goes on.
    """

    begin: int
    end: int
    first: int
    arrays: dict[str, Any]


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
