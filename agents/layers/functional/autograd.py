"""Autograd functions of the layers (this file imports torch)."""

from __future__ import annotations

import math
from typing import Any

import torch

from agents.layers.functional import patches

_LOG_2 = math.log(2.0)
_LOG_ROOT_2_PI = 0.5 * math.log(2.0 * math.pi)


def unfold(x: torch.Tensor, size: int, stride: int = 1) -> torch.Tensor:
    """Returns `patches.unfold` of x; its gradient is `patches.fold`, autograd's a slow scatter.

    As the gradient of folding is unfolding, it can be differentiated any number of times.
    """
    patches: torch.Tensor = _Unfold.apply(x, size, stride)  # type: ignore[no-untyped-call]
    return patches


class _Unfold(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, size: int, stride: int) -> torch.Tensor:
        """Patches of x; x must be contiguous in its last two axes."""
        ctx.patches, ctx.sides = (size, stride), tuple(x.shape[2:4])
        return patches.unfold(x, size, stride)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        """Patches added up."""
        folded: torch.Tensor
        folded = _Fold.apply(gradient, *ctx.patches, ctx.sides)  # type: ignore[no-untyped-call]
        return folded, None, None


class _Fold(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, rows: torch.Tensor, size: int, stride: int, sides: tuple[int, int]
    ) -> torch.Tensor:
        """Patches added up."""
        ctx.patches = size, stride
        return patches.fold(rows.contiguous(), size, stride, sides)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None, None, None]:
        """Patches of the gradient."""
        return unfold(gradient.contiguous(), *ctx.patches), None, None, None


def standardised(
    x: torch.Tensor, axis: int, eps: float
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Returns x with mean 0 and variance 1 along `axis`, and its mean and variance there.

    Gradients flow through the first alone. Half the time of torch's own group norm on a CPU, and,
    unlike its batch norm, bit-equal whatever stands beside a member.
    """
    normal, mean, variance = _Standardised.apply(x, axis, eps)  # type: ignore[no-untyped-call]
    return normal, mean, variance


class _Standardised(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, axis: int, eps: float
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Keeps x, so that what follows may overwrite the result."""
        mean = x.mean(axis, keepdim=True)
        normal = x - mean
        variance = (normal * normal).mean(axis, keepdim=True)
        scale = (variance + eps).rsqrt_()
        ctx.save_for_backward(x, mean, scale)
        ctx.axis, ctx.eps = axis, eps
        ctx.mark_non_differentiable(mean, variance)
        return normal.mul_(scale), mean, variance

    @staticmethod
    def backward(
        ctx: Any, gradient: torch.Tensor, *_: torch.Tensor
    ) -> tuple[torch.Tensor, None, None]:
        """(g - mean g - c mean(g c) / variance) / deviation, c being x - mean x."""
        x, mean, scale = ctx.saved_tensors
        if torch.is_grad_enabled():  # it will be differentiated: x, too, is a variable of it
            return _standardised_gradient(x, gradient, ctx.axis, ctx.eps), None, None
        found = x - mean
        along = (gradient * found).mean(ctx.axis, keepdim=True).mul_(scale * scale)
        found.mul_(along).add_(gradient.mean(ctx.axis, keepdim=True))
        return torch.sub(gradient, found, out=found).mul_(scale), None, None


def _standardised_gradient(
    x: torch.Tensor, gradient: torch.Tensor, axis: int, eps: float
) -> torch.Tensor:
    """`_Standardised.backward`, in operations that autograd knows."""
    centred = x - x.mean(axis, keepdim=True)
    scale = ((centred * centred).mean(axis, keepdim=True) + eps).rsqrt()
    along = (gradient * centred).mean(axis, keepdim=True) * (scale * scale)
    return (gradient - gradient.mean(axis, keepdim=True) - centred * along) * scale


def squashed(
    out: torch.Tensor, noise: torch.Tensor, low: float, high: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns a = tanh(mu + sigma e) and log pi(a); out [P, B, 2 A] is (mu, log sigma), e noise.

    log sigma is clamped to [low, high]; a is [P, B, A], log pi [P, B]. One function, because
    autograd's forty small nodes took a tenth of an update.
    """
    found: tuple[torch.Tensor, torch.Tensor]
    found = _Squashed.apply(out, noise, low, high)  # type: ignore[no-untyped-call]
    return found


class _Squashed(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, out: torch.Tensor, noise: torch.Tensor, low: float, high: float
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """log N(z) - sum log(1 - a^2), where log(1 - a^2) = 2 (log 2 - |z| - log(1 + e^-2|z|))."""
        mean, raw = out.chunk(2, dim=2)
        log_std = raw.clamp(low, high)
        shift = log_std.exp().mul_(noise)
        size = (mean + shift).abs_()
        action = torch.tanh(mean + shift)
        log_slope = torch.exp(-2.0 * size).log1p_().add_(size).mul_(-2.0)
        each = noise.square().mul_(-0.5).sub_(log_std).sub_(log_slope)
        ctx.save_for_backward(action, shift, (raw >= low) & (raw <= high))
        return action, each.sum(2).sub_(noise.shape[2] * (_LOG_ROOT_2_PI + 2.0 * _LOG_2))

    @staticmethod
    def backward(
        ctx: Any, gradient: torch.Tensor, log_gradient: torch.Tensor
    ) -> tuple[torch.Tensor, None, None, None]:
        """da/dz = 1 - a^2, d log pi/dz = 2 a; log sigma has what z has, times sigma e, and -1."""
        action, shift, inside = ctx.saved_tensors
        log_gradient = log_gradient[..., None]
        of_z = gradient * (1.0 - action * action) + 2.0 * log_gradient * action
        return torch.cat((of_z, (of_z * shift - log_gradient) * inside), dim=2), None, None, None
