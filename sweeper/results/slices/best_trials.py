"""The best trials of a part of a study, by the rule of `sweeper best`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sweeper import stats
from sweeper.results.data import VALUE, Data
from sweeper.results.estimates import complete


def in_order(data: Data) -> list[int]:
    """The complete trials that have a value by every score, the best first.

    With several scores those that no other beats in all of them, in the order of the first.
    """
    runs = complete(data.runs)
    numbers, cell = np.unique(runs["trial"], return_inverse=True)
    if not len(numbers):
        return []
    scores = data.tables.scores
    values = np.stack([_values(data, place, runs.index, cell) for place in range(len(scores))], 1)
    values = values * np.where([score.minimise for score in scores], -1.0, 1.0)
    known = ~np.isnan(values).any(axis=1)
    numbers, values = numbers[known], values[known]
    if len(scores) > 1:
        front = stats.unbeaten(values)
        numbers, values = numbers[front], values[front]
    order = np.lexsort((numbers, -values[:, 0]))
    return [int(number) for number in numbers[order]]


def _values(
    data: Data, place: int, rows: npt.ArrayLike, cell: npt.ArrayLike
) -> npt.NDArray[np.float64]:
    """The values of trials by the score at `place`, of the runs in these rows."""
    score = data.tables.scores[place]
    values = data.tables.ranked(score).loc[rows, VALUE].to_numpy(float)
    return np.asarray(stats.points(values, cell, score.how))
