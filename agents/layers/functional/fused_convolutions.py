"""Convolutions with a ReLU after each, as one autograd function (this file imports torch).

On a CPU members go through all convolutions one by one, in oneDNN's channels-last layout: two to
eight times as fast as unfolding images as large as a camera's into products, and a member's bits
cannot depend on the pack, as no call holds more than one. On a GPU all members' convolutions are
one grouped call.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch.autograd.function import once_differentiable

_relu_backward = torch.ops.aten.threshold_backward.grad_input
_FUSED = torch._C._has_mkldnn and hasattr(torch.ops.mkldnn, "_convolution_pointwise")


def convolutions(
    x: torch.Tensor, strides: Sequence[int], parameters: Sequence[torch.Tensor]
) -> torch.Tensor:
    """Returns convolutions of images, a ReLU after each, [P, B, H, W, C] -> [P, B, H', W', N].

    They have no padding. `parameters` are a weight [P, k k C, N], which joins rows, columns and
    channels of a patch in this order, and a bias [P, N] of each. x gets no gradient.
    """
    if x.device.type != "cpu":
        return grouped(x, strides, parameters)
    if not torch.is_grad_enabled():
        return _images([_last(member, strides) for member in zip(x, *parameters, strict=True)])
    found: torch.Tensor = _Convolutions.apply(x, strides, *parameters)  # type: ignore[no-untyped-call]
    return found


class _Convolutions(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, strides: Sequence[int], *parameters: torch.Tensor
    ) -> torch.Tensor:
        """Member by member, all convolutions in turn."""
        ctx.strides = strides
        found = [[*_seen(member, strides)] for member in zip(x, *parameters, strict=True)]
        ctx.save_for_backward(*parameters[::2], *(y for seen in found for y in seen))
        return _images([seen[-1] for seen in found])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[Any, ...]:
        """Gradients of weights and biases."""
        count = len(ctx.strides)
        weights, saved = ctx.saved_tensors[:count], ctx.saved_tensors[count:]
        found = []
        for member, part in enumerate(gradient):
            seen = saved[member * (count + 1) : (member + 1) * (count + 1)]
            own = [weight[member] for weight in weights]
            found.append(_gradients(part.permute(0, 3, 1, 2), seen, own, ctx.strides))
        return None, None, *(_together(parts) for parts in zip(*found, strict=True))


def _together(members: Sequence[torch.Tensor]) -> torch.Tensor:
    """[...] of each member -> [P, ...], without a copy of a single one."""
    return members[0][None] if len(members) == 1 else torch.stack(tuple(members))


def _images(members: Sequence[torch.Tensor]) -> torch.Tensor:
    """[B, N, H, W] with channels last of each member -> [P, B, H, W, N]."""
    return _together([images.permute(0, 2, 3, 1) for images in members])


def _seen(member: Sequence[torch.Tensor], strides: Sequence[int]) -> Iterator[torch.Tensor]:
    """One member's images and what each convolution gives, [B, N, H, W] with channels last."""
    images, *own = member
    y = images.permute(0, 3, 1, 2)
    yield y
    for stride, weight, bias in zip(strides, own[::2], own[1::2], strict=True):
        y = _rectified(y, _kernel(weight, y.shape[1]), bias, stride)
        yield y


def _last(member: Sequence[torch.Tensor], strides: Sequence[int]) -> torch.Tensor:
    """What the last of one member's convolutions gives; the others' images are not kept."""
    last, *_ = deque(_seen(member, strides), maxlen=1)
    return last


def _gradients(
    gradient: torch.Tensor,
    seen: Sequence[torch.Tensor],
    weights: Sequence[torch.Tensor],
    strides: Sequence[int],
) -> list[torch.Tensor]:
    """Of a weight and a bias of each convolution of one member, from what each read and gave."""
    found: list[torch.Tensor] = []
    gradient = gradient.contiguous(memory_format=torch.channels_last)
    for place in reversed(range(len(weights))):
        if place == len(weights) - 1:  # autograd's own, which stays as it is
            gradient = torch.ops.aten.threshold_backward(gradient, seen[place + 1], 0)
        else:
            _relu_backward(gradient, seen[place + 1], 0, grad_input=gradient)
        kernel = _kernel(weights[place], seen[place].shape[1])
        steps, zeros, ones = [strides[place]] * 2, [0, 0], [1, 1]
        needs = [place > 0, True, True]
        gradient, of_kernel, of_bias = torch.ops.aten.convolution_backward(
            *(gradient, seen[place], kernel, [len(kernel)], steps, zeros, ones, False, zeros),
            *(1, needs),
        )
        found += [of_bias, of_kernel.permute(2, 3, 1, 0).reshape(weights[place].shape)]
    return found[::-1]


def _rectified(
    x: torch.Tensor, kernel: torch.Tensor, bias: torch.Tensor, stride: int
) -> torch.Tensor:
    """A convolution of one member with a bias and a ReLU, channels last."""
    if not _FUSED:
        return F.conv2d(x, kernel, bias, stride).relu_()
    sizes: list[Any] = [[0, 0], [stride, stride], [1, 1], 1]
    found: torch.Tensor = torch.ops.mkldnn._convolution_pointwise(
        x, kernel, bias, *sizes, "relu", [], ""
    )
    return found


def _kernel(weight: torch.Tensor, channels: int) -> torch.Tensor:
    """A member's weight [k k C, N] as conv2d has it, [N, C, k, k] with channels last."""
    size = math.isqrt(weight.shape[0] // channels)
    kernel = weight.view(size, size, channels, -1).permute(3, 2, 0, 1)
    return kernel.contiguous(memory_format=torch.channels_last)


def grouped(
    x: torch.Tensor, strides: Sequence[int], parameters: Sequence[torch.Tensor]
) -> torch.Tensor:
    """Returns what `convolutions` does, by calls with a group for each member.

    Its bits depend on the pack.
    """
    members, batch = x.shape[:2]
    y = x.permute(1, 0, 4, 2, 3).flatten(1, 2)
    for stride, weight, bias in zip(strides, parameters[::2], parameters[1::2], strict=True):
        channels = y.shape[1] // members
        size = math.isqrt(weight.shape[1] // channels)
        kernels = weight.view(members, size, size, channels, -1).permute(0, 4, 3, 1, 2)
        y = F.conv2d(y, kernels.flatten(0, 1), bias.flatten(), stride, groups=members).relu_()
    return y.view(batch, members, -1, *y.shape[2:]).permute(1, 0, 3, 4, 2)
