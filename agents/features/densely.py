"""A DenseNet with batch norms and without a head, for P members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agents.layers.norms import BatchNorm
from agents.networks import densenet
from agents.networks.layered import Layered

if TYPE_CHECKING:
    import torch

    from agents.layers.functional import dense_block
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")
    dense_block = LazyModule("agents.layers.functional.dense_block")


class Densely(Layered):
    """P networks of the body `densenet`, whose layers `sizes` give batch norms that learn.

    `features` counts what they give. Weights begin Xavier-uniform.
    """

    def __init__(self, sizes: Mapping[str, Any], inputs: int, members: int, device: str) -> None:
        body = densenet.Body(sizes, (inputs,), members, device)
        self.features = body.features
        norms = [norm for norm in body.norms if isinstance(norm, BatchNorm)]
        super().__init__(body.layers, body.norms, [None] * len(body.layers))
        self._statistics = _together(norms, device)
        self.block = dense_block.Block(
            [layer.weight for layer in body.layers],
            [layer.bias for layer in body.layers],
            [dense_block.Norm(n.weight, n.bias, n.mean, n.variance, n.eps) for n in norms],
            sizes["activation"],
        )

    @property
    def tracked(self) -> list[torch.Tensor]:
        """All that targets average."""
        return [tensor for _, tensor, _ in self.tensors()]

    def frozen(self, x: torch.Tensor, actions: torch.Tensor | None = None) -> torch.Tensor:
        """Returns x, actions and what the layers make of them, by running statistics.

        Gradients reach the actions alone.
        """
        return dense_block.frozen(self.block, x, actions)

    def trained(self, x: torch.Tensor, actions: torch.Tensor | None = None) -> torch.Tensor:
        """Returns the same by the batch's statistics, which the running ones follow.

        Gradients reach x and what is learned.
        """
        found, means, variances = dense_block.trained(self.block, x, actions)
        self._statistics.follow(means.flatten(1), variances.flatten(1), x.shape[1])
        return found


def _together(norms: Sequence[BatchNorm], device: str) -> BatchNorm:
    """A norm whose running statistics are those of all norms in turn, in the same memory."""
    first = norms[0]
    members, units = first.mean.shape
    whole = BatchNorm(members, units * len(norms), False, device, first.eps, first.momentum)
    for place, norm in enumerate(norms):
        columns = slice(place * units, (place + 1) * units)
        norm.mean, norm.variance = whole.mean[:, columns], whole.variance[:, columns]
    return whole
