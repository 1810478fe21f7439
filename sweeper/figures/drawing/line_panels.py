"""Points along one axis: one line per value of `hue`, one panel per value of `facet`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from sweeper.figures.drawing import line_marks, style, text_layout
from sweeper.results.axis import Axis
from sweeper.results.captions import interval_text, span
from sweeper.results.data import Data
from sweeper.results.estimates import estimate

_HEIGHT_IN = 2.2
_ROW_IN = 1.75
_AROUND_IN = 0.7
"""What stands beside the axes of a panel takes so much of its width."""

_EDGE = 0.03
"""Room at both ends of the x axis, as a share of it."""


@dataclass(frozen=True)
class Panel:
    """How panels are arranged, and the size of the axes of one, in inches."""

    count: int
    columns: int
    width: float
    height: float
    x: text_layout.XLabels


def grid(
    across: Axis, lines: Axis | None, panels: Axis | None, caption: str, *, sharey: bool = False
) -> tuple[style.Panels, Panel]:
    """An empty figure of as many panels as there are labels, a column or a page wide."""
    count = len(panels.labels) if panels else 1
    columns = style.beside(count)
    rows = style.rows_for(count, columns)
    page = style.COLUMN_IN if count == 1 else style.PAGE_IN
    width = page / columns - _AROUND_IN
    places = across.places
    reach = places[-1] - places[0] + 0.9 * across.gap
    ticks = text_layout.x_labels(across, (places - places[0]) / reach * width)
    row = _HEIGHT_IN if count == 1 else style.row_in(rows, _ROW_IN)
    height = rows * row + style.legend_in(lines, page) + ticks.height
    made = style.panels(rows, columns, page, height, caption, sharex=True, sharey=sharey)
    return made, Panel(count, columns, width, row - 0.4, ticks)


def points(
    data: Data, runs: pd.DataFrame, across: Axis, lines: Axis | None, panels: Axis | None
) -> pd.DataFrame:
    """One row a point, also of those without a run; `(at)` is its place along x.

    Gives `runs` the column `(cell)`, their row.
    """
    axes = (panels, lines, across)
    shape = [len(axis.labels) if axis else 1 for axis in axes]
    panel, line, column = np.indices(shape).reshape(3, -1)
    table = pd.DataFrame({"(panel)": panel, "(line)": line, "(at)": across.places[column]})
    for axis, code in zip(axes, (panel, line, column), strict=True):
        if axis is not None:
            table[axis.column] = [axis.labels[number] for number in code]
    table["(known)"] = column < len(across.known)
    codes = [axis.codes(runs) if axis else np.zeros(len(runs), int) for axis in axes]
    runs["(cell)"] = np.ravel_multi_index(codes, shape)
    estimate(table, runs, data.how)
    return table


def paint(
    ax: Axes, table: pd.DataFrame, runs: pd.DataFrame, across: Axis, lines: Axis | None
) -> None:
    """The lines of a panel, a little beside each other, so that none hides another."""
    count = len(lines.labels) if lines else 1
    for line in range(count):
        own = table[table["(line)"] == line]
        own = own.assign(**{"(at)": own["(at)"] + 0.05 * across.gap * (line - (count - 1) / 2)})
        look = style.look(lines, line)
        line_marks.line(ax, own, look, joined=not across.drawn)
        if "best" in own:
            line_marks.judged(ax, own, look)
        line_marks.runs(ax, own, runs, look)
    line_marks.gaps(ax, table, across)
    if table["point"].isna().all():
        style.empty(ax, "no configuration is complete")


def frame(ax: Axes, across: Axis, panel: Panel, number: int) -> None:
    """Ticks and label of x: only below the lowest panel of a column."""
    places, lowest = across.places, number + panel.columns >= panel.count
    edge = max(0.45 * across.gap, _EDGE * (places[-1] - places[0]))
    ax.set_xlim(places[0] - edge, places[-1] + edge)
    style.set_x(ax, places, panel.x)
    ax.xaxis.set_tick_params(labelbottom=lowest)
    label = text_layout.folded(across.title, panel.width, text_layout.BASE_PT)
    ax.set_xlabel(label if lowest else "", visible=lowest)
    sns.despine(ax=ax)


def points_note(table: pd.DataFrame) -> str:
    """What a caption says of the points: their intervals, their n, what small marks are, gaps."""
    known, count = int(table["low"].notna().sum()), int(table["point"].notna().sum())
    if not count:
        return "no configuration is complete"
    text = f"{interval_text(known, count)}; n = {span(table['n'])} a point"
    if (table["low"].isna() & table["point"].notna()).any():
        text += "; small faint marks are single runs"
    gaps = table[table["point"].isna() & (table["planned"] > 0)]
    diverged = int((gaps["n"] > 0).sum())
    counts = (len(gaps) - diverged, "that are not complete"), (diverged, "that diverged")
    without = ", ".join(f"{number} {words}" for number, words in counts if number)
    return f"{text}. Without a point: {without}" if without else text


def pooled(across: Axis) -> str:
    """What a caption says where a sampler drew the numbers along x."""
    if not across.drawn:
        return ""
    return f". A sampler drew {across.title}: other axes differ from point to point"
