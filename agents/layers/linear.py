"""Linear layers of P networks, and hidden layers with a norm and an activation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agents.layers import base
from agents.layers.base import Layer
from agents.layers.functional.matmul import product

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


class Linear(Layer):
    """P linear layers, [P, B, in] -> [P, B, out]."""

    convolves = False

    def __init__(self, members: int, inputs: int, outputs: int, device: str) -> None:
        super().__init__(members, (inputs, outputs), 1, device)

    def rows(self, x: torch.Tensor) -> torch.Tensor:
        """Returns x W, [P, B, in] -> [P, B, out]."""
        return product(x, self.weight)

    def adjoint(self, y: torch.Tensor) -> torch.Tensor:
        """Returns y W^T, [P, B, out] -> [P, B, in]."""
        return product(y, self.weight.transpose(1, 2))


def each_layer(sizes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Returns the sizes of each hidden layer by itself, whose `units` are a single width."""
    units = sizes["units"]
    widths = units if isinstance(units, (tuple, list)) else [units] * int(sizes["layers"])
    return [{**sizes, "units": int(width)} for width in widths]


def hidden(sizes: Mapping[str, Any], members: int, inputs: int, device: str) -> Linear:
    """Returns a hidden layer of `units`, with the norm and the `activation` that `sizes` name."""
    return Linear(members, inputs, sizes["units"], device).hidden(sizes)


def hidden_numbers(sizes: Mapping[str, Any], inputs: int) -> tuple[int, int]:
    """Returns how many numbers a hidden layer learns, and how many a pass keeps of one row."""
    return base.hidden_numbers(sizes, inputs, sizes["units"])
