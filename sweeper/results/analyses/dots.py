"""The values of single runs by two metrics, and how these correlate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sweeper import stats
from sweeper.results.axis import TASK, Axis
from sweeper.results.data import VALUE, Data

X, Y = "x", "y"
"""The columns of the two values."""


def dots(data: Data, metrics: Sequence[str | None], axes: Sequence[Axis | None]) -> pd.DataFrame:
    """One row a run that has a number by both metrics, of which `None` is the score.

    Run, trial, task, seed, a column an axis, `x` and `y`; `(panel)` and `(line)` are the places of
    its labels of the two `axes`.
    """
    found, named = data.runs, [axis.column for axis in data.axes.values() if axis.searched]
    columns = ["run", "trial", TASK, "seed", *named]
    columns += [axis.column for axis in axes if axis is not None and axis.column not in columns]
    table = found[columns].copy()
    for name, metric in zip((X, Y), metrics, strict=True):
        table[name] = data.table(metric)[VALUE].to_numpy(float)
    for name, axis in zip(("(panel)", "(line)"), axes, strict=True):
        table[name] = axis.codes(found) if axis is not None else 0
    return table[np.isfinite(table[[X, Y]]).all(axis=1)].reset_index(drop=True)


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
