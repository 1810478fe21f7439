"""Convolutions of P networks, unfolded into products."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.layers.base import Layer
from agents.layers.functional.matmul import product
from agents.layers.functional.patches import fold, number, unfold

if TYPE_CHECKING:
    import torch

    from agents.layers.functional import autograd
else:
    from agents.lazy import LazyModule

    autograd = LazyModule("agents.layers.functional.autograd")
    torch = LazyModule("torch")


class Convolution(Layer):
    """P square convolutions without padding, [P, B, H, W, C] -> [P, B, H', W', out].

    H' = (H - size) // stride + 1.
    """

    convolves = True

    def __init__(
        self,
        members: int,
        image: tuple[int, int, int],
        outputs: int,
        size: int,
        device: str,
        stride: int = 1,
    ) -> None:
        height, width, channels = image
        super().__init__(members, (size * size * channels, outputs), size * size, device)
        self.size, self.stride = size, stride
        self.input_shape: tuple[int, int, int] = image
        sides = (number(side, size, stride) for side in (height, width))
        self.output_shape: tuple[int, int, int] = (next(sides), next(sides), outputs)

    def rows(self, x: torch.Tensor) -> torch.Tensor:
        """Returns W x, a row a pixel: [P, B, H, W, C] -> [P, B H' W', out]."""
        unfolded = autograd.unfold if x.requires_grad else unfold
        return product(unfolded(x, self.size, self.stride).flatten(1, 3), self.weight)

    def adjoint(self, y: torch.Tensor) -> torch.Tensor:
        """Returns the transposed convolution."""
        members, batch, height, width, outputs = y.shape
        patches = product(y.reshape(members, -1, outputs), self.weight.transpose(1, 2))
        rows = patches.view(members, batch, height, width, -1)
        return fold(rows, self.size, self.stride, self.input_shape[:2])
