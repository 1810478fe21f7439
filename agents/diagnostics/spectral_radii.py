"""The spectral radii that spectral normalisation divides by (Gogianu et al. 2021, Fig. 13)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from agents.diagnostic import Measures, Sample, SampleDiagnostic

if TYPE_CHECKING:
    import torch

    from agents.networks.spectral import SpectralNorm
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")

_LAYERS = 8


class Diagnostic(SampleDiagnostic):
    """The estimates of power iteration: `rho_1` of the output layer, `rho_2` of the one before, ...

    They are the (first) critic's, of layers that a member normalises; of others there are none.
    `rho_product` is that of max(rho, 1) over all of them, however deep (Eqs. 5, 9, 10).
    """

    @classmethod
    def metrics(cls, networks: Sequence[str]) -> Sequence[str]:
        """The last eight layers', and the product."""
        return (*(f"rho_{place}" for place in range(1, _LAYERS + 1)), "rho_product")

    def measure(self, sample: Sample) -> Measures:
        """As they are: nothing is iterated."""
        layers = self.learner.network("critic").layers[::-1]
        found = {
            place: self._radii(layer.spectral)
            for place, layer in enumerate(layers, start=1)
            if layer.spectral is not None
        }
        if not found:
            return {}
        every = np.stack(list(found.values()))
        product = np.where(np.isnan(every), 1.0, np.maximum(every, 1.0)).prod(0)
        product[np.isnan(every).all(0)] = np.nan
        radii = {f"rho_{place}": rho for place, rho in found.items() if place <= _LAYERS}
        return {**radii, "rho_product": product}

    @staticmethod
    def _radii(norm: SpectralNorm) -> np.ndarray:
        """[P], NaN where a member does not normalise the layer."""
        with torch.no_grad():
            rho = norm.rho().cpu().double().numpy()
        return np.where(np.isin(np.arange(len(rho)), norm.members), rho, np.nan)
