"""Batched matrix products, and means, whose bits do not depend on the pack.

A CPU's product takes another path, with other bits, where an operand or its result does not start
at a multiple of 16 bytes. Memory that torch allocates does; the members of a tensor [P, m, n] do
only if m n is a multiple of 4. Where it is not, operands are padded with zeros, whatever the size
of the pack. So are those of products with a vector, which take another path alone than in a pack.
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
    """a b for every member: [P, m, k] x [P, k, n] -> [P, m, n]."""
    m, k, n = a.shape[1], b.shape[1], b.shape[2]
    if n == 1 or m * k % _ALIGNMENT or k * n % _ALIGNMENT or m * n % _ALIGNMENT:
        missing_k, missing_n = -k % _ALIGNMENT, -n % _ALIGNMENT
        padded = F.pad(b, (0, missing_n, 0, missing_k))
        return torch.bmm(F.pad(a, (0, missing_k)) if missing_k else a, padded)[..., :n]
    return torch.bmm(a if a.storage_offset() % _ALIGNMENT == 0 else a.clone(), b)


def mean(x: torch.Tensor) -> torch.Tensor:
    """The mean over the last axis of [P, ..., n], by a product.

    A CPU's own sums of one row take another path, with other bits, than those of several.
    """
    rows = x.reshape(len(x), -1, x.shape[-1])
    ones = rows.new_ones(len(x), x.shape[-1], _ALIGNMENT)
    return (product(rows, ones)[..., 0] / x.shape[-1]).view(x.shape[:-1])
