"""A study in Optuna's in-memory storage, and all uses of Optuna's undocumented interfaces.

That is the storage behind a study and its ids, system attributes, trials that are taken back, and a
sampler's search space. pyproject.toml bounds Optuna's version; the tests of this file tell whether
another one will do.
"""

from __future__ import annotations

import copy
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.storages import InMemoryStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

_CONSTRAINTS = "constraints"
"""The system attribute under which samplers look for what a trial's constraints are broken by."""

_BELOW = 0.1
"""By how much of the range from a task's low to its high what diverged is worse than the worst."""


class OptunaMemory:
    """A study that Optuna holds in memory; trials are named by their numbers.

    Trials of earlier studies stand before them, which only samplers see.
    """

    def __init__(self, name: str, directions: Sequence[str], pruner: Any = None) -> None:
        self._storage = _ForgettingStorage()
        with quiet():
            self._study = optuna.create_study(
                storage=self._storage,
                study_name=name,
                directions=[StudyDirection[direction.upper()] for direction in directions],
                sampler=_nobody(),
            )
        self._study.pruner = pruner  # samplers look at it too: of Hyperband's brackets each is one
        self._id = self._study._study_id
        self._signs = [1.0 if direction == "maximize" else -1.0 for direction in directions]
        self._diverged: dict[int, list[float] | None] = {}
        """From trials that diverged to the values that they have been given."""
        self._earlier = 0

    def trials(self) -> list[FrozenTrial]:
        """All trials in their order; they are Optuna's own, not copies."""
        return self._known()[self._earlier :]

    def earlier(self) -> list[FrozenTrial]:
        """The trials of earlier studies."""
        return self._known()[: self._earlier]

    def _known(self) -> list[FrozenTrial]:
        return self._storage.get_all_trials(self._id, deepcopy=False)

    def learn(
        self,
        params: dict[str, Any],
        distributions: dict[str, BaseDistribution],
        values: Sequence[float] | None,
        excess: Sequence[float | None] | None = None,
    ) -> None:
        """Adds a trial of an earlier study, before there is any other; `None` where it diverged."""
        self.add(params, distributions, {})
        self.end(0, TrialState.COMPLETE, values, excess)
        self._earlier += 1

    def ask(self, sampler: Any, given: Mapping[str, Any] | None = None) -> optuna.Trial:
        """A new trial, whose values `sampler` chooses when they are asked for, but those `given`.

        The search space that the sampler before has found goes on to `sampler` where both are of
        one class of Optuna's: it then looks only at trials that the one before did not know.
        """
        before = self._study.sampler
        of_optuna = type(sampler).__module__.partition(".")[0] == "optuna"
        if of_optuna and isinstance(before, type(sampler)) and hasattr(sampler, "_search_space"):
            sampler._search_space = before._search_space
        self._study.sampler = sampler
        if given:
            self._study.enqueue_trial(dict(given))
        return self._study.ask()

    def add(
        self,
        params: dict[str, Any],
        distributions: dict[str, BaseDistribution],
        attributes: Mapping[str, Any],
    ) -> None:
        """Adds a running trial with these system attributes."""
        template = create_trial(
            state=TrialState.RUNNING,
            params=params,
            distributions=distributions,
            system_attrs=dict(attributes),
        )
        self._storage.create_new_trial(self._id, template)

    def end(
        self,
        trial: int,
        state: TrialState,
        values: Sequence[float] | None,
        excess: Sequence[float | None] | None = None,
    ) -> None:
        """Ends a running trial; `excess` says by how much it breaks each constraint.

        One is complete without values where diverged runs decide them: it has none until `sink`.
        What is unknown (`None`) of `excess` is a little more than any trial has broken it by.
        """
        if excess:
            known = [
                self._most_broken(place) if own is None else own for place, own in enumerate(excess)
            ]
            self.set_trial_attributes(trial, constraint_attributes(known))
        if state == TrialState.COMPLETE and values is None:
            state = TrialState.FAIL
            self._diverged[self._earlier + trial] = None
        self._storage.set_trial_state_values(self._trial_id(trial), state, values)

    def reopen(self, trial: int) -> None:
        """Lets a trial that was pruned run on; samplers look at all trials anew."""
        self._storage.revise(self._trial_id(trial), TrialState.RUNNING, None)
        self._study.sampler = _nobody()

    def _most_broken(self, place: int) -> float:
        """A little more than any trial that has ended breaks the constraint at this place."""
        known = (trial.system_attrs.get(_CONSTRAINTS) for trial in self._known())
        return _BELOW + float(max([0.0, *(excess[place] for excess in known if excess)]))

    def sink(self) -> None:
        """Gives trials that diverged values a little worse than those of all others.

        So samplers keep away from them, which failed ones they would propose again. While no other
        trial is complete they stay failed.
        """
        complete = [trial for trial in self._known() if trial.state == TrialState.COMPLETE]
        others = [trial.values for trial in complete if trial.number not in self._diverged]
        if not self._diverged or not others:
            return
        scores = zip(self._signs, zip(*others, strict=True), strict=True)
        values = [sign * (min(sign * own for own in column) - _BELOW) for sign, column in scores]
        for number, before in self._diverged.items():
            if before != values:
                id = self._trial_id(number - self._earlier)
                self._storage.revise(id, TrialState.COMPLETE, values)
                self._diverged[number] = values

    def forget(self, first: int) -> None:
        """Takes away all trials from number `first` on, none of which has ended."""
        self._storage.forget(self._earlier + first)

    def attributes(self) -> dict[str, Any]:
        """The system attributes of the study: what a sampler keeps of all trials."""
        attributes: dict[str, Any] = self._storage.get_study_system_attrs(self._id)
        return attributes

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Sets some of the system attributes of the study."""
        for key, value in attributes.items():
            self._storage.set_study_system_attr(self._id, key, value)

    def restore_attributes(self, attributes: dict[str, Any]) -> None:
        """Makes these all system attributes that the study has."""
        self._storage.restore_attributes(self._id, attributes)

    def trial_attributes(self, trial: int) -> dict[str, Any]:
        """A copy of the system attributes of a trial: what sampler and pruner keep of it."""
        return dict(self._storage.get_trial(self._trial_id(trial)).system_attrs)

    def set_trial_attributes(self, trial: int, attributes: Mapping[str, Any]) -> None:
        """Sets some of the system attributes of a trial."""
        for key, value in attributes.items():
            self._storage.set_trial_system_attr(self._trial_id(trial), key, value)

    def report(self, trial: int, step: int, value: float) -> None:
        """Sets the intermediate value of a trial at `step`."""
        self._storage.set_trial_intermediate_value(self._trial_id(trial), step, value)

    def reported(self, trial: int) -> dict[int, float]:
        """The intermediate values of a trial by step."""
        frozen = self._storage.get_trial(self._trial_id(trial))
        return dict(frozen.intermediate_values)

    def below_all_reports(self) -> float:
        """A number a little worse than all intermediate values so far, of the first score."""
        sign = self._signs[0]
        shown = (trial.intermediate_values.values() for trial in self.trials())
        return sign * (min((sign * value for own in shown for value in own), default=0.0) - _BELOW)

    @property
    def prunes(self) -> bool:
        """Whether it has a pruner."""
        return self._study.pruner is not None

    def should_prune(self, trial: int) -> bool:
        """Whether the pruner ends a trial by what was reported of it."""
        frozen = self._storage.get_trial(self._trial_id(trial))
        return bool(self._study.pruner.prune(self._study, frozen))

    def _trial_id(self, trial: int) -> int:
        number = self._earlier + trial
        id: int = self._storage.get_trial_id_from_study_id_trial_number(self._id, number)
        return id


def constraint_attributes(excess: Sequence[float]) -> dict[str, Any]:
    """The system attributes that say by how much a trial breaks each constraint, if there is any.

    At most 0 where it keeps one.
    """
    return {_CONSTRAINTS: [*excess]} if excess else {}


def constraints_of(trial: FrozenTrial) -> Sequence[float]:
    """By how much a trial breaks each constraint, as samplers of older Optunas want to be told."""
    found: Sequence[float] = trial.system_attrs[_CONSTRAINTS]
    return found


def _nobody() -> Any:
    """A sampler that knows no trial, until `ask` takes the one to ask."""
    return optuna.samplers.RandomSampler()


class _ForgettingStorage(InMemoryStorage):  # type: ignore[misc, unused-ignore]
    """Optuna's storage in memory, from which trials can be taken back; for one study."""

    def restore_attributes(self, study: int, attributes: dict[str, Any]) -> None:
        """Makes these all system attributes that a study has."""
        self._studies[study].system_attrs = attributes

    def revise(self, trial: int, state: TrialState, values: list[float] | None) -> None:
        """Gives a trial that has ended another state and other values."""
        changed = copy.copy(self._get_trial(trial))
        changed.state, changed.values = state, values
        self._set_trial(trial, changed)

    def forget(self, first: int) -> None:
        """Takes away all trials from number `first` on."""
        for info in self._studies.values():
            for trial in info.trials[first:]:
                del self._trial_id_to_study_id_and_number[trial._trial_id]
            del info.trials[first:]
            self._max_trial_id = len(info.trials) - 1


@contextmanager
def quiet() -> Iterator[None]:
    """Within it Optuna neither logs what it does nor warns of experimental features."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(before)
