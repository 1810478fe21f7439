"""The best points of lines, those tied with them, and those that are usable."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sweeper import stats
from sweeper.results.estimates import best_place


def judge(table: pd.DataFrame, *, ranged: bool, ranked: bool, minimise: bool) -> None:
    """Says of each point whether it is `usable`, its line's `best`, or `tied` with that.

    Tied are points whose interval overlaps the best's: neither is known to be better. A point that
    lacks configurations pools other ones than its neighbours, so that it is neither.
    """
    table["usable"] = table["best"] = table["tied"] = False
    for _, own in table.groupby("(panel)"):
        usable = stats.usable_range(_whole(own), minimise=minimise) & ranged
        table.loc[own.index, "usable"] = usable & own["(known)"]
    known = table[table["(known)"] & table["point"].notna() & (table["n"] == table["planned"])]
    for _, own in known.groupby(["(panel)", "(line)"]):
        if not ranked or len(own) < 2:
            continue
        place, overlap = best_place(own, minimise=minimise)
        table.loc[own.index, "tied"] = overlap & (np.arange(len(own)) != place)
        table.loc[own.index[place], "best"] = True


def least_usable(table: pd.DataFrame, *, minimise: bool) -> float:
    """The score from which on a point of a panel is usable, or down to which."""
    return stats.least_usable(_whole(table), minimise=minimise)


def _whole(table: pd.DataFrame) -> pd.Series:
    """The points that lack no configuration."""
    return table["point"].where(table["n"] == table["planned"])
