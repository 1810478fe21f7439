"""Optuna's advice on a study: its sampler chooses trials, its pruner ends some early.

The advisor holds the study in memory as Optuna sees it, fed from the plan and the ledger. A sampler
is made anew for every trial, seeded by the trial's number; what samplers and pruners keep in
Optuna's attributes is read back from the packfuls and from the ledger. So every worker's advisor
advises alike, given the same results.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
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
from optuna.trial import TrialState

from sweeper import score
from sweeper.ledger.run_record import UNSCORED
from sweeper.ledger.state import LedgerState
from sweeper.ledger.writer import Writer
from sweeper.planning.configurations import sequences
from sweeper.planning.configurations.constraints import Rejected
from sweeper.planning.configurations.expansion import Configuration
from sweeper.space import samplers
from sweeper.space.axes import AxisKind
from sweeper.study.pruning.judge import Judge
from sweeper.study.pruning.seed_view import pruner
from sweeper.study.sampling import proposals as packfuls
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
            self._judge = Judge(self._study, self._ledger_state, self._ledger, self.memory)
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
        """What the sampler chooses for trial `number`, if that is new; else a random draw."""
        texts = {proposal.configuration.text for proposal in before}
        for turn in range(_ASKED):
            self.memory.forget(number)
            trial = self.memory.ask(self._sampler(number, turn))
            assert trial.number == number, (trial.number, number)
            try:
                chosen = self._study.drawing.draw(_suggest(trial))
            except Rejected:
                continue
            if chosen.text not in texts and not self._study.plan.knows(chosen):
                attributes = dict(self.memory.trials()[number].system_attrs)
                if any(chosen.labels[name] != asked for name, asked in trial.params.items()):
                    self.memory.forget(number)  # it went to the nearest step of a range
                    self._create(chosen, attributes)
                return Proposal(chosen, attributes)
        self.memory.forget(number)
        return self._drawn(number, texts)

    def _sampler(self, number: int, turn: int) -> Any:
        """A sampler for one trial."""
        space = self._study.space
        options = {**space.sampler.options, "seed": _seed(space, number, turn)}
        return samplers.constructor("samplers", samplers.SAMPLERS[space.sampler.name])(**options)

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
            sequences.sequence(seeded, self._study.drawing), len(plan.trials) + len(texts) + 1
        )
        for chosen in drawn:
            if chosen.text not in texts and not plan.knows(chosen):
                self._create(chosen, {})
                return Proposal(chosen, {})
        return None

    def feed(self) -> None:
        """Brings Optuna's study up to what plan and ledger know."""
        reopened = any(self._verdict(trial) != self._ended[trial] for trial in self._reopened())
        if reopened:
            self._begin()
        with quiet():
            self._feed_new()
            for trial in sorted(self._stale if not reopened else range(self._known)):
                self._feed_one(trial)
            if self._stale:
                self.memory.sink()
        self._stale.clear()

    def _reopened(self) -> Iterator[int]:
        return (trial for trial in self._stale if trial in self._ended)

    def _feed_new(self) -> None:
        plan = self._study.plan
        first, self._known = self._known, len(plan.trials)
        attributes: list[Mapping[str, Any]] = []
        if self._study.space.sampler.name in samplers.ADAPTIVE:
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
            self.memory.end(trial, *ended)

    def _verdict(self, trial: int) -> tuple[TrialState, list[float] | None] | None:
        """How a trial ended, as Optuna sees it; `None` while it has not.

        One that is complete has no values where diverged runs decide them.
        """
        runs, promotions = self._study.plan.runs_of(trial), self._study.promotions
        records = [self._ledger_state.runs.get(run.id) for run in runs]
        known = [record for record in records if record is not None]
        if len(known) == len(runs) and all(record.settled for record in known):
            paused = [one for one in known if promotions and promotions.paused(trial, one)]
            judged = promotions and promotions.bound(trial) in self._ledger_state.judged.get(
                trial, {}
            )
            if paused and judged and not any(one.state in UNSCORED for one in known):
                return TrialState.PRUNED, None
        ends = [record.end for record in records if record is not None and record.end is not None]
        if len(ends) < len(records):
            return None
        states = {end.state for end in ends}
        if states & set(UNSCORED):
            return TrialState.FAIL, None
        if "pruned" in states:
            return TrialState.PRUNED, None
        space = self._study.space
        worst = [score.worst(minimise=direction == "minimize") for direction in space.directions]
        scores = [worst if end.state == "nan" else [end.score, *(end.also or ())] for end in ends]
        values = [
            score.aggregate(column, rule.aggregate, [run.task for run in runs])
            for column, rule in zip(zip(*scores, strict=True), space.scores, strict=True)
        ]
        return TrialState.COMPLETE, None if np.isnan(values).any() else values


def _seed(space: Any, number: int, turn: int) -> int:
    """A seed for each trial and each time that it is asked for."""
    return int(np.random.SeedSequence([space.sampler.seed, number, turn]).generate_state(1)[0])


def _suggest(trial: optuna.Trial) -> Any:
    def choose(name: str, over: BaseDistribution, _: AxisKind) -> Any:
        if isinstance(over, CategoricalDistribution):
            return trial.suggest_categorical(name, over.choices)
        if isinstance(over, IntDistribution):
            return trial.suggest_int(name, over.low, over.high, step=over.step, log=over.log)
        assert isinstance(over, FloatDistribution)
        return trial.suggest_float(name, over.low, over.high, step=over.step, log=over.log)

    return choose
