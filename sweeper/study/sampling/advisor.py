"""Optuna's advice on a study: its sampler chooses trials, its pruner ends some early.

The advisor holds the study in memory as Optuna sees it, fed from the plan and the ledger. A sampler
is made anew for every trial, seeded by the trial's number; what samplers and pruners keep in
Optuna's attributes is read back from the packfuls and from the ledger. So every worker's advisor
advises alike, given the same results.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import TrialState

from sweeper.ledger.state import LedgerState
from sweeper.ledger.writer import Writer
from sweeper.planning.configurations import sequences
from sweeper.planning.configurations.constraints import Rejected
from sweeper.planning.configurations.expansion import Configuration
from sweeper.planning.sampling import enqueued
from sweeper.space import samplers
from sweeper.space.axes import AxisKind
from sweeper.study.pruning.judge import Judge
from sweeper.study.pruning.seed_view import Verdict, pruner
from sweeper.study.sampling import proposals as packfuls
from sweeper.study.sampling import trial_ends, trial_sampler
from sweeper.study.sampling.optuna_memory import OptunaMemory, quiet
from sweeper.study.sampling.proposals import Proposal
from sweeper.study.study import Study

_ASKED = 20
"""How often a sampler is asked for a trial that is new and valid; then one is drawn at random."""


class Advisor:
    """Asks Optuna's sampler and pruner on behalf of one worker.

    `memory` holds the study as Optuna sees it, as of the last time that it was fed.
    """

    def __init__(self, study: Study, ledger_state: LedgerState, ledger: Writer) -> None:
        self._study, self._ledger_state, self._ledger = study, ledger_state, ledger
        self._begin()

    def _begin(self) -> None:
        space = self._study.space
        with quiet():
            self.memory = OptunaMemory(space.study, space.directions, pruner(space))
            self._learn()
            self._judge = Judge(self._study, self._ledger_state, self._ledger, self.memory)
        self._known = 0
        self._ended: dict[int, Verdict] = {}
        self._lives: dict[int, int] = {}
        """Of trials that have paused, how often their runs had been opened again by then."""
        self._stale: set[int] = set()

    def _learn(self) -> None:
        """Tells Optuna of the trials of earlier studies."""
        if not self._study.earlier:
            return
        expansion = self._study.plan.expansion
        for trial in self._study.earlier:
            over = {name: expansion.distribution(name) for name in trial.labels}
            self.memory.learn(dict(trial.labels), over, trial.values, trial.excess)
        self.memory.sink()

    def note(self, runs: Iterable[str]) -> set[int]:
        """Remembers that something happened to `runs`; returns their trials."""
        found = (self._study.plan.find(run) for run in runs)
        trials = {run.trial for run in found if run is not None}
        self._stale |= trials
        return trials

    def plan(self, number: int) -> bool:
        """Plans a packful of up to `number` trials; returns whether any was left to plan."""
        plan = self._study.plan
        number = min(number, plan.due)
        if not number:
            return False
        self.feed()
        first = len(plan.trials)
        before = dict(self.memory.attributes())
        proposals: list[Proposal] = []
        with quiet():
            for trial in range(first, first + number):
                proposal = self._ask(trial, proposals)
                if proposal is None:
                    break
                proposals.append(proposal)
        seen = Counter(trial.state.name.lower() for trial in self.memory.trials()[:first])
        kept = {
            key: value
            for key, value in self.memory.attributes().items()
            if before.get(key) != value
        }
        if packfuls.propose(self._study.paths, first, proposals, kept, seen):
            self._known = first + len(proposals)
        else:
            self.memory.forget(first)
            self.memory.restore_attributes(before)
        return True

    def judge(self, trials: Iterable[int]) -> None:
        """Lets the pruner judge `trials`, of which something was reported; marks those pruned."""
        self.feed()
        judged = [trial for trial in trials if trial not in self._ended]
        with quiet():
            self._judge.judge(judged)
        if self._study.promotions is not None:  # one that has paused is pruned once it is judged
            self._stale.update(judged)

    def _ask(self, number: int, before: list[Proposal]) -> Proposal | None:
        """The next configuration of `enqueue`, else what the sampler chooses for trial `number`, if
        that is new; else a random draw.
        """
        texts = {proposal.configuration.text for proposal in before}
        taken = self._study.plan.enqueued | {proposal.enqueued for proposal in before}
        for entry, labels in enumerate(enqueued.entries(self._study.drawing)):
            if entry not in taken and (found := self._enqueued(number, texts, entry, labels)):
                return found
        return self._asked(number, texts) or self._drawn(number, texts)

    def _enqueued(
        self, number: int, texts: set[str], entry: int, labels: Mapping[str, Any]
    ) -> Proposal | None:
        """An entry of `enqueue`, of which the sampler draws what it leaves open; `None` where all
        configurations that it stands for are there already.
        """
        found = self._asked(number, texts, labels)
        if found is None:
            drawn = enqueued.drawn(
                self._study.drawing, entry, labels, lambda made: self._is_new(made, texts)
            )
            if drawn is None:
                return None
            self._create(drawn, {})
            found = Proposal(drawn, {})
        return replace(found, enqueued=entry)

    def _is_new(self, made: Configuration, texts: set[str]) -> bool:
        return made.text not in texts and not self._study.plan.knows(made)

    def _asked(
        self, number: int, texts: set[str], given: Mapping[str, Any] | None = None
    ) -> Proposal | None:
        """What the sampler chooses beside the `given` labels, if any of its choices is new."""
        space = self._study.space
        for turn in range(_ASKED):
            self.memory.forget(number)
            try:
                with trial_sampler.theirs(space.sampler):
                    sampler = trial_sampler.made(space, number, turn, self.memory)
                    trial = self.memory.ask(sampler, given)
                    chosen = self._study.drawing.draw(_suggest(trial))
            except Rejected:
                continue
            if self._is_new(chosen, texts):
                attributes = dict(self.memory.trials()[number].system_attrs)
                if any(chosen.labels[name] != asked for name, asked in trial.params.items()):
                    self.memory.forget(number)  # it went to the nearest step of a range
                    self._create(chosen, attributes)
                return Proposal(chosen, attributes)
        self.memory.forget(number)
        return None

    def _drawn(self, number: int, texts: set[str]) -> Proposal | None:
        space, plan = self._study.space, self._study.plan
        seeded = space.model_copy(
            update={
                "sampler": samplers.Sampler(
                    name="random", options={"seed": trial_sampler.seed(space, number, _ASKED)}
                )
            }
        )
        drawn = islice(
            sequences.sequence(seeded, self._study.drawing), len(plan.trials) + len(texts) + 1
        )
        for chosen in drawn:
            if self._is_new(chosen, texts):
                self._create(chosen, {})
                return Proposal(chosen, {})
        return None

    def feed(self) -> None:
        """Brings Optuna's study up to what plan and ledger know."""
        for trial in self._stale & self._ended.keys():
            if self._may_go_on(trial):  # and may have paused again since
                self.memory.reopen(trial)
                del self._ended[trial], self._lives[trial]
            elif self._verdict(trial) != self._ended[trial]:
                self._begin()
                break
        with quiet():
            self._feed_new()
            for trial in sorted(self._stale):
                self._feed_one(trial)
            if self._stale:
                self.memory.sink()
        self._stale.clear()

    def _may_go_on(self, trial: int) -> bool:
        """Whether a trial has paused, or had, and none of its runs was opened again since."""
        return trial in self._lives and self._lives[trial] == self._judge.lives(trial)

    def _feed_new(self) -> None:
        plan = self._study.plan
        first, self._known = self._known, len(plan.trials)
        attributes: list[Mapping[str, Any]] = []
        if self._study.space.sampler.learns:
            for ours, whole in packfuls.sampler_memory(self._study.paths, first, self._known):
                attributes += ours
                self.memory.set_attributes(whole)
        else:
            attributes = [{}] * (self._known - first)
        for trial, own in zip(range(first, self._known), attributes, strict=True):
            self._create(plan.configuration(trial), own)
            self._stale.add(trial)

    def _create(self, chosen: Configuration, attributes: Mapping[str, Any]) -> None:
        expansion = self._study.plan.expansion
        active = expansion.chosen(chosen)
        self.memory.add(
            params={name: chosen.labels[name] for name in active},
            distributions={name: expansion.distribution(name) for name in active},
            attributes=attributes,
        )

    def _feed_one(self, trial: int) -> None:
        if trial >= self._known or trial in self._ended:
            return
        ended = self._verdict(trial)
        self._judge.feed(trial, ended)
        if ended is not None:
            self._ended[trial] = ended
            if self._study.promotions is not None and ended.state == TrialState.PRUNED:
                self._lives[trial] = self._judge.lives(trial)
            self.memory.end(trial, *ended)

    def _verdict(self, trial: int) -> Verdict | None:
        return trial_ends.verdict(self._study, self._ledger_state, trial)


def _suggest(trial: optuna.Trial) -> Any:
    def choose(name: str, over: BaseDistribution, _: AxisKind) -> Any:
        if isinstance(over, CategoricalDistribution):
            return trial.suggest_categorical(name, over.choices)
        if isinstance(over, IntDistribution):
            return trial.suggest_int(name, over.low, over.high, step=over.step, log=over.log)
        assert isinstance(over, FloatDistribution)
        return trial.suggest_float(name, over.low, over.high, step=over.step, log=over.log)

    return choose
