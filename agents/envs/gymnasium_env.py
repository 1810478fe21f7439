"""A Gymnasium environment with bounded actions, as our packs step it."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np


class GymnasiumEnvironment:
    """One environment of the registered `name`; actions in [-1, 1] are scaled to its bounds.

    It truncates where Gymnasium's registration says so. Wrappers are left out: they cost as much
    as a step of a small robot.
    """

    unstable: tuple[type[Exception], ...] = ()
    """The errors by which its simulator says that it diverged."""

    def __init__(self, name: str, **options: Any) -> None:
        import gymnasium

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # -v4 is out of date on purpose
            wrapped: Any = gymnasium.make(name, disable_env_checker=True, **options)
        self._environment = wrapped.unwrapped
        self._most = int(wrapped.spec.max_episode_steps)
        space = self._environment.action_space
        if not (isinstance(space, gymnasium.spaces.Box) and space.is_bounded()):
            raise ValueError(f"actions of {name} must be a box with bounds, but are {space}")
        low, high = (bound.astype(np.float64) for bound in (space.low, space.high))
        self._middle, self._half = (low + high) / 2, (high - low) / 2
        self._observation = np.zeros(self._environment.observation_space.shape, np.float32)
        self._steps = 0

    def reset(self, seed: int) -> None:
        """Begins an episode whose randomness all comes from `seed` (32 bits)."""
        self._steps = 0
        self._observation, _ = self._environment.reset(seed=seed)

    def step(self, action: np.ndarray) -> tuple[float, bool, bool]:
        """Acts once; returns reward, whether the episode terminated, whether it was truncated.

        Raises `FloatingPointError` where the simulator diverged.
        """
        try:
            self._observation, reward, terminated, _, _ = self._environment.step(
                self._middle + self._half * action
            )
        except self.unstable as error:
            raise FloatingPointError(str(error)) from error
        self._steps += 1
        return float(reward), bool(terminated), self._steps >= self._most

    def observe(self) -> np.ndarray:
        """Returns the current observation, float32."""
        return np.asarray(self._observation, np.float32)
