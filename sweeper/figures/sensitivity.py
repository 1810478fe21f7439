"""Score against one axis: line, 95 % band, the best value, and the range that is usable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from sweeper import stats
from sweeper.figures import MOST, lettering, marks, style
from sweeper.figures.axis import Axis
from sweeper.figures.data import Data, Picture, estimate, interval_text, span, visible

_HEIGHT_IN = 2.2
_ROW_IN = 1.75
_AROUND_IN = 0.7
"""What stands beside the axes of a panel takes so much of its width."""

_EDGE = 0.03
"""Room at both ends of the x axis, as a share of it."""


def draw(
    data: Data,
    *,
    x: str | None = None,
    hue: str | None = None,
    facet: str | None = None,
    metric: str | None = None,
) -> Picture:
    """A line a value of `hue`, a panel a value of `facet`; a point pools all runs of the trials
    with its x, hue and facet.

    The best point of each line is marked with its value of x, and points are open whose interval
    overlaps the best's. Bars at the bottom mark each line's usable range: scores of at least
    low + 0.8 · (best − low), with low the normalised 0 and best the best point of the panel. Where
    a point has fewer than 5 seeds its runs are drawn instead of a band.
    """
    x, hue, facet = _chosen(data, x, hue, facet)
    runs = data.table(metric)
    across = data.axis(x)
    lines, panels = (data.axis(name) if name else None for name in (hue, facet))
    table = _points(data, runs, across, lines, panels)
    ranged = metric is None and not across.drawn
    _judge(
        table,
        ranged=ranged,
        ranked=metric in (None, data.metric) and not across.drawn,
        minimise=data.minimise,
    )
    shown = [name for name in (x, hue, facet) if name]
    limits = style.limits(table)
    said = _said(table, across, ranged) + (f". {style.CUT_OFF}" if limits else "")
    grid, panel = _grid(across, lines, panels, data.caption(int(table["n"].sum()), shown, said))
    for number, ax in enumerate(grid.axes.flat):
        if number >= panel.count:
            ax.set_axis_off()
            continue
        own = table[table["(panel)"] == number]
        _panel(ax, own, runs, across, lines)
        ax.set_ylim(limits.get(number))
        if ranged:
            marks.usable(ax, own, lines, data.minimise, panel.height)
        _frame(ax, across, panel, number)
        marks.best(ax, own, across, (panel.width, panel.height))
        label = lettering.folded(data.value_label(metric, shown), panel.height, lettering.BASE_PT)
        ax.set_ylabel(label if number % panel.columns == 0 else "")
        if panels is not None:
            ax.set_title(style.panel_title(panels, number))
    style.legend(grid.figure, lines, grid.figure.get_figwidth())
    return Picture(grid.figure, visible(table))


@dataclass(frozen=True)
class _Panel:
    """How panels are arranged, and the size of the axes of one, in inches."""

    count: int
    columns: int
    width: float
    height: float
    x: lettering.XLabels


def _grid(
    across: Axis, lines: Axis | None, panels: Axis | None, caption: str
) -> tuple[style.Panels, _Panel]:
    count = len(panels.labels) if panels else 1
    columns = style.beside(count)
    rows = style.rows_for(count, columns)
    page = style.COLUMN_IN if count == 1 else style.PAGE_IN
    width = page / columns - _AROUND_IN
    places = across.places
    reach = places[-1] - places[0] + 0.9 * across.gap
    ticks = lettering.x_labels(across, (places - places[0]) / reach * width)
    row = _HEIGHT_IN if count == 1 else style.row_in(rows, _ROW_IN)
    height = rows * row + style.legend_in(lines, page) + ticks.height
    grid = style.panels(rows, columns, page, height, caption, sharex=True)
    return grid, _Panel(count, columns, width, row - 0.4, ticks)


def _chosen(
    data: Data, x: str | None, hue: str | None, facet: str | None
) -> tuple[str, str | None, str | None]:
    data.different(x=x, hue=hue, facet=facet)
    x = x or data.first([hue, facet], numeric=True) or next(iter(data.axes))
    hue = hue or data.first([x, facet], most=MOST["hue"])
    data.different(x=x, hue=hue, facet=facet)
    data.few(hue=hue, facet=facet)
    return x, hue, facet


def _points(
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
            table[axis.name] = [axis.labels[number] for number in code]
    table["(known)"] = column < len(across.known)
    codes = [axis.codes(runs) if axis else np.zeros(len(runs), int) for axis in axes]
    runs["(cell)"] = np.ravel_multi_index(codes, shape)
    estimate(table, runs, data.how)
    return table


def _judge(table: pd.DataFrame, *, ranged: bool, ranked: bool, minimise: bool) -> None:
    """Says of each point whether it is `usable`, its line's `best`, or `tied` with that.

    Tied are points whose interval overlaps the best's: neither is known to be better.
    """
    table["usable"] = table["best"] = table["tied"] = False
    for _, own in table.groupby("(panel)"):
        usable = stats.usable_range(own["point"], minimise=minimise) & ranged
        table.loc[own.index, "usable"] = usable & own["(known)"]
    known = table[table["(known)"] & table["point"].notna()]
    for _, own in known.groupby(["(panel)", "(line)"]):
        if not ranked or len(own) < 2:
            continue
        place = int(np.argmin(own["point"]) if minimise else np.argmax(own["point"]))
        best = own.iloc[place]
        overlap = (own["low"] <= best["high"]) & (own["high"] >= best["low"])
        table.loc[own.index, "tied"] = overlap & (np.arange(len(own)) != place)
        table.loc[own.index[place], "best"] = True


def _panel(
    ax: Axes, table: pd.DataFrame, runs: pd.DataFrame, across: Axis, lines: Axis | None
) -> None:
    """The lines of a panel, a little beside each other, so that none hides another."""
    count = len(lines.labels) if lines else 1
    for line in range(count):
        own = table[table["(line)"] == line]
        own = own.assign(**{"(at)": own["(at)"] + 0.05 * across.gap * (line - (count - 1) / 2)})
        look = style.look(lines, line)
        marks.line(ax, own, look, joined=not across.drawn)
        marks.runs(ax, own, runs, look)
    marks.gaps(ax, table, across)
    if table["point"].isna().all():
        style.empty(ax, "no configuration is complete")


def _frame(ax: Axes, across: Axis, panel: _Panel, number: int) -> None:
    """Ticks and label of x: only below the lowest panel of a column."""
    places, lowest = across.places, number + panel.columns >= panel.count
    edge = max(0.45 * across.gap, _EDGE * (places[-1] - places[0]))
    ax.set_xlim(places[0] - edge, places[-1] + edge)
    style.set_x(ax, places, panel.x)
    ax.xaxis.set_tick_params(labelbottom=lowest)
    ax.set_xlabel(across.name if lowest else "", visible=lowest)
    sns.despine(ax=ax)


def _said(table: pd.DataFrame, across: Axis, ranged: bool) -> str:
    known, count = int(table["low"].notna().sum()), int(table["point"].notna().sum())
    if not count:
        return "no configuration is complete"
    said = f"{interval_text(known, count)}; n = {span(table['n'])} a point"
    if (table["low"].isna() & table["point"].notna()).any():
        said += "; small faint marks are single runs"
    if table["best"].any():
        said += f". Labelled: the best {across.name} of each line"
        if table["tied"].any():
            said += "; open: its interval overlaps the best's, the two cannot be told apart"
        if table.loc[table["best"], "low"].isna().any():
            said += "; without intervals others may be as good"
    if ranged and table["usable"].any():
        one = "the panel's best point" if table["(panel)"].any() else "the best point"
        said += f". Bars: usable range, scores above the dashed line at 80 % of {one}"
    elif ranged:
        said += ". No value is usable: no score is better than the low reference"
    if across.drawn:
        said += f". A sampler drew {across.name}: other axes differ from point to point"
    return said
