"""A multi-layer perceptron over flat observations, with ReLU."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agents.networks.layers import Layer, hidden

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


class Body:
    """`layers` linear layers of `units` units; observations are flattened."""

    @staticmethod
    def check(sizes: Mapping[str, Any], observation: tuple[int, ...]) -> None:
        """Any sizes fit any observation."""

    @staticmethod
    def depth(sizes: Mapping[str, Any]) -> int:
        """Number of parametric layers."""
        return int(sizes["layers"])

    @staticmethod
    def numbers(sizes: Mapping[str, Any], observation: tuple[int, ...]) -> tuple[int, int, int]:
        """How many weights and biases it has, how many features it gives, how many it makes.

        What a pass makes of one observation are all outputs of layers.
        """
        total, features, made = 0, math.prod(observation), 0
        for _ in range(sizes["layers"]):
            total += (features + 1) * sizes["units"]
            features = sizes["units"]
            made += features
        return total, features, made

    def __init__(
        self, sizes: Mapping[str, Any], observation: tuple[int, ...], members: int, device: str
    ) -> None:
        self.layers: list[Layer] = []
        self.features = 1
        for size in observation:
            self.features *= size
        for _ in range(sizes["layers"]):
            self.layers.append(hidden(sizes, members, self.features, device))
            self.features = sizes["units"]
        self.norms = [layer.norm for layer in self.layers if layer.norm is not None]
        self.plain = not self.norms and all(layer.activation == "relu" for layer in self.layers)

    def __call__(
        self, x: torch.Tensor, iterate: torch.Tensor | bool, training: bool = False
    ) -> torch.Tensor:
        """[P, B, ...] -> [P, B, features]."""
        x = x.flatten(2)
        for layer in self.layers:
            x = layer(x, iterate, training)
        return x
