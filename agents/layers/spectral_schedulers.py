"""Schedulers of Gogianu et al. 2021 §5.4: what spectral radii do in the place of a projection.

A member's S are its watched layers (`sn.layers`), rho_i = max(radius / lambda, 1) that of layer i,
and rho the product over S. Of a pack's members each has its own scheduler:

* `bias_scaling`: beside the projected weights, each bias is divided by the product of what the
  weights up to it are divided by (Eqs. 6 to 8).
* `divout`: the network's output is divided by rho, a constant for the gradient.
* `divgrad`: every gradient is divided by rho (Eqs. 9 and 10); with the scope `own` that of each
  watched weight by its own rho_i, as in the authors' public code.
* `muleps`: the optimiser's epsilon is multiplied by rho.
* `div_lr`: the step size of each watched layer is divided by its own rho_i (public code).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from agents.layers.base import Layer
    from agents.layers.spectral_norm import SpectralNorm
    from agents.layers.spectral_settings import SpectralNormSettings
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


class BiasScaling:
    """Scales the biases of one layer by the product of the scales `before` it, its own included."""

    def __init__(self, before: Sequence[SpectralNorm], members: torch.Tensor) -> None:
        """`members` [P] says which members scale their biases."""
        self._before, self._members = before, members

    def __call__(self, bias: torch.Tensor) -> torch.Tensor:
        """Returns scaled biases, [P, out] -> [P, out]; the layers before had their turn."""
        scale = self._before[0].last_scale
        for spectral in self._before[1:]:
            scale = scale * spectral.last_scale
        return bias * torch.where(self._members, scale, 1.0)[:, None]


class SpectralSchedulers:
    """The schedulers of P networks of the same `layers`, in forward order."""

    def __init__(self, layers: Sequence[Layer], settings: Sequence[SpectralNormSettings]) -> None:
        """Layers get `bias_scaling` where a member asks for it."""
        self._layers = layers
        self._watched = [layer.spectral for layer in layers if layer.spectral is not None]
        self._asked = {s.scheduler for s in settings}
        device = layers[0].weight.device

        def mask(scheduler: str, scope: str = "product") -> torch.Tensor:
            flags = [(s.scheduler, s.scope) == (scheduler, scope) for s in settings]
            return torch.tensor(flags, device=device)

        self._divout, self._muleps, self._div_lr = map(mask, ("divout", "muleps", "div_lr"))
        self._by_product, self._by_own = mask("divgrad", "product"), mask("divgrad", "own")
        if "bias_scaling" in self._asked:
            before: list[SpectralNorm] = []
            for layer in layers:
                before += [] if layer.spectral is None else [layer.spectral]
                if before:
                    layer.bias_scaling = BiasScaling(tuple(before), mask("bias_scaling"))

    def outputs(self, y: torch.Tensor) -> torch.Tensor:
        """Returns the networks' outputs [P, B, out] after DIVOUT."""
        if "divout" not in self._asked:
            return y
        return y / torch.where(self._divout, self._product(), 1.0)[:, None, None]

    def step(
        self, gradients: Sequence[torch.Tensor]
    ) -> tuple[Sequence[torch.Tensor], list[torch.Tensor | None] | None, torch.Tensor | None]:
        """Returns what an optimiser's step takes: gradients, factors of step sizes and epsilons."""
        return self.gradients(gradients), self.rates(len(gradients)), self.eps()

    def gradients(self, gradients: Sequence[torch.Tensor]) -> Sequence[torch.Tensor]:
        """Returns gradients of the networks' parameters after DIVGRAD.

        Parameters are a weight and a bias of each layer in order, and perhaps others behind.
        """
        if "divgrad" not in self._asked:
            return gradients
        whole = torch.where(self._by_product, self._product(), 1.0)
        divisors = [whole] * len(gradients)
        for place, layer in enumerate(self._layers):
            if layer.spectral is not None:
                own = layer.spectral.radii()
                divisors[2 * place] = torch.where(self._by_own, own, whole)
        return [
            gradient / divisor.view(-1, *[1] * (gradient.dim() - 1))
            for gradient, divisor in zip(gradients, divisors, strict=True)
        ]

    def rates(self, parameters: int) -> list[torch.Tensor | None] | None:
        """Returns the factors [P] of the step sizes of so many parameters; `None` for 1."""
        if "div_lr" not in self._asked:
            return None
        factors: list[torch.Tensor | None] = [None] * parameters
        for place, layer in enumerate(self._layers):
            if layer.spectral is not None:
                factor = 1.0 / torch.where(self._div_lr, layer.spectral.radii(), 1.0)
                factors[2 * place] = factors[2 * place + 1] = factor
        return factors

    def eps(self) -> torch.Tensor | None:
        """Returns the factors [P] of the optimiser's epsilon; `None` where all are 1."""
        if "muleps" not in self._asked:
            return None
        return torch.where(self._muleps, self._product(), 1.0)

    def _product(self) -> torch.Tensor:
        """rho of every member in the last pass, [P]."""
        product = self._watched[0].radii()
        for spectral in self._watched[1:]:
            product = product * spectral.radii()
        return product
