"""A multi-layer perceptron over flat observations, with ReLU."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agents.networks.layers import Layer, Linear

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


class Body:
    """`network.depth` linear layers of `network.hidden` units; observations are flattened."""

    @staticmethod
    def check(params: Mapping[str, Any], observation: tuple[int, ...]) -> None:
        """Any sizes fit any observation."""

    @staticmethod
    def depth(params: Mapping[str, Any]) -> int:
        """Number of parametric layers."""
        return int(params["network.depth"])

    @staticmethod
    def numbers(params: Mapping[str, Any], observation: tuple[int, ...]) -> tuple[int, int, int]:
        """How many weights and biases it has, how many features it gives, how many it makes.

        What a pass makes of one observation are all outputs of layers.
        """
        total, features, made = 0, math.prod(observation), 0
        for _ in range(params["network.depth"]):
            total += (features + 1) * params["network.hidden"]
            features = params["network.hidden"]
            made += features
        return total, features, made

    def __init__(
        self, params: Mapping[str, Any], observation: tuple[int, ...], members: int, device: str
    ) -> None:
        self.layers: list[Layer] = []
        self.features = 1
        for size in observation:
            self.features *= size
        for _ in range(params["network.depth"]):
            self.layers.append(Linear(members, self.features, params["network.hidden"], device))
            self.features = params["network.hidden"]

    def __call__(self, x: torch.Tensor, iterate: torch.Tensor | bool) -> torch.Tensor:
        """[P, B, ...] -> [P, B, features]."""
        x = x.flatten(2)
        for layer in self.layers:
            x = layer(x, iterate)
        return x
