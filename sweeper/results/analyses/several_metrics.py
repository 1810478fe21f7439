"""Values by several metrics: which trials no other beats, and how runs by two of them correlate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sweeper import stats
from sweeper.errors import SweeperError, listed
from sweeper.results.axis import TASK, Axis
from sweeper.results.data import VALUE, Data
from sweeper.results.estimates import trials
from sweeper.results.slices import best_trials
from sweeper.space.figure_options import MOST

X, Y = "x", "y"
"""The columns of a run's two values."""

_PARTS = ("point", "low", "high")


def names(data: Data, metric: str | list[str] | None) -> list[str]:
    """The metrics to show, by default the score's.

    `SweeperError` for too many, or one named twice.
    """
    metric = data.tables.metric if metric in (None, "") else metric
    found = [metric] if isinstance(metric, str) else list(metric or ())
    if not 0 < len(found) <= MOST["metric"]:
        raise SweeperError(f"metric takes 1 to {MOST['metric']} metrics, but got {len(found)}")
    if len(set(found)) < len(found):
        raise SweeperError(f"metric names one metric twice: {listed('', found)}")
    return found


def front_table(data: Data) -> pd.DataFrame:
    """One row a trial that has a value by every score: trial, a column an axis, `n`, for each score
    `point …`, `low …` and `high …` by its name, and whether the trial is on the `front`: of those
    that keep the constraints, where any does.
    """
    tables = []
    for score in data.tables.scores:
        table = trials(data, data.tables.scored(score), score.how)
        tables.append(table.rename(columns={part: f"{part} {score.name}" for part in _PARTS}))
    table, *others = tables
    for other in others:
        more = [name for name in other if name not in table]
        table = pd.concat([table, other[more]], axis=1)
    points = [f"point {score.name}" for score in data.tables.scores]
    table = table[table[points].notna().all(axis=1)].drop(columns="planned")
    signs = [-1.0 if score.minimise else 1.0 for score in data.tables.scores]
    kept = best_trials.feasible(data, table["trial"].to_numpy())
    some, front = kept if kept.any() else ~kept, np.zeros(len(table), bool)
    front[some] = stats.unbeaten(signs * table.loc[some, points].to_numpy(float))
    return table.assign(front=front)


def dots(data: Data, metrics: Sequence[str | None], axes: Sequence[Axis | None]) -> pd.DataFrame:
    """One row a run that has a number by both metrics, of which `None` is the score.

    Trial, task, seed, a column an axis, `x` and `y`; `(panel)` and `(line)` are the places of
    its labels of the two `axes`.
    """
    found, named = data.runs, [axis.column for axis in data.axes.values() if axis.searched]
    columns = ["trial", TASK, "seed", *named]
    columns += [axis.column for axis in axes if axis is not None and axis.column not in columns]
    table = found[columns].copy()
    for name, metric in zip((X, Y), metrics, strict=True):
        table[name] = data.table(metric)[VALUE].to_numpy(float)
    for name, axis in zip(("(panel)", "(line)"), axes, strict=True):
        table[name] = axis.codes(found) if axis is not None else 0
    known = np.isfinite(table[[X, Y]].to_numpy()).all(axis=1)
    return pd.DataFrame(table[known].reset_index(drop=True))


def correlations(table: pd.DataFrame, panels: Axis | None) -> pd.DataFrame:
    """One row a panel: Spearman's rank correlation of its dots as point, low and high, and n.

    A resample draws configurations, each with the runs under all its seeds: these runs have in
    common what the configuration does, and are no independent agents.
    """
    rows = []
    for number in range(len(panels.labels) if panels else 1):
        own = table[table["(panel)"] == number]
        rng = np.random.default_rng(0)
        found = stats.clustered_spearman(own[X], own[Y], own["trial"], rng)
        low, high = (np.nan if end is None else end for end in (found.low, found.high))
        label = {panels.column: panels.labels[number]} if panels else {}
        rows.append(label | {"point": found.point, "low": low, "high": high, "n": found.n})
    return pd.DataFrame(rows)
