"""Centred RMSprop: steps divided by a running standard deviation of the gradient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from agents.optimisers.base import BaseOptimiser, Rates, spread
from agents.parameter import Parameter

if TYPE_CHECKING:
    import torch


class Optimiser(BaseOptimiser):
    """x -= lr g / (sqrt(v - m^2) + eps), where m and v are running means of g and g^2.

    It is torch.optim.RMSprop(centered=True): Graves 2013, Eq. 38-41, but with eps outside the root.
    Where rounding makes v - m^2 negative it counts as 0.
    """

    parameters: ClassVar[Mapping[str, Parameter]] = {
        "alpha": Parameter(float, 0.95, low=0.0, high=0.999999, packable=True),
        "eps": Parameter(float, 1e-8, low=0.0, packable=True),
    }
    moments = ("m", "v")

    def update(
        self, gradients: Sequence[torch.Tensor], rates: Rates, eps: torch.Tensor | None
    ) -> None:
        """Updates both means, then every parameter.

        Each operation rounds once: those that multiply and add in one may round otherwise at the
        end of a tensor than inside it, and so differ with the pack.
        """
        alpha = self.numbers["alpha"]
        olds, news = alpha.float(), (1.0 - alpha).float()
        epsilons = self.epsilons(eps).float()
        for parameter, g, m, v, size in zip(
            self.trained,
            gradients,
            self.kept["m"],
            self.kept["v"],
            self.sizes(rates),
            strict=True,
        ):
            old, new = spread(olds, g), spread(news, g)
            m.mul_(old).add_(g * new)
            v.mul_(old).add_((g * g).mul_(new))
            deviation = (m * m).sub_(v).neg_().clamp_(min=0.0).sqrt_()
            step = g / deviation.add_(spread(epsilons, g))
            parameter.sub_(step.mul_(spread(size, g)))
