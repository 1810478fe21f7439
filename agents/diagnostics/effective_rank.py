"""How many directions the critic's features use (Kumar et al. 2021; Ota et al. 2021, A.4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from agents.diagnostics.base import Measures, Sample, SampleDiagnostic
from agents.diagnostics.spectra import singular_values

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")

DELTA = 0.01
_ROUNDING = 1e-9


class Diagnostic(SampleDiagnostic):
    """srank = min {k: the k largest singular values make up 1 - 0.01 of their sum}.

    They are those of the matrix of what the head of the (first) critic reads, a row for each of
    `diagnostics.samples` transitions; `srank_last` is of what the last hidden layer itself makes,
    to which a densenet joins what came before and a resnet adds it. 0 where all features are 0.
    """

    @classmethod
    def metrics(cls, networks: Sequence[str]) -> Sequence[str]:
        """The effective ranks."""
        return ("srank", "srank_last")

    def measure(self, sample: Sample) -> Measures:
        """Of features without power iteration, and without statistics of this batch."""
        batch = sample(self.params["diagnostics.samples"])
        with torch.no_grad():
            x = self.learner.network_inputs("critic", batch)
            net = self.learner.network("critic")
            features = net.features(x)
            (last,) = net.seen(x, net.body.layers[-1:])
        both = [srank(singular_values(part)) for part in (features, last.flatten(2))]
        return dict(zip(("srank", "srank_last"), both, strict=True))


def srank(sigma: np.ndarray) -> np.ndarray:
    """The effective ranks [P] from singular values [P, N], the largest first; NaN for NaN."""
    sums = np.cumsum(sigma, axis=1)
    short = sums < (1.0 - DELTA - _ROUNDING) * sums[:, -1:]
    ranks = short.sum(1) + (sums[:, -1] > 0.0)
    return np.where(np.isfinite(sums[:, -1]), ranks, np.nan)
