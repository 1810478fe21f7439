"""D2RL (Sinha et al. 2020): every hidden layer reads the observation again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.networks.stack import Stack

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


class Body(Stack):
    """The observation is concatenated to the output of each layer but the last, for the next."""

    @staticmethod
    def joined(units: int, before: int, observation: int, last: bool) -> tuple[int, int]:
        """Returns the units, with the observation where another layer follows."""
        return (units, 0) if last else (units + observation, units + observation)

    @staticmethod
    def join(
        y: torch.Tensor, before: torch.Tensor, observation: torch.Tensor, last: bool
    ) -> torch.Tensor:
        """Returns y, with the observation where another layer follows."""
        return y if last else torch.cat([y, observation], dim=-1)
