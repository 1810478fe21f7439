"""Convolutions of P networks, unfolded into products."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.layers.base import Layer
from agents.layers.functional.matmul import product
from agents.layers.functional.patches import fold, unfold

if TYPE_CHECKING:
    import torch

    from agents.layers.functional import autograd
else:
    from agents.lazy import LazyModule

    autograd = LazyModule("agents.layers.functional.autograd")
    torch = LazyModule("torch")


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
