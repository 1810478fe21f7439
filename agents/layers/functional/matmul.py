"""Batched matrix products whose results are bit-identical in any pack.

A CPU's product takes another path, with other bits, where an operand or its result does not start
at a multiple of 16 bytes. Memory that torch allocates does; the members of a tensor [P, m, n] do
only if m n is a multiple of 4. A product with a vector, like that of a critic's head, takes another
path alone than in a pack. In both cases operands are padded with zeros, whatever the pack's size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    import torch.nn.functional as F
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")
    F = LazyModule("torch.nn.functional")

_ALIGNMENT = 4  # float32 numbers in 16 bytes


def product(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Returns a b for every member: [P, m, k] x [P, k, n] -> [P, m, n]."""
    m, k, n = a.shape[1], b.shape[1], b.shape[2]
    if 1 in (k, n) or m * k % _ALIGNMENT or k * n % _ALIGNMENT or m * n % _ALIGNMENT:
        missing_k, missing_n = -k % _ALIGNMENT, -n % _ALIGNMENT
        padded = F.pad(b, (0, missing_n, 0, missing_k))
        return torch.bmm(_aligned(a, missing_k), padded)[..., :n]
    return torch.bmm(_aligned(a), b)


def _aligned(a: torch.Tensor, missing: int = 0) -> torch.Tensor:
    """a with `missing` columns of zeros more; copied where it does not start aligned."""
    return F.pad(a, (0, missing)) if missing or a.storage_offset() % _ALIGNMENT else a
