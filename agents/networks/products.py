"""Batched matrix products whose bits do not depend on the pack.

A CPU's product takes another path, with other bits, where an operand or its result does not start
at a multiple of 16 bytes. Memory that torch allocates does; the members of a tensor [P, m, n] do
only if m n is a multiple of 4. Where it is not, members are multiplied one by one in memory of
their own, whatever the size of the pack.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from agents.networks import functions
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")
    functions = LazyModule("agents.networks.functions")

_ALIGNMENT = 4  # float32 numbers in 16 bytes


def product(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """a b for every member: [P, m, k] x [P, k, n] -> [P, m, n]."""
    _, m, k = a.shape
    n = b.shape[2]
    aligned = m * k % _ALIGNMENT == 0 and k * n % _ALIGNMENT == 0 and m * n % _ALIGNMENT == 0
    if a.is_cuda or (aligned and a.storage_offset() % _ALIGNMENT == 0):
        return torch.bmm(a, b)
    y: torch.Tensor = functions.MemberwiseProduct.apply(a, b)
    return y


def memberwise(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """a b for every member, each from and to memory of its own."""
    pairs = zip(a.split(1), b.split(1), strict=True)
    return torch.cat([torch.bmm(left.clone(), right.clone()) for left, right in pairs])
