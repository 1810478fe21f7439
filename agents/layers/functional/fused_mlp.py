"""Plain perceptrons as one autograd function (this file imports torch).

Autograd's nodes one by one take as long as a quarter of the products of a 256 x 256 network. On a
CPU members go through the layers one by one, in what a core's cache holds, by oneDNN's products,
which add biases and apply ReLUs as they go: on a processor with AVX-512 that is not Intel's they
take half the time of the batched ones that torch chooses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from agents.layers.functional.matmul import product

_LARGE = 16_384
"""Numbers between two layers of a member from which on members go one by one."""
_NARROW = 16
"""Columns below which a product is faster the other way round."""
_relu_backward = torch.ops.aten.threshold_backward.grad_input
_FUSED = torch._C._has_mkldnn and hasattr(torch.ops.mkldnn, "_linear_pointwise")


def perceptron(x: torch.Tensor, parameters: Sequence[torch.Tensor]) -> torch.Tensor:
    """Linear layers with a ReLU after all but the last, [P, B, in] -> [P, B, out].

    `parameters` are a weight [P, in, out] and a bias [P, out] of each. No bit depends on the pack:
    what is done to a member depends on its own sizes alone.
    """
    result: torch.Tensor = _Perceptron.apply(x, *parameters)  # type: ignore[no-untyped-call]
    return result


class _Perceptron(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, *parameters: torch.Tensor) -> torch.Tensor:
        """All layers' outputs in turn."""
        widest = max(weight.shape[2] for weight in parameters[::2])
        one_by_one = x.device.type == "cpu" and x.shape[1] * widest >= _LARGE
        ctx.blocks = range(len(x)) if one_by_one else [slice(None)]
        found = [_layers(x[rows], [p[rows] for p in parameters]) for rows in ctx.blocks]
        ctx.save_for_backward(x, *parameters[::2], *(y for outputs in found for y in outputs[:-1]))
        last = [outputs[-1] for outputs in found]
        return _together(last) if one_by_one else last[0]

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Gradients of x and of the parameters where they are needed."""
        needs_x, *learned = ctx.needs_input_grad
        x, *saved = ctx.saved_tensors
        depth = len(learned) // 2
        weights, inside = saved[:depth], iter(saved[depth:])
        found = []
        for rows in ctx.blocks:
            inputs = [x[rows], *(next(inside) for _ in range(depth - 1))]
            mine = [weight[rows] for weight in weights]
            found.append(_gradients(gradient[rows], inputs, mine, needs_x, learned[0]))
        if isinstance(ctx.blocks, list):
            return tuple(found[0])
        parts = zip(*found, strict=True)
        return tuple(None if part[0] is None else _together(part) for part in parts)


def _together(members: Sequence[torch.Tensor]) -> torch.Tensor:
    """[...] of each member -> [P, ...], without a copy of a single one."""
    return members[0][None] if len(members) == 1 else torch.stack(tuple(members))


def _layers(x: torch.Tensor, parameters: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """The outputs of all layers."""
    found = []
    for place in range(0, len(parameters), 2):
        x = _affine(x, parameters[place], parameters[place + 1], place + 2 < len(parameters))
        found.append(x)
    return found


def _gradients(
    gradient: torch.Tensor,
    inputs: Sequence[torch.Tensor],
    weights: Sequence[torch.Tensor],
    needs_x: bool,
    learned: bool,
) -> list[torch.Tensor | None]:
    """Of x, then of a weight and a bias of each layer; `None` for what is not needed."""
    found: list[torch.Tensor | None] = []
    for place in reversed(range(len(weights))):
        found.append(gradient.sum(-2) if learned else None)
        found.append(_product(inputs[place].mT, gradient) if learned else None)
        if place:
            gradient = _product(gradient, weights[place].mT)
            _relu_backward(gradient, inputs[place], 0, grad_input=gradient)
    found.append(_product(gradient, weights[0].mT) if needs_x else None)
    return found[::-1]


def _affine(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, relu: bool) -> torch.Tensor:
    """x W + b of one member [B, in] or of all [P, B, in], with a ReLU where asked for."""
    if x.dim() == 2 and _FUSED:
        return _onednn(x, weight.mT, bias, relu)
    y = _product(x, weight).add_(bias.unsqueeze(-2))
    return y.relu_() if relu else y


def _product(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """a b of one member [m, k] or of all [P, m, k]."""
    if a.dim() == 3:
        return product(a, b)
    if not _FUSED:
        return torch.mm(a, b)
    return _onednn(a, b.mT) if b.shape[1] >= _NARROW else _onednn(b.mT, a).mT


def _onednn(
    x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None, relu: bool = False
) -> torch.Tensor:
    """x W^T + b, of whatever strides."""
    name = "relu" if relu else "none"
    found: torch.Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, name, [], "")
    return found
