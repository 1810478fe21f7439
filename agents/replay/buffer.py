"""Replay that keeps every frame once; boolean frames are kept as bits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from agents import streams
from agents.replay.batch import Batch
from agents.replay.episode_ends import EpisodeEnds
from agents.replay.frames import Frames, Truncations, stored_row
from agents.replay.n_step import n_step_returns
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

    Slot t modulo (capacity + stack) holds step t: the newest frame of its observation in `frames`
    [P, slots, width], and reward, mask and action in `outcomes` [P, slots, 2 + numbers of an
    action]. The next observation is the next slot's, so that a transition can be drawn one step
    after it was made; where an episode was truncated it is kept apart, by step. An observation of
    several frames is put together from those of its episode's last steps. Writes are gathered on
    the host and reach the device before the next sample.
    """

    def __init__(self, shape: Shape, members: int, capacity: int, device: str) -> None:
        self.count = 0
        self._capacity, self._stack = capacity, shape.stack
        self._slots = capacity + shape.stack
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
        self._ends = EpisodeEnds(members, self._slots)
        self._all_frames = self.frames.flatten(0, 1)
        self._all_outcomes = self.outcomes.flatten(0, 1)
        self._first = np.arange(members, dtype=np.int64)[:, None] * self._slots

    @staticmethod
    def bytes_per_step(shape: Shape) -> int:
        """Returns bytes of one step of one member."""
        numbers = _BESIDES + (shape.actions if shape.continuous else 1)
        return stored_row(shape)[0] * stored_row(shape)[1].itemsize + 4 * numbers

    @classmethod
    def full_bytes(cls, shape: Shape, capacity: int) -> int:
        """Returns bytes of the full replay of one member."""
        return (capacity + shape.stack) * cls.bytes_per_step(shape)

    def add_observations(self, observations: np.ndarray) -> None:
        """Stores the observations [P, ...] of the step that `add` completes."""
        self._staged_frames[:, self._pending] = self._codec.encode(observations)

    def add(self, actions: np.ndarray, rewards: np.ndarray, terminals: np.ndarray) -> None:
        """Stores the outcomes [P] of the step seen last; continuous actions are [P, A]."""
        staged = self._staged_outcomes[:, self._pending]
        staged[:, 0], staged[:, 1] = rewards, ~terminals
        staged[:, _BESIDES:] = actions.reshape(len(actions), -1)
        self._ends.note(slice(None), self.count, terminals)
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
        self._ends.note(rows, self.count - 1, True)

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

    def sample(
        self,
        draws: np.ndarray,
        n_step: int = 1,
        gamma: np.ndarray | torch.Tensor | None = None,
        floats: bool = True,
    ) -> Batch:
        """Returns transitions chosen uniformly by 32-bit `draws` [P, B], of `n_step` steps each.

        Rewards are added up, discounted by `gamma` [P], up to where the episode ends, and the next
        observation is the one after them; `n_step_returns` says what masks become. There must be
        at least `n_step` + 1 steps. Without `floats` images stay uint8.
        """
        first, end = self.drawable(n_step)
        return self._taken_at(streams.below(draws, end - first) + first, n_step, gamma, floats)

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

    def drawable(self, n_step: int) -> tuple[int, int]:
        """Returns the first step of which `n_step` steps can be drawn, and that after the last."""
        valid = min(self.count, self._capacity + 1) - n_step
        return self.count - n_step - valid, self.count - n_step

    def at(
        self,
        places: np.ndarray,
        n_step: int = 1,
        gamma: np.ndarray | torch.Tensor | None = None,
        floats: bool = True,
    ) -> Batch:
        """Returns the transitions that begin at `places` [P, B] of the store, as `sample` does.

        A step's place is its slot.
        """
        last = self.count - 1
        return self._taken_at(last - (last - places) % self._slots, n_step, gamma, floats)

    def _taken_at(
        self,
        steps: np.ndarray,
        n_step: int,
        gamma: np.ndarray | torch.Tensor | None,
        floats: bool,
    ) -> Batch:
        """Returns the transitions that begin at `steps` [P, B]."""
        self.flush()
        lengths = self._ends.lengths(steps, n_step)
        observations = self._codec.decode(self._rows(steps, lengths), floats)
        batch = steps.shape[1]
        actions, rewards, masks = self._taken(steps, lengths, n_step, gamma)
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
        lengths: np.ndarray,
        n_step: int,
        gamma: np.ndarray | torch.Tensor | None,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Returns the actions of `steps` [P, B], and their returns and masks over `lengths`."""
        if n_step == 1:
            outcomes = self._selected(self._all_outcomes, steps)
            return outcomes[..., _BESIDES:], outcomes[..., 0], outcomes[..., 1]
        ahead = (steps[..., None] + np.arange(n_step)).reshape(len(steps), -1)
        outcomes = self._selected(self._all_outcomes, ahead).view(*steps.shape, n_step, -1)
        discount = torch.as_tensor(gamma, dtype=torch.float32, device=self._device).view(-1, 1)
        counts = torch.from_numpy(lengths).to(self._device)
        returns, masks = n_step_returns(outcomes[..., 0], outcomes[..., 1], counts, discount)
        return outcomes[:, :, 0, _BESIDES:], returns, masks

    def _selected(self, rows: torch.Tensor, steps: np.ndarray) -> torch.Tensor:
        """Returns the rows [P, N, numbers] of each member's `steps` [P, N]."""
        slots = torch.from_numpy(steps % self._slots + self._first).to(self._device)
        return rows.index_select(0, slots.view(-1)).view(*steps.shape, -1)

    def _rows(self, steps: np.ndarray, lengths: np.ndarray) -> torch.Tensor:
        """Returns the frames of the observations at `steps` [P, B], and `lengths` after them.

        They are [P, 2 B, stack * width]; the last frame of a truncated episode stands where the
        next episode's first one would.
        """
        members, batch = steps.shape
        after = steps + lengths
        cuts = [t.find(last) for t, last in zip(self._truncations, after - 1, strict=True)]
        if self._stack == 1:
            wanted = np.concatenate((steps, after), axis=1)
        else:
            wanted = self._stacks(steps, lengths, [places for places, _ in cuts])
        rows = self._selected(self._all_frames, wanted).view(members, 2 * batch, -1)
        for row, (places, frames) in enumerate(cuts):
            if len(places):
                slots = torch.from_numpy(places + batch).to(rows.device)
                last = torch.from_numpy(frames).to(rows.device)
                rows[row, slots, -self._codec.width :] = last
        return rows

    def _stacks(
        self, steps: np.ndarray, lengths: np.ndarray, cuts: Sequence[np.ndarray]
    ) -> np.ndarray:
        """Returns which steps' frames observations hold, [P, 2 B * stack], the oldest first.

        `cuts` are the places of each member's batch at whose end an episode was truncated, and not
        begun anew. A frame before its episode's first is that one again.
        """
        most, after = self._stack - 1, steps + lengths
        ages = self._ends.before(steps, most)
        anew = self._ends.at(after - 1)
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

    def save_sampler(self, member: int) -> dict[str, np.ndarray]:
        """Returns what the sampler knows of a member's steps: a uniform one, nothing."""
        return {}

    def load_sampler(self, member: int, state: dict[str, np.ndarray]) -> None:
        """Puts back what `save_sampler` returned; `count` is the caller's to set, before."""

    def load_truncations(self, member: int, state: dict[str, np.ndarray]) -> None:
        """Puts back what `save_truncations` returned."""
        self._truncations[member].load(state)
        self._ends.note(member, state["steps"], True)

    def load(self, member: int, state: dict[str, np.ndarray]) -> None:
        """Puts back what `save` returned; `count` is the caller's to set, before."""
        steps = np.arange(self.count - len(state["frames"]), self.count)
        rows = torch.from_numpy(steps % self._slots).to(self._device)
        for column, name in ((self.frames, "frames"), (self.outcomes, "outcomes")):
            column[member].index_copy_(0, rows, torch.from_numpy(state[name]).to(self._device))
        self._ends.note(member, steps, state["outcomes"][:, 1] == 0)
