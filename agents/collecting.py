"""How the steps of a run are collected: the parameters `collect.*`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agents.parameter import Parameter

ASYNC = "async"
"""The word in the place of a ratio that stands for collectors that wait for nobody."""

_RATIO = "collect.env_steps_per_update"
_TIMES = "update_times"
_SHOWN = 12
"""How many ratios are named at most: those nearest to the one that was asked for."""
TIMES: Mapping[str, Parameter] = {_TIMES: Parameter(int, 1, low=1)}
"""Of every learner: how many updates follow each `update_every`-th step, each from a batch of its
own."""
PARAMETERS: Mapping[str, Parameter] = {
    "collect.cores": Parameter(int, 1, low=1),
    "collect.envs_per_core": Parameter(int, 1, low=1),
    _RATIO: Parameter(object, None),
}
"""Of every learner: collectors, the environments of each, and how many steps they all take between
two updates; where none is given, those of `update_every` steps."""

METRICS = ("updates", "env_steps", "env_steps_per_update")
"""What is reported where any of them is given, or updates come several at a time: updates so far,
steps of a member's environments so far, and these over those. Of asynchronous collectors also how
many were replaced."""


@dataclass(frozen=True)
class Collecting:
    """The `collect.*` of a run: E = cores x envs_per_core environments.

    A step of the run is one step of each of them, then the updates that are due.
    """

    cores: int
    envs_per_core: int
    ratio: Any
    update_every: int
    update_times: int = 1

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> Collecting:
        """Returns that of a run's parameters."""
        cores, envs, ratio = (params.get(name, p.default) for name, p in PARAMETERS.items())
        every, times = params.get("update_every", 1), params.get(_TIMES, 1)
        return cls(cores, envs, ratio, int(every), int(times))

    @property
    def envs(self) -> int:
        """How many environments a member trains in."""
        return self.cores * self.envs_per_core

    @property
    def is_async(self) -> bool:
        """Whether collectors act while the learner learns."""
        return bool(self.ratio == ASYNC)

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that are reported besides."""
        if self.is_async:
            return (*METRICS, "collectors_replaced")
        given = self.envs > 1 or self.ratio is not None or self.update_times > 1
        return METRICS if given else ()

    @property
    def updates_at_once(self) -> int:
        """How many updates follow every `update_every`-th step."""
        if self.ratio is None or self.is_async:
            return self.update_times
        return self.envs * self.update_every // int(self.ratio)

    def capacity(self, transitions: int, steps: int | None) -> int:
        """Returns how many steps a replay of so many `transitions` keeps of each environment.

        A run of `steps` steps fills no more (`None`: as many as there may be), but one whose
        collectors wait for nobody.
        """
        each = transitions // self.envs
        return each if steps is None or self.is_async else min(each, steps)

    def largest(self, taken: int) -> tuple[str, int]:
        """Returns the setting that most of the memory of collecting follows from, and its bytes."""
        if self.cores > 1:
            return f"collect.cores={self.cores}", taken
        return f"collect.envs_per_core={self.envs_per_core}", taken

    def check(self, params: Mapping[str, Any], continuous: bool) -> None:
        """Raises ValueError where `collect.*` do not fit each other or the complete `params`.

        `continuous`: whether the agent's actions are numbers.
        """
        each = self.capacity(params["replay.capacity"], None)
        least = max(2, params.get("n_step", 1))
        if self.envs > 1 and each < least:
            raise ValueError(
                f"replay.capacity must hold at least {least} steps of each of {self.envs} "
                f"environments ({least * self.envs}), got {params['replay.capacity']}"
            )
        if self.ratio is not None and self.update_times > 1:
            raise ValueError(
                f"{_TIMES} must be 1 where {_RATIO} is given ({self.ratio}), which says how many "
                f"updates there are, got {self.update_times}"
            )
        if self.is_async and not continuous:
            raise ValueError(
                f"{_RATIO}={ASYNC} is of agents whose actions are numbers; where they are "
                "choices, exploration follows the steps of the learner: give a whole number"
            )
        if self.is_async and self.update_every != 1:
            raise ValueError(
                f"update_every must be 1 for {_RATIO}={ASYNC}, got {self.update_every}"
            )
        if self.ratio is not None and not self.is_async:
            self._check_ratio()

    def _check_ratio(self) -> None:
        whole = isinstance(self.ratio, int) and not isinstance(self.ratio, bool)
        if not whole or self.ratio < 1:
            raise ValueError(
                f"{_RATIO} must be a whole number from 1, or {ASYNC}, got {self.ratio!r}"
            )
        between = self.envs * self.update_every
        if between % self.ratio:
            small = [n for n in range(1, math.isqrt(between) + 1) if between % n == 0]
            every, asked = {*small, *(between // n for n in small)}, self.ratio
            near = sorted(every, key=lambda n: abs(n - asked))[:_SHOWN]
            valid = map(str, sorted(near))
            raise ValueError(
                f"{_RATIO} must divide the {between} environment steps of update_every="
                f"{self.update_every} (one of {', '.join(valid)}; more with a larger "
                f"update_every), got {self.ratio}"
            )
