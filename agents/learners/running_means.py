"""Running means of what a pack measures while it learns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


class RunningMeans:
    """The mean of every named measure [P] over the updates since the last `reset`."""

    def __init__(self, names: Sequence[str], members: int, device: str) -> None:
        self.names = tuple(names)
        self.sums = torch.zeros(members, len(names), dtype=torch.float64, device=device)
        self._columns = dict(zip(self.names, self.sums.unbind(1), strict=True))
        self.counts = dict.fromkeys(names, 0)

    def add(self, **values: torch.Tensor) -> None:
        """Adds a value [P] of each of these measures."""
        for name, value in values.items():
            self._columns[name].add_(value.detach())
            self.counts[name] += 1

    def of_member(self, row: int) -> dict[str, float]:
        """Returns one member's means of what was measured."""
        sums = self.sums[row].tolist()
        counts = self.counts.items()
        return {n: total / c for (n, c), total in zip(counts, sums, strict=True) if c}

    def reset(self) -> None:
        """Resets all sums and counts."""
        self.sums.zero_()
        self.counts = dict.fromkeys(self.names, 0)
