"""Optuna's advice: which trials to try next, and which to end early.

The advisor holds the study in memory as Optuna sees it, fed from the plan and the ledger. A sampler
is made anew for every trial, seeded by the trial's number; what samplers and pruners keep in
Optuna's attributes is read back from the packfuls and from the ledger. So every worker's advisor
advises alike, given the same results.
"""

from __future__ import annotations

import logging
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.storages import InMemoryStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from sweeper import score
from sweeper.ledger.run_record import UNSCORED
from sweeper.ledger.state import LedgerState
from sweeper.ledger.writer import Writer
from sweeper.plan import sequences
from sweeper.plan.expansion import Configuration, Rejected
from sweeper.space import samplers
from sweeper.study import proposals as packfuls
from sweeper.study.proposals import Proposal
from sweeper.study.pruning import Judge
from sweeper.study.study import Study

_ASKED = 20
"""How often a sampler is asked for one trial that is new and allowed, before it is drawn."""


class Advisor:
    """Asks Optuna's sampler and pruner on behalf of one worker."""

    def __init__(self, study: Study, ledger_state: LedgerState, ledger: Writer) -> None:
        self._study, self._ledger_state, self._ledger = study, ledger_state, ledger
        self._begin()

    def _begin(self) -> None:
        space = self._study.space
        self._memory = _Memory()
        with _quiet():
            self._optuna = optuna.create_study(
                storage=self._memory,
                study_name=space.study,
                directions=[StudyDirection[name.upper()] for name in space.directions],
                sampler=optuna.samplers.RandomSampler(),  # a new memory: nobody was asked yet
                pruner=None,
            )
            self._judge = Judge(self._study, self._ledger_state, self._ledger, self._optuna)
        self._known = 0
        self._ended: dict[int, Any] = {}
        self._stale: set[int] = set()

    def note(self, runs: Iterable[str]) -> None:
        """Remembers that something happened to `runs`."""
        for run in runs:
            try:
                self._stale.add(self._study.plan.run(run).trial)
            except KeyError:
                continue

    def plan(self, number: int) -> bool:
        """Plans a packful of up to `number` trials; whether there was something left to plan."""
        plan = self._study.plan
        number = min(number, plan.due)
        if not number:
            return False
        self._feed()
        first = len(plan.trials)
        before = dict(self._kept())
        proposals: list[Proposal] = []
        with _quiet():
            for trial in range(first, first + number):
                proposal = self._ask(trial, proposals)
                if proposal is None:
                    break
                proposals.append(proposal)
        seen = Counter(trial.state.name.lower() for trial in self._trials()[:first])
        kept = {key: value for key, value in self._kept().items() if before.get(key) != value}
        if packfuls.propose(self._study.paths, first, proposals, kept, seen):
            self._known = first + len(proposals)
        else:
            self._memory.forget(first)
            self._memory.put_back(self._optuna._study_id, before)
        return True

    def judge(self, trials: Iterable[int]) -> None:
        """Lets the pruner judge `trials`, of which something was reported; marks those pruned."""
        self._feed()
        with _quiet():
            self._judge.judge(trial for trial in trials if trial not in self._ended)

    def _ask(self, number: int, before: list[Proposal]) -> Proposal | None:
        """What the sampler chooses for trial `number`, if that is new; else a random draw."""
        texts = {proposal.configuration.text for proposal in before}
        for turn in range(_ASKED):
            self._memory.forget(number)
            self._optuna.sampler = self._sampler(number, turn)
            trial = self._optuna.ask()
            assert trial.number == number, (trial.number, number)
            try:
                chosen = self._study.plan.expansion.draw(_suggest(trial))
            except Rejected:
                continue
            if chosen.text not in texts and not self._study.plan.knows(chosen):
                return Proposal(chosen, self._trials()[number].system_attrs)
        self._memory.forget(number)
        return self._drawn(number, texts)

    def _sampler(self, number: int, turn: int) -> Any:
        """A sampler for one trial; it looks only at trials that the one before it did not know."""
        space, before = self._study.space, self._optuna.sampler
        options = {**space.sampler.options, "seed": _seed(space, number, turn)}
        made = samplers.constructor("samplers", samplers.SAMPLERS[space.sampler.name])(**options)
        if isinstance(before, type(made)) and hasattr(made, "_search_space"):
            made._search_space = before._search_space
        return made

    def _drawn(self, number: int, texts: set[str]) -> Proposal | None:
        space, plan = self._study.space, self._study.plan
        seeded = space.model_copy(
            update={
                "sampler": samplers.Sampler(
                    name="random", options={"seed": _seed(space, number, _ASKED)}
                )
            }
        )
        drawn = islice(
            sequences.sequence(seeded, plan.expansion), len(plan.trials) + len(texts) + 1
        )
        for chosen in drawn:
            if chosen.text not in texts and not plan.knows(chosen):
                self._create(chosen, {})
                return Proposal(chosen, {})
        return None

    def _feed(self) -> None:
        """Brings Optuna's study up to what plan and ledger know."""
        reopened = any(self._verdict(trial) != self._ended[trial] for trial in self._reopened())
        if reopened:
            self._begin()
        with _quiet():
            self._feed_new()
            for trial in sorted(self._stale if not reopened else range(self._known)):
                self._feed_one(trial)
        self._stale.clear()

    def _reopened(self) -> Iterator[int]:
        return (trial for trial in self._stale if trial in self._ended)

    def _feed_new(self) -> None:
        plan = self._study.plan
        first, self._known = self._known, len(plan.trials)
        attributes: list[dict[str, Any]] = []
        if self._study.space.sampler.name in samplers.ADAPTIVE:
            for ours, whole in packfuls.kept(self._study.paths, first, self._known):
                attributes += ours
                for key, value in whole.items():
                    self._memory.set_study_system_attr(self._optuna._study_id, key, value)
        else:
            attributes = [{}] * (self._known - first)
        for trial, own in zip(range(first, self._known), attributes, strict=True):
            self._create(plan.configuration(trial), own)
            self._stale.add(trial)

    def _create(self, chosen: Configuration, attributes: dict[str, Any]) -> None:
        axes = self._study.space.axes
        active = self._study.plan.expansion.chosen(chosen)
        template = create_trial(
            state=TrialState.RUNNING,
            params={name: chosen.labels[name] for name in active},
            distributions={name: axes[name].distribution(name) for name in active},
            system_attrs=dict(attributes),
        )
        self._memory.create_new_trial(self._optuna._study_id, template)

    def _feed_one(self, trial: int) -> None:
        if trial >= self._known or trial in self._ended:
            return
        ended = self._verdict(trial)
        self._judge.feed(trial, ended=ended is not None)
        if ended is not None:
            self._ended[trial] = ended
            state, values = ended
            self._memory.set_trial_state_values(self._trials()[trial]._trial_id, state, values)

    def _verdict(self, trial: int) -> tuple[TrialState, list[float] | None] | None:
        """How a trial ended, as Optuna sees it; `None` while it has not."""
        records = [self._ledger_state.runs.get(run.id) for run in self._study.plan.runs_of(trial)]
        ends = [record.end for record in records if record is not None and record.end is not None]
        if len(ends) < len(records):
            return None
        states = {end.state for end in ends}
        if states & set(UNSCORED):
            return TrialState.FAIL, None
        if "pruned" in states:
            return TrialState.PRUNED, None
        scores = [[end.score, *(end.also or ())] for end in ends]
        rules = self._study.space.scores
        values = [
            score.aggregate(column, rule.aggregate)
            for column, rule in zip(zip(*scores, strict=True), rules, strict=True)
        ]
        if np.isnan(values).any():
            return TrialState.FAIL, None
        return TrialState.COMPLETE, values

    def _kept(self) -> dict[str, Any]:
        """What the sampler keeps of the whole study, trials named by their numbers."""
        attributes: dict[str, Any] = self._memory.get_study_system_attrs(self._optuna._study_id)
        return attributes

    def _trials(self) -> list[FrozenTrial]:
        return self._memory.get_all_trials(self._optuna._study_id, deepcopy=False)


