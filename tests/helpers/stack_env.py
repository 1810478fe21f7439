"""Tasks whose observations are stacks of small images; episodes are short, and of many lengths."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from agents.shape import Shape

SHAPE = Shape((3, 2, 6), "uint8", 2, continuous=True, high=255.0, stack=3)


class Film:
    """Random images. Episodes of 1 to 9 steps terminate, are cut, or do either: by name."""

    tasks: ClassVar[tuple[str, ...]] = ("ends", "cut", "both")

    @staticmethod
    def shape(task: str) -> Shape:
        """Three frames of two channels; two numbers to act with."""
        return SHAPE

    def __init__(self, task: str) -> None:
        self._task = task
        self.reset(0)

    def reset(self, seed: int) -> None:
        """Begin an episode; its first frame is repeated."""
        self._rng = np.random.RandomState(seed)
        self._left = self._rng.randint(1, 10)
        self._ends = self._task == "ends" or (self._task == "both" and self._rng.randint(2) == 1)
        self._frames = [self._frame()] * SHAPE.stack

    def _frame(self) -> np.ndarray:
        return self._rng.randint(0, 256, SHAPE.frame).astype(np.uint8)

    def step(self, action: np.ndarray) -> tuple[float, bool, bool]:
        """Show the next frame; the reward is how dark it is."""
        self._frames = [*self._frames[1:], self._frame()]
        self._left -= 1
        over = self._left == 0
        return -float(self._frames[-1].mean()) / 255, over and self._ends, over and not self._ends

    def observe(self) -> np.ndarray:
        """The last three frames, the oldest first."""
        return np.concatenate(self._frames, axis=-1)


class Shuffled(Film):
    """What says that it holds stacks, and shows the newest frame first."""

    def observe(self) -> np.ndarray:
        """The last three frames, the newest first."""
        return np.concatenate(self._frames[::-1], axis=-1)
