"""Dense connections (Ota et al. 2021, §3.3): each layer reads all that came before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.networks.stack import Stack

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


class Body(Stack):
    """Each layer adds `units` features to the concatenation, which the head reads in full."""

    @staticmethod
    def joined(units: int, before: int, observation: int, last: bool) -> tuple[int, int]:
        """Returns input and units."""
        return before + units, before + units

    @staticmethod
    def join(
        y: torch.Tensor, before: torch.Tensor, observation: torch.Tensor, last: bool
    ) -> torch.Tensor:
        """Returns `before` and y, concatenated."""
        return torch.cat([before, y], dim=-1)
