"""Stochastic gradient descent: x -= lr g."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from agents.optimisers.base import BaseOptimiser, Rates, spread

if TYPE_CHECKING:
    import torch


class Optimiser(BaseOptimiser):
    """Plain steps, as torch.optim.SGD does them; it has no epsilon, so that `eps` does nothing."""

    def update(
        self, gradients: Sequence[torch.Tensor], rates: Rates, eps: torch.Tensor | None
    ) -> None:
        """Moves every parameter against its gradient."""
        for parameter, g, size in zip(self.trained, gradients, self.sizes(rates), strict=True):
            parameter.sub_(g * spread(size, g))
