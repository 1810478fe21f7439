"""The best trials of a part of a study, by the rule of `sweeper best`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sweeper import stats
from sweeper.results import frames
from sweeper.results.axis import TASK
from sweeper.results.data import VALUE, Data
from sweeper.results.estimates import complete
from sweeper.results.run_tables import Scored
from sweeper.score import Array


def in_order(data: Data) -> list[int]:
    """The complete trials that have a value by every score, the best first.

    With several scores those that no other beats in all of them, in the order of the first. Those
    that break constraints come last, and beside others do not count for several scores.
    """
    numbers, values = _known(data, data.tables.scores)
    kept = feasible(data, numbers)
    if values.shape[1] > 1:
        some = kept if kept.any() else ~kept
        numbers, values, kept = numbers[some], values[some], kept[some]
        front = stats.unbeaten(values)
        numbers, values, kept = numbers[front], values[front], kept[front]
    return [*_sorted(numbers[kept], values[kept]), *_sorted(numbers[~kept], values[~kept])]


def feasible(data: Data, numbers: Array) -> Array:
    """Which of these different complete trials keep all constraints [trials]."""
    kept, place = np.ones(len(numbers), bool), np.argsort(numbers)
    runs = data.runs[data.runs["trial"].isin(numbers)]
    cell = place[np.searchsorted(numbers, runs["trial"].to_numpy(), sorter=place)]
    for bound in data.tables.bounds if len(numbers) else ():
        column = f"bounded {bound.metric}"
        own = frames.judged(runs, column, minimise=bound.below)[column].to_numpy(float)
        points = stats.points(own, cell, runs[TASK].cat.codes, data.tables.how)
        kept &= bound.excess(points) <= 0
    return kept


def known(data: Data) -> int:
    """How many complete trials have a value by every score."""
    return len(_known(data, data.tables.scores)[0])


def by_first_score(data: Data) -> list[int]:
    """The complete trials that have a value by the score that figures show, the best first; those
    that break constraints come last.
    """
    numbers, values = _known(data, data.tables.scores[:1])
    kept = feasible(data, numbers)
    return [*_sorted(numbers[kept], values[kept]), *_sorted(numbers[~kept], values[~kept])]


def _sorted(numbers: Array, values: Array) -> list[int]:
    return [int(number) for number in numbers[np.lexsort((numbers, -values[:, 0]))]]


def _known(data: Data, scores: Sequence[Scored]) -> tuple[Array, Array]:
    """Complete trials [trials] and their values [trials × scores], of which larger are better.

    Those without a value by one of the scores are left out.
    """
    runs = complete(data.runs)
    numbers, cell = np.unique(runs["trial"], return_inverse=True)
    values = np.full((len(numbers), len(scores)), np.nan)
    for place, score in enumerate(scores):
        own = data.tables.ranked(score).loc[runs.index, VALUE].to_numpy(float)
        sign = -1.0 if score.minimise else 1.0
        if len(numbers):
            values[:, place] = sign * stats.points(own, cell, runs[TASK].cat.codes, score.how)
    known = ~np.isnan(values).any(axis=1)
    return numbers[known], values[known]
