"""Stochastic gradient descent: x -= lr g."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from agents.optimisers.base import WEIGHT_DECAY, BaseOptimiser, Rates, spread
from agents.parameter import Parameter

if TYPE_CHECKING:
    import torch


class Optimiser(BaseOptimiser):
    """Plain steps, as torch.optim.SGD does them; it has no epsilon, so that `eps` does nothing.

    Weight decay is the same decoupled from the gradient and in it.
    """

    parameters: ClassVar[Mapping[str, Parameter]] = WEIGHT_DECAY

    def update(
        self, gradients: Sequence[torch.Tensor], rates: Rates, eps: torch.Tensor | None
    ) -> None:
        """Moves every parameter against its gradient."""
        self.decay(rates)
        for parameter, g, size in zip(self.trained, gradients, self.sizes(rates), strict=True):
            parameter.sub_(g * spread(size, g))
