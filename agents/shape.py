"""The shape of a task's observations and actions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    """The shape and NumPy dtype of observations ("bool" is kept bit-packed), and of actions.

    `actions` is how many there are to choose from, or, of `continuous` ones, how many numbers in
    [-1, 1] one action is. Networks read observations divided by `high`: 255 of images of bytes.
    The last axis of an observation holds `stack` frames, the oldest first: those of the last steps,
    and in an episode's first steps its first frame repeated. The replay keeps each frame once.
    """

    observation: tuple[int, ...]
    dtype: str
    actions: int
    continuous: bool = False
    high: float = 1.0
    stack: int = 1

    def __post_init__(self) -> None:
        if self.stack != 1 and (self.stack < 1 or self.observation[-1] % self.stack):
            raise ValueError(
                "stack must be at least 1 and divide the last axis of observations, got "
                f"stack={self.stack} of observations {self.observation}"
            )

    @property
    def is_image(self) -> bool:
        """Whether an observation is an image, [H, W, C]."""
        return len(self.observation) == 3

    @property
    def frame(self) -> tuple[int, ...]:
        """The shape of one frame of an observation."""
        if self.stack == 1:
            return self.observation
        return (*self.observation[:-1], self.observation[-1] // self.stack)
