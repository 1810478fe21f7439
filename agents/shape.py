"""The shape of a task's observations and actions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    """The shape and NumPy dtype of observations ("bool" is kept bit-packed), and of actions.

    `actions` is how many there are to choose from, or, of `continuous` ones, how many numbers in
    [-1, 1] one action is. Networks read observations divided by `high`: 255 of images of bytes.
    """

    observation: tuple[int, ...]
    dtype: str
    actions: int
    continuous: bool = False
    high: float = 1.0
    stack: int = 1
