"""What a network needs to know of a task."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    """Observations of one shape and NumPy dtype ("bool" is kept bit-packed), and actions.

    `actions` is how many there are to choose from, or, of `continuous` ones, how many numbers in
    [-1, 1] one action is.
    """

    observation: tuple[int, ...]
    dtype: str
    actions: int
    continuous: bool = False
