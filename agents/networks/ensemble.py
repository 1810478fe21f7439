"""Ensembles: C networks per member with the same input, such as a twin critic, as one batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, TypeVar

from agents.layers.spectral_settings import NOT_NORMALISED, SpectralNormSettings
from agents.networks.layered import Layered
from agents.networks.network import Network

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")

T = TypeVar("T")


class Rows:
    """P x C networks in rows: row p C + c is member p's c-th."""

    def __init__(self, net: Layered, rows: tuple[int, int]) -> None:
        """`rows` are P and C."""
        self.net = net
        self.members, self.copies = rows

    @property
    def parameters(self) -> list[torch.Tensor]:
        """The learned tensors [P C, ...]."""
        return self.net.parameters

    @property
    def tracked(self) -> list[torch.Tensor]:
        """The tensors that targets average: parameters, and the statistics of batch norms.

        Targets have vectors of power iterations of their own.
        """
        learned = [t for layer in self.net.layers for t in (layer.weight, layer.bias)]
        return learned + [t for norm in self.net.norms for _, t in norm.tensors()]

    def spread(self, values: Iterable[T]) -> list[T]:
        """Returns the members' values, each repeated for its C networks."""
        return [value for value in values for _ in range(self.copies)]

    def train(self) -> Self:
        """Lets gradients be taken with respect to the parameters."""
        self.net.train()
        return self

    def initialise(
        self, seeds: Sequence[int], name: str, member: int | None = None, last: int | None = None
    ) -> None:
        """Initialises every network from its own streams, by the names `name.0/`, `name.1/`, ...

        Those of one `member` alone, whose seed is given, and of them the `last` layers alone.
        """
        rows = None if member is None else self.rows(member)
        self.net.initialise(seeds, [f"{name}.{n}/" for n in range(self.copies)], rows, last)

    def rows(self, member: int) -> list[int]:
        """Returns the rows of a member's networks."""
        return list(range(member * self.copies, (member + 1) * self.copies))

    def tensors(self) -> list[tuple[str, torch.Tensor, Sequence[int]]]:
        """Returns (name, tensor [P, C, ...], members that have it) of a checkpoint."""
        return [
            (name, by_member(t, self.members), sorted({row // self.copies for row in rows}))
            for name, t, rows in self.net.tensors()
        ]


class Ensemble(Rows):
    """P x C networks as one network that all read the same, such as twin critics."""

    net: Network

    def __init__(
        self,
        sizes: Mapping[str, Any],
        inputs: int,
        outputs: int,
        rows: tuple[int, int],
        device: str,
        head_gain: float,
        settings: Sequence[SpectralNormSettings] | None = None,
    ) -> None:
        """`rows` are P and C; `settings` name each member's watched layers, else there are none.

        `alone` is the first network of every member, its parameters constants. Where they are, so
        are the running statistics of batch norms.
        """
        members, copies = rows
        each = settings or [NOT_NORMALISED] * members
        everyone = [member for member in each for _ in range(copies)]
        super().__init__(Network(sizes, (inputs,), outputs, everyone, device, head_gain), rows)
        self._constant = Network(sizes, (inputs,), outputs, everyone, "meta")
        self._constant.borrow(self.net, 1)
        self._constant.keep_statistics()
        self.alone = Network(sizes, (inputs,), outputs, each, "meta")
        self.alone.borrow(self.net, copies)
        self.alone.keep_statistics()

    def __call__(
        self,
        x: torch.Tensor,
        training: bool = False,
        constant: bool = False,
        iterate: bool = False,
    ) -> torch.Tensor:
        """Returns outputs, [P, B, inputs] -> [P, C, B, outputs].

        Parameters get no gradients where they are `constant`; `iterate` does a power iteration of
        each watched layer first.
        """
        members, batch, inputs = x.shape
        if self.copies > 1:
            x = x[:, None].expand(-1, self.copies, -1, -1).reshape(-1, batch, inputs)
        net = self._constant if constant else self.net
        return net(x, iterate, training).view(members, self.copies, batch, -1)

    def first(self, x: torch.Tensor, iterate: bool = False, training: bool = False) -> torch.Tensor:
        """Returns the first network's outputs alone, [P, B, inputs] -> [P, B, outputs].

        Its parameters count as constants; `iterate` as in a call, for the first networks alone.
        """
        return self.alone(x, iterate, training)


def by_member(tensor: torch.Tensor, members: int) -> torch.Tensor:
    """Returns rows [P C, ...] as [P, C, ...], in the same memory."""
    return tensor.detach().view(members, -1, *tensor.shape[1:])
