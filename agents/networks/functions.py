"""Autograd functions of the layers (this file imports torch)."""

from __future__ import annotations

from typing import Any

import torch

from agents.networks import layers
from agents.networks.products import product


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


def shifted(y: torch.Tensor, bias: torch.Tensor, relu: bool) -> torch.Tensor:
    """y [P, B, N] + bias [P, N] in place of y, then a ReLU where asked for.

    Autograd's own sum over B, the gradient of the bias, has other bits in other packs.
    """
    result: torch.Tensor = _Shift.apply(y, bias, relu)  # type: ignore[no-untyped-call]
    return result


class _Shift(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, y: torch.Tensor, bias: torch.Tensor, relu: bool) -> torch.Tensor:
        """y with the bias on it."""
        y.add_(bias[:, None])
        ctx.mark_dirty(y)
        ctx.relu = relu
        if relu:
            ctx.save_for_backward(y.relu_())
        return y

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:
        """Gradients of y and of the bias."""
        if ctx.relu:
            (y,) = ctx.saved_tensors
            gradient = torch.ops.aten.threshold_backward(gradient, y, 0)
        ones = gradient.new_ones(len(gradient), 1, gradient.shape[1])
        return gradient, product(ones, gradient)[:, 0], None
