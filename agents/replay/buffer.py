"""Replay: the steps that are kept, and transitions that are drawn from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from agents import streams
from agents.replay.batch import Batch
from agents.replay.storage.episode_ends import n_step_returns
from agents.replay.storage.steps import BESIDES, StoredSteps

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


class Replay(StoredSteps):
    """The steps of P members, from which updates draw transitions.

    One can be drawn a step after it was made, as its next observation is the next step's.
    """

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
            return outcomes[..., BESIDES:], outcomes[..., 0], outcomes[..., 1]
        ahead = (steps[..., None] + np.arange(n_step)) % self._slots + begin[..., None]
        outcomes = self._selected(ahead.reshape(len(steps), -1))
        outcomes = outcomes.view(*steps.shape, n_step, -1)
        discount = torch.as_tensor(gamma, dtype=torch.float32, device=self._device).view(-1, 1)
        counts = torch.from_numpy(lengths).to(self._device)
        returns, masks = n_step_returns(outcomes[..., 0], outcomes[..., 1], counts, discount)
        return outcomes[:, :, 0, BESIDES:], returns, masks

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
