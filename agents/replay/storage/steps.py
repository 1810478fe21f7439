"""The steps that a replay keeps: every frame once, boolean frames as bits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from agents.replay.batch import Column
from agents.replay.frames import Frames, Truncations, row_bytes
from agents.replay.storage.episode_ends import EpisodeEnds
from agents.replay.storage.store import FramesInMemory, MappedFrames, Store
from agents.shape import Shape

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")

_STAGED = 64
BESIDES = 2
"""Numbers of an outcome besides its action: reward and mask."""
_BLOCK = 2**24
"""Bytes that are loaded at once."""


class StoredSteps:
    """The last `capacity` steps of each of every member's E environments.

    A member has E x slots places, slots = capacity + stack, and environment e holds step t at place
    e * slots + t modulo slots: the newest frame of its observation in `frames`, of each member
    [places, width], and reward, mask and action in `outcomes` [P, places, 2 + numbers of an
    action]. The next observation is the next slot's; where an episode was truncated it is kept
    apart, by step, and with `keeps_ends` also where one terminated, for who predicts observations.
    An observation of several frames is put together from those of its episode's last steps. Writes
    are gathered on the host and reach the device before the next sample. Members' environments one
    after the other are P E streams, all `count` steps long.
    """

    def __init__(
        self,
        shape: Shape,
        members: int,
        capacity: int,
        device: str,
        envs: int = 1,
        frames: Store | None = None,
    ) -> None:
        """An empty replay, in memory where no `frames` are given."""
        self.count = 0
        self.keeps_ends = False
        self._capacity, self._stack, self._envs = capacity, shape.stack, envs
        self._slots = capacity + shape.stack
        self._device, self._observation = device, shape.observation
        self._codec = Frames(shape, device)
        width, dtype = self._codec.width, self._codec.dtype
        self._streams, places = members * envs, envs * self._slots
        self._staged_frames = np.zeros((self._streams, _STAGED, width), dtype)
        self._outcomes = BESIDES + (shape.actions if shape.continuous else 1)
        self._chooses = not shape.continuous
        self._staged_outcomes = np.zeros((self._streams, _STAGED, self._outcomes), np.float32)
        self._pending = 0
        blank = (members, places, width, dtype, device)
        self.frames: Store = FramesInMemory(*blank) if frames is None else frames
        self.outcomes = torch.zeros(members, places, self._outcomes, device=device)
        self._truncations = [Truncations(width, dtype) for _ in range(members)]
        self._ends = EpisodeEnds(self._streams, self._slots)
        self._all_outcomes = self.outcomes.flatten(0, 1)
        self._first = np.arange(members, dtype=np.int64)[:, None] * places

    @staticmethod
    def bytes_per_step(shape: Shape) -> int:
        """Returns bytes of one step of one environment."""
        numbers = BESIDES + (shape.actions if shape.continuous else 1)
        return row_bytes(shape) + 4 * numbers

    @staticmethod
    def frames_bytes(shape: Shape, capacity: int, envs: int = 1) -> int:
        """Returns bytes of the frames alone of the full replay of one member."""
        return envs * (capacity + shape.stack) * row_bytes(shape)

    @classmethod
    def full_bytes(cls, shape: Shape, capacity: int, envs: int = 1) -> int:
        """Returns bytes of the full replay of one member, without what is gathered on the host."""
        return envs * (capacity + shape.stack) * cls.bytes_per_step(shape)

    @classmethod
    def gathered_bytes(cls, shape: Shape, envs: int = 1) -> int:
        """Returns bytes of what a member's writes are gathered in on the host."""
        return envs * _STAGED * cls.bytes_per_step(shape)

    def add_observations(self, observations: np.ndarray) -> None:
        """Stores the observations [P, E, ...] of the step that `add` completes."""
        self.add_frames(self._encoded(observations))

    def add_frames(self, frames: np.ndarray) -> None:
        """Stores the frames [P E, width] of the step that `add` completes."""
        self._staged_frames[:, self._pending] = frames

    def _encoded(self, observations: np.ndarray) -> np.ndarray:
        return self._codec.encode(observations.reshape(self._streams, *self._observation))

    def add(self, actions: np.ndarray, rewards: np.ndarray, terminals: np.ndarray) -> None:
        """Stores the outcomes [P, E] of the step seen last; continuous actions are [P, E, A]."""
        staged, ended = self._staged_outcomes[:, self._pending], terminals.reshape(-1)
        staged[:, 0], staged[:, 1] = rewards.reshape(-1), ~ended
        staged[:, BESIDES:] = actions.reshape(self._streams, -1)
        self._ends.note(slice(None), self.count, ended)
        self.count += 1
        self._pending += 1
        if self._pending == _STAGED:
            self.flush()

    def apart(self, terminals: np.ndarray, truncations: np.ndarray) -> np.ndarray:
        """Returns the streams whose episodes ended so that `truncate` has to know it."""
        ended = terminals | truncations if self.keeps_ends else truncations & ~terminals
        return np.flatnonzero(ended)

    def truncate(self, streams: np.ndarray, observations: np.ndarray) -> None:
        """Notes that the step added last truncated the episodes of `streams`.

        `observations` [P, E, ...] are those after it: the last ones, from which one would go on.
        """
        self.cut(streams, self._encoded(observations))

    def cut(self, streams: np.ndarray, frames: np.ndarray) -> None:
        """Does what `truncate` does, with the frames [P E, width] of the last observations."""
        first = self.first * self._envs
        for stream in streams.tolist():
            member, env = divmod(stream, self._envs)
            step = (self.count - 1) * self._envs + env
            self._truncations[member].add(step, frames[stream], first)
        self._ends.note(streams, self.count - 1, True)

    def flush(self) -> None:
        """Moves what was added since the last time to the device."""
        begin, done = self.count - self._pending, 0
        outcomes = self.outcomes.view(self._streams, self._slots, -1)
        while done < self._pending:
            slot = (begin + done) % self._slots
            length = min(self._pending - done, self._slots - slot)
            place, staged = slice(slot, slot + length), slice(done, done + length)
            self.frames.write(place, self._staged_frames[:, staged])
            outcomes[:, place].copy_(torch.from_numpy(self._staged_outcomes[:, staged]))
            done += length
        self._pending = 0

    @property
    def first(self) -> int:
        """The oldest step that is still stored."""
        return max(0, self.count - self._slots)

    def save(self, member: int, since: int = 0) -> dict[str, np.ndarray]:
        """Returns what is stored of one member's steps from `since` on, oldest first.

        A row is a step of all its environments, one after the other.
        """
        return {name: np.asarray(column) for name, column in self.columns(member, since).items()}

    def columns(self, member: int, since: int = 0) -> dict[str, Column]:
        """Returns what `save` does, to be read by slices before another step is added."""
        self.flush()
        first, count = max(since, self.first), self.count

        def column(rows: torch.Tensor) -> Column:
            def read(begin: int, end: int) -> np.ndarray:
                if self.count != count:
                    raise ValueError(f"rows must be read before step {count}, got {self.count}")
                places = self._places(np.arange(first + begin, first + end))
                found = rows.index_select(0, places.to(rows.device)).cpu().numpy()
                return found.reshape(end - begin, width)

            width = self._envs * rows.shape[1]
            return Column((max(0, count - first), width), _kind(rows), read)

        return {
            "frames": column(self.frames.of(member)),
            "outcomes": column(self.outcomes[member]),
        }

    def _places(self, steps: np.ndarray) -> torch.Tensor:
        """Returns the places of `steps`, each in all of a member's environments."""
        places = (steps % self._slots)[:, None] + np.arange(self._envs) * self._slots
        return torch.from_numpy(places.reshape(-1))

    def kept(self, members: Sequence[int]) -> MappedFrames | None:
        """Returns some members' frames where they are in files, for a replay of those alone."""
        return self.frames.kept(members) if isinstance(self.frames, MappedFrames) else None

    def save_truncations(self, member: int) -> dict[str, np.ndarray]:
        """Returns the steps that truncated a member's episodes, and the observations after them."""
        return self._truncations[member].save(self.first * self._envs)

    def save_sampler(self, member: int) -> dict[str, np.ndarray]:
        """Returns what the sampler knows of a member's steps: a uniform one, nothing."""
        return {}

    def load_sampler(self, member: int, state: dict[str, np.ndarray]) -> None:
        """Puts back what `save_sampler` returned; `count` is the caller's to set, before."""

    def load_truncations(self, member: int, state: dict[str, np.ndarray]) -> None:
        """Puts back what `save_truncations` returned."""
        self._truncations[member].load(state)
        steps, envs = divmod(state["steps"], self._envs)
        self._ends.note(member * self._envs + envs, steps, True)

    def load(self, member: int, state: Mapping[str, np.ndarray | Column]) -> None:
        """Puts back what `save` returned, block by block; `count` is the caller's to set, before.

        Frames that it was made with stay as they are.
        """
        steps = np.arange(self.count - len(state["outcomes"]), self.count)
        self._load(self.outcomes[member], steps, state["outcomes"])
        if not self.frames.filled:
            self._load(self.frames.of(member), steps, state["frames"])
        for block in _blocks(state["outcomes"]):
            masks = state["outcomes"][block].reshape(-1, self._envs, self._outcomes)[..., 1]
            for env in range(self._envs):
                self._ends.note(member * self._envs + env, steps[block], masks[:, env] == 0)

    def _load(self, rows: torch.Tensor, steps: np.ndarray, saved: np.ndarray | Column) -> None:
        for block in _blocks(saved):
            new = torch.from_numpy(saved[block].reshape(-1, rows.shape[1]))
            rows.index_copy_(0, self._places(steps[block]).to(rows.device), new.to(rows.device))


def _blocks(saved: np.ndarray | Column) -> Iterator[slice]:
    """Yields slices of rows that can be in memory twice."""
    rows = max(1, _BLOCK * len(saved) // max(1, saved.nbytes))
    for begin in range(0, len(saved), rows):
        yield slice(begin, begin + rows)


def _kind(rows: torch.Tensor) -> np.dtype[Any]:
    """Returns the type of numpy's of a tensor's numbers."""
    return rows[:0].cpu().numpy().dtype
