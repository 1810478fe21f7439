"""The entropy temperature beta: fixed, or found so that the entropy meets a target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agents.optimisers import base as optimisers

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


class Temperature:
    """beta [P, 1]; automatically the minimum of E[beta (-log pi - H)] (Haarnoja et al. 2018).

    H is `entropy.target` times the numbers of an action. What learns is log beta, by an
    optimiser of the networks' kind with the kind's own defaults.
    """

    def __init__(self, members: Sequence[Mapping[str, Any]], actions: int, device: str) -> None:
        def vector(values: Sequence[float]) -> torch.Tensor:
            return torch.tensor(values, device=device)[:, None]

        self.fixed: bool = not members[0]["entropy.auto"]
        self._start = vector([float(m["entropy.beta"]) for m in members])
        self._entropy = vector([actions * float(m["entropy.target"]) for m in members])
        self.log = torch.zeros_like(self._start)
        optimiser = optimisers.find(members[0])
        settings = [optimiser.defaults(float(m["entropy.lr"])) for m in members]
        self.optimiser = optimiser([self.log], settings)

    def initialise(self) -> None:
        """Sets beta to `entropy.beta`; a fixed one may be 0 and has no logarithm to learn."""
        if not self.fixed:
            self.log.copy_(self._start.log())

    @property
    def beta(self) -> torch.Tensor:
        """The temperature, [P, 1]."""
        return self._start if self.fixed else self.log.exp()

    def step(self, log_prob: torch.Tensor) -> None:
        """Updates beta from log pi [P, B]: d/d log beta of the loss is beta E[-log pi - H]."""
        if not self.fixed:
            lack = -log_prob.detach().mean(1, keepdim=True) - self._entropy
            self.optimiser.step([self.beta * lack])
