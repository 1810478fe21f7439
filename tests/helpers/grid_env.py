"""A task whose observations have several axes, and which raises at what is no action."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from agents.shape import Shape


class Grid:
    """Four numbers in two rows; actions are added to them. Ends after 20 steps, or cut: by name."""

    tasks: ClassVar[tuple[str, ...]] = ("ends", "cut")

    @staticmethod
    def shape(task: str) -> Shape:
        """2 x 2 numbers, and as many to add."""
        return Shape((2, 2), "float32", 4, continuous=True)

    def __init__(self, task: str) -> None:
        self._ends = task == "ends"
        self._numbers = np.zeros((2, 2))
        self._steps = 0

    def reset(self, seed: int) -> None:
        """Begin an episode."""
        self._numbers = np.random.RandomState(seed).standard_normal((2, 2))
        self._steps = 0

    def step(self, action: np.ndarray) -> tuple[float, bool, bool]:
        """Reward 1 a step."""
        if not (np.abs(action) <= 1.0).all():
            raise ValueError(f"{action} is no action")
        self._numbers = 0.9 * self._numbers + action.reshape(2, 2)
        self._steps += 1
        over = self._steps == 20
        return 1.0, over and self._ends, over and not self._ends

    def observe(self) -> np.ndarray:
        """The numbers."""
        return self._numbers.astype(np.float32)
