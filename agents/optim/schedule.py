"""Schedules of step sizes over the updates of a run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agents.collecting import Collecting
from agents.parameter import Parameter

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")

KINDS = ("constant", "linear", "cosine")
PARAMETERS: Mapping[str, Parameter] = {
    "optimizer.schedule.kind": Parameter(str, "constant", choices=KINDS),
    "optimizer.schedule.end_factor": Parameter(float, 0.0, low=0.0, packable=True),
}
"""How step sizes change from the first update to the last, and what they end at, as a multiple of
what they begin with; a constant one ends at itself."""


@dataclass(frozen=True)
class Schedule:
    """The factor of a step size at each of so many `updates`; after them it stays at its end.

    `linear` goes straight from 1 to `end_factor`, `cosine` along half a cosine (Loshchilov & Hutter
    2017, without restarts).
    """

    kind: str = "constant"
    end_factor: float = 0.0
    updates: int = 1

    @classmethod
    def of(cls, params: Mapping[str, Any], updates: int) -> Schedule:
        """Returns the `optimizer.schedule.*` of a run whose network has so many updates."""
        kind = str(params["optimizer.schedule.kind"])
        if kind == "constant":
            return CONSTANT
        return cls(kind, float(params["optimizer.schedule.end_factor"]), max(updates, 1))

    def factor(self, done: int) -> float:
        """Returns the factor of the update after `done` updates."""
        if self.kind == "constant":
            return 1.0
        share = min(done / self.updates, 1.0)
        left = 1.0 - share if self.kind == "linear" else 0.5 * (1.0 + math.cos(math.pi * share))
        return self.end_factor + (1.0 - self.end_factor) * left


CONSTANT = Schedule()


def factors(
    kind: str, ends: torch.Tensor, updates: torch.Tensor, done: torch.Tensor
) -> torch.Tensor:
    """Returns `Schedule.factor` of several members [P], on their device."""
    share = (done / updates).clamp(max=1.0)
    left = 1.0 - share if kind == "linear" else 0.5 * (1.0 + torch.cos(math.pi * share))
    return ends + (1.0 - ends) * left


def count(params: Mapping[str, Any], steps: int) -> int:
    """Returns how many updates a run of `steps` steps does: from the warm-up on."""
    every: int = params["update_every"]
    times = int(steps // every - (params["warmup_steps"] - 1) // every)
    return times * Collecting.of(params).updates_at_once
