"""How likely epsilon-greedy agents act at random, over a run."""

from __future__ import annotations

import numpy as np


class EpsilonSchedule:
    """Epsilon of every member: 1 in the warm-up, then linear from initial to final."""

    def __init__(
        self, warmup: int, decay_until: np.ndarray, initial: np.ndarray, final: np.ndarray
    ) -> None:
        self._warmup, self._initial, self._final = warmup, initial, final
        self._length = np.maximum(decay_until - warmup, 1.0)

    def at(self, step: int) -> np.ndarray:
        """Returns epsilon [P] of the action chosen after `step` environment steps."""
        if step < self._warmup:
            return np.ones_like(self._initial)
        done = np.minimum((step - self._warmup) / self._length, 1.0)
        epsilon: np.ndarray = self._initial + (self._final - self._initial) * done
        return epsilon
