"""Projection of weights to the norms that they began with, after every step of an optimiser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agents.parameter import Parameter

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")

_PROJECT = "optimizer.project"
PARAMETERS: Mapping[str, Parameter] = {
    _PROJECT: Parameter(str, "none", choices=("none", "hidden", "all"))
}
"""Whose weights keep their norms: those of hidden layers, or of all, output layers too."""


class Projection:
    """W <- rho W / |W| for each weight matrix of each network, rho its norm when it was drawn.

    Norms are Frobenius norms. Behind layers that are followed by a norm it keeps the effective step
    size where the schedule has it: Normalize-and-Project (Lyle et al. 2024, "Normalization and
    effective learning rates in reinforcement learning"). Biases and norms stay as they are.
    """

    @classmethod
    def of(
        cls,
        params: Mapping[str, Any],
        hidden: Sequence[torch.Tensor],
        every: Sequence[torch.Tensor],
    ) -> Projection:
        """Returns that of a run's `optimizer.project`; weights are [P, in, out] of each layer."""
        return cls({"none": (), "hidden": hidden, "all": every}[str(params[_PROJECT])])

    def __init__(self, weights: Sequence[torch.Tensor]) -> None:
        self._weights = [weight.detach() for weight in weights]
        self.norms = [torch.zeros_like(weight[:, :1, :1]) for weight in self._weights]
        """The norms [P, 1, 1] that weights began with; a checkpoint holds them."""

    def remember(self, rows: Sequence[int] | None = None, first: int = 0) -> None:
        """Takes in the norms of the weights as they are now, of some networks or of all.

        Those of layers before the `first` stay.
        """
        for weight, norm in zip(self._weights[first:], self.norms[first:], strict=True):
            which = range(len(weight)) if rows is None else rows
            for row in which:
                norm[row] = weight[row].norm()

    def step(self) -> None:
        """Scales all weights back to their norms; what has become 0 stays 0."""
        for weight, norm in zip(self._weights, self.norms, strict=True):
            now = _norms(weight)
            weight.mul_(torch.where(now > 0, norm / now, 1.0))


def _norms(weight: torch.Tensor) -> torch.Tensor:
    """Frobenius norms [P, 1, 1]; on a CPU network by network, so that no bit depends on others."""
    if weight.device.type == "cpu":
        return torch.stack([row.norm() for row in weight]).view(-1, 1, 1)
    norms: torch.Tensor = torch.linalg.vector_norm(weight, dim=(1, 2), keepdim=True)
    return norms
