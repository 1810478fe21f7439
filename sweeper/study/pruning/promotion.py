"""Trials that pause at the steps of successive halving, and go on once they are among the best.

The rule of ASHA (Li et al. 2020, arXiv 1810.05934): of the trials that have come to a rung, the
best 1/factor go on. Nobody waits for others: a trial that is not among them pauses, with its state
kept, and goes on when enough worse ones have come there. A promotion is a file,
`trials/<trial>.<step>.promoted`, which follows from what the ledger says of all trials; once made
it stays.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from functools import partial

from sweeper.files.atomic import link_first, patiently
from sweeper.ledger.reader import listed
from sweeper.ledger.run_record import PAUSED, UNSCORED, RunRecord
from sweeper.ledger.state import LedgerState
from sweeper.paths import PROMOTED, StudyPaths
from sweeper.planning.plan import Plan
from sweeper.planning.sampling import pruner_schedule
from sweeper.space.space import Space

_NAMED = re.compile(rf"(\d+)\.(\d+){re.escape(PROMOTED)}", re.ASCII)


class Promotions:
    """The promotions of a study whose pruner makes some, as its folder has them."""

    def __init__(self, space: Space, paths: StudyPaths) -> None:
        assert space.pruner is not None
        self._paths = paths
        self.rungs = [step for step in pruner_schedule.rungs(space) if step < space.steps]
        """The steps at which trials pause."""
        self._factor = pruner_schedule.factor(space.pruner)
        self._minimise = space.direction == "minimize"
        self._passed: dict[int, int] = {}
        self._moved: set[int] = set()
        self.refresh()

    def refresh(self) -> None:
        """Reads what was promoted since."""
        for name in listed(self._paths.trials):
            if name.endswith(PROMOTED) and (known := _NAMED.fullmatch(name)):
                self._pass(*map(int, known.groups()))

    def moved(self) -> set[int]:
        """The trials that were promoted since this was asked last."""
        moved, self._moved = self._moved, set()
        return moved

    def _pass(self, trial: int, step: int) -> None:
        if step > self._passed.get(trial, 0):
            self._passed[trial] = step
            self._moved.add(trial)

    def bound(self, trial: int) -> float:
        """The step at which a trial pauses next; infinite behind the last."""
        passed = self._passed.get(trial, 0)
        return next((float(step) for step in self.rungs if step > passed), math.inf)

    def paused(self, trial: int, record: RunRecord) -> bool:
        """Whether a run of `trial` waits for a promotion."""
        return record.state == PAUSED and record.step >= self.bound(trial)

    def promote(self, plan: Plan, ledger_state: LedgerState, worker: str) -> set[int]:
        """Promotes all trials that are due; returns these."""
        due = list(self._due(plan, ledger_state))
        for trial, step in due:
            name = self._paths.promoted(trial, step)
            patiently(partial(link_first, name, worker.encode()), name.parent)
            self._pass(trial, step)
        return {trial for trial, _ in due}

    def unjudged(
        self, plan: Plan, ledger_state: LedgerState, trials: Iterable[int]
    ) -> Iterator[int]:
        """Those of `trials` all of whose runs have paused or ended, and of which nobody has said
        how good they are there."""
        return (
            trial
            for trial in trials
            if _settled(plan, ledger_state, trial)
            and self.bound(trial) not in (math.inf, *ledger_state.judged.get(trial, {}))
        )

    def waiting(self, plan: Plan, ledger_state: LedgerState) -> list[int]:
        """The trials of which something is still to be done, though runs of them have paused:
        judging or promoting where all have paused or ended, or going on of those promoted."""
        due = {trial for trial, _ in self._due(plan, ledger_state)}
        found = {trial for trial in due if _settled(plan, ledger_state, trial)}
        found.update(self.unjudged(plan, ledger_state, range(len(plan.trials))))
        for trial in self._passed:
            runs = _records(plan, ledger_state, trial) if trial < len(plan.trials) else ()
            if any(one.state == PAUSED and not self.paused(trial, one) for one in runs):
                found.add(trial)
        return sorted(found)

    def _due(self, plan: Plan, ledger_state: LedgerState) -> Iterator[tuple[int, int]]:
        """The trials to promote, each with the highest step from which it goes on."""
        found: set[int] = set()
        for step in reversed(self.rungs):
            values = {
                trial: self._worth(lines[step].value)
                for trial, lines in ledger_state.judged.items()
                if step in lines and trial < len(plan.trials)
            }
            best = sorted(values, key=lambda trial: (-values[trial], trial))
            for trial in best[: len(best) // self._factor]:
                new = trial not in found and self._passed.get(trial, 0) < step
                if new and values[trial] > -math.inf and not _failed(plan, ledger_state, trial):
                    found.add(trial)
                    yield trial, step

    def _worth(self, value: float) -> float:
        """What is larger the better a trial is; where diverged runs decide, worse than all."""
        if math.isnan(value) or math.isinf(value):
            return -math.inf
        return -value if self._minimise else value


def _records(plan: Plan, ledger_state: LedgerState, trial: int) -> list[RunRecord]:
    return [ledger_state.runs.get(run.id, RunRecord(run.id)) for run in plan.runs_of(trial)]


def _settled(plan: Plan, ledger_state: LedgerState, trial: int) -> bool:
    """Whether runs of a trial have paused, and all its others count, or have paused, too."""
    states = {record.state for record in _records(plan, ledger_state, trial)}
    return PAUSED in states and not states & {"open", "running", *UNSCORED}


def _failed(plan: Plan, ledger_state: LedgerState, trial: int) -> bool:
    return any(record.state in UNSCORED for record in _records(plan, ledger_state, trial))
