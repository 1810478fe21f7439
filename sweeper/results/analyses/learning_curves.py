"""Learning curves, averaged over the runs behind each line of a figure."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sweeper.results import frames
from sweeper.results.axis import Axis
from sweeper.results.data import Data
from sweeper.results.estimates import complete

_MOST_STEPS = (12, 60)


_MOST_POINTS = 1e6


def drawn_points(
    data: Data, metric: str, axes: list[Axis | None]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The points to draw and the runs that they belong to, numbered by panel and line."""
    reported = data.points(metric)
    at = reported["run"].cat.codes.to_numpy()
    begun = np.bincount(at, minlength=len(data.runs)) > 0
    runs = data.runs.assign(
        **{"(begun)": begun, "(done)": data.runs.index.isin(complete(data.runs).index)}
    )
    runs = _numbered(runs, axes)
    whole = runs.groupby("trial")[["(begun)", "(done)"]].transform("all")
    finished = whole["(done)"].groupby(runs["(cell)"]).transform("any")
    chosen = (whole["(done)"] | (whole["(begun)"] & ~finished)).to_numpy()
    keys = {name: runs[name].to_numpy()[at] for name in ("(panel)", "(line)", "(cell)")}
    return reported.assign(**keys)[chosen[at]], runs[chosen]


def _numbered(runs: pd.DataFrame, axes: list[Axis | None]) -> pd.DataFrame:
    rows, columns, lines = ((axis.codes(runs) if axis else 0) for axis in axes)
    wide = len(axes[1].labels) if axes[1] else 1
    deep = len(axes[2].labels) if axes[2] else 1
    panel = rows * wide + columns + np.zeros(len(runs), int)
    return runs.assign(**{"(panel)": panel, "(line)": lines, "(cell)": panel * deep + lines})


def line_points(
    data: Data, points: pd.DataFrame, runs: pd.DataFrame, axes: list[Axis | None]
) -> pd.DataFrame:
    """One row a point of a line: the steps that every run of the line has reached.

    Runs that diverged have reached all; where they decide a point there is none.
    """
    keys = ["(cell)", "step"]
    points = points[points["step"].isin(_thinned(points["step"], len(runs)))]
    group = points.groupby(keys, sort=True).ngroup().to_numpy()
    full = np.bincount(runs["(cell)"])[points["(cell)"]] == np.bincount(group)[group]
    full &= points[frames.POINT].notna()
    points, group = points[full], np.unique(group[full], return_inverse=True)[1]
    columns = [axis.column for axis in axes if axis]
    table = points[["(panel)", "(line)", *dict.fromkeys([*columns, "step"])]]
    table = table.iloc[np.unique(group, return_index=True)[1]].reset_index(drop=True)
    found = frames.estimates(points, group, frames.POINT, data.how)
    table = table.assign(point=found.point, low=found.low, high=found.high, n=found.n)
    return table[table["point"].notna()].reset_index(drop=True)


def _thinned(steps: pd.Series, runs: int) -> set[int]:
    """At most so many steps as a line of this size can show, fewer where there are many runs."""
    most = int(np.clip(_MOST_POINTS / max(1, runs), *_MOST_STEPS))
    kept = np.unique(steps)
    if len(kept) > most:
        kept = kept[np.linspace(0, len(kept) - 1, most).round().astype(int)]
    return set(kept.tolist())
