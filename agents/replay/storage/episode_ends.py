"""Where episodes end among the steps of a replay: how far a stack or a return may reach.

And returns over several steps, from which one goes on with the value of a later state.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from agents.parameter import Parameter

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")

PARAMETERS: Mapping[str, Parameter] = {"n_step": Parameter(int, 1, low=1)}
"""Of every agent: how many steps of rewards a target adds up."""


def check(params: Mapping[str, Any]) -> None:
    """Raises ValueError where updates would begin before the replay holds `n_step` whole steps."""
    n, warmup, capacity = (params[k] for k in ("n_step", "warmup_steps", "replay.capacity"))
    if warmup <= n:
        raise ValueError(
            f"warmup_steps must be at least n_step + 1 = {n + 1}, so that the first update finds "
            f"{n} steps and the observation after them, got {warmup}"
        )
    if capacity < n:
        raise ValueError(f"replay.capacity must be at least n_step ({n}), got {capacity}")


class EpisodeEnds:
    """Whether steps ended their episodes, by step modulo `slots`, on the host.

    Each of S streams has its own; the slots of stream i begin at i * slots, which is the `begin` of
    the methods. No checkpoint needs it: masks and truncations tell it again. What was never noted
    counts as an end, so that the first step of all begins an episode.
    """

    def __init__(self, streams: int, slots: int) -> None:
        self._slots = slots
        self._ended = np.ones((streams, slots), bool)

    def note(
        self, rows: slice | int | np.ndarray, steps: int | np.ndarray, ended: bool | np.ndarray
    ) -> None:
        """Notes whether `steps` ended the episodes of the streams `rows`."""
        self._ended[rows, steps % self._slots] = ended

    def at(self, steps: np.ndarray, begin: np.ndarray) -> np.ndarray:
        """Returns whether steps [P, B] ended their episodes."""
        ended: np.ndarray = self._ended.reshape(-1)[steps % self._slots + begin]
        return ended

    def before(self, steps: np.ndarray, begin: np.ndarray, most: int) -> np.ndarray:
        """Returns how many steps of the same episode lie before each of `steps` [P, B].

        At most `most` are counted.
        """
        found, going = np.zeros_like(steps), np.ones(steps.shape, bool)
        for back in range(1, most + 1):
            going &= ~self.at(steps - back, begin)
            found += going
        return found

    def lengths(self, steps: np.ndarray, begin: np.ndarray, most: int) -> np.ndarray:
        """Returns how many steps there are from each of `steps` [P, B] to its episode's end.

        Both are counted, and at most `most`.
        """
        found, going = np.ones_like(steps), np.ones(steps.shape, bool)
        for ahead in range(most - 1):
            going &= ~self.at(steps + ahead, begin)
            found += going
        return found


def n_step_returns(
    rewards: torch.Tensor, masks: torch.Tensor, lengths: torch.Tensor, gamma: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns the return R of the first k = `lengths` [P, B] steps, and what its mask m becomes.

    R = sum_{i < k} gamma^i r_i and m = gamma^(k - 1) m_{k - 1}, both [P, B], so that
    y = R + gamma m V(s_k), which is the target of one step where k = 1 (Sutton & Barto 2018,
    Eq. 7.1). Rewards and masks are [P, B, n], `gamma` [P, 1]; what lies beyond k is not read.
    """
    total, discount = rewards[..., 0], torch.ones_like(rewards[..., 0])
    for i in range(1, rewards.shape[2]):
        within = lengths > i
        discount = torch.where(within, gamma * discount, discount)
        total = torch.where(within, total + discount * rewards[..., i], total)
    return total, discount * masks.gather(2, lengths[..., None] - 1)[..., 0]
