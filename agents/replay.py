"""Replay that keeps every frame once; boolean frames are kept as bits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from agents import streams
from agents.shape import Shape

if TYPE_CHECKING:
    import torch
    import torch.nn.functional as F
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")
    F = LazyModule("torch.nn.functional")

_STAGED = 64
_OUTCOMES = 3


@dataclass(frozen=True)
class Rows:
    """Rows `begin` ... `end` - 1 of append-only arrays; those before `first` are needed no more."""

    begin: int
    end: int
    first: int
    arrays: dict[str, np.ndarray]


@dataclass(frozen=True)
class Batch:
    """Transitions: observations [P, B, ...], actions [P, B] (int64), rewards and masks [P, B].

    `masks` is 0 where the transition terminated its episode, else 1.
    """

    observations: torch.Tensor
    actions: torch.Tensor
    rewards: torch.Tensor
    masks: torch.Tensor
    next_observations: torch.Tensor


class Frames:
    """How observations are stored: booleans as bits (8 a byte), anything else as it is."""

    def __init__(self, shape: Shape, device: str) -> None:
        self._observation = shape.observation
        self._numbers = math.prod(shape.observation)
        self._packed = shape.dtype == "bool"
        self.width, self.dtype = _row(shape)
        bits = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1)
        self._table = torch.from_numpy(bits).float().to(device)

    def encode(self, observations: np.ndarray) -> np.ndarray:
        """Observations [P, ...] as rows [P, width]."""
        flat = observations.reshape(len(observations), -1)
        return np.packbits(flat, axis=1) if self._packed else flat

    def decode(self, rows: torch.Tensor) -> torch.Tensor:
        """Rows [P, B, width] as float32 observations [P, B, ...]."""
        if not self._packed:
            return rows.float().view(*rows.shape[:2], *self._observation)
        numbers = F.embedding(rows.int(), self._table).flatten(2)
        return numbers[..., : self._numbers].view(*rows.shape[:2], *self._observation)


def _row(shape: Shape) -> tuple[int, np.dtype[Any]]:
    """Width and type of a stored observation."""
    numbers = math.prod(shape.observation)
    if shape.dtype == "bool":
        return -(-numbers // 8), np.dtype("uint8")
    return numbers, np.dtype(shape.dtype)


class Replay:
    """The last `capacity` transitions of every member.

    Slot t modulo (capacity + 1) holds step t: its observation in `frames` [P, slots, width], and
    reward, mask and action in `outcomes` [P, slots, 3]. The next observation is the next slot's,
    so that a transition can be drawn one step after it was made. Writes are gathered on the host
    and reach the device before the next sample.
    """

    def __init__(self, shape: Shape, members: int, capacity: int, device: str) -> None:
        self.count = 0
        self._slots = capacity + 1
        self._device = device
        self._codec = Frames(shape, device)
        width, dtype = self._codec.width, self._codec.dtype
        self._staged_frames = np.zeros((members, _STAGED, width), dtype)
        self._staged_outcomes = np.zeros((members, _STAGED, _OUTCOMES), np.float32)
        self._pending = 0
        self.frames = torch.from_numpy(np.zeros((members, self._slots, width), dtype)).to(device)
        self.outcomes = torch.zeros(members, self._slots, _OUTCOMES, device=device)
        self._all_frames = self.frames.flatten(0, 1)
        self._all_outcomes = self.outcomes.flatten(0, 1)
        self._first = np.arange(members, dtype=np.int64)[:, None] * self._slots

    @staticmethod
    def bytes_per_step(shape: Shape) -> int:
        """Memory that one step of one member takes."""
        return _row(shape)[0] * _row(shape)[1].itemsize + 4 * _OUTCOMES

    def see(self, observations: np.ndarray) -> None:
        """Note the observations [P, ...] of the step that `add` will complete."""
        self._staged_frames[:, self._pending] = self._codec.encode(observations)

    def add(self, actions: np.ndarray, rewards: np.ndarray, terminals: np.ndarray) -> None:
        """Store the step that follows the observations seen last; all are [P]."""
        staged = self._staged_outcomes[:, self._pending]
        staged[:, 0], staged[:, 1], staged[:, 2] = rewards, ~terminals, actions
        self.count += 1
        self._pending += 1
        if self._pending == _STAGED:
            self.flush()

    def flush(self) -> None:
        """Move what was added since the last time to the device."""
        begin = self.count - self._pending
        done = 0
        while done < self._pending:
            slot = (begin + done) % self._slots
            length = min(self._pending - done, self._slots - slot)
            place, staged = slice(slot, slot + length), slice(done, done + length)
            self.frames[:, place].copy_(torch.from_numpy(self._staged_frames[:, staged]))
            self.outcomes[:, place].copy_(torch.from_numpy(self._staged_outcomes[:, staged]))
            done += length
        self._pending = 0

    def sample(self, draws: np.ndarray) -> Batch:
        """Transitions chosen uniformly by 32-bit `draws` [P, B]; at least two steps are stored."""
        self.flush()
        members, batch = draws.shape
        valid = min(self.count - 1, self._slots - 1)
        steps = streams.below(draws, valid) + (self.count - 1 - valid)
        both = np.concatenate((steps, steps + 1), axis=1) % self._slots + self._first
        slots = torch.from_numpy(both).to(self._device)
        rows = self._all_frames.index_select(0, slots.view(-1)).view(members, 2 * batch, -1)
        outcomes = self._all_outcomes.index_select(0, slots[:, :batch].reshape(-1))
        rewards, masks, actions = outcomes.view(members, batch, _OUTCOMES).unbind(2)
        observations = self._codec.decode(rows)
        return Batch(
            observations=observations[:, :batch],
            actions=actions.long(),
            rewards=rewards,
            masks=masks,
            next_observations=observations[:, batch:],
        )

    @property
    def first(self) -> int:
        """The oldest step that is still stored."""
        return max(0, self.count - self._slots)

    def save(self, member: int, since: int = 0) -> dict[str, np.ndarray]:
        """What is stored of one member's steps from `since` on, oldest first."""
        self.flush()
        slots = np.arange(max(since, self.first), self.count) % self._slots
        rows = torch.from_numpy(slots).to(self._device)
        return {
            "frames": self.frames[member].index_select(0, rows).cpu().numpy(),
            "outcomes": self.outcomes[member].index_select(0, rows).cpu().numpy(),
        }

    def load(self, member: int, state: dict[str, np.ndarray]) -> None:
        """Put back what `save` returned; `count` is the caller's to set, before."""
        slots = np.arange(self.count - len(state["frames"]), self.count) % self._slots
        rows = torch.from_numpy(slots).to(self._device)
        for column, name in ((self.frames, "frames"), (self.outcomes, "outcomes")):
            column[member].index_copy_(0, rows, torch.from_numpy(state[name]).to(self._device))
