"""Residual layers (Ota et al. 2021, §4.2): y_i = f_i(y_{i-1}) + y_{i-1}."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.networks.stack import Stack

if TYPE_CHECKING:
    import torch
    import torch.nn.functional as F
else:
    from agents.lazy import LazyModule

    F = LazyModule("torch.nn.functional")


class Body(Stack):
    """f_i is a linear layer and its activation; the smaller summand is padded with zeros.

    So every y_i is as wide as the wider of units and observation.
    """

    @staticmethod
    def joined(units: int, before: int, observation: int, last: bool) -> tuple[int, int]:
        """Returns the wider of input and units."""
        return max(units, before), max(units, before)

    @staticmethod
    def join(
        y: torch.Tensor, before: torch.Tensor, observation: torch.Tensor, last: bool
    ) -> torch.Tensor:
        """Returns y + before."""
        return added(y, before)


def added(y: torch.Tensor, before: torch.Tensor) -> torch.Tensor:
    """Returns y + before, [P, B, numbers] each, the smaller padded with zeros."""
    missing = y.shape[-1] - before.shape[-1]
    if missing > 0:
        return y + F.pad(before, (0, missing))
    return (F.pad(y, (0, -missing)) if missing else y) + before
