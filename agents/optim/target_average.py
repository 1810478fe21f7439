"""Target networks as exponential moving averages of the online ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


class TargetAverage:
    """Exponential moving averages of parameters: target += tau (online - target).

    `taus` has every member's tau. Members are updated one by one on a CPU, elsewhere
    all at once.
    """

    def __init__(
        self,
        targets: Sequence[torch.Tensor],
        online: Sequence[torch.Tensor],
        taus: Sequence[float],
    ) -> None:
        self._taus = list(taus)
        self._pairs = list(zip(targets, online, strict=True))
        self._together = torch.tensor(self._taus, device=targets[0].device)
        with torch.no_grad():
            rows = [[t.detach().unbind(0) for t in side] for side in (targets, online)]
        self._rows = [list(zip(*side, strict=True)) for side in rows]

    def step(self) -> None:
        """Moves every target towards its network by tau."""
        with torch.no_grad():
            if self._together.device.type == "cpu":
                for mine, theirs, tau in zip(*self._rows, self._taus, strict=True):
                    torch._foreach_lerp_(mine, theirs, tau)
            else:
                for target, online in self._pairs:
                    target.lerp_(online, self._together.view(-1, *[1] * (target.dim() - 1)))
