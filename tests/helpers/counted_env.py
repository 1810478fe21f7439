"""A task whose observations tell which step of which episode they are; and some that fail."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from agents.shape import Shape


class Counted:
    """Shows the episode's number, the step, and how long the episode is; rewards are the step.

    Episodes of 1 to 9 steps terminate, or are cut. `raises` and `breaks` do so at the third step.
    """

    tasks: ClassVar[tuple[str, ...]] = ("counted", "raises", "breaks")

    @staticmethod
    def shape(task: str) -> Shape:
        """Three numbers, and two to act with."""
        return Shape((3,), "float32", 2, continuous=True)

    def __init__(self, task: str) -> None:
        self._task = task
        self.reset(0)

    def reset(self, seed: int) -> None:
        """Begin the episode of this number, as far as float32 can tell."""
        self._episode, self._step = seed % 10_000_000, 0
        self._length = 9 if self._task != "counted" else 1 + seed % 9

    def step(self, action: np.ndarray) -> tuple[float, bool, bool]:
        """Count."""
        if self._step == 2 and self._task == "raises":
            raise KeyError("a mistake of its own")
        if self._step == 2 and self._task == "breaks":
            raise FloatingPointError("it fell to pieces")
        self._step += 1
        over = self._step == self._length
        ends = self._episode % 2 == 0
        return float(self._step), over and ends, over and not ends

    def observe(self) -> np.ndarray:
        """Episode, step and length."""
        return np.array([self._episode, self._step, self._length], np.float32)
