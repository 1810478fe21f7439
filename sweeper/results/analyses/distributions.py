"""Performance profiles, IQM and optimality gap of the runs behind each line of a figure."""

from __future__ import annotations

from typing import cast

import numpy as np
import pandas as pd

from sweeper.results import frames
from sweeper.results.axis import Axis
from sweeper.results.data import VALUE, Data
from sweeper.score import Array
from sweeper.stats import score_distribution


def profiles(
    runs: pd.DataFrame, levels: Array, axes: list[Axis | None], *, below: bool
) -> pd.DataFrame:
    """One row a level of each line that has a run: the share above it, or `below` it."""
    parts = []
    for key, own in runs.groupby(["(panel)", "(line)"]):
        panel, line = cast("tuple[int, int]", key)
        part = pd.DataFrame({"(panel)": panel, "(line)": line}, index=range(len(levels)))
        for axis, number in zip(axes, (panel, line), strict=True):
            if axis is not None:
                part[axis.column] = axis.labels[number]
        found = score_distribution(
            frames.grid(own, VALUE), levels, np.random.default_rng(0), below=below
        )
        part = part.assign(tau=levels, point=found.point, low=found.low, high=found.high, n=found.n)
        parts.append(part)
    names = ["(panel)", "(line)", *(axis.column for axis in axes if axis)]
    empty = pd.DataFrame(columns=[*names, "tau", "point", "low", "high", "n"], dtype=float)
    return pd.concat(parts, ignore_index=True) if parts else empty


def summaries(data: Data, runs: pd.DataFrame, *, gaps: bool) -> pd.DataFrame:
    """One row a line: its IQM and, with `gaps`, its optimality gap, each with bounds."""
    keys = ["(panel)", "(line)"]
    found = runs[keys].drop_duplicates().sort_values(keys, ignore_index=True)
    cell = runs.groupby(keys, sort=True).ngroup().to_numpy()
    miss = runs[VALUE] if data.minimise else 1 - runs[VALUE]
    runs = runs.assign(gap=miss.clip(lower=0.0))
    for name, column, how in (("IQM", VALUE, "iqm"), ("gap", "gap", "mean"))[: 1 + gaps]:
        one = frames.estimates(runs, cell, column, how)
        found = found.assign(**{name: one.point, f"{name} low": one.low, f"{name} high": one.high})
    return found
