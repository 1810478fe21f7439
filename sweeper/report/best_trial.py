"""The values of complete trials and the best of them, without the seconds pandas and scipy take."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from sweeper import score, stats
from sweeper.ledger.snapshots.columns import Columns
from sweeper.ledger.state import LedgerState
from sweeper.report.study_status import BestTrial
from sweeper.study.study import Study

Array = npt.NDArray[Any]


def values(study: Study, ledger_state: LedgerState, columns: Columns, whole: Array) -> Array:
    """The values of the trials of which all runs count, `whole` [trials], as [trials × scores].

    NaN for the others, and where runs that diverged decide the value, as `frames.trials` has them.
    """
    space, trial = study.space, np.array([run.trial for run in study.plan.runs], int)
    number = {name: place for place, name in enumerate(space.tasks)}
    task = np.array([number[run.task] for run in study.plan.runs], int)
    diverged = columns.texts("state", "open") == "nan"
    scores = np.full((len(trial), len(space.scores)), np.nan)
    scores[:, 0] = columns.numbers("score")
    if space.score.also:
        for place, run in enumerate(study.plan.runs):
            record = ledger_state.runs.get(run.id)
            if record is not None and record.also:
                scores[place, 1:] = record.also
    found = np.full((len(whole), scores.shape[1]), np.nan)
    rules, held = zip(space.scores, space.directions, scores.T, found.T, strict=True), whole[trial]
    for rule, direction, own, column in rules:
        own[diverged] = score.worst(minimise=direction == "minimize")
        point = stats.points(own[held], trial[held], task[held], rule.aggregate)
        column[: len(point)] = point
    return found


def best(study: Study, values: Array, states: Array) -> BestTrial | None:
    """The trial with the best of `values` [trials × scores] by the first score; without interval.

    `states` [runs] are those of all runs.
    """
    space = study.space
    first = np.where(np.isnan(values).any(axis=1), np.nan, values[:, 0])
    if np.isnan(first).all():
        return None
    trial = np.array([run.trial for run in study.plan.runs], int)
    runs = np.bincount(trial)  # where seeds went in rungs, the best has got furthest
    first = np.where(runs == runs[~np.isnan(first)].max(), first, np.nan)
    number = int((np.nanargmax if space.direction == "maximize" else np.nanargmin)(first))
    own = states[trial == number]
    return BestTrial(
        trial=number,
        value=float(first[number]),
        values=dict(zip(space.score_names, map(float, values[number]), strict=True)),
        aggregate=space.score.aggregate,
        n=len(own),
        diverged=int((own == "nan").sum()),
        params=dict(study.plan.trials[number].labels),
    )
