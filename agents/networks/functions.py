"""Autograd functions of the layers (this file imports torch)."""

from __future__ import annotations

from typing import Any

import torch

from agents.networks import layers


def unfold(x: torch.Tensor, size: int) -> torch.Tensor:
    """`layers.unfold` with `layers.fold` as its gradient (autograd's own is a slow scatter)."""
    patches: torch.Tensor = _Unfold.apply(x, size)  # type: ignore[no-untyped-call]
    return patches


class _Unfold(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, size: int) -> torch.Tensor:
        """Patches of x; x must be contiguous in its last two axes."""
        ctx.size = size
        return layers.unfold(x, size)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        """Patches added up."""
        return layers.fold(gradient.contiguous(), ctx.size), None
