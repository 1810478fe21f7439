"""The base of bodies of hidden layers in sequence, which differ in what a layer passes on."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from agents.layers import base, linear, norms

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


class Stack(ABC):
    """`layers` hidden layers of `units` units, or of widths that `units` list.

    They stand over flattened observations. Each has the `norm` and the `activation` that the sizes
    name (`layers.hidden`).
    """

    lists: ClassVar[bool] = True
    """Whether `units` may be a list."""
    chained: ClassVar[bool] = False
    """Whether a layer reads nothing but the one before, so that all may be computed as one."""

    @staticmethod
    @abstractmethod
    def joined(units: int, before: int, observation: int, last: bool) -> tuple[int, int]:
        """Returns how many features leave a layer that `before` enter, and how many it makes.

        `observation` counts the observation's numbers; `last` says whether the layer is the last.
        """

    @staticmethod
    @abstractmethod
    def join(
        y: torch.Tensor, before: torch.Tensor, observation: torch.Tensor, last: bool
    ) -> torch.Tensor:
        """Returns what leaves a layer that makes y [P, B, units] of `before` [P, B, features]."""

    @staticmethod
    def check(sizes: Mapping[str, Any], observation: tuple[int, ...]) -> None:
        """Raises ValueError where the norm does not fit the units; any observation does."""
        norms.check(sizes)

    @staticmethod
    def depth(sizes: Mapping[str, Any]) -> int:
        """Returns the number of parametric layers."""
        return int(sizes["layers"])

    @classmethod
    def numbers(
        cls, sizes: Mapping[str, Any], observation: tuple[int, ...]
    ) -> tuple[int, int, int]:
        """Returns counts of weights and biases, of features, and of numbers that a pass makes.

        A pass makes of one observation all that it may keep for the gradients.
        """
        inputs = features = math.prod(observation)
        total = activations = 0
        layers = linear.each_layer(sizes)
        for place, layer in enumerate(layers, start=1):
            weights, inside = linear.hidden_numbers(layer, features)
            last = place == len(layers)
            features, beside = cls.joined(layer["units"], features, inputs, last)
            total, activations = total + weights, activations + inside + beside
        return total, features, activations

    def __init__(
        self, sizes: Mapping[str, Any], observation: tuple[int, ...], members: int, device: str
    ) -> None:
        inputs = self.features = math.prod(observation)
        self.layers: list[base.Layer] = []
        layers = linear.each_layer(sizes)
        for place, layer in enumerate(layers, start=1):
            self.layers.append(linear.hidden(layer, members, self.features, device))
            last = place == len(layers)
            self.features, _ = self.joined(layer["units"], self.features, inputs, last)
        self.norms = [layer.norm for layer in self.layers if layer.norm is not None]
        rectified = all(layer.activation == "relu" for layer in self.layers)
        self.plain = self.chained and rectified and not self.norms

    def __call__(
        self, x: torch.Tensor, iterate: torch.Tensor | bool, training: bool = False
    ) -> torch.Tensor:
        """[P, B, ...] -> [P, B, features]."""
        observation = x = x.flatten(2)
        for layer in self.layers:
            x = self.join(layer(x, iterate, training), x, observation, layer is self.layers[-1])
        return x
