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
    """The values of the trials of which all runs count, `whole` [trials], as [trials × scores], and
    behind them the metrics that constraints bound.

    NaN for the others, and where runs that diverged decide the value, as `frames.trials` has them.
    """
    space, trial = study.space, np.array([run.trial for run in study.plan.runs], int)
    number = {name: place for place, name in enumerate(space.tasks)}
    task = np.array([number[run.task] for run in study.plan.runs], int)
    diverged = columns.texts("state", "open") == "nan"
    bounds = space.score.bounds
    scores = np.full((len(trial), len(space.scores) + len(bounds)), np.nan)
    scores[:, 0] = columns.numbers("score")
    if scores.shape[1] > 1:
        for place, run in enumerate(study.plan.runs):
            record = ledger_state.runs.get(run.id)
            if record is not None and record.also:
                scores[place, 1:] = record.also
    found = np.full((len(whole), scores.shape[1]), np.nan)
    hows = [rule.aggregate for rule in space.scores] + [space.score.aggregate] * len(bounds)
    minimised = [one == "minimize" for one in space.directions] + [one.below for one in bounds]
    rules, held = zip(hows, minimised, scores.T, found.T, strict=True), whole[trial]
    for how, minimise, own, column in rules:
        own[diverged] = score.worst(minimise=minimise)
        point = stats.points(own[held], trial[held], task[held], how)
        column[: len(point)] = point
    return found


def best(study: Study, values: Array, states: Array) -> BestTrial | None:
    """The trial with the best of `values` [trials × scores and bounded metrics] by the first score;
    of those that keep the constraints, where any does. Without interval.

    `states` [runs] are those of all runs.
    """
    space = study.space
    values, bounded = values[:, : len(space.scores)], values[:, len(space.scores) :]
    first = np.where(np.isnan(values).any(axis=1), np.nan, values[:, 0])
    if np.isnan(first).all():
        return None
    pairs = zip(space.score.bounds, bounded.T, strict=True)
    broken = np.stack([~(one.excess(own) <= 0) for one, own in [*pairs]] or [np.isnan(first)])
    kept = ~broken.any(axis=0) & ~np.isnan(first)
    if kept.any():
        first = np.where(kept, first, np.nan)
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
        breaks=[
            str(one) for one, own in zip(space.score.bounds, broken, strict=False) if own[number]
        ],
    )
