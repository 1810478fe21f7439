"""Point estimates on the two-dimensional grid of every pair of axes."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from sweeper import stats
from sweeper.results.axis import TASK, Axis
from sweeper.results.data import VALUE, Data
from sweeper.results.estimates import complete


def pair_cells(data: Data, runs: pd.DataFrame, axes: list[Axis]) -> pd.DataFrame:
    """One row a cell of every two axes: x, y, a column an axis, point and n, and no interval."""
    used = complete(runs)
    used = used[used[VALUE].notna()]
    parts = []
    for column, row in combinations(range(len(axes)), 2):
        x, y = axes[column], axes[row]
        shape = (len(y.labels), len(x.labels))
        up, across = np.indices(shape).reshape(2, -1)
        counts = []
        for some in (used, runs):
            cell = np.ravel_multi_index((y.codes(some), x.codes(some)), shape)
            counts.append(np.bincount(cell, minlength=len(up)))
            if some is used:
                values, task = some[VALUE].to_numpy(float), some[TASK].cat.codes
                points = stats.points(values, cell, task, data.how)
        part = pd.DataFrame({"x": x.name, "y": y.name}, index=range(len(up)))
        part[x.column] = np.array(x.labels, object)[across]
        part[y.column] = np.array(y.labels, object)[up]
        part["point"] = np.pad(points, (0, len(up) - len(points)), constant_values=np.nan)
        part["n"], part["(planned)"] = counts
        part["(row)"], part["(column)"], part["(x)"], part["(y)"] = row, column, across, up
        parts.append(part)
    names = ["x", "y", "point", "n", "(planned)", "(row)", "(column)", "(x)", "(y)"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=names)
