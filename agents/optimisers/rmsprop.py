"""Centred RMSprop: steps divided by a running standard deviation of the gradient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from agents.optimisers.base import WEIGHT_DECAY, BaseOptimiser, Rates, rows, spread
from agents.parameter import Parameter

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


class Optimiser(BaseOptimiser):
    """x -= lr g / (sqrt(v - m^2) + eps), where m and v are running means of g and g^2.

    It is torch.optim.RMSprop(centered=True): Graves 2013, Eq. 38-41, but with eps outside the root.
    Weight decay is decoupled from the gradient, which torch's is not.
    Where rounding makes v - m^2 negative it counts as 0.
    On a CPU members are updated one by one (bit-equal in any pack, and in what a core's cache
    holds), elsewhere all at once.
    """

    parameters: ClassVar[Mapping[str, Parameter]] = {
        "alpha": Parameter(float, 0.95, low=0.0, high=0.999999, packable=True),
        "eps": Parameter(float, 1e-8, low=0.0, packable=True),
        **WEIGHT_DECAY,
    }
    moments = ("m", "v")

    def update(
        self, gradients: Sequence[torch.Tensor], rates: Rates, eps: torch.Tensor | None
    ) -> None:
        """Updates both means, then every parameter."""
        self.decay(rates)
        if self._on_cpu:
            self._update_memberwise(gradients, rates, eps)
        else:
            self._update_together(gradients, rates, eps)

    def _update_memberwise(
        self, gradients: Sequence[torch.Tensor], rates: Rates, eps: torch.Tensor | None
    ) -> None:
        alike = [g.contiguous() for g in gradients]  # with other strides it may round otherwise
        tensors = (self.trained, alike, self.kept["m"], self.kept["v"])
        epsilons = self.epsilons(eps).tolist()
        for member, sizes, epsilon, x, g, m, v in zip(
            self.members, self.member_sizes(rates), epsilons, *map(rows, tensors), strict=True
        ):
            alpha = member.numbers["alpha"]
            torch._foreach_lerp_(m, g, 1.0 - alpha)
            torch._foreach_mul_(v, alpha)
            torch._foreach_addcmul_(v, g, g, 1.0 - alpha)
            deviations = torch._foreach_addcmul(v, m, m, -1.0)
            torch._foreach_clamp_min_(deviations, 0.0)
            torch._foreach_sqrt_(deviations)
            torch._foreach_add_(deviations, epsilon)
            torch._foreach_addcdiv_(x, g, deviations, [-size for size in sizes])

    def _update_together(
        self, gradients: Sequence[torch.Tensor], rates: Rates, eps: torch.Tensor | None
    ) -> None:
        alpha = self.numbers["alpha"]
        old, fresh, epsilon = (t.float() for t in (alpha, 1.0 - alpha, self.epsilons(eps)))
        tensors = (self.trained, gradients, self.kept["m"], self.kept["v"])
        for x, g, m, v, size in zip(*tensors, self.sizes(rates), strict=True):
            m.lerp_(g, spread(fresh, g))
            v.mul_(spread(old, g)).addcmul_(g, g * spread(fresh, g))
            deviation = torch.addcmul(v, m, m, value=-1.0).clamp_(min=0.0).sqrt_()
            x.sub_(g / deviation.add_(spread(epsilon, g)) * spread(size, g))