class _Memory(InMemoryStorage):  # type: ignore[misc, unused-ignore]
    """Optuna's storage in memory, which can also forget; a trial's id is its number."""

    def put_back(self, study: int, attributes: dict[str, Any]) -> None:
        """Gives the study as a whole the system attributes that it had."""
        self._studies[study].system_attrs = attributes

    def forget(self, first: int) -> None:
        """Takes away all trials from number `first` on, none of which has ended."""
        for info in self._studies.values():
            for trial in info.trials[first:]:
                del self._trial_id_to_study_id_and_number[trial._trial_id]
            del info.trials[first:]
            self._max_trial_id = len(info.trials) - 1


def _seed(space: Any, number: int, turn: int) -> int:
    """A seed for each trial and each time that it is asked for."""
    return int(np.random.SeedSequence([space.sampler.seed, number, turn]).generate_state(1)[0])


def _suggest(trial: optuna.Trial) -> Any:
    def choose(name: str, over: BaseDistribution) -> Any:
        if isinstance(over, CategoricalDistribution):
            return trial.suggest_categorical(name, over.choices)
        if isinstance(over, IntDistribution):
            return trial.suggest_int(name, over.low, over.high, step=over.step, log=over.log)
        assert isinstance(over, FloatDistribution)
        return trial.suggest_float(name, over.low, over.high, step=over.step, log=over.log)

    return choose


@contextmanager
def _quiet() -> Iterator[None]:
    """Optuna's notes and its warnings about experimental features would fill workers' logs."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(before)
