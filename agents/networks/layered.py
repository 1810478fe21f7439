"""What is learned of P networks: layers and norms, how they begin, are copied and saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from agents import streams
from agents.layers.base import Layer
from agents.layers.norms import BatchNorm, Norm
from agents.optim.projection import Projection

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


class Layered:
    """P networks as lists of layers and norms; a subclass says what they compute."""

    def __init__(
        self, layers: Sequence[Layer], norms: Sequence[Norm], gains: Sequence[float | None]
    ) -> None:
        """`gains` are those of orthogonal layers, `None` of those that are Xavier-uniform."""
        self.layers, self.norms = list(layers), list(norms)
        self._gains = gains
        self.parameters = self._gathered()

    def initialise(
        self,
        seeds: Sequence[int],
        names: Sequence[str] = ("",),
        rows: Sequence[int] | None = None,
        last: int | None = None,
    ) -> None:
        """Draws weights and power-iteration vectors from every member's own streams.

        Each seed serves as many members in turn as there are `names`, which tell their streams
        apart. Drawn are the networks `rows`, and their `last` layers, where these are given.
        """

        def keys(purpose: str) -> np.ndarray:
            return np.array([streams.key(s, f"{name}{purpose}") for s in seeds for name in names])

        first = self.first(last)
        for place, (layer, gain) in enumerate(zip(self.layers, self._gains, strict=True)):
            if place < first:
                continue
            layer.initialise(keys(f"weights/{place}"), gain, rows)
            if layer.spectral is not None:
                layer.spectral.initialise(keys(f"spectral/{place}"), rows)
        for norm in self._norms_of(last):
            norm.initialise(rows)

    def first(self, last: int | None) -> int:
        """Returns the place of the first of the last layers, or of all."""
        return 0 if last is None else len(self.layers) - last

    def _norms_of(self, last: int | None) -> list[Norm]:
        """The norms of the last layers: of all, also those that belong to no layer."""
        if last is None:
            return self.norms
        own = [norm for layer in self.layers[-last:] for norm in (layer.norm, layer.norm_before)]
        return [norm for norm in own if norm is not None]

    def places(self, last: int | None = None) -> list[int]:
        """Returns which of `parameters` are those of the last layers, or of all."""
        if last is None:
            return list(range(len(self.parameters)))
        learned = [t for layer in self.layers[-last:] for t in (layer.weight, layer.bias)]
        learned += [t for norm in self._norms_of(last) for t in norm.parameters]
        known = {id(tensor) for tensor in learned}
        return [place for place, tensor in enumerate(self.parameters) if id(tensor) in known]

    @property
    def hidden(self) -> list[Layer]:
        """The layers but for one that gives outputs, where there is one."""
        return self.layers

    def projection(self, params: Mapping[str, Any]) -> Projection:
        """Returns what keeps the norms of its weights, of those that `optimizer.project` says."""
        hidden, every = ([layer.weight for layer in ls] for ls in (self.hidden, self.layers))
        return Projection.of(params, hidden, every)

    def train(self) -> Self:
        """Lets gradients be taken with respect to the parameters."""
        for parameter in self.parameters:
            parameter.requires_grad_(True)
        return self

    def keep_statistics(self) -> Self:
        """Makes batches leave the running statistics of batch norms as they are."""
        for norm in self.norms:
            if isinstance(norm, BatchNorm):
                norm.following = False
        return self

    def copy_(self, other: Layered) -> None:
        """Copies all that `other` holds: parameters, and the vectors of power iterations."""
        with torch.no_grad():
            for mine, theirs in zip(self.tensors(), other.tensors(), strict=True):
                mine[1].copy_(theirs[1])

    def borrow(self, other: Layered, every: int) -> None:
        """Shares the memory of every `every`-th network of `other`, without gradients."""
        for mine, theirs in zip(
            (*self.layers, *self.norms), (*other.layers, *other.norms), strict=True
        ):
            for name, value in vars(theirs).items():
                if isinstance(value, torch.Tensor):
                    setattr(mine, name, value.detach()[::every])
        for own, lent in zip(self.layers, other.layers, strict=True):
            if own.spectral is not None and lent.spectral is not None:
                own.spectral.borrow(lent.spectral, every)
        self.parameters = self._gathered()

    def _gathered(self) -> list[torch.Tensor]:
        """All that is learned: a weight and a bias of each layer, then the norms'."""
        found = [t for layer in self.layers for t in (layer.weight, layer.bias)]
        return found + [t for norm in self.norms for t in norm.parameters]

    def tensors(self) -> list[tuple[str, torch.Tensor, Sequence[int]]]:
        """Returns (name, tensor, members that have it) of all that belongs in a checkpoint."""
        everyone = range(self.layers[0].weight.shape[0])
        named: list[tuple[str, torch.Tensor, Sequence[int]]] = []
        for place, layer in enumerate(self.layers):
            named.append((f"{place}.weight", layer.weight, everyone))
            named.append((f"{place}.bias", layer.bias, everyone))
            if layer.spectral is not None:
                named.append((f"{place}.u", layer.spectral.u, layer.spectral.members))
                named.append((f"{place}.v", layer.spectral.v, layer.spectral.members))
        for place, norm in enumerate(self.norms):
            named += [(f"norm{place}.{name}", t, everyone) for name, t in norm.tensors()]
        return named
