"""Replay that keeps every frame once; boolean frames are kept as bits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

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
        self.width = -(-self._numbers // 8) if self._packed else self._numbers
        self.dtype = np.dtype("uint8" if self._packed else shape.dtype)
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


class Replay:
    """The last `capacity` transitions of every member.

    Slot t modulo (capacity + 1) holds observation, action, reward and termination of step t; the
    next observation is the next slot's, so that a transition can be drawn one step after it was
    made. Writes are gathered on the host and reach the device before the next sample.
    """

    def __init__(self, shape: Shape, members: int, capacity: int, device: str) -> None:
        self.count = 0
        self._frames = Frames(shape, device)
        self._slots = capacity + 1
        columns = {
            "frames": (self._frames.dtype, (self._frames.width,)),
            "actions": (np.dtype("uint8" if shape.actions <= 256 else "int64"), ()),
            "rewards": (np.dtype("float32"), ()),
            "terminals": (np.dtype("bool"), ()),
        }
        self.columns = {
            name: torch.from_numpy(np.zeros((members, self._slots, *width), dtype)).to(device)
            for name, (dtype, width) in columns.items()
        }
        self._staged = {
            name: np.zeros((members, _STAGED, *width), dtype)
            for name, (dtype, width) in columns.items()
        }
        self._pending = 0
        self._device = device
        self._flat = {name: column.flatten(0, 1) for name, column in self.columns.items()}
        self._offsets = np.arange(members, dtype=np.int64)[:, None] * self._slots

    def see(self, observations: np.ndarray) -> None:
        """Note the observations [P, ...] of the step that `add` will complete."""
        self._staged["frames"][:, self._pending] = self._frames.encode(observations)

    def add(self, actions: np.ndarray, rewards: np.ndarray, terminals: np.ndarray) -> None:
        """Store the step that follows the observations seen last; all are [P]."""
        place = self._pending
        self._staged["actions"][:, place] = actions
        self._staged["rewards"][:, place] = rewards
        self._staged["terminals"][:, place] = terminals
        self.count += 1
        self._pending += 1
        if self._pending == _STAGED:
            self.flush()

    def flush(self) -> None:
        """Move what was added since the last time to the device."""
        first = self.count - self._pending
        done = 0
        while done < self._pending:
            slot = (first + done) % self._slots
            length = min(self._pending - done, self._slots - slot)
            for name, column in self.columns.items():
                staged = self._staged[name][:, done : done + length]
                column[:, slot : slot + length].copy_(torch.from_numpy(staged))
            done += length
        self._pending = 0

    def sample(self, draws: np.ndarray) -> Batch:
        """Transitions chosen uniformly by 32-bit `draws` [P, B]; at least two steps are stored."""
        self.flush()
        valid = min(self.count - 1, self._slots - 1)
        step = self.count - 1 - valid + streams.below(draws, valid)
        both = np.concatenate((step, step + 1), axis=1) % self._slots + self._offsets
        slots = torch.from_numpy(both).to(self._device)
        members, batch = draws.shape
        now = slots[:, :batch].reshape(-1)
        rows = self._flat["frames"].index_select(0, slots.view(-1)).view(members, 2 * batch, -1)
        observations = self._frames.decode(rows)

        def column(name: str) -> torch.Tensor:
            return self._flat[name].index_select(0, now).view(members, batch)

        return Batch(
            observations=observations[:, :batch],
            actions=column("actions").long(),
            rewards=column("rewards"),
            masks=(~column("terminals")).float(),
            next_observations=observations[:, batch:],
        )

    def save(self, member: int) -> dict[str, np.ndarray]:
        """The filled part of one member's replay."""
        self.flush()
        filled = min(self.count, self._slots)
        return {
            name: column[member, :filled].cpu().numpy().copy()
            for name, column in self.columns.items()
        }

    def load(self, member: int, state: dict[str, np.ndarray]) -> None:
        """Put back what `save` returned; `count` is the caller's to set."""
        for name, column in self.columns.items():
            rows = state[name]
            column[member, : len(rows)].copy_(torch.from_numpy(rows))
