"""The score of a run: one number from its learning curve, comparable between tasks.

Imports neither scipy nor pandas, so that a worker starts quickly.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Statistic = Callable[..., Array]


def run_value(
    points: Iterable[tuple[int, float]], at: str, horizon: int, *, minimise: bool = False
) -> float:
    """A run's value in its metric's own unit, from its (step, metric) points up to `horizon`.

    `at` is `final` (the last point), `max` (the best: the largest, or with `minimise` the smallest)
    or `auc` (the mean height of the curve between its first point and the horizon, by trapezoids).
    Points of one step keep the order in which they are given, so that the last written is the final
    one. Points not finite are passed over; NaN where there is no other.
    """
    finite = [(step, y) for step, y in points if step <= horizon and math.isfinite(y)]
    curve = sorted(finite, key=lambda point: point[0])
    return AT[at](curve, horizon, minimise) if curve else math.nan


def last(reports: Iterable[tuple[int, dict[str, float]]], metric: str, horizon: int) -> float:
    """What a run reported last of a metric, up to `horizon`; NaN where it never did."""
    points = [(step, metrics[metric]) for step, metrics in reports if metric in metrics]
    return run_value(points, "final", horizon)


def at_name(at: str, *, minimise: bool) -> str:
    """`at` as labels have it: of a metric whose smallest value is best `max` is its minimum."""
    return "min" if at == "max" and minimise else at


def worst(*, minimise: bool) -> float:
    """What a diverged run counts as among others: worse than every number."""
    return math.inf if minimise else -math.inf


def normalise(value: float, low: float, high: float) -> float:
    """`value` on the scale on which the task's `low` is 0 and its `high` is 1."""
    return (value - low) / (high - low)


@dataclass(frozen=True)
class Bound:
    """A bound that a metric must keep, as in `dead_units <= 0.2`; what counts is what the trial's
    runs reported last, aggregated as the score.
    """

    metric: str
    sign: str
    """`<=` or `>=`."""
    limit: float

    @property
    def below(self) -> bool:
        """Whether smaller values keep it."""
        return self.sign == "<="

    def excess(self, value: Any) -> Any:
        """By how much a value breaks it, at most 0 where it keeps it; NaN where it is unknown."""
        return value - self.limit if self.below else self.limit - value

    def __str__(self) -> str:
        return f"{self.metric} {self.sign} {self.limit:g}"


def named(how: str) -> str:
    """A statistic as people write it."""
    return {"iqm": "IQM", TASK_MEDIAN: "median of task means"}.get(how, how)


def aggregate(scores: Sequence[float], how: str, tasks: Sequence[str] = ()) -> float:
    """A trial's value from the scores of all its runs, tasks × seeds in any order.

    `tasks` are the runs' tasks, by default one. Scores of diverged runs are infinite (`worst`); NaN
    where the statistic does not leave them out.
    """
    values, parts = np.asarray(scores, float), tasks_for(how, tasks or [""] * len(scores))
    own = [values[parts == part] for part in np.unique(parts)]
    return float(known(STATISTICS[how](*own)))


def tasks_for(how: str, tasks: npt.ArrayLike) -> Array:
    """Numbers of the `tasks` [runs], by which runs are told apart; all 0 where they are pooled."""
    if how != TASK_MEDIAN:
        return np.zeros(np.shape(tasks), int)
    return np.unique(np.asarray(tasks), return_inverse=True)[1].reshape(-1)


def known(values: npt.ArrayLike) -> Array:
    """`values` with NaN for those that are infinite, as runs that diverged decide them."""
    values = np.asarray(values, float)
    return np.where(np.isinf(values), np.nan, values)


def iqm(values: npt.ArrayLike, axis: int = -1) -> Array:
    """Interquartile mean: the lowest and the highest quarter dropped (Agarwal et al. 2021).

    Equals `scipy.stats.trim_mean(values, 0.25)`, which takes longer on many rows and a second to
    import; below 4 values it is the mean.
    """
    values = np.moveaxis(np.asarray(values), axis, -1)
    cut = values.shape[-1] // 4
    return np.asarray(np.sort(values)[..., cut : values.shape[-1] - cut].mean(-1))


def mean(values: npt.ArrayLike, axis: int = -1) -> Array:
    """Arithmetic mean."""
    return np.asarray(np.mean(np.asarray(values), axis=axis))


def median(values: npt.ArrayLike, axis: int = -1) -> Array:
    """Median."""
    return np.asarray(np.median(np.asarray(values), axis=axis))


def task_median(*tasks: npt.ArrayLike) -> Array:
    """Median over tasks of the mean over a task's runs, each task [… × runs]; not of all runs.

    So papers on Atari report scores (rliable's median, Agarwal et al. 2021). Tasks without runs do
    not enter.
    """
    means = [mean(task) for task in tasks if np.shape(task)[-1]]
    return np.asarray(np.median(np.stack(means, axis=-1), axis=-1))


def _pooled(statistic: Statistic) -> Statistic:
    """The statistic of the runs of all tasks together."""
    return lambda *tasks: statistic(np.concatenate(tasks, axis=-1) if tasks[1:] else tasks[0])


TASK_MEDIAN = "task_median"

STATISTICS: dict[str, Statistic] = {
    "iqm": _pooled(iqm),
    "mean": _pooled(mean),
    "median": _pooled(median),
    TASK_MEDIAN: task_median,
}
"""How the scores of a trial's runs become its value: each takes an array a task, [… × runs]."""

AVERAGED: dict[str, Callable[[Any], slice]] = {
    "iqm": lambda n: slice(n // 4, n - n // 4),
    "median": lambda n: slice((n - 1) // 2, n // 2 + 1),
}
"""Of which of n values in ascending order each statistic other than the mean is the mean."""

Curve = list[tuple[int, float]]


def _final(curve: Curve, horizon: int, minimise: bool) -> float:
    return curve[-1][1]


def _best(curve: Curve, horizon: int, minimise: bool) -> float:
    return (min if minimise else max)(y for _, y in curve)


def _auc(curve: Curve, horizon: int, minimise: bool) -> float:
    steps = np.array([step for step, _ in curve] + [horizon], float)
    heights = np.array([y for _, y in curve] + [curve[-1][1]], float)
    if steps[-1] == steps[0]:
        return float(heights[-1])
    areas = np.diff(steps) * (heights[1:] + heights[:-1]) / 2
    return float(areas.sum() / (steps[-1] - steps[0]))


AT: dict[str, Callable[[Curve, int, bool], float]] = {"final": _final, "max": _best, "auc": _auc}
"""How a learning curve becomes its run's value."""
