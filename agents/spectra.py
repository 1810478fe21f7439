"""Singular values, member by member, so that their bits do not depend on the pack."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


def singular_values(matrices: torch.Tensor) -> np.ndarray:
    """Those of matrices [P, m, n], in float64, the largest first, [P, min(m, n)].

    NaN for a matrix that holds what is not finite.
    """
    return np.stack([_of_one(matrix.detach().cpu().double()) for matrix in matrices])


def _of_one(matrix: torch.Tensor) -> np.ndarray:
    if not matrix.isfinite().all():
        return np.full(min(matrix.shape), np.nan)
    found: np.ndarray = torch.linalg.svdvals(matrix).numpy()
    return found
