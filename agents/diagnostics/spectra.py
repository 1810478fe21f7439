"""Singular values, computed member by member so that they are bit-identical in any pack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from agents import streams

if TYPE_CHECKING:
    import torch

    from agents.layers import spectral_norm
    from agents.layers.base import Layer
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")
    spectral_norm = LazyModule("agents.layers.spectral_norm")

_ITERATIONS = 200


def largest(layer: Layer, seeds: Sequence[int]) -> np.ndarray:
    """Returns the largest singular values [P] of a layer's weights as they are learned.

    A convolution is taken as the linear map of its images, whose norm 200 power iterations find;
    that of other layers is exact.
    """
    with torch.no_grad():
        if not layer.convolves:
            return singular_values(layer.weight)[:, 0]
        keys = streams.keys(seeds, "diagnostics/singular_values")
        norms: np.ndarray = spectral_norm.norm(layer, keys, _ITERATIONS).cpu().numpy()
        return norms


def singular_values(matrices: torch.Tensor) -> np.ndarray:
    """Returns those of matrices [P, m, n], float64, the largest first, [P, min(m, n)].

    NaN for a matrix that holds what is not finite.
    """
    return np.stack([_of_one(matrix.detach().cpu().double()) for matrix in matrices])


def _of_one(matrix: torch.Tensor) -> np.ndarray:
    if not matrix.isfinite().all():
        return np.full(min(matrix.shape), np.nan)
    found: np.ndarray = torch.linalg.svdvals(matrix).numpy()
    return found
