"""Autograd functions of the layers (this file imports torch)."""

from __future__ import annotations

from collections.abc import Sequence
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


def perceptron(x: torch.Tensor, parameters: Sequence[torch.Tensor]) -> torch.Tensor:
    """Linear layers with a ReLU after all but the last, [P, B, in] -> [P, B, out].

    `parameters` are a weight [P, in, out] and a bias [P, out] of each. It is one function because
    autograd's nodes, one by one, take as long as a quarter of the products of a 256 x 256 network.
    """
    if not torch.is_grad_enabled():
        return _layers(x, parameters)[-1]
    result: torch.Tensor = _Perceptron.apply(x, *parameters)  # type: ignore[no-untyped-call]
    return result


def _layers(x: torch.Tensor, parameters: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """x and the outputs of all layers."""
    found = [x]
    for place in range(0, len(parameters), 2):
        y = product(found[-1], parameters[place]).add_(parameters[place + 1][:, None])
        found.append(y.relu_() if place + 2 < len(parameters) else y)
    return found


class _Perceptron(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, *parameters: torch.Tensor) -> torch.Tensor:
        """All layers' outputs in turn."""
        *inputs, outputs = _layers(x, parameters)
        ctx.save_for_backward(*inputs, *parameters[::2])
        return outputs

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Gradients of x where needed, and of the parameters where the last layer's are."""
        count = len(ctx.saved_tensors) // 2
        inputs, weights = ctx.saved_tensors[:count], ctx.saved_tensors[count:]
        found: list[torch.Tensor | None] = []
        for place in reversed(range(count)):
            learned = ctx.needs_input_grad[1 + 2 * place]
            found.append(gradient.sum(1) if learned else None)
            found.append(product(inputs[place].transpose(1, 2), gradient) if learned else None)
            if place or ctx.needs_input_grad[0]:
                gradient = product(gradient, weights[place].transpose(1, 2))
            if place:
                gradient = torch.ops.aten.threshold_backward(gradient, inputs[place], 0)
        return gradient if ctx.needs_input_grad[0] else None, *reversed(found)


def standardised(
    x: torch.Tensor, axis: int, eps: float
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """x to mean 0 and variance 1 along `axis`, with that mean and variance, `axis` kept as one.

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
        ctx.axis = axis
        ctx.mark_non_differentiable(mean, variance)
        return normal.mul_(scale), mean, variance

    @staticmethod
    def backward(
        ctx: Any, gradient: torch.Tensor, *_: torch.Tensor
    ) -> tuple[torch.Tensor, None, None]:
        """(g - mean g - c mean(g c) / variance) / deviation, c being x - mean x."""
        x, mean, scale = ctx.saved_tensors
        found = x - mean
        along = (gradient * found).mean(ctx.axis, keepdim=True).mul_(scale * scale)
        found.mul_(along).add_(gradient.mean(ctx.axis, keepdim=True))
        return torch.sub(gradient, found, out=found).mul_(scale), None, None
