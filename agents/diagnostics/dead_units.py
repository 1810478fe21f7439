"""The share of dead hidden units: those whose activation is 0 on all sampled transitions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from agents.diagnostics.base import Measures, Sample, SampleDiagnostic
from agents.replay.batch import Batch

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


class Diagnostic(SampleDiagnostic):
    """The share of units whose activation is 0 on all of `diagnostics.samples` transitions.

    The units of a convolution are its channels, each on all places. Of several critics it is the
    first one's. Swish is never quite 0: this is a measure of ReLUs.
    """

    @classmethod
    def metrics(cls, networks: Sequence[str]) -> Sequence[str]:
        """Returns a name for each network."""
        return [f"dead_units_{name}" for name in networks]

    def measure(self, sample: Sample) -> Measures:
        """Returns the shares; no power iteration, no batch statistics of this sample."""
        batch = sample(self.params["diagnostics.samples"])
        return {f"dead_units_{n}": self._share(n, batch) for n in self.learner.networks}

    def _share(self, name: str, batch: Batch) -> np.ndarray:
        with torch.no_grad():
            hidden = self.learner.network(name).activations(
                self.learner.network_inputs(name, batch)
            )
        dead = torch.cat([(y == 0).flatten(1, -2).all(1) for y in hidden], dim=1).cpu().numpy()
        share: np.ndarray = dead.sum(1) / dead.shape[1]
        return share
