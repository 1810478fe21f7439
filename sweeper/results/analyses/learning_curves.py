"""Learning curves, averaged over the runs behind each line of a figure."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sweeper.results import frames
from sweeper.results.axis import Axis
from sweeper.results.data import Data
from sweeper.results.estimates import complete
from sweeper.score import Array

_MOST_STEPS = (12, 60)
_MOST_POINTS = 1e6


def drawn_points(
    data: Data, metric: str, axes: list[Axis | None], clock: str | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The points to draw and the runs that they belong to, numbered by panel and line.

    `clock` is the metric that stands in the place of steps.
    """
    reported = data.points(metric, clock)
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
    """One row a point of a line, at each of which a run is worth what it reported last.

    `whole` are the points that all runs of the line have reached; behind them are those that some
    have, `n` of them. In `(done)` stands whether the line is of complete configurations. Runs that
    diverged have reached all; where they decide a point there is none.
    """
    keys = ["(cell)", "step"]
    carried = _carried(points, runs)
    group = carried.groupby(keys, sort=True).ngroup().to_numpy()
    count = np.bincount(group, minlength=1)[group] if len(group) else np.zeros(0, int)
    carried = carried.assign(whole=np.bincount(runs["(cell)"])[carried["(cell)"]] == count)
    begun = carried[carried["whole"]].groupby("(cell)")["step"].min()
    chosen = (carried["step"] >= carried["(cell)"].map(begun).fillna(-1)).to_numpy()
    carried, group = carried[chosen], np.unique(group[chosen], return_inverse=True)[1]
    columns = dict.fromkeys([*(axis.column for axis in axes if axis), "step"])
    table = carried[["(panel)", "(line)", *columns, "whole", "(done)"]]
    table = table.iloc[np.unique(group, return_index=True)[1]].reset_index(drop=True)
    found = frames.estimates(carried, group, frames.POINT, data.how, data.band)
    table = table.assign(point=found.point, low=found.low, high=found.high, n=found.n)
    return table[table["point"].notna()].reset_index(drop=True)


def _carried(points: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """A row a run and step of its line, from its first report to its last: what it reported last.

    The steps are those at which some run of the line reported.
    """
    points = points.sort_values("step", kind="stable")
    grids = [
        pd.DataFrame({"(cell)": cell, "step": _thinned(own["step"], len(runs))})
        for cell, own in points.groupby("(cell)")
    ]
    if not grids:
        return points.assign(**{"(done)": False})
    ends = points.groupby("run", observed=True)["step"].max().rename("(end)")
    own = points.drop_duplicates("run").drop(columns=["step", frames.POINT])
    wanted = own.merge(pd.concat(grids), on="(cell)").merge(ends, on="run")
    wanted = wanted[wanted["step"] <= wanted["(end)"]].sort_values("step", kind="stable")
    reported = points[["run", "step", frames.POINT]]
    found = pd.merge_asof(wanted, reported, on="step", by="run")
    done = runs.set_index("run")["(done)"]
    found["(done)"] = done.reindex(found["run"]).to_numpy()
    return found[found[frames.POINT].notna()].sort_values(["(cell)", "run", "step"])


def _thinned(steps: pd.Series, runs: int) -> Array:
    """At most so many steps as a line of this size can show, fewer where there are many runs."""
    most = int(np.clip(_MOST_POINTS / max(1, runs), *_MOST_STEPS))
    kept = np.unique(steps)
    if len(kept) > most:
        kept = kept[np.linspace(0, len(kept) - 1, most).round().astype(int)]
    return np.asarray(kept)
