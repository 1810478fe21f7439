"""Registers `Walk-v0` with Gymnasium: choices that begin at 3, and observations of float64."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces


class Walk(gymnasium.Env):
    """A walk on a ring of `size` places, which drifts by chance; home is place 0."""

    def __init__(self, size: int = 5) -> None:
        self._size, self._place = size, 0
        self.observation_space = spaces.Box(-1.0, 1.0, (2,), np.float64)
        self.action_space = spaces.Discrete(2, start=3)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        """Begins anywhere but at home."""
        super().reset(seed=seed)
        self._place = int(self.np_random.integers(1, self._size))
        return self._seen(), {}

    def step(self, action: Any) -> Any:
        """Goes one way (3) or the other (4)."""
        assert self.action_space.contains(action)
        drift = int(self.np_random.random() < 0.2)
        self._place = (self._place + (1 if action == 4 else -1) + drift) % self._size
        home = self._place == 0
        return self._seen(), np.array([float(home) - 0.1]), home, False, {}

    def _seen(self) -> np.ndarray:
        angle = 2 * np.pi * self._place / self._size
        return np.array([np.cos(angle), np.sin(angle)])


gymnasium.register("Walk-v0", entry_point=Walk, max_episode_steps=12)
