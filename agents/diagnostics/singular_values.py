"""The largest singular values of critic and actor (Bjorck et al. 2021, Fig. 5)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from agents.diagnostics import spectra
from agents.diagnostics.base import Measures, Sample, SampleDiagnostic

_SUFFIXES = {"critic": "", "actor": "_actor"}


class Diagnostic(SampleDiagnostic):
    """The largest singular values of the second layer, `sigma_2`, and of all, `sigma_max`.

    Layers are the (first) critic's, with `_actor` those of the actor where there is one, counted
    from the input, with weights as they are learned: before spectral normalisation.
    """

    @classmethod
    def metrics(cls, networks: Sequence[str]) -> Sequence[str]:
        """Returns both names, for the critic and for the actor, if there is one."""
        suffixes = [suffix for name, suffix in _SUFFIXES.items() if name in networks]
        return [f"{name}{suffix}" for suffix in suffixes for name in ("sigma_2", "sigma_max")]

    def measure(self, sample: Sample) -> Measures:
        """Returns the values; a network has at least two layers."""
        found: dict[str, np.ndarray] = {}
        seeds = [run.seed for run in self.runs]
        for name, suffix in _SUFFIXES.items():
            if name in self.learner.networks:
                layers = self.learner.network(name).layers
                sigma = np.stack([spectra.largest(layer, seeds) for layer in layers])
                found |= {f"sigma_2{suffix}": sigma[1], f"sigma_max{suffix}": sigma.max(0)}
        return found
