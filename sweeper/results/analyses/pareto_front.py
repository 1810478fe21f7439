"""The values of all trials by several scores, and which trials no other beats in all of them."""

from __future__ import annotations

import pandas as pd

from sweeper import stats
from sweeper.results.data import Data
from sweeper.results.estimates import trials

_PARTS = ("point", "low", "high")


def front_table(data: Data) -> pd.DataFrame:
    """One row a trial that has a value by every score: trial, a column an axis, `n`, for each score
    `point …`, `low …` and `high …` by its name, and whether the trial is on the `front`.
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
    return table.assign(front=stats.unbeaten(signs * table[points].to_numpy(float)))
