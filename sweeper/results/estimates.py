"""What runs tell of the cells, points or trials of a figure, and how captions put it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sweeper.ledger.run_record import SCORED
from sweeper.results import frames
from sweeper.results.axis import TASK
from sweeper.results.data import VALUE, Data
from sweeper.stats.wording import INTERVALS
from sweeper.text import counted


def complete(table: pd.DataFrame) -> pd.DataFrame:
    """The runs of trials all of whose runs have a score: those that figures may average."""
    whole = table["state"].isin(SCORED).groupby(table["trial"]).transform("all")
    return table[whole]


def estimate(table: pd.DataFrame, runs: pd.DataFrame, how: str) -> None:
    """Gives the cells in `table` a point, an interval, and how many runs count and were planned.

    `runs` has its cell in `(cell)`, which is a row of `table`, and its number in `VALUE`.
    """
    used = complete(runs)
    used = used[used[VALUE].notna()]
    filled, cell = np.unique(used["(cell)"], return_inverse=True)
    found = frames.estimates(used, cell, VALUE, how)
    for name in ("point", "low", "high"):
        table[name] = np.nan
        table.loc[filled, name] = getattr(found, name)
    table["n"] = np.bincount(used["(cell)"], minlength=len(table))
    table["planned"] = np.bincount(runs["(cell)"], minlength=len(table))


def trials(data: Data, runs: pd.DataFrame) -> pd.DataFrame:
    """One row a trial: its number, a column an axis, and what `estimate` gives its runs.

    Gives `runs` the column `(cell)`, the row of their trial.
    """
    _, row, cell = np.unique(runs["trial"], return_index=True, return_inverse=True)
    runs["(cell)"] = cell
    columns = [axis.column for name, axis in data.axes.items() if name != TASK]
    table = runs[["trial", *columns]].iloc[row].reset_index(drop=True)
    estimate(table, runs, data.how)
    return table


def interval_text(known: int, count: int) -> str:
    """What a caption says of intervals, `known` of `count` points having one."""
    if known == count:
        return INTERVALS
    unknown = "interval unknown: fewer than 5 seeds in a task"
    return unknown if not known else f"{INTERVALS}, or {unknown}"


def span(counts: pd.Series) -> str:
    """The smallest and the largest of `counts` that are not 0: `5 runs`, or `5 to 30 runs`."""
    sizes = sorted({int(n) for n in counts if n})
    least = f"{sizes[0]} to " if len(sizes) > 1 else ""
    return least + counted(sizes[-1], "run")
