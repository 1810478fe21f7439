"""Means and maxima of what is measured at every update, since they were last asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

    from agents.contract import State
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


class Interval:
    """The mean and the largest number of every name and member since `found` was last called.

    All that it holds is in `save`, so that an interval may be continued.
    """

    def __init__(self, names: Sequence[str], members: int, device: torch.device) -> None:
        shape = (members, len(names))
        self._sums = torch.zeros(shape, dtype=torch.float64, device=device)
        self._maxima = torch.zeros(shape, dtype=torch.float64, device=device)
        columns = zip(self._sums.unbind(1), self._maxima.unbind(1), strict=True)
        self._columns = dict(zip(names, columns, strict=True))
        self._counts = dict.fromkeys(names, 0)
        self._clear()

    def add(self, name: str, values: torch.Tensor) -> None:
        """Adds the members' numbers [P]; one that is NaN makes mean and maximum NaN."""
        total, most = self._columns[name]
        values = values.double()
        total.add_(values)
        torch.maximum(most, values, out=most)
        self._counts[name] += 1

    def found(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns means and maxima [P, names], not finite where nothing was added; begins anew."""
        counts = np.array(list(self._counts.values()), dtype=np.float64)
        with np.errstate(invalid="ignore"):
            means = self._sums.cpu().numpy() / counts
        maxima = self._maxima.cpu().numpy().copy()
        self._clear()
        return means, maxima

    def save(self, row: int) -> State:
        """Returns a member's sums and maxima, and how many numbers each is of."""
        return {
            "sums": self._sums[row].cpu().numpy().copy(),
            "maxima": self._maxima[row].cpu().numpy().copy(),
            "counts": np.array(list(self._counts.values()), dtype=np.int64),
        }

    def load(self, row: int, state: State) -> None:
        """Puts back what `save` returned; counts are those of all members."""
        self._sums[row] = torch.from_numpy(state["sums"])
        self._maxima[row] = torch.from_numpy(state["maxima"])
        self._counts = dict(zip(self._counts, state["counts"].tolist(), strict=True))

    def _clear(self) -> None:
        self._sums.zero_()
        self._maxima.fill_(-torch.inf)
        self._counts = dict.fromkeys(self._counts, 0)
