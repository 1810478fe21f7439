"""What a network reads and gives, and which parameters describe it."""

from __future__ import annotations

from dataclasses import dataclass

from agents.layers.base import ORTHOGONAL_GAIN


@dataclass(frozen=True)
class Described:
    """How many numbers a network reads and gives; `prefix` is that of its body's parameters."""

    inputs: int
    outputs: int
    prefix: str
    head_gain: float = ORTHOGONAL_GAIN
    """The gain of its last layer, where that is orthogonal."""
