"""The norms of an update's gradients (Bjorck et al. 2021, Figs. 3 and 6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from agents.diagnostics.base import Measures, Sample, SampleDiagnostic

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


class Diagnostic(SampleDiagnostic):
    """The L2 norm of all gradients of a network in an update from `batch_size` transitions.

    Of several critics it is over all of them, whose losses are added up; of an agent that learns
    from images also over the parts of the encoder that learn with the network.
    """

    @classmethod
    def metrics(cls, networks: Sequence[str]) -> Sequence[str]:
        """Returns a name for each network."""
        return [f"grad_norm_{name}" for name in networks]

    def measure(self, sample: Sample) -> Measures:
        """Returns the norms in an update on the sample; the update is undone."""
        probed = self.learner.probe_update(sample(self.params["batch_size"]), sample.step)
        members = len(self.runs)
        return {
            f"grad_norm_{name}": norm([g.reshape(members, -1) for g in found.gradients])
            for name, found in probed.items()
        }


def norm(parts: Sequence[torch.Tensor]) -> np.ndarray:
    """Returns the L2 norms [P] of vectors in parts [P, n]: float64, member by member."""
    rows = [
        [part.cpu().double().square().sum() for part in row] for row in zip(*parts, strict=True)
    ]
    norms: np.ndarray = torch.stack([torch.stack(row).sum().sqrt() for row in rows]).numpy()
    return norms
