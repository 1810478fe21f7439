"""A study as the runs under its first few seeds show it, for a pruner of its own."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from optuna.trial import TrialState

from sweeper.planning.sampling import pruner_schedule
from sweeper.space import samplers
from sweeper.space.space import Space
from sweeper.study.sampling.optuna_memory import OptunaMemory


class Verdict(NamedTuple):
    """How a trial ended, as Optuna sees it."""

    state: TrialState
    values: list[float] | None = None
    excess: list[float | None] | None = None
    """By how much it breaks each constraint, at most 0 where it keeps it; `None` where that is
    unknown, as runs diverged.
    """


class SeedView:
    """All trials, with the values that the runs under their first seeds have, and a pruner.

    So a trial is compared with others by the same set of their runs.
    """

    def __init__(self, space: Space) -> None:
        self._memory = OptunaMemory(space.study, space.directions, pruner(space))
        self._trials = 0
        self._ended: set[int] = set()
        self._shown: dict[int, set[int]] = {}

    def feed(
        self,
        trial: int,
        values: Mapping[int, float],
        kept: Iterable[Mapping[str, Any]],
        verdict: Verdict | None,
    ) -> None:
        """Takes in the values of a trial by step, what the pruner kept of it, and how it ended."""
        if trial in self._ended:
            return
        self._add(trial)
        for attributes in kept:
            self._memory.set_trial_attributes(trial, attributes)
        self._show(trial, values)
        if verdict is not None:
            self._memory.end(trial, *verdict)
            self._ended.add(trial)

    def prune(self, trial: int, values: Mapping[int, float]) -> tuple[bool, dict[str, Any], float]:
        """Whether the pruner ends a trial with these values, what it keeps, and the last value.

        Where diverged runs decide a value, it is worse than all else.
        """
        self._add(trial)
        before = self._memory.trial_attributes(trial)
        self._show(trial, values)
        self._memory.sink()
        prune = self._memory.should_prune(trial)
        after = self._memory.trial_attributes(trial)
        kept = {key: own for key, own in after.items() if key not in before or before[key] != own}
        return prune, kept, self._memory.reported(trial)[max(values)]

    def _add(self, trial: int) -> None:
        """Adds trials up to this one: a pruner asks for no parameters."""
        for _ in range(self._trials, trial + 1):
            self._memory.add(params={}, distributions={}, attributes={})
        self._trials = max(self._trials, trial + 1)

    def _show(self, trial: int, values: Mapping[int, float]) -> None:
        shown = self._shown.setdefault(trial, set())
        for step in sorted(set(values) - shown):
            value = values[step]
            self._memory.report(
                trial, step, self._memory.below_all_reports() if math.isnan(value) else value
            )
            shown.add(step)


def pruner(space: Space) -> Any:
    """The pruner of the space, with the resources that Optuna would guess from ended trials."""
    if space.pruner is None:
        return None
    options = {**pruner_schedule.defaults(space), **space.pruner.options}
    return samplers.constructor("pruners", samplers.PRUNERS[space.pruner.name])(**options)
