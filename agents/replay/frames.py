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

_FEW = 16


class Frames:
    """The encoding of observations: booleans as bits (8 a byte), anything else as it is.

    Of an observation of several frames a row holds the newest alone.
    """

    def __init__(self, shape: Shape, device: str) -> None:
        self._shape = shape
        self._numbers = math.prod(shape.frame)
        self._packed = shape.dtype == "bool"
        self.width, self.dtype = stored_row(shape)
        bits = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1)
        self._table = torch.from_numpy(bits).float().to(device)

    def encode(self, observations: np.ndarray) -> np.ndarray:
        """Returns observations [P, ...] as rows [P, width]."""
        return encoded(observations, self._shape)

    def decode(self, rows: torch.Tensor, floats: bool = True) -> torch.Tensor:
        """Returns rows [P, B, stack * width] as float32 observations [P, B, ...].

        Rows of an observation's frames follow each other, the oldest first. Without `floats` images
        stay bytes: raises ValueError where observations are no bytes.
        """
        if not floats and self._shape.dtype != "uint8":
            raise ValueError(f"only images of uint8 stay bytes, not {self._shape.dtype}")
        if self._packed:
            bits = F.embedding(rows.view(*rows.shape[:2], -1, self.width).int(), self._table)
            return self._stacked(bits.flatten(3)[..., : self._numbers])
        observations = self._stacked(rows)
        return as_floats(observations, self._shape.high) if floats else observations

    def _stacked(self, frames: torch.Tensor) -> torch.Tensor:
        """Puts an observation's frames, one after the other, side by side in the last axis.

        Number by number: a third of the time of a transposed copy, whose runs are of few bytes. A
        transposed view would be copied by every convolution that reads it.
        """
        members, batch = frames.shape[:2]
        stack, channels = self._shape.stack, self._shape.frame[-1]
        if stack > 1 and len(self._shape.observation) > 1:
            apart = frames.reshape(members, batch, stack, -1, channels)
            frames = apart.new_empty(members, batch, apart.shape[3], stack, channels)
            for frame in range(stack):
                for channel in range(channels):
                    frames[..., frame, channel] = apart[:, :, frame, :, channel]
        return frames.reshape(members, batch, *self._shape.observation)


def encoded(observations: np.ndarray, shape: Shape) -> np.ndarray:
    """Returns observations [P, ...] as rows [P, width], the newest frame of each."""
    newest = observations if shape.stack == 1 else observations[..., -shape.frame[-1] :]
    flat = newest.reshape(len(newest), -1)
    return np.packbits(flat, axis=1) if shape.dtype == "bool" else flat


def as_floats(observations: torch.Tensor, high: float) -> torch.Tensor:
    """Returns observations as float32, divided by `high`.

    Bytes on a CPU by NumPy, which reads and writes each number once: torch, twice.
    """
    if observations.dtype == torch.uint8 and observations.device.type == "cpu":
        numbers = np.divide(observations.numpy(), np.float32(high), dtype=np.float32)
        return torch.from_numpy(numbers)
    floats = observations.float()
    if high == 1.0:
        return floats
    return floats / high if floats is observations else floats.div_(high)


def stored_row(shape: Shape) -> tuple[int, np.dtype[Any]]:
    """Returns width and type of a stored frame."""
    numbers = math.prod(shape.frame)
    if shape.dtype == "bool":
        return -(-numbers // 8), np.dtype("uint8")
    return numbers, np.dtype(shape.dtype)


def row_bytes(shape: Shape) -> int:
    """Returns bytes of a stored frame."""
    width, dtype = stored_row(shape)
    return width * dtype.itemsize


class Truncations:
    """Steps that truncated one member's episodes, ascending, and the observations there.

    Step t of environment e of E counts as t E + e. Room is made for as many again as there are, so
    that adding one takes as long however many there are.
    """

    def __init__(self, width: int, dtype: np.dtype[Any]) -> None:
        self._all_steps = np.zeros(0, np.int64)
        self._all_frames = np.zeros((0, width), dtype)
        self._begin = self._end = 0

    @property
    def _steps(self) -> np.ndarray:
        return self._all_steps[self._begin : self._end]

    @property
    def _frames(self) -> np.ndarray:
        return self._all_frames[self._begin : self._end]

    def add(self, step: int, frame: np.ndarray, first: int) -> None:
        """Adds a truncation by `step`; those before `first` are forgotten."""
        self._begin += int(np.searchsorted(self._steps, first))
        if self._end == len(self._all_steps):
            self._hold(self._steps, self._frames, _FEW + 2 * (self._end - self._begin))
        self._all_steps[self._end], self._all_frames[self._end] = step, frame
        self._end += 1

    def _hold(self, steps: np.ndarray, frames: np.ndarray, room: int) -> None:
        """Holds these, in arrays with so much room."""
        count = len(steps)
        self._all_steps = np.zeros(room, np.int64)
        self._all_frames = np.zeros((room, frames.shape[1]), frames.dtype)
        self._all_steps[:count], self._all_frames[:count] = steps, frames
        self._begin, self._end = 0, count

    def find(self, steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns which of `steps` [B] truncated an episode, and the observations after them."""
        known, frames = self._steps, self._frames
        if not len(known):
            return known, frames
        place = np.minimum(np.searchsorted(known, steps), len(known) - 1)
        truncating = np.flatnonzero(known[place] == steps)
        return truncating, frames[place[truncating]]

    def save(self, first: int) -> dict[str, np.ndarray]:
        """Returns all truncations from `first` on."""
        kept = np.searchsorted(self._steps, first)
        return {"steps": self._steps[kept:].copy(), "frames": self._frames[kept:].copy()}

    def load(self, state: dict[str, np.ndarray]) -> None:
        """Puts back what `save` returned."""
        self._hold(state["steps"], state["frames"], len(state["steps"]))
