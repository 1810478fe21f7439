"""How trials ended, as Optuna's samplers and pruners are told it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from optuna.trial import TrialState

from sweeper import score
from sweeper.ledger.lines.kinds import EndLine
from sweeper.ledger.run_record import UNSCORED, RunRecord
from sweeper.ledger.state import LedgerState
from sweeper.planning.plan import Run
from sweeper.space.space import Space
from sweeper.study.pruning.seed_view import Verdict
from sweeper.study.study import Study


def verdict(study: Study, ledger_state: LedgerState, trial: int) -> Verdict | None:
    """How a trial ended, as Optuna sees it; `None` while it has not.

    One that has paused, and was judged, is pruned until it goes on. One that is complete has no
    values where diverged runs decide them.
    """
    runs = study.plan.runs_of(trial)
    records = [ledger_state.runs.get(run.id, RunRecord(run.id)) for run in runs]
    if not all(record.settled for record in records):
        return None
    if any(record.state in UNSCORED for record in records):
        return Verdict(TrialState.FAIL)
    waiting, promotions = [one for one in records if one.end is None], study.promotions
    if waiting and promotions is not None:
        judged = promotions.bound(trial) in ledger_state.judged.get(trial, {})
        paused = any(promotions.paused(trial, record) for record in waiting)
        return Verdict(TrialState.PRUNED) if judged and paused else None
    if waiting:
        return None
    ends = [record.end for record in records if record.end is not None]
    if any(end.state == "pruned" for end in ends):
        return Verdict(TrialState.PRUNED)
    return _complete(study.space, runs, ends)


def _complete(space: Space, runs: Sequence[Run], ends: Sequence[EndLine]) -> Verdict:
    bounds, tasks = space.score.bounds, [run.task for run in runs]
    minimised = [one == "minimize" for one in space.directions] + [one.below for one in bounds]
    worst = [score.worst(minimise=minimise) for minimise in minimised]
    scores = [worst if end.state == "nan" else [end.score, *(end.also or ())] for end in ends]
    hows = [rule.aggregate for rule in space.scores] + [space.score.aggregate] * len(bounds)
    found = [
        score.aggregate(column, how, tasks)
        for column, how in zip(zip(*scores, strict=True), hows, strict=True)
    ]
    values, bounded = found[: len(space.scores)], found[len(space.scores) :]
    excess = [
        None if np.isnan(own) else one.excess(own) for one, own in zip(bounds, bounded, strict=True)
    ]
    return Verdict(TrialState.COMPLETE, None if np.isnan(values).any() else values, excess)
