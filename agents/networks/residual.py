"""Pre-norm residual blocks (Bjorck et al. 2021, §3.2 and App. C; Hui 2022, §2.2)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agents.layers import base, linear, norms

if TYPE_CHECKING:
    import torch

_NORM = {"norm.kind": "layer", "norm.affine": True}


class Body:
    """A linear layer of `units`, then blocks x + W2 act(W1 norm(x)), of which `layers` counts.

    W1 makes 2 units of one and W2 one of two; norm is a layer norm with learned scale and offset.
    No norm follows the last block. `activation` (ReLU in the papers) follows the first layer too.
    """

    chained = False

    @staticmethod
    def check(sizes: Mapping[str, Any], observation: tuple[int, ...]) -> None:
        """Raises ValueError where another norm is asked for; any observation fits."""
        if norms.kind(sizes) != "none":
            raise ValueError(
                "norm.kind must be none: the blocks of body=residual have layer norms of their "
                f"own, but got {norms.kind(sizes)}"
            )

    @staticmethod
    def depth(sizes: Mapping[str, Any]) -> int:
        """Returns the number of parametric layers: the first, and two in each block."""
        return 1 + 2 * int(sizes["layers"])

    @staticmethod
    def numbers(sizes: Mapping[str, Any], observation: tuple[int, ...]) -> tuple[int, int, int]:
        """Returns counts of weights and biases, of features, and of numbers that a pass makes.

        A pass makes of one observation all that it may keep for the gradients.
        """
        units = sizes["units"]
        first, made_first = linear.hidden_numbers(sizes, math.prod(observation))
        inner, made_inner = linear.hidden_numbers({**sizes, "units": 2 * units}, units)
        norm, made_norm = norms.counts(_NORM, units)
        block, made_block = norm + inner + (2 * units + 1) * units, made_norm + made_inner + units
        count = sizes["layers"]
        return first + count * block, units, made_first + count * made_block

    def __init__(
        self, sizes: Mapping[str, Any], observation: tuple[int, ...], members: int, device: str
    ) -> None:
        units = self.features = sizes["units"]
        self._first = linear.hidden(sizes, members, math.prod(observation), device)
        self._blocks = [_Block(sizes, members, units, device) for _ in range(sizes["layers"])]
        inside = [layer for block in self._blocks for layer in (block.inner, block.outer)]
        self.layers: list[base.Layer] = [self._first, *inside]
        self.norms: list[norms.Norm] = [block.norm for block in self._blocks]
        self.plain = False

    def __call__(
        self, x: torch.Tensor, iterate: torch.Tensor | bool, training: bool = False
    ) -> torch.Tensor:
        """[P, B, ...] -> [P, B, units]."""
        x = self._first(x.flatten(2), iterate)
        for block in self._blocks:
            x = block(x, iterate, training)
        return x


class _Block:
    def __init__(self, sizes: Mapping[str, Any], members: int, units: int, device: str) -> None:
        self.norm = norms.LayerNorm(members, units, True, device)
        self.inner = linear.hidden({**sizes, "units": 2 * units}, members, units, device)
        self.inner.norm_before = self.norm
        self.outer = linear.Linear(members, 2 * units, units, device)
        self.outer.activation = None

    def __call__(
        self, x: torch.Tensor, iterate: torch.Tensor | bool, training: bool
    ) -> torch.Tensor:
        """[P, B, units] -> [P, B, units]."""
        return x + self.outer(self.inner(self.norm(x, training), iterate), iterate)
