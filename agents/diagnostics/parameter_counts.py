"""How many numbers networks and features have (Ota et al. 2021, Table 2)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from agents.diagnostics.base import Measures, Sample, SampleDiagnostic

_FEATURES = "parameters_features"


class Diagnostic(SampleDiagnostic):
    """Weights and biases of one network of each name, those that norms learn among them.

    `parameters_features` counts what stands for a state where features are learned beside, the
    running statistics of its norms among them; 0 where there are none. An encoder is not counted.
    """

    @classmethod
    def metrics(cls, networks: Sequence[str]) -> Sequence[str]:
        """Returns a name for each network, and that of features."""
        return [*(f"parameters_{name}" for name in networks), _FEATURES]

    def measure(self, sample: Sample) -> Measures:
        """Returns the counts, which are equal for all members."""
        members, features = len(self.runs), self.learner.features
        counts = {
            f"parameters_{name}": sum(t[0].numel() for t in self.learner.network(name).parameters)
            for name in self.learner.networks
        }
        read = [] if features is None else features.acting()
        counts[_FEATURES] = sum(t[0].numel() for _, t, _ in read)
        return {name: np.full(members, float(count)) for name, count in counts.items()}
