"""Replay that keeps every frame once; boolean frames are kept as bits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from agents import streams
from agents.replay.batch import Batch, Column
from agents.replay.episode_ends import EpisodeEnds, n_step_returns
from agents.replay.frames import Frames, Truncations, row_bytes
from agents.replay.store import FramesInMemory, MappedFrames, Store
from agents.shape import Shape

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")

_STAGED = 64
_BESIDES = 2
"""Numbers of an outcome besides its action: reward and mask."""
_BLOCK = 2**24
"""Bytes that are loaded at once."""


class Replay:
    """The last `capacity` steps of each of every member's E environments.

    A member has E x slots places, slots = capacity + stack, and environment e holds step t at place
    e * slots + t modulo slots: the newest frame of its observation in `frames`, of each member
    [places, width], and reward, mask and action in `outcomes` [P, places, 2 + numbers of an
    action]. The next observation is the next slot's, so that a transition can be drawn one step
    after it was made; where an episode was truncated it is kept apart, by step, and with
    `keeps_ends` also where one terminated, for who predicts observations. An observation of
    several frames is put together from those of its episode's last steps. Writes are gathered on
    the host and reach the device before the next sample. Members' environments one after the other
    are P E streams, all `count` steps long.
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
        self._outcomes = _BESIDES + (shape.actions if shape.continuous else 1)
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
        numbers = _BESIDES + (shape.actions if shape.continuous else 1)
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
        staged[:, _BESIDES:] = actions.reshape(self._streams, -1)
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

    def sample(
        self,
        draws: np.ndarray,
        n_step: int = 1,
        gamma: np.ndarray | torch.Tensor | None = None,
        floats: bool = True,
    ) -> Batch:
        """Returns transitions of `n_step` steps chosen by 32-bit `draws` [P, B].

        They are as likely, whatever the environment.
        Rewards are added up, discounted by `gamma` [P], up to where the episode ends, and the next
        observation is the one after them; `n_step_returns` says what masks become. There must be
        at least `n_step` + 1 steps. Without `floats` images stay uint8.
        """
        first, end = self.drawable(n_step)
        steps = streams.below(draws, self.valid(n_step))
        envs, steps = divmod(steps, end - first) if self._envs > 1 else (0, steps)
        return self._taken_at(steps + first, envs, n_step, gamma, floats)

    def draw(
        self,
        draws: np.ndarray,
        share: float,
        n_step: int = 1,
        gamma: np.ndarray | torch.Tensor | None = None,
        floats: bool = True,
    ) -> Batch:
        """Returns transitions as the replay's sampler chooses them: here, uniformly (`sample`).

        `share` is that of the run's updates which is done.
        """
        return self.sample(draws, n_step, gamma, floats)

    def tell(self, batch: Batch, errors: torch.Tensor | None) -> None:
        """Tells the sampler the errors [P, B] of what it chose; a uniform one needs none."""

    def valid(self, n_step: int = 1) -> int:
        """Returns how many transitions of `n_step` steps there are to choose from."""
        first, end = self.drawable(n_step)
        return (end - first) * self._envs

    def drawable(self, n_step: int) -> tuple[int, int]:
        """Returns the first step of which `n_step` steps can be drawn, and that after the last.

        They are those of each environment.
        """
        valid = min(self.count, self._capacity + 1) - n_step
        return self.count - n_step - valid, self.count - n_step

    def at(
        self,
        places: np.ndarray,
        n_step: int = 1,
        gamma: np.ndarray | torch.Tensor | None = None,
        floats: bool = True,
    ) -> Batch:
        """Returns the transitions that begin at `places` [P, B] of the store, as `sample` does."""
        envs, slots = divmod(places, self._slots) if self._envs > 1 else (0, places)
        last = self.count - 1
        return self._taken_at(last - (last - slots) % self._slots, envs, n_step, gamma, floats)

    def _taken_at(
        self,
        steps: np.ndarray,
        envs: np.ndarray | int,
        n_step: int,
        gamma: np.ndarray | torch.Tensor | None,
        floats: bool,
    ) -> Batch:
        """Returns the transitions that begin at `steps` [P, B] of `envs` [P, B]."""
        self.flush()
        begin = self._first + envs * self._slots
        lengths = self._ends.lengths(steps, begin, n_step)
        rows = self._rows(steps, begin, lengths, envs)
        observations = self._codec.decode(rows, floats)
        batch = steps.shape[1]
        actions, rewards, masks = self._taken(steps, begin, lengths, n_step, gamma)
        return Batch(
            observations=observations[:, :batch],
            actions=actions[..., 0].long() if self._chooses else actions,
            rewards=rewards,
            masks=masks,
            next_observations=observations[:, batch:],
        )

    def _taken(
        self,
        steps: np.ndarray,
        begin: np.ndarray,
        lengths: np.ndarray,
        n_step: int,
        gamma: np.ndarray | torch.Tensor | None,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Returns the actions of `steps` [P, B], and their returns and masks over `lengths`."""
        if n_step == 1:
            outcomes = self._selected(steps % self._slots + begin)
            return outcomes[..., _BESIDES:], outcomes[..., 0], outcomes[..., 1]
        ahead = (steps[..., None] + np.arange(n_step)) % self._slots + begin[..., None]
        outcomes = self._selected(ahead.reshape(len(steps), -1))
        outcomes = outcomes.view(*steps.shape, n_step, -1)
        discount = torch.as_tensor(gamma, dtype=torch.float32, device=self._device).view(-1, 1)
        counts = torch.from_numpy(lengths).to(self._device)
        returns, masks = n_step_returns(outcomes[..., 0], outcomes[..., 1], counts, discount)
        return outcomes[:, :, 0, _BESIDES:], returns, masks

    def _selected(self, places: np.ndarray) -> torch.Tensor:
        """Returns the outcomes [P, N, numbers] at `places` [P, N] among those of all members."""
        chosen = torch.from_numpy(places).to(self._device)
        return self._all_outcomes.index_select(0, chosen.view(-1)).view(*places.shape, -1)

    def _rows(
        self, steps: np.ndarray, begin: np.ndarray, lengths: np.ndarray, envs: np.ndarray | int
    ) -> torch.Tensor:
        """Returns the frames of the observations at `steps` [P, B], and `lengths` after them.

        They are [P, 2 B, stack * width]; the last frame of a truncated episode stands where the
        next episode's first one would.
        """
        members, batch = steps.shape
        after = steps + lengths
        last = (after - 1) * self._envs + envs
        cuts = [t.find(own) for t, own in zip(self._truncations, last, strict=True)]
        if self._stack == 1:
            wanted = np.concatenate((steps, after), axis=1)
        else:
            wanted = self._stacks(steps, begin, lengths, [places for places, _ in cuts])
        begins = begin if self._envs == 1 else np.tile(begin, 2).repeat(self._stack, axis=1)
        places = wanted % self._slots + begins
        rows = self.frames.at(places).view(members, 2 * batch, -1)
        for row, (places, frames) in enumerate(cuts):
            if len(places):
                slots = torch.from_numpy(places + batch).to(rows.device)
                rows[row, slots, -self._codec.width :] = torch.from_numpy(frames).to(rows.device)
        return rows

    def _stacks(
        self,
        steps: np.ndarray,
        begin: np.ndarray,
        lengths: np.ndarray,
        cuts: Sequence[np.ndarray],
    ) -> np.ndarray:
        """Returns which steps' frames observations hold, [P, 2 B * stack], the oldest first.

        `cuts` are the places of each member's batch at whose end an episode was truncated, and not
        begun anew. A frame before its episode's first is that one again.
        """
        most, after = self._stack - 1, steps + lengths
        ages = self._ends.before(steps, begin, most)
        anew = self._ends.at(after - 1, begin)
        for row, places in enumerate(cuts):
            anew[row, places] = False
        later = np.where(anew, 0, np.minimum(ages + lengths, most))
        newest, reach = np.concatenate((steps, after), 1), np.concatenate((ages, later), 1)
        back = np.minimum(np.arange(most, -1, -1), reach[..., None])
        stacks: np.ndarray = (newest[..., None] - back).reshape(len(steps), -1)
        return stacks

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
