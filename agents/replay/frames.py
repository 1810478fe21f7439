"""How a replay stores observations: frames, and the last ones of truncated episodes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from agents.shape import Shape

if TYPE_CHECKING:
    import torch
    import torch.nn.functional as F
else:
    from agents.lazy import LazyModule

    F = LazyModule("torch.nn.functional")
    torch = LazyModule("torch")


class Frames:
    """The encoding of observations: booleans as bits (8 a byte), anything else as it is."""

    def __init__(self, shape: Shape, device: str) -> None:
        self._observation, self._high = shape.observation, shape.high
        self._numbers = math.prod(shape.observation)
        self._packed = shape.dtype == "bool"
        self.width, self.dtype = stored_row(shape)
        bits = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1)
        self._table = torch.from_numpy(bits).float().to(device)

    def encode(self, observations: np.ndarray) -> np.ndarray:
        """Returns observations [P, ...] as rows [P, width]."""
        flat = observations.reshape(len(observations), -1)
        return np.packbits(flat, axis=1) if self._packed else flat

    def decode(self, rows: torch.Tensor) -> torch.Tensor:
        """Returns rows [P, B, width] as float32 observations [P, B, ...]."""
        if not self._packed:
            return as_floats(rows, self._high).view(*rows.shape[:2], *self._observation)
        numbers = F.embedding(rows.int(), self._table).flatten(2)
        return numbers[..., : self._numbers].view(*rows.shape[:2], *self._observation)


def as_floats(observations: torch.Tensor, high: float) -> torch.Tensor:
    """Returns observations as float32, divided by `high`."""
    floats = observations.float()
    return floats if high == 1.0 else floats / high


def stored_row(shape: Shape) -> tuple[int, np.dtype[Any]]:
    """Returns width and type of a stored observation."""
    numbers = math.prod(shape.observation)
    if shape.dtype == "bool":
        return -(-numbers // 8), np.dtype("uint8")
    return numbers, np.dtype(shape.dtype)


class Truncations:
    """Steps that truncated one member's episodes, ascending, and the observations there."""

    def __init__(self, width: int, dtype: np.dtype[Any]) -> None:
        self._steps = np.zeros(0, np.int64)
        self._frames = np.zeros((0, width), dtype)

    def add(self, step: int, frame: np.ndarray, first: int) -> None:
        """Adds a truncation by `step`; those before `first` are forgotten."""
        kept = np.searchsorted(self._steps, first)
        self._steps = np.append(self._steps[kept:], step)
        self._frames = np.concatenate((self._frames[kept:], frame[None]))

    def find(self, steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns which of `steps` [B] truncated an episode, and the observations after them."""
        if not len(self._steps):
            return self._steps, self._frames
        place = np.minimum(np.searchsorted(self._steps, steps), len(self._steps) - 1)
        truncating = np.flatnonzero(self._steps[place] == steps)
        return truncating, self._frames[place[truncating]]

    def save(self, first: int) -> dict[str, np.ndarray]:
        """Returns all truncations from `first` on."""
        kept = np.searchsorted(self._steps, first)
        return {"steps": self._steps[kept:].copy(), "frames": self._frames[kept:].copy()}

    def load(self, state: dict[str, np.ndarray]) -> None:
        """Puts back what `save` returned."""
        self._steps, self._frames = state["steps"], state["frames"]
