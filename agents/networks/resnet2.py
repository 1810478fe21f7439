"""Residual blocks of two layers (Ota et al. 2020, the blocks of OFENet's public code)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agents.layers import base, linear, norms
from agents.networks.resnet import added

if TYPE_CHECKING:
    import torch


class Body:
    """Blocks act(x + norm(W2 act(norm(W1 x)))), of which `layers` counts; `units` of each layer.

    The smaller summand is padded with zeros: the first block is as wide as the wider of units and
    observation, and so are those after it.
    """

    chained = False

    @staticmethod
    def check(sizes: Mapping[str, Any], observation: tuple[int, ...]) -> None:
        """Raises ValueError where the norm does not fit the units; any observation does."""
        norms.check(sizes)

    @staticmethod
    def depth(sizes: Mapping[str, Any]) -> int:
        """Returns the number of parametric layers, two in each block."""
        return 2 * int(sizes["layers"])

    @staticmethod
    def numbers(sizes: Mapping[str, Any], observation: tuple[int, ...]) -> tuple[int, int, int]:
        """Returns counts of weights and biases, of features, and of numbers that a pass makes.

        A pass makes of one observation all that it may keep for the gradients.
        """
        units, read = sizes["units"], math.prod(observation)
        features = max(units, read)
        second, _ = linear.hidden_numbers(sizes, units)
        _, made_by_norm = norms.counts(sizes, units)
        made_by_sum = features * (1 if base.follows_from_outputs(sizes) else 2)
        total = made = 0
        for place in range(sizes["layers"]):
            first, made_first = linear.hidden_numbers(sizes, features if place else read)
            total += first + second
            made += made_first + made_by_norm + made_by_sum
        return total, features, made

    def __init__(
        self, sizes: Mapping[str, Any], observation: tuple[int, ...], members: int, device: str
    ) -> None:
        read, units = math.prod(observation), sizes["units"]
        self.features = max(units, read)
        self._activation = base.activation(sizes)
        self._blocks: list[tuple[base.Layer, base.Layer]] = []
        for place in range(sizes["layers"]):
            first = linear.hidden(sizes, members, self.features if place else read, device)
            second = linear.hidden(sizes, members, units, device)
            second.activation = None
            self._blocks.append((first, second))
        self.layers = [layer for block in self._blocks for layer in block]
        self.norms = [layer.norm for layer in self.layers if layer.norm is not None]
        self.plain = False

    def __call__(
        self, x: torch.Tensor, iterate: torch.Tensor | bool, training: bool = False
    ) -> torch.Tensor:
        """[P, B, ...] -> [P, B, features]."""
        x = x.flatten(2)
        for first, second in self._blocks:
            y = second(first(x, iterate, training), iterate, training)
            x = base.activated(added(y, x), self._activation)
        return x
