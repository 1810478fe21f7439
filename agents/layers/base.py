"""Layers for P networks at once: tensors have a leading member axis, no operation mixes members.

Weights are kept as [P, in, out], so that outputs, weight gradients and their layout all come
straight out of a product. Convolutions are unfolded into products: grouped convolutions are not
bit-equal between packs, products are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from agents import streams
from agents.layers import norms
from agents.layers.matmul import product

if TYPE_CHECKING:
    import torch
    import torch.nn.functional as F

    from agents.layers import autograd
    from agents.layers.spectral_norm import SpectralNorm
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")
    F = LazyModule("torch.nn.functional")
    autograd = LazyModule("agents.layers.autograd")

ACTIVATIONS = ("relu", "swish")
INITS = ("xavier", "orthogonal")
ORTHOGONAL_GAIN = math.sqrt(2.0)
_BLOCK = 1 << 14
_VECTORS = 32  # how many float32 numbers torch's loops take at once, at most


class Layer:
    """A linear map and a bias; `weight` [P, in, out], `bias` [P, out].

    With `spectral`, the output of the linear map is scaled before the bias is added, which equals
    scaling the weights and is cheaper. `norm` and then `activation` follow the bias; `seen` is
    told what comes out.
    """

    convolves: ClassVar[bool]

    def __init__(self, members: int, kernel: tuple[int, int], field: int, device: str) -> None:
        """Weights [members, *kernel] on `device`; `field` weights join an input and an output."""
        inputs, outputs = kernel
        self.weight = torch.zeros(members, inputs, outputs, device=device)
        self.bias = torch.zeros(members, outputs, device=device)
        self.spectral: SpectralNorm | None = None
        self.norm: norms.Norm | None = None
        self.activation: str | None = "relu"
        self.seen: Callable[[torch.Tensor], None] | None = None
        self._bound = math.sqrt(6.0 / (inputs + field * outputs))
        self.input_shape: tuple[int, ...] = (inputs,)
        self.output_shape: tuple[int, ...] = (outputs,)

    def initialise(self, keys: np.ndarray, gain: float | None = None) -> None:
        """Weights drawn from the streams `keys` [P], zero biases.

        Xavier-uniform (Glorot & Bengio 2010), or orthogonal with `gain` (Saxe et al. 2014).
        """
        with torch.no_grad():
            for weight, key in zip(self.weight, keys, strict=True):
                weight.copy_(self._uniform(key) if gain is None else gain * self._orthogonal(key))
            self.bias.zero_()

    def _uniform(self, key: int) -> torch.Tensor:
        return self._drawn(lambda at: self._bound * (2.0 * streams.uniforms(key, at) - 1.0))

    def _orthogonal(self, key: int) -> torch.Tensor:
        """Orthonormal rows or columns, whichever are fewer, [in, out]."""
        drawn = self._drawn(lambda at: streams.normals(key, at))
        inputs, outputs = drawn.shape
        q, r = torch.linalg.qr(drawn if inputs >= outputs else drawn.T)
        q = q * r.diagonal().sign()
        found: torch.Tensor = q if inputs >= outputs else q.T
        return found

    def _drawn(self, draw: Callable[[np.ndarray], np.ndarray]) -> torch.Tensor:
        """A member's weights, drawn by their number in blocks that fit the caches (4 x faster)."""
        drawn = np.empty(self.weight[0].numel(), dtype=np.float32)
        for begin in range(0, drawn.size, _BLOCK):
            block = drawn[begin : begin + _BLOCK]
            block[:] = draw(np.arange(begin, begin + block.size, dtype=np.int64))
        return torch.from_numpy(drawn).view(self.weight.shape[1:])

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
        self, x: torch.Tensor, iterate: torch.Tensor | bool, training: bool = False
    ) -> torch.Tensor:
        """[P, B, *input_shape] -> [P, B, *output_shape].

        `iterate` says which members do a power iteration first (see SpectralNorm.scale);
        `training` takes the statistics of batch norms from this batch.
        """
        y = self.rows(x)
        if self.spectral is not None:
            y = y * self.spectral.scale(iterate)[:, None, None]
        y.add_(self.bias[:, None])
        if self.norm is not None:
            y = self.norm(y, training)
        y = activated(y, self.activation).view(*x.shape[:2], *self.output_shape)
        if self.seen is not None:
            self.seen(y)
        return y


def activated(y: torch.Tensor, activation: str | None) -> torch.Tensor:
    """ReLU (in place) or Swish, x sigmoid(x) (Ramachandran et al. 2017), or y itself."""
    if activation == "relu":
        return y.relu_()
    return _swish(y) if activation == "swish" else y


def _swish(y: torch.Tensor) -> torch.Tensor:
    """Swish of whole vectors alone: a CPU gives other bits to what does not fill one.

    Without the padding, what does not fill one would depend on the pack.
    """
    numbers = y[0].numel()
    rows, missing = y.flatten(1), -numbers % _VECTORS
    if missing == 0:
        return F.silu(rows).view(y.shape)
    return F.silu(F.pad(rows, (0, missing)))[:, :numbers].view(y.shape)


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


def hidden(sizes: Mapping[str, Any], members: int, inputs: int, device: str) -> Linear:
    """A hidden layer of `units`, with the norm and the `activation` that `sizes` name."""
    layer = Linear(members, inputs, sizes["units"], device)
    layer.norm = norms.made(sizes, members, sizes["units"], device)
    layer.activation = _activation(sizes)
    return layer


def hidden_numbers(sizes: Mapping[str, Any], inputs: int) -> tuple[int, int]:
    """How many weights and biases such a layer has, and how many numbers a pass keeps of a row."""
    units = sizes["units"]
    learned, normal = norms.numbers(sizes, units)
    swish = units if _activation(sizes) == "swish" else 0
    return (inputs + 1) * units + learned, units + normal + swish


def _activation(sizes: Mapping[str, Any]) -> str:
    return str(sizes.get("activation", "relu"))


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
        patches = autograd.unfold(x, self.size) if x.requires_grad else unfold(x, self.size)
        return product(patches.flatten(1, 3), self.weight)

    def adjoint(self, y: torch.Tensor) -> torch.Tensor:
        """The transposed convolution."""
        members, batch, height, width, outputs = y.shape
        patches = product(y.reshape(members, -1, outputs), self.weight.transpose(1, 2))
        return fold(patches.view(members, batch, height, width, -1), self.size)


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
