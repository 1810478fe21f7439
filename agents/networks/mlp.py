"""A multi-layer perceptron: each layer reads the one before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.networks.stack import Stack

if TYPE_CHECKING:
    import torch


class Body(Stack):
    """x -> units -> ... -> units."""

    chained = True

    @staticmethod
    def joined(units: int, before: int, observation: int, last: bool) -> tuple[int, int]:
        """Returns the units."""
        return units, 0

    @staticmethod
    def join(
        y: torch.Tensor, before: torch.Tensor, observation: torch.Tensor, last: bool
    ) -> torch.Tensor:
        """Returns y itself."""
        return y
