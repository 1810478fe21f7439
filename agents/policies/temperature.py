"""The entropy temperature beta: fixed, or found so that the entropy meets a target."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agents.optim import resets
from agents.optimisers import base as optimisers
from agents.parameter import Parameter

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")

LOG, LINEAR = "log", "linear"
PARAMETERS: Mapping[str, Parameter] = {
    "entropy.auto": Parameter(bool, True),
    "entropy.beta": Parameter(float, 1.0, low=0.0, packable=True),
    "entropy.of": Parameter(str, LOG, choices=(LOG, LINEAR)),
    "entropy.lr": Parameter(float, 3e-4, low=0.0, packable=True),
    "entropy.target": Parameter(float, -0.5, packable=True),
}
"""The temperature's value, or where it starts if it is found automatically, so that the entropy is
`entropy.target` nats times the numbers of an action; and what learns, log beta or beta itself."""
LATER = ("entropy.of",)
"""Those that there were not yet when a study kept no defaults."""
_MOST = math.log(2.0)


def check(params: Mapping[str, Any], is_stochastic: bool) -> None:
    """Raises ValueError where a temperature is to be found for what has no entropy, from 0 on, or
    for more entropy than actions in [-1, 1] can have."""
    if not params["entropy.auto"]:
        return
    if not is_stochastic:
        raise ValueError(
            f"entropy.auto must be false for policy={params['policy']}, whose entropy is fixed"
        )
    if not params["entropy.beta"]:
        raise ValueError("entropy.beta must be above 0 where entropy.auto is true, got 0")
    if params["entropy.target"] >= _MOST:
        raise ValueError(
            "entropy.target is the entropy for each number of an action in nats, usually below 0; "
            "it must be below log 2 = 0.693, the entropy of actions that are uniform in [-1, 1], "
            f"got {params['entropy.target']}"
        )


class Temperature:
    """beta [P, 1]; automatically the minimum of E[beta (-log pi - H)] (Haarnoja et al. 2018).

    H is `entropy.target` times the numbers of an action. What learns is log beta or, with
    `entropy.of` linear, beta itself, which nothing keeps above 0 then; by an optimiser of the
    networks' kind with the kind's own defaults.
    """

    def __init__(self, members: Sequence[Mapping[str, Any]], actions: int, device: str) -> None:
        def vector(values: Sequence[float]) -> torch.Tensor:
            return torch.tensor(values, device=device)[:, None]

        self.fixed: bool = not members[0]["entropy.auto"]
        self._is_log = members[0]["entropy.of"] == LOG
        self._start = vector([float(m["entropy.beta"]) for m in members])
        self._entropy = vector([actions * float(m["entropy.target"]) for m in members])
        self.learned = torch.zeros_like(self._start)
        """log beta or beta, [P, 1]."""
        self.name = "log_beta" if self._is_log else "beta"
        """What is learned, as checkpoints call it."""
        optimiser = optimisers.find(members[0])
        settings = [optimiser.defaults(float(m["entropy.lr"]), resets.is_asked(m)) for m in members]
        self.optimiser = optimiser([self.learned], settings)

    def initialise(self) -> None:
        """Sets beta to `entropy.beta`; a fixed one may be 0 and has no logarithm to learn."""
        if not self.fixed:
            self.learned.copy_(self._first())

    def reset(self, member: int) -> None:
        """Sets a member's beta back to `entropy.beta`, and its optimiser to its first step."""
        if not self.fixed:
            self.learned[member] = self._first()[member]
            self.optimiser.forget([member], [0])

    def _first(self) -> torch.Tensor:
        return self._start.log() if self._is_log else self._start

    @property
    def beta(self) -> torch.Tensor:
        """The temperature, [P, 1]."""
        if self.fixed:
            return self._start
        return self.learned.exp() if self._is_log else self.learned.clone()

    def step(self, log_prob: torch.Tensor) -> None:
        """Updates beta from log pi [P, B]: d/d beta of the loss is E[-log pi - H], d/d log beta
        beta times that."""
        if self.fixed:
            return
        lack = -log_prob.detach().mean(1, keepdim=True) - self._entropy
        self.optimiser.step([self.beta * lack if self._is_log else lack])
