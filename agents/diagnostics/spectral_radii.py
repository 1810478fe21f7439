"""The spectral radii that spectral normalisation divides by (Gogianu et al. 2021, Fig. 13)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from agents.diagnostics import spectra
from agents.diagnostics.base import Measures, Sample, SampleDiagnostic
from agents.layers.base import Layer

_LAYERS = 8


class Diagnostic(SampleDiagnostic):
    """`rho_1` of the output layer, `rho_2` of the one before, ..., all of the (first) critic.

    Where a member watches the layer (`sn.layers`) it is power iteration's estimate, elsewhere the
    largest singular value. `rho_product` is that of max(rho, 1) over all layers that a member
    watches, however deep (Eqs. 5, 9, 10).
    """

    @classmethod
    def metrics(cls, networks: Sequence[str]) -> Sequence[str]:
        """Returns the names of the last eight layers' radii and of the product."""
        return (*(f"rho_{place}" for place in range(1, _LAYERS + 1)), "rho_product")

    def measure(self, sample: Sample) -> Measures:
        """Returns the radii as they are: no power iteration is done."""
        layers = self.learner.network("critic").layers[::-1]
        shown = [self._radii(layer) for layer in layers[:_LAYERS]]
        radii = {f"rho_{place}": rho for place, rho in enumerate(shown, start=1)}
        estimates = [estimated(layer) for layer in layers if layer.spectral is not None]
        if not estimates:
            return radii
        every = np.stack(estimates)
        product = np.where(np.isnan(every), 1.0, np.maximum(every, 1.0)).prod(0)
        product[np.isnan(every).all(0)] = np.nan
        return {**radii, "rho_product": product}

    def _radii(self, layer: Layer) -> np.ndarray:
        """Returns the layer's radii [P]."""
        found = estimated(layer)
        if not np.isnan(found).any():
            return found
        exact = spectra.largest(layer, [run.seed for run in self.runs])
        return np.where(np.isnan(found), exact, found)


def estimated(layer: Layer) -> np.ndarray:
    """Returns power iteration's estimates [P], NaN where a member does not watch the layer."""
    count, norm = len(layer.weight), layer.spectral
    if norm is None:
        return np.full(count, np.nan)
    rho = norm.rho().detach().cpu().double().numpy()
    return np.where(np.isin(np.arange(count), norm.members), rho, np.nan)
