"""Registers `Corridor-v0`: fetch a key at one end of a corridor and take it to the other."""

from __future__ import annotations

from typing import Any

import gymnasium
from gymnasium import spaces

LENGTH = 12


class Corridor(gymnasium.Env):
    """A place and whether the key is held, as one choice of 2 LENGTH; -0.02 a step, 1 at the end.

    The best return is about 0.7.
    """

    def __init__(self) -> None:
        self.observation_space = spaces.Discrete(2 * LENGTH)
        self.action_space = spaces.Discrete(2)
        self._place, self._key = 0, False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Begins in the middle half, without the key."""
        super().reset(seed=seed)
        self._place = int(self.np_random.integers(LENGTH // 4, 3 * LENGTH // 4))
        self._key = False
        return self._seen(), {}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        """Goes left (0) or right (1)."""
        self._place = min(max(self._place + (1 if action else -1), 0), LENGTH - 1)
        self._key |= self._place == 0
        over = self._key and self._place == LENGTH - 1
        return self._seen(), 1.0 * over - 0.02, over, False, {}

    def _seen(self) -> int:
        return self._place + LENGTH * self._key


gymnasium.register("Corridor-v0", entry_point=Corridor, max_episode_steps=100)
