"""Scores over two axes: IQM, interval and number of runs in each cell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.patches import Polygon, Rectangle

from sweeper import frame
from sweeper.errors import SweeperError
from sweeper.figures import style
from sweeper.figures.data import (
    MAX_PANELS,
    VALUE,
    Axis,
    Data,
    Picture,
    complete,
    interval_text,
)

_CELL_IN = 0.66
_ROW_IN = 0.40
_TALLEST_IN = 8.5


def draw(
    data: Data,
    *,
    x: str | None = None,
    y: str | None = None,
    facet: str | None = None,
    metric: str | None = None,
) -> Picture:
    """A panel a value of `facet`; a cell pools all runs of the trials with its x and y.

    Trials that failed or are not complete do not enter a cell. Cells without a complete trial are
    grey and hatched; a hatched corner marks those that lack some of their trials.
    """
    x, y, facet = _chosen(data, x, y, facet)
    runs = data.table(metric)
    axes = [data.axis(name) if name else None for name in (x, y, facet)]
    table = _cells(data, runs, axes)
    intervals = interval_text(int(table["low"].notna().sum()), int(table["point"].notna().sum()))
    per_cell = _per_cell(table)
    shown = [name for name in (x, y, facet) if name]
    caption = data.caption(runs, shown, f"{intervals}; {per_cell}")
    layout = _Layout.of(*axes)
    grid = style.panels(layout.rows, layout.columns, layout.width, layout.height, caption)
    norm = _norm(table)
    for number, ax in enumerate(grid.axes.flat):
        if number >= layout.panels:
            ax.set_axis_off()
            continue
        _panel(ax, table[table["(panel)"] == number], axes, norm, layout)
        if axes[2] is not None and facet is not None:
            ax.set_title(f"{facet} = {style.texts(axes[2])[number]}")
    bar = grid.figure.colorbar(
        ScalarMappable(norm, style.COLOURS),
        ax=list(grid.axes.flat),
        aspect=max(8, 10 * layout.height),
        fraction=0.06,
        pad=0.02,
    )
    bar.set_label(data.value_label(metric))
    bar.outline.set_linewidth(0.4)
    names = [name for name in table.columns if not name.startswith("(")]
    return Picture(grid.figure, table[names])
