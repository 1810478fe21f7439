"""Which axes the points of a figure pool unevenly, so that they differ in more than they show."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sweeper.results.data import VALUE, Data
from sweeper.results.estimates import complete

_ALIKE = 1e-9


def uneven(data: Data, used: pd.DataFrame, shown: Sequence[str]) -> list[str]:
    """The titles of axes other than those `shown` whose values are pooled in unlike shares.

    `used` are the runs behind the points, each with its point in `(cell)`.
    """
    moved = data.choice.moved(shown)
    names = [name for name in data.choice.independent if name not in shown and name not in moved]
    return data.choice.titles(name for name in names if not _alike(data, used, name))


def averaged(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs that a figure averages: those of complete configurations that have a value."""
    used = complete(runs)
    return used[used[VALUE].notna()]


def said(data: Data, used: pd.DataFrame, shown: Sequence[str], point: str) -> str:
    """What a caption says of them, a point being called `point`; nothing where there are none."""
    names = uneven(data, used, shown)
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
