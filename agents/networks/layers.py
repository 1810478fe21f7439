"""Layers for P networks at once: tensors have a leading member axis, no operation mixes members.

Weights are kept as [P, in, out], so that outputs, weight gradients and their layout all come
straight out of a product. Convolutions are unfolded into products: grouped convolutions are not
bit-equal between packs, products are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from agents import streams
from agents.networks.products import product

if TYPE_CHECKING:
    import torch
    import torch.nn.functional as F

    from agents.networks import functions
    from agents.networks.spectral import SpectralNorm
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")
    F = LazyModule("torch.nn.functional")
    functions = LazyModule("agents.networks.functions")


class Layer:
    """A linear map and a bias; `weight` [P, in, out], `bias` [P, out].

    With a `norm`, the output of the linear map is scaled before the bias is added, which equals
    scaling the weights and is cheaper.
    """

    convolves: ClassVar[bool]

    def __init__(self, members: int, kernel: tuple[int, int], field: int, device: str) -> None:
        """Weights [members, *kernel] on `device`; `field` weights join an input and an output."""
        inputs, outputs = kernel
        self.weight = torch.zeros(members, inputs, outputs, device=device)
        self.bias = torch.zeros(members, outputs, device=device)
        self.norm: SpectralNorm | None = None
        self._bound = math.sqrt(6.0 / (inputs + field * outputs))
        self.input_shape: tuple[int, ...] = (inputs,)
        self.output_shape: tuple[int, ...] = (outputs,)

    def initialise(self, keys: np.ndarray) -> None:
        """Xavier-uniform weights drawn from the streams `keys` [P], zero biases."""
        counter = np.arange(self.weight[0].numel(), dtype=np.int64)
        with torch.no_grad():
            for weight, key in zip(self.weight, keys, strict=True):
                drawn = self._bound * (2.0 * streams.uniforms(key, counter) - 1.0)
                weight.copy_(torch.from_numpy(drawn).view(weight.shape))
            self.bias.zero_()

    def rows(self, x: torch.Tensor) -> torch.Tensor:
        """The linear map, its outputs as rows: [P, B, ...] -> [P, rows, out]."""
        raise NotImplementedError

    def map(self, x: torch.Tensor) -> torch.Tensor:
        """The linear map, [P, B, *input_shape] -> [P, B, *output_shape]."""
        return self.rows(x).view(*x.shape[:2], *self.output_shape)

    def adjoint(self, y: torch.Tensor) -> torch.Tensor:
        """The transposed linear map, [P, B, *output_shape] -> [P, B, *input_shape]."""
        raise NotImplementedError

    def __call__(
        self, x: torch.Tensor, iterate: torch.Tensor | bool, activate: bool = True
    ) -> torch.Tensor:
        """[P, B, *input_shape] -> [P, B, *output_shape], with a ReLU if `activate`.

        `iterate` says which members do a power iteration first (see SpectralNorm.scale).
        """
        y = self.rows(x)
        if self.norm is not None:
            y = y * self.norm.scale(iterate)[:, None, None]
        y.add_(self.bias[:, None])
        if activate:
            y.relu_()
        return y.view(*x.shape[:2], *self.output_shape)


class Linear(Layer):
    """P linear layers, [P, B, in] -> [P, B, out]."""

    convolves = False

    def __init__(self, members: int, inputs: int, outputs: int, device: str) -> None:
        super().__init__(members, (inputs, outputs), 1, device)

    def rows(self, x: torch.Tensor) -> torch.Tensor:
        """x W, [P, B, in] -> [P, B, out]."""
        return product(x, self.weight)

    def adjoint(self, y: torch.Tensor) -> torch.Tensor:
        """y W^T, [P, B, out] -> [P, B, in]."""
        return product(y, self.weight.transpose(1, 2))


class Convolution(Layer):
    """P square convolutions of stride 1 without padding, [P, B, H, W, C] -> [P, B, H', W', out]."""

    convolves = True

    def __init__(
        self, members: int, image: tuple[int, int, int], outputs: int, size: int, device: str
    ) -> None:
        height, width, channels = image
        super().__init__(members, (size * size * channels, outputs), size * size, device)
        self.size = size
        self.input_shape = image
        self.output_shape = (height - size + 1, width - size + 1, outputs)

    def rows(self, x: torch.Tensor) -> torch.Tensor:
        """The convolution without bias, a row a pixel: [P, B, H, W, C] -> [P, B H' W', out]."""
        patches = functions.unfold(x, self.size) if x.requires_grad else unfold(x, self.size)
        return product(patches.flatten(1, 3), self.weight)

    def adjoint(self, y: torch.Tensor) -> torch.Tensor:
        """The transposed convolution."""
        members, batch, height, width, outputs = y.shape
        patches = product(y.reshape(members, -1, outputs), self.weight.transpose(1, 2))
        return fold(patches.view(members, batch, height, width, -1), self.size)


class LayerNorm:
    """P layer norms over the last axis of [P, B, N], with affine parameters (eps 1e-5)."""

    def __init__(self, members: int, features: int, device: str) -> None:
        self.weight = torch.ones(members, features, device=device)
        self.bias = torch.zeros(members, features, device=device)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Each row's features to mean 0 and variance 1, then scaled and shifted."""
        normal = F.layer_norm(x, x.shape[-1:])
        return normal * self.weight[:, None] + self.bias[:, None]


