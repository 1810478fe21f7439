"""Replay that keeps every frame once; boolean frames are kept as bits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agents import streams
from agents.replay.batch import Batch
from agents.replay.frames import Frames, Truncations, stored_row
from agents.shape import Shape

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")

_STAGED = 64
_BESIDES = 2
"""Numbers of an outcome besides its action: reward and mask."""


class Replay:
    """The last `capacity` transitions of every member.

    Slot t modulo (capacity + 1) holds step t: its observation in `frames` [P, slots, width], and
    reward, mask and action in `outcomes` [P, slots, 2 + numbers of an action]. The next observation
    is the next slot's, so that a transition can be drawn one step after it was made; where an
    episode was truncated it is kept apart, by step. Writes are gathered on the host and reach the
    device before the next sample.
    """

    def __init__(self, shape: Shape, members: int, capacity: int, device: str) -> None:
        self.count = 0
        self._slots = capacity + 1
        self._device = device
        self._codec = Frames(shape, device)
        width, dtype = self._codec.width, self._codec.dtype
        self._staged_frames = np.zeros((members, _STAGED, width), dtype)
        self._outcomes = _BESIDES + (shape.actions if shape.continuous else 1)
        self._chooses = not shape.continuous
        self._staged_outcomes = np.zeros((members, _STAGED, self._outcomes), np.float32)
        self._pending = 0
        self.frames = torch.from_numpy(np.zeros((members, self._slots, width), dtype)).to(device)
        self.outcomes = torch.zeros(members, self._slots, self._outcomes, device=device)
        self._truncations = [Truncations(width, dtype) for _ in range(members)]
        self._all_frames = self.frames.flatten(0, 1)
        self._all_outcomes = self.outcomes.flatten(0, 1)
        self._first = np.arange(members, dtype=np.int64)[:, None] * self._slots

    @staticmethod
    def bytes_per_step(shape: Shape) -> int:
        """Returns bytes of one step of one member."""
        numbers = _BESIDES + (shape.actions if shape.continuous else 1)
        return stored_row(shape)[0] * stored_row(shape)[1].itemsize + 4 * numbers

    def add_observations(self, observations: np.ndarray) -> None:
        """Stores the observations [P, ...] of the step that `add` completes."""
        self._staged_frames[:, self._pending] = self._codec.encode(observations)

    def add(self, actions: np.ndarray, rewards: np.ndarray, terminals: np.ndarray) -> None:
        """Stores the outcomes [P] of the step seen last; continuous actions are [P, A]."""
        staged = self._staged_outcomes[:, self._pending]
        staged[:, 0], staged[:, 1] = rewards, ~terminals
        staged[:, _BESIDES:] = actions.reshape(len(actions), -1)
        self.count += 1
        self._pending += 1
        if self._pending == _STAGED:
            self.flush()

    def truncate(self, rows: np.ndarray, observations: np.ndarray) -> None:
        """Notes that the step added last truncated the episodes of the members `rows`.

        `observations` [P, ...] are those after it: the last ones, from which one would go on.
        """
        frames = self._codec.encode(observations)
        for row in rows.tolist():
            self._truncations[row].add(self.count - 1, frames[row], self.first)

    def flush(self) -> None:
        """Moves what was added since the last time to the device."""
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
        """Returns transitions chosen uniformly by 32-bit `draws` [P, B], of at least two steps."""
        self.flush()
        members, batch = draws.shape
        valid = min(self.count - 1, self._slots - 1)
        steps = streams.below(draws, valid) + (self.count - 1 - valid)
        both = np.concatenate((steps, steps + 1), axis=1) % self._slots + self._first
        slots = torch.from_numpy(both).to(self._device)
        rows = self._all_frames.index_select(0, slots.view(-1)).view(members, 2 * batch, -1)
        for row, truncations in enumerate(self._truncations):
            place, frames = truncations.find(steps[row])
            if len(place):
                rows[row, torch.from_numpy(place + batch).to(rows.device)] = torch.from_numpy(
                    frames
                ).to(rows.device)
        outcomes = self._all_outcomes.index_select(0, slots[:, :batch].reshape(-1))
        outcomes = outcomes.view(members, batch, self._outcomes)
        actions = outcomes[..., _BESIDES:]
        observations = self._codec.decode(rows)
        return Batch(
            observations=observations[:, :batch],
            actions=actions[..., 0].long() if self._chooses else actions,
            rewards=outcomes[..., 0],
            masks=outcomes[..., 1],
            next_observations=observations[:, batch:],
        )

    @property
    def first(self) -> int:
        """The oldest step that is still stored."""
        return max(0, self.count - self._slots)

    def save(self, member: int, since: int = 0) -> dict[str, np.ndarray]:
        """Returns what is stored of one member's steps from `since` on, oldest first."""
        self.flush()
        slots = np.arange(max(since, self.first), self.count) % self._slots
        rows = torch.from_numpy(slots).to(self._device)
        return {
            "frames": self.frames[member].index_select(0, rows).cpu().numpy(),
            "outcomes": self.outcomes[member].index_select(0, rows).cpu().numpy(),
        }

    def save_truncations(self, member: int) -> dict[str, np.ndarray]:
        """Returns the steps that truncated a member's episodes, and the observations after them."""
        return self._truncations[member].save(self.first)

    def load_truncations(self, member: int, state: dict[str, np.ndarray]) -> None:
        """Puts back what `save_truncations` returned."""
        self._truncations[member].load(state)

    def load(self, member: int, state: dict[str, np.ndarray]) -> None:
        """Puts back what `save` returned; `count` is the caller's to set, before."""
        slots = np.arange(self.count - len(state["frames"]), self.count) % self._slots
        rows = torch.from_numpy(slots).to(self._device)
        for column, name in ((self.frames, "frames"), (self.outcomes, "outcomes")):
            column[member].index_copy_(0, rows, torch.from_numpy(state[name]).to(self._device))
