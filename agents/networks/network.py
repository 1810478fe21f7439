"""A body and a linear head, with spectral normalisation where members ask for it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agents import lookup, streams
from agents.networks.layers import Linear
from agents.networks.spectral import Settings, SpectralNorm, check_layers

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


def depth(params: Mapping[str, Any]) -> int:
    """Number of parametric layers of the network that `params` describe, its head included."""
    return int(_body(params).depth(params)) + 1


def numbers(params: Mapping[str, Any], observation: tuple[int, ...], outputs: int) -> int:
    """How many weights and biases the network has, without importing torch."""
    inside, features, _ = _body(params).numbers(params, observation)
    return int(inside + (features + 1) * outputs)


def made(params: Mapping[str, Any], observation: tuple[int, ...], outputs: int) -> int:
    """How many numbers a pass makes of one observation, it included, without importing torch."""
    _, _, inside = _body(params).numbers(params, observation)
    return int(math.prod(observation) + inside + outputs)


def _body(params: Mapping[str, Any]) -> Any:
    return lookup.find("networks", params["network.body"])


def check(params: Mapping[str, Any], observation: tuple[int, ...]) -> None:
    """Raise ValueError where body, sizes or `sn.layers` do not fit, without importing torch."""
    _body(params).check(params, observation)
    check_layers(params["sn.layers"], depth(params))


class Network:
    """P networks with one shape: `params` gives it, `settings` each member's normalised layers."""

    def __init__(
        self,
        params: Mapping[str, Any],
        observation: tuple[int, ...],
        outputs: int,
        settings: Sequence[Settings],
        device: str,
    ) -> None:
        members = len(settings)
        self.body = _body(params)(params, observation, members, device)
        self.head = Linear(members, self.body.features, outputs, device)
        self.layers = [*self.body.layers, self.head]
        for place, layer in enumerate(self.layers):
            index = place - len(self.layers)
            if any(index in member.layers for member in settings):
                layer.norm = SpectralNorm(layer, settings, index)
        self.parameters = [t for layer in self.layers for t in (layer.weight, layer.bias)]

    def initialise(self, seeds: Sequence[int]) -> None:
        """Weights and power-iteration vectors from every member's own streams."""
        for place, layer in enumerate(self.layers):
            layer.initialise(streams.keys(seeds, f"weights/{place}"))
            if layer.norm is not None:
                layer.norm.initialise(streams.keys(seeds, f"spectral/{place}"))

    def train(self) -> Network:
        """Let gradients be taken with respect to the parameters."""
        for parameter in self.parameters:
            parameter.requires_grad_(True)
        return self

    def copy_(self, other: Network) -> None:
        """Take over all that `other` holds: parameters, and the vectors of power iterations too."""
        with torch.no_grad():
            for mine, theirs in zip(self.tensors(), other.tensors(), strict=True):
                mine[1].copy_(theirs[1])

    def tensors(self) -> list[tuple[str, torch.Tensor, Sequence[int]]]:
        """(name, tensor, members that have it) of all that belongs in a checkpoint."""
        everyone = range(self.layers[0].weight.shape[0])
        held: list[tuple[str, torch.Tensor, Sequence[int]]] = []
        for place, layer in enumerate(self.layers):
            held.append((f"{place}.weight", layer.weight, everyone))
            held.append((f"{place}.bias", layer.bias, everyone))
            if layer.norm is not None:
                held.append((f"{place}.u", layer.norm.u, layer.norm.members))
                held.append((f"{place}.v", layer.norm.v, layer.norm.members))
        return held

    def __call__(self, x: torch.Tensor, iterate: torch.Tensor | bool) -> torch.Tensor:
        """[P, B, ...] -> [P, B, outputs]."""
        return self.head(self.body(x, iterate), iterate, activate=False)
