"""Layers for P networks at once: tensors have a leading member axis, no operation mixes members.

Weights are kept as [P, in, out], so that outputs, weight gradients and their layout all come
straight out of a product. Convolutions are unfolded into products: grouped convolutions are not
bit-equal between packs, products are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from agents import streams
from agents.layers import norms

if TYPE_CHECKING:
    import torch
    import torch.nn.functional as F

    from agents.layers.spectral_norm import SpectralNorm
    from agents.layers.spectral_schedulers import BiasScaling
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")
    F = LazyModule("torch.nn.functional")

ACTIVATIONS = ("relu", "swish", "gelu", "mish", "elu", "leaky_relu", "tanh")
_IN_TORCH = {"swish": "silu"}
_BY_OUTPUTS = ("relu", "tanh")
"""Those whose gradient follows from what they give: what they read need not be kept."""
INITS = ("xavier", "orthogonal", "orthonormal")
"""Xavier-uniform; orthogonal with gain sqrt(2) (a head has its own); orthogonal with gain 1."""
ORTHOGONAL_GAIN = math.sqrt(2.0)
_BLOCK = 1 << 14
_VECTORS = 32  # how many float32 numbers torch's loops take at once, at most


class Layer:
    """P linear maps with biases; `weight` [P, in, out], `bias` [P, out].

    With `spectral`, the output of the linear map is scaled before the bias is added, which equals
    scaling the weights and is cheaper; `bias_scaling` scales the bias. `norm` and then `activation`
    follow; `seen` is told what comes out. `norm_before` is one of what it reads, which its body
    does.
    """

    convolves: ClassVar[bool]

    def __init__(self, members: int, kernel: tuple[int, int], field: int, device: str) -> None:
        """Weights [members, *kernel] on `device`; `field` weights join an input and an output."""
        inputs, outputs = kernel
        self.weight = torch.zeros(members, inputs, outputs, device=device)
        self.bias = torch.zeros(members, outputs, device=device)
        self.spectral: SpectralNorm | None = None
        self.bias_scaling: BiasScaling | None = None
        self.norm: norms.Norm | None = None
        self.norm_before: norms.Norm | None = None
        self.activation: str | None = "relu"
        self.seen: Callable[[torch.Tensor], None] | None = None
        self._bound = math.sqrt(6.0 / (inputs + field * outputs))
        self.input_shape: tuple[int, ...] = (inputs,)
        self.output_shape: tuple[int, ...] = (outputs,)

    def hidden(self, sizes: Mapping[str, Any]) -> Self:
        """Returns the layer, with the norm and the `activation` that `sizes` name."""
        members, _, outputs = self.weight.shape
        device, pixels = str(self.weight.device), math.prod(self.output_shape[:-1])
        self.norm = norms.build(sizes, members, outputs, device, pixels)
        self.activation = activation(sizes)
        return self

    def initialise(
        self, keys: np.ndarray, gain: float | None = None, rows: Sequence[int] | None = None
    ) -> None:
        """Draws weights from the streams `keys` [P]; biases become 0.

        `rows` are the maps that the keys are of, where they are not of all.
        Xavier-uniform (Glorot & Bengio 2010), or orthogonal with `gain` (Saxe et al. 2014).
        """
        with torch.no_grad():
            every = range(len(self.weight)) if rows is None else rows
            for row, key in zip(every, keys, strict=True):
                drawn = self._uniform(key) if gain is None else gain * self._orthogonal(key)
                self.weight[row].copy_(drawn)
                self.bias[row].zero_()

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
        """Returns W x, its outputs as rows: [P, B, ...] -> [P, rows, out]."""
        raise NotImplementedError

    def map(self, x: torch.Tensor) -> torch.Tensor:
        """Returns W x, [P, B, *input_shape] -> [P, B, *output_shape]."""
        return self.rows(x).view(*x.shape[:2], *self.output_shape)

    def adjoint(self, y: torch.Tensor) -> torch.Tensor:
        """Returns W^T y, [P, B, *output_shape] -> [P, B, *input_shape]."""
        raise NotImplementedError

    def __call__(
        self, x: torch.Tensor, iterate: torch.Tensor | bool, training: bool = False
    ) -> torch.Tensor:
        """Returns the layer's outputs, [P, B, *input_shape] -> [P, B, *output_shape].

        `iterate` says which members do a power iteration first (see SpectralNorm.apply);
        `training` takes the statistics of batch norms from this batch.
        """
        y = self.rows(x)
        if self.spectral is not None:
            y = self.spectral.apply(y, iterate)
        bias = self.bias if self.bias_scaling is None else self.bias_scaling(self.bias)
        y.add_(bias[:, None])
        if self.norm is not None:
            y = self.norm(y, training)
        y = activated(y, self.activation).view(*x.shape[:2], *self.output_shape)
        if self.seen is not None:
            self.seen(y)
        return y


def activation(sizes: Mapping[str, Any]) -> str:
    """Returns the `activation` that `sizes` name, `relu` where they name none."""
    return str(sizes.get("activation", "relu"))


def follows_from_outputs(sizes: Mapping[str, Any]) -> bool:
    """Returns whether the activation's gradient needs nothing but what it gives."""
    return activation(sizes) in _BY_OUTPUTS


def hidden_numbers(
    sizes: Mapping[str, Any], inputs: int, outputs: int, pixels: int = 1
) -> tuple[int, int]:
    """Returns how many numbers a hidden layer learns, and how many a pass keeps of one input.

    Of a convolution `inputs` are those of a patch, and it has so many `pixels`.
    """
    learned, normal = norms.counts(sizes, outputs, pixels)
    read = 0 if follows_from_outputs(sizes) else outputs * pixels
    return (inputs + 1) * outputs + learned, outputs * pixels + normal + read


def activated(y: torch.Tensor, activation: str | None) -> torch.Tensor:
    """Returns what one of `ACTIVATIONS` makes of y (ReLU in place), or y itself for `None`.

    Swish is x sigmoid(x) (Ramachandran et al. 2017), also called SiLU; the others are torch's, with
    its constants: exact GELU (Hendrycks & Gimpel 2016), Mish (Misra 2020), ELU with alpha 1
    (Clevert et al. 2016), leaky ReLU with slope 0.01 (Maas et al. 2013).
    """
    if activation == "relu":
        return y.relu_()
    if activation is None:
        return y
    return _in_vectors(getattr(F, _IN_TORCH.get(activation, activation)), y)


def _in_vectors(function: Callable[[torch.Tensor], torch.Tensor], y: torch.Tensor) -> torch.Tensor:
    """A function of whole vectors alone: a CPU gives other bits to what does not fill one.

    Without the padding, what does not fill one would depend on the pack.
    """
    numbers = y[0].numel()
    rows, missing = y.flatten(1), -numbers % _VECTORS
    if missing == 0:
        return function(rows).view(y.shape)
    return function(F.pad(rows, (0, missing)))[:, :numbers].view(y.shape)
