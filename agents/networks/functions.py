"""Autograd functions of the layers (this file imports torch)."""

from __future__ import annotations

from typing import Any

import torch

from agents.networks import layers, products


class Unfold(torch.autograd.Function):
    """`layers.unfold`, differentiated by `layers.fold`."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, size: int) -> torch.Tensor:
        """Patches of x; x must be contiguous in its last two axes."""
        ctx.size = size
        return layers.unfold(x, size)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        """Patches added up."""
        return layers.fold(gradient.contiguous(), ctx.size), None


class MemberwiseProduct(torch.autograd.Function):
    """`products.memberwise`, forward and backward."""

    @staticmethod
    def forward(ctx: Any, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """a b, one member after the other."""
        ctx.save_for_backward(a, b)
        return products.memberwise(a, b)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """g b^T and a^T g, one member after the other."""
        a, b = ctx.saved_tensors
        return (
            products.memberwise(gradient, b.transpose(1, 2)),
            products.memberwise(a.transpose(1, 2), gradient),
        )
