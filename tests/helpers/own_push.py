"""Registers `Push-v0` with Gymnasium, of bounds that are not alike; has a wrapper, too."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces


class Push(gymnasium.Env):
    """A sled on a line of friction, which begins off the middle and should be pushed there."""

    def __init__(self, size: float = 1.0) -> None:
        self._size, self._state = size, np.zeros(2)
        self.observation_space = spaces.Box(-np.inf, np.inf, (2,), np.float64)
        self.action_space = spaces.Box(np.float32([-0.5]), np.float32([1.5]))

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        """Begins at rest."""
        super().reset(seed=seed)
        self._state = np.array([self._size * self.np_random.uniform(-1, 1), 0.0])
        return self._state.copy(), {}

    def step(self, action: Any) -> Any:
        """Pushes."""
        assert self.action_space.contains(action)
        place, speed = self._state
        speed = 0.8 * speed + 0.1 * float(action[0]) + 0.01 * self.np_random.standard_normal()
        self._state = np.array([place + speed, speed])
        return self._state.copy(), -abs(float(self._state[0])), False, False, {}


class Noise(gymnasium.Wrapper):
    """Adds noise of the environment's own stream to observations, in training alone."""

    def __init__(self, env: Any, scale: float, training: bool) -> None:
        super().__init__(env)
        self._scale = scale if training else 0.0

    def reset(self, **given: Any) -> Any:
        """Begins an episode."""
        seen, info = self.env.reset(**given)
        return self._noisy(seen), info

    def step(self, action: Any) -> Any:
        """Acts once."""
        seen, *rest = self.env.step(action)
        return self._noisy(seen), *rest

    def _noisy(self, seen: np.ndarray) -> np.ndarray:
        return seen + self._scale * self.unwrapped.np_random.standard_normal(seen.shape)


gymnasium.register("Push-v0", entry_point=Push, max_episode_steps=12)
