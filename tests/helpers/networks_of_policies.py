"""Networks of random weights for policies, in float64."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from agents.networks.described import Described


class Networks:
    """Perceptrons with one hidden layer for each network that a policy describes."""

    def __init__(
        self, described: Mapping[str, Described], members: int, gains: Mapping[str, float]
    ) -> None:
        generator = torch.Generator().manual_seed(3)

        def normal(*size: int) -> torch.Tensor:
            return torch.randn(members, *size, generator=generator, dtype=torch.float64)

        self.weights = {
            name: [
                normal(one.inputs, 16) * 0.3,
                normal(16, one.outputs) * 0.3 * gains.get(one.prefix, 1.0),
            ]
            for name, one in described.items()
        }

    def __call__(self, name: str, x: torch.Tensor) -> torch.Tensor:
        first, last = self.weights[name]
        found: torch.Tensor = torch.tanh(x @ first) @ last
        return found


def networks(
    described: Mapping[str, Described], members: int, gains: Mapping[str, float] | None = None
) -> Networks:
    """Networks of P members; `gains` multiply the last weights of those with a prefix."""
    return Networks(described, members, gains or {})
