"""What a point shows of the axes that a figure does not: all configurations, or the best one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sweeper.results.axis import TASK, TRIAL, Axis
from sweeper.results.axis_choice import BEST
from sweeper.results.data import Data
from sweeper.results.slices import best_trials


def pooled(data: Data, shown: Sequence[Axis | None]) -> Data:
    """The data behind points that differ in the axes `shown`: with `pool=best` of each the best.

    That is the complete configuration with the best score over all its runs, as `sweeper best`
    ranks them, the same on all tasks; where no configuration of a point is complete all stay.
    """
    if data.choice.pool != BEST:
        return data
    rows = data.runs.drop_duplicates(TRIAL)
    axes = [axis for axis in shown if axis is not None and axis.name != TASK]
    codes = [axis.codes(rows) for axis in axes] or [np.zeros(len(rows), int)]
    point = np.unique(np.column_stack(codes), axis=0, return_inverse=True)[1].reshape(-1)
    rank = {trial: place for place, trial in enumerate(best_trials.by_first_score(data))}
    place = np.array([rank.get(trial, len(rank)) for trial in rows[TRIAL]])
    first = np.full(point.max(initial=-1) + 1, len(rank))
    np.minimum.at(first, point, place)
    kept = rows[TRIAL][place == first[point]]
    return replace(data, tables=data.tables.within(data.runs[TRIAL].isin(kept)))