def unfold(x: torch.Tensor, size: int) -> torch.Tensor:
    """All patches of x: [P, B, H, W, C] -> [P, B, H', W', size * size * C], contiguous.

    Each row of a patch is a run of size * C numbers of x; selecting runs by a table of where they
    begin takes a third of the time that copying a strided view does.
    """
    members, batch, height, width, channels = x.shape
    run = size * channels
    begins = _runs(x.shape, x.stride()[:4], size, x.device)
    rows = x.as_strided((_span(x.shape, x.stride()) - run + 1, run), (1, 1))
    patches = rows.index_select(0, begins)
    return patches.view(members, batch, height - size + 1, width - size + 1, size * run)


def _span(shape: Sequence[int], stride: Sequence[int]) -> int:
    """How many numbers of its memory a tensor reaches over."""
    return 1 + sum((n - 1) * step for n, step in zip(shape, stride, strict=True))


@lru_cache(maxsize=64)
def _runs(
    shape: Sequence[int], stride: Sequence[int], size: int, device: torch.device
) -> torch.Tensor:
    """Where the runs of `unfold` begin, in the order [P, B, H', W', size]."""
    members, batch, height, width, _ = shape
    counts = (members, batch, height - size + 1, width - size + 1, size)
    steps = (*stride, stride[2])
    begins = torch.zeros((), dtype=torch.int64)
    for count, step in zip(counts, steps, strict=True):
        begins = begins[..., None] + torch.arange(count) * step
    return begins.flatten().to(device, torch.int32)


def fold(patches: torch.Tensor, size: int) -> torch.Tensor:
    """Adjoint of `unfold`: adds patches [P, B, H', W', size * size * C] up to [P, B, H, W, C].

    Every pixel is the sum of a bag of rows of C numbers, by a table of which rows.
    """
    members, batch, rows, columns, numbers = patches.shape
    channels = numbers // (size * size)
    height, width = rows + size - 1, columns + size - 1
    row, first = _bags(members * batch, height, width, size, patches.device)
    x = F.embedding_bag(row, patches.reshape(-1, channels), first, mode="sum")
    return x.view(members, batch, height, width, channels)


@lru_cache(maxsize=64)
def _bags(
    images: int, height: int, width: int, size: int, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows of patches by the pixel they belong to, and where each pixel's bag of rows begins."""
    shape, stride = (1, images, height, width, 1), (0, height * width, width, 1)
    runs = _runs(shape, stride, size, torch.device("cpu"))
    pixels = (runs[:, None] + torch.arange(size)).flatten()
    counts = pixels.bincount(minlength=images * height * width)
    rows, first = pixels.argsort(stable=True), counts.cumsum(0) - counts
    return rows.to(device, torch.int32), first.to(device, torch.int32)
