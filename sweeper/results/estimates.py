"""Points, intervals and counts of runs, for the cells or trials of a figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from sweeper.ledger.run_record import PAUSED, SCORED, UNENDED, UNSCORED
from sweeper.results import frames
from sweeper.results.axis import TRIAL
from sweeper.results.axis_choice import BEST
from sweeper.results.captions import UNKNOWN, interval_text
from sweeper.results.data import Data
from sweeper.results.run_tables import VALUE
from sweeper.results.tables import wording
from sweeper.space.figure_rules import INTERVAL, PERCENTILE

_ALIKE = 1e-9
"""Shares that differ by less are alike."""


def complete(table: pd.DataFrame) -> pd.DataFrame:
    """The runs of trials all of whose runs ended with a score or diverged: those that count."""
    whole = table["state"].isin(SCORED).groupby(table["trial"]).transform("all")
    return table[whole]


def averaged(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs that a figure averages: those of complete configurations that have a value."""
    used = complete(runs)
    return used[used[VALUE].notna()]


def estimate(table: pd.DataFrame, runs: pd.DataFrame, how: str, band: str = INTERVAL) -> None:
    """Gives the cells in `table` a point, an interval, and how many runs count and were planned.

    `runs` has its cell in `(cell)`, which is a row of `table`, and its number in `VALUE`. Another
    `band` stands in the place of the interval.
    """
    used = averaged(runs)
    filled, cell = np.unique(used["(cell)"], return_inverse=True)
    found = frames.estimates(used, cell, VALUE, how, band)
    for name in ("point", "low", "high"):
        table[name] = np.nan
        table.loc[filled, name] = getattr(found, name)
    table["n"] = np.bincount(used["(cell)"], minlength=len(table))
    table["planned"] = np.bincount(runs["(cell)"], minlength=len(table))


def with_band(data: Data, table: pd.DataFrame) -> pd.DataFrame:
    """A figure's `table`, with a column for what its bounds are where they are no interval."""
    return table if data.band == INTERVAL else table.assign(band=data.band)


def bands_called(data: Data) -> tuple[str, str]:
    """What a caption calls a figure's bands, one and several of them."""
    return ("An interval", "intervals") if data.band == INTERVAL else ("A band", "bands")


def bands_note(data: Data, known: int, count: int) -> str:
    """What a caption says of the bands of `count` points, `known` of which have one."""
    if data.band == INTERVAL:
        return interval_text(known, count)
    said = wording.bands(data.band, data.how)
    if known == count:
        return said
    lacking = UNKNOWN if data.band == PERCENTILE else "a single run, nor where one diverged"
    return f"{said}; none of {lacking}"


def trials(data: Data, runs: pd.DataFrame, how: str | None = None) -> pd.DataFrame:
    """One row a trial: its number, a column an axis, and what `estimate` gives its runs.

    Gives `runs` the column `(cell)`, the row of their trial. `how` is the study's by default.
    """
    _, row, cell = np.unique(runs["trial"], return_index=True, return_inverse=True)
    runs["(cell)"] = cell
    columns = [axis.column for axis in data.axes.values() if axis.searched]
    table = runs[["trial", *columns]].iloc[row].reset_index(drop=True)
    estimate(table, runs, how or data.how)
    return table


def best_place(points: pd.DataFrame, *, minimise: bool) -> tuple[int, pd.Series]:
    """The position of the best of `points`, and which intervals overlap its, its own among them.

    Whose interval overlaps cannot be told apart from the best; an unknown one overlaps with none.
    """
    place = int(np.argmin(points["point"]) if minimise else np.argmax(points["point"]))
    best = points.iloc[place]
    return place, (points["low"] <= best["high"]) & (points["high"] >= best["low"])


def ends(runs: pd.DataFrame, cells: int) -> dict[str, Any]:
    """Runs of each cell by how they ended; `runs` has its cell in `(cell)`."""
    states = {
        "scored": ("complete",),
        "nan": ("nan",),
        "failed": UNSCORED,
        "pruned": ("pruned", PAUSED),
        "missing": UNENDED,
    }
    return {
        name: np.bincount(runs.loc[runs["state"].isin(own), "(cell)"], minlength=cells)
        for name, own in states.items()
    }


def _uneven(data: Data, used: pd.DataFrame, shown: Sequence[str]) -> list[str]:
    """The titles of axes other than those `shown` whose values are pooled in unlike shares.

    `used` are the runs behind the points, each with its point in `(cell)`.
    """
    if TRIAL in shown or data.choice.pool == BEST:
        return []
    moved = data.choice.moved(shown)
    names = [name for name in data.choice.independent if name not in shown and name not in moved]
    return data.choice.titles(name for name in names if not _alike(data, used, name))


def uneven_note(data: Data, used: pd.DataFrame, shown: Sequence[str], point: str) -> str:
    """What a caption says of axes pooled unevenly, a point being called `point`; maybe nothing."""
    names = _uneven(data, used, shown)
    return f". Not every {point} pools the same values of {', '.join(names)}" if names else ""


def _alike(data: Data, used: pd.DataFrame, name: str) -> bool:
    """Whether every point has the same share of its runs at each value of an axis."""
    axis = data.axes[name]
    points, cell = np.unique(used["(cell)"], return_inverse=True)
    shape = (len(points), len(axis.labels))
    if shape[0] < 2:
        return True
    places = np.ravel_multi_index((cell, axis.codes(used)), shape)
    counts = np.bincount(places, minlength=shape[0] * shape[1]).reshape(shape)
    shares = counts / counts.sum(axis=1, keepdims=True)
    return bool(np.ptp(shares, axis=0).max() < _ALIKE)
