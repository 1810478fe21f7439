"""The largest singular values of the critic's layers (Bjorck et al. 2021, Fig. 5)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from agents.diagnostics import spectra
from agents.diagnostics.base import Measures, Sample, SampleDiagnostic


class Diagnostic(SampleDiagnostic):
    """The largest singular values of the second layer, `sigma_2`, and of all, `sigma_max`.

    Layers are the (first) critic's, counted from the input, with weights as they are learned:
    before spectral normalisation.
    """

    @classmethod
    def metrics(cls, networks: Sequence[str]) -> Sequence[str]:
        """Returns both names."""
        return ("sigma_2", "sigma_max")

    def measure(self, sample: Sample) -> Measures:
        """Returns both values; a network has at least two layers."""
        layers = self.learner.network("critic").layers
        seeds = [run.seed for run in self.runs]
        sigma = np.stack([spectra.largest(layer, seeds) for layer in layers])
        return {"sigma_2": sigma[1], "sigma_max": sigma.max(0)}
