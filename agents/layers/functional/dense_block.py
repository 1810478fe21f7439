"""Densely connected layers with batch norms, as single autograd functions (imports torch).

A layer is a linear map, a batch norm and an activation, whose outputs stand behind its inputs for
the layer after it. All of them write into one tensor, of which each layer reads the beginning: no
concatenation is copied, and gradients are added up where they belong. On a CPU members go through
the layers one by one, so that no bit depends on the pack; elsewhere all at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional as F

_ALIGNMENT = 4  # float32 numbers in 16 bytes
_ROW = 16  # float32 numbers in a line of the cache
Rows = int | slice
"""One member, or all."""


@dataclass(frozen=True)
class Norm:
    """The batch norm of one layer: scale and offset that are learned, what it has seen [P, U]."""

    weight: torch.Tensor
    bias: torch.Tensor
    mean: torch.Tensor
    variance: torch.Tensor
    eps: float


@dataclass(frozen=True)
class Block:
    """The layers of P blocks: weights [P, in, U], biases [P, U], norms; their activation."""

    weights: Sequence[torch.Tensor]
    biases: Sequence[torch.Tensor]
    norms: Sequence[Norm]
    activation: str

    @property
    def learned(self) -> list[torch.Tensor]:
        """A weight, a scale and an offset of each layer in turn.

        Biases learn nothing: a norm takes away what they add.
        """
        each = zip(self.weights, self.norms, strict=True)
        return [t for weight, norm in each for t in (weight, norm.weight, norm.bias)]


def frozen(block: Block, x: torch.Tensor, a: torch.Tensor | None = None) -> torch.Tensor:
    """Returns (x, a) and what all layers make of it, [P, B, in] -> [P, B, in + layers U].

    Norms take what they have seen. Gradients reach `a` [P, B, A] alone.
    """
    found: torch.Tensor = _Frozen.apply(x, a, block)  # type: ignore[no-untyped-call]
    return found


def trained(
    block: Block, x: torch.Tensor, a: torch.Tensor | None = None
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Returns what `frozen` does, but that norms take this batch's statistics, and these.

    They are the mean and the variance of what each norm reads, [P, layers, U]. Gradients reach x
    and all that is `learned`.
    """
    found = _Trained.apply(x, a, block, *block.learned)  # type: ignore[no-untyped-call]
    return found[0], found[1], found[2]


class _Frozen(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, a: torch.Tensor | None, block: Block) -> torch.Tensor:
        """All layers' outputs in turn."""
        result, first = _begun(x, a, block)
        keeps = bool(ctx.needs_input_grad[1])
        saved: list[torch.Tensor] = []
        for rows in _members(x):
            out, known = result[rows], first
            for weight, bias, norm in zip(block.weights, block.biases, block.norms, strict=True):
                scale = (norm.variance[rows] + norm.eps).rsqrt_().mul_(norm.weight[rows])
                shift = torch.addcmul(norm.bias[rows], bias[rows] - norm.mean[rows], scale)
                y = torch.matmul(out[..., :known], _aligned(weight[rows]))
                torch.addcmul(shift.unsqueeze(-2), y, scale.unsqueeze(-2), out=y)
                _activated(y, block.activation, out[..., known : known + weight.shape[2]])
                known += weight.shape[2]
                saved += [y, scale] if keeps else []
        ctx.block, ctx.first, ctx.constant, ctx.saved = block, first, x.shape[2], saved
        return result

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[None, torch.Tensor, None]:
        """Of `a`: the columns of x are left out of every product."""
        block, saved, start = ctx.block, iter(ctx.saved), ctx.constant
        found = []
        for rows in _members(gradient):
            known = ctx.first - start
            g = gradient[rows][..., start:].clone(memory_format=torch.contiguous_format)
            each = [(next(saved), next(saved)) for _ in block.weights]
            places = _places(block, known)
            for (y, scale), weight, place in reversed(
                list(zip(each, block.weights, places, strict=True))
            ):
                slope = _slope(g[..., place], y, block.activation).mul_(scale.unsqueeze(-2))
                _add_product(g[..., : place.start], slope, _aligned(weight[rows])[..., start:, :])
            found.append(g[..., :known])
        return None, _together(found, _members(gradient)), None


