"""What a network needs to know of a task."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    """Observations of one shape and NumPy dtype ("bool" is kept bit-packed), `actions` choices."""

    observation: tuple[int, ...]
    dtype: str
    actions: int
