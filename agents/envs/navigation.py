"""Navigation in n dimensions (Hui 2022, §3.2): walk to the origin, one step a dimension."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from agents.shape import Shape

_STEPS = 1000


class Environment:
    """The task's name is n. The position begins normally distributed; an action is added to it.

    The reward is by how much the distance to the origin shrinks, over the root of n, so that the
    return of the shortest way is about 1 in many dimensions. It never terminates.
    """

    tasks: ClassVar[tuple[str, ...]] = tuple(str(n) for n in (1, 2, 3, 5, 10, 20, 50, 100, 200))

    @staticmethod
    def shape(task: str) -> Shape:
        """Returns the shape: the position, and as many numbers to add."""
        return Shape((int(task),), "float32", int(task), continuous=True)

    def __init__(self, task: str) -> None:
        self.position = np.zeros(int(task))
        """Where it stands, float64; every step makes a new array."""
        self._steps = 0

    def reset(self, seed: int) -> None:
        """Begins an episode whose randomness all comes from `seed` (32 bits)."""
        self.position = np.random.RandomState(seed).standard_normal(len(self.position))
        self._steps = 0

    def step(self, action: np.ndarray) -> tuple[float, bool, bool]:
        """Acts once; returns the reward, that it goes on, and whether it was truncated."""
        before = np.linalg.norm(self.position)
        self.position = self.position + np.clip(action, -1.0, 1.0)
        gained = before - np.linalg.norm(self.position)
        self._steps += 1
        return float(gained / np.sqrt(len(self.position))), False, self._steps >= _STEPS

    def observe(self) -> np.ndarray:
        """Returns the position, float32."""
        return self.position.astype(np.float32)
