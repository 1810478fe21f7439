"""The largest singular values of the critic's layers (Bjorck et al. 2021, Fig. 5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from agents import streams
from agents.diagnostic import Measures, Sample, SampleDiagnostic
from agents.networks import spectral
from agents.spectra import singular_values

if TYPE_CHECKING:
    import torch

    from agents.networks.layers import Layer
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")

_ITERATIONS = 200


class Diagnostic(SampleDiagnostic):
    """Of the second layer, `sigma_2`, and of the layer where it is largest, `sigma_max`.

    Layers are the (first) critic's, counted from the input, with weights as they are learned:
    before spectral normalisation. A convolution is taken as the linear map of its images, whose
    norm 200 power iterations find; that of other layers is exact.
    """

    @classmethod
    def metrics(cls, networks: Sequence[str]) -> Sequence[str]:
        """The second layer's, and the largest."""
        return ("sigma_2", "sigma_max")

    def measure(self, sample: Sample) -> Measures:
        """Of every layer; a network has at least two."""
        layers = self.learner.network("critic").layers
        with torch.no_grad():
            sigma = np.stack([self._largest(layer) for layer in layers])
        return {"sigma_2": sigma[1], "sigma_max": sigma.max(0)}

    def _largest(self, layer: Layer) -> np.ndarray:
        if not layer.convolves:
            return singular_values(layer.weight)[:, 0]
        keys = streams.keys([run.seed for run in self.runs], "diagnostics/singular_values")
        norms: np.ndarray = spectral.norm(layer, keys, _ITERATIONS).cpu().numpy()
        return norms