class _Trained(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, a: torch.Tensor | None, block: Block, *_: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """All layers' outputs in turn, and the statistics of what norms read."""
        result, first = _begun(x, a, block)
        units = block.weights[0].shape[2]
        mean = x.new_empty(len(x), len(block.weights), units)
        variance = torch.empty_like(mean)
        saved: list[torch.Tensor] = []
        for rows in _members(x):
            out, known = result[rows], first
            for place, (weight, bias, norm) in enumerate(
                zip(block.weights, block.biases, block.norms, strict=True)
            ):
                normal = torch.matmul(out[..., :known], _aligned(weight[rows]))
                middle = normal.mean(-2, keepdim=True)
                normal.sub_(middle)
                spread = (normal * normal).mean(-2, keepdim=True)
                scale = (spread + norm.eps).rsqrt_()
                normal.mul_(scale)
                torch.add(middle.squeeze(-2), bias[rows], out=mean[rows][..., place, :])
                variance[rows][..., place, :] = spread.squeeze(-2)
                factor, offset = norm.weight[rows].unsqueeze(-2), norm.bias[rows].unsqueeze(-2)
                y = torch.addcmul(offset, normal, factor)
                _activated(y, block.activation, out[..., known : known + units])
                known += units
                saved += [y, normal, scale]
        ctx.block, ctx.first, ctx.saved, ctx.inputs = block, first, saved, x.shape[2]
        ctx.save_for_backward(result)
        ctx.mark_non_differentiable(mean, variance)
        return result, mean, variance

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor, *_: torch.Tensor) -> tuple[Any, ...]:
        """Of x where it needs one, then of all that is learned."""
        block, saved, needs_x = ctx.block, iter(ctx.saved), ctx.needs_input_grad[0]
        (result,) = ctx.saved_tensors
        of_x: list[torch.Tensor] = []
        found: list[list[torch.Tensor]] = [[] for _ in range(3 * len(block.weights))]
        for rows in _members(gradient):
            g, out = gradient[rows].clone(), result[rows]
            each = [(next(saved), next(saved), next(saved)) for _ in block.weights]
            places = _places(block, ctx.first)
            for at in reversed(range(len(places))):
                y, normal, scale = each[at]
                slope = _slope(g[..., places[at]], y, block.activation)
                offset = slope.sum(-2, keepdim=True)
                factor = (slope * normal).sum(-2, keepdim=True)
                batch = slope.shape[-2]
                slope.sub_(offset / batch).addcmul_(normal, factor, value=-1.0 / batch)
                slope.mul_(scale * block.norms[at].weight[rows].unsqueeze(-2))
                before = out[..., : places[at].start]
                begin = 0 if needs_x else ctx.first
                weight = _aligned(block.weights[at][rows])
                if places[at].start > begin:
                    _add_product(g[..., begin : places[at].start], slope, weight[..., begin:, :])
                mine = torch.matmul(before.mT, slope), factor.squeeze(-2), offset.squeeze(-2)
                for part, value in enumerate(mine):
                    found[3 * at + part].append(value)
            of_x.append(g[..., : ctx.inputs])
        blocks = _members(gradient)
        given = _together(of_x, blocks) if needs_x else None
        return given, None, None, *(_together(parts, blocks) for parts in found)


def _members(x: torch.Tensor) -> list[Rows]:
    """What is computed at a time."""
    return list(range(len(x))) if x.device.type == "cpu" else [slice(None)]


def _begun(x: torch.Tensor, a: torch.Tensor | None, block: Block) -> tuple[torch.Tensor, int]:
    """A tensor for all that a block gives, x and a at its beginning; and how wide these are.

    On a CPU every member's part begins with a line of the cache.
    """
    members, batch, first = x.shape
    known = first + (0 if a is None else a.shape[2])
    width = known + sum(weight.shape[2] for weight in block.weights)
    padded = batch * width + -(batch * width) % _ROW
    result = x.new_empty(members * padded).as_strided((members, batch, width), (padded, width, 1))
    result[..., :first] = x
    if a is not None:
        result[..., first:known] = a
    return result, known


def _places(block: Block, known: int) -> list[slice]:
    """Where each layer's outputs stand."""
    found = []
    for weight in block.weights:
        found.append(slice(known, known + weight.shape[2]))
        known += weight.shape[2]
    return found


def _aligned(weight: torch.Tensor) -> torch.Tensor:
    """The weight, copied where it does not start aligned, as a member's in a pack may not."""
    return weight.clone() if weight.storage_offset() % _ALIGNMENT else weight


def _activated(y: torch.Tensor, activation: str, out: torch.Tensor) -> None:
    out.copy_(F.silu(y) if activation == "swish" else y.relu())


def _slope(gradient: torch.Tensor, y: torch.Tensor, activation: str) -> torch.Tensor:
    """The gradient at y of what `activation` makes of it."""
    if activation == "swish":
        return torch.ops.aten.silu_backward(gradient.contiguous(), y)  # type: ignore[no-any-return]
    return gradient * (y > 0)


def _add_product(to: torch.Tensor, a: torch.Tensor, b: torch.Tensor) -> None:
    """Adds a b^T."""
    if a.dim() == 2:
        to.addmm_(a, b.mT)
    else:
        to.baddbmm_(a, b.mT)


def _together(found: Sequence[torch.Tensor], members: Sequence[Rows]) -> torch.Tensor:
    """[...] of each member -> [P, ...], without a copy of a single one, or of all of them."""
    if isinstance(members[0], slice):
        return found[0]
    return found[0][None] if len(found) == 1 else torch.stack(tuple(found))
