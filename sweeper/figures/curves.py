"""Learning curves: metrics against steps, a panel a task, a column a metric."""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter, MaxNLocator

from sweeper.errors import SweeperError, listed
from sweeper.figures.drawing import axis_limits, style, text_layout
from sweeper.figures.drawing.picture import Picture
from sweeper.results import frames
from sweeper.results.analyses.learning_curves import drawn_points, line_points
from sweeper.results.axis import TASK, Axis, visible
from sweeper.results.captions import interval_text, span
from sweeper.results.data import Data
from sweeper.space.figure_options import MOST

_HEIGHT_IN = 1.9
_MOST_SINGLE = 40
_MOST_ROWS = 6


def draw(
    data: Data,
    *,
    hue: str | None = None,
    facet: str | None = None,
    metric: str | list[str] | None = None,
) -> Picture:
    """A line a value of `hue`, pooling the runs of its trials; a row of panels a value of `facet`.

    Of several metrics each has a column of panels, and every task its row; of many tasks two stand
    beside each other. A line goes as far as all its runs do: those of its complete trials, or,
    where none is complete, those of trials whose runs have all begun to report. Behind its last
    point a run that diverged is worse than all others; a line ends where such runs decide it.
    """
    hue, facet = _chosen(data, hue, facet)
    names = _metrics(data, metric)
    lines = data.axis(hue) if hue else None
    rows = data.axis(facet) if facet not in (None, TASK) else None
    columns = data.axes[TASK] if hue != TASK else None
    drawn = [_drawn(data, names, place, [rows, columns, lines]) for place in range(len(names))]
    points, table = (pd.concat(parts, ignore_index=True) for parts in zip(*drawn, strict=True))
    count = (len(rows.labels) if rows else 1) * (len(columns.labels) if columns else 1)
    layout = _shape(rows, columns) if len(names) == 1 else _columns(count, len(names))
    width = style.COLUMN_IN if layout == (1, 1) else style.PAGE_IN
    row = style.row_in(layout[0], _HEIGHT_IN)
    limits = axis_limits.limits(table)
    said = _note(table) + (f". {axis_limits.CUT_OFF}" if limits else "")
    shown = [axis.name for axis in (lines, rows, columns) if axis]
    grid = style.panels(
        *layout,
        width,
        layout[0] * row + 0.3 + style.legend_in(lines, width),
        data.caption(points["run"].nunique(), shown, said),
        sharex=True,
    )
    for number, ax in enumerate(grid.axes.flat):
        place, panel = number % len(names), number // len(names)
        if panel >= count:
            ax.set_axis_off()
            continue
        _panel(ax, table[table["(panel)"] == number], points[points["(panel)"] == number], lines)
        ax.set_ylim(limits.get(number))
        label = text_layout.folded(
            f"{names[place]} ({data.captions.average})", row - 0.4, text_layout.BASE_PT
        )
        lowest = number + layout[1] >= count * len(names)
        title, ticks = _title(rows, columns, panel, grid), 6 if layout[1] < 4 else 3
        _frame(ax, title, label, data, ticks=ticks, lowest=lowest)
    style.legend(grid.figure, lines, width)
    return Picture(grid.figure, visible(table))


def _metrics(data: Data, metric: str | list[str] | None) -> list[str]:
    """The metrics to show; `SweeperError` for too many, or one named twice."""
    names = (
        [metric or data.tables.metric]
        if metric is None or isinstance(metric, str)
        else list(metric)
    )
    if not 0 < len(names) <= MOST["metric"]:
        raise SweeperError(f"metric takes 1 to {MOST['metric']} metrics, but got {len(names)}")
    if len(set(names)) < len(names):
        raise SweeperError(f"metric names one metric twice: {listed('', names)}")
    return names


def _drawn(
    data: Data, names: list[str], place: int, axes: list[Axis | None]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The points and the table of the metric at `place`; panels are numbered over all metrics."""
    points, runs = drawn_points(data, names[place], axes)
    table = line_points(data, points, runs, axes)
    if len(names) > 1:
        table.insert(0, "metric", names[place])
    points = points[["run", "step", frames.POINT, "(line)", "(panel)"]]
    panels = [part["(panel)"] * len(names) + place for part in (points, table)]
    return points.assign(**{"(panel)": panels[0]}), table.assign(**{"(panel)": panels[1]})


def _chosen(data: Data, hue: str | None, facet: str | None) -> tuple[str | None, str | None]:
    data.choice.check_distinct(hue=hue, facet=facet)
    hue = hue or data.first([facet], most=MOST["hue"])
    data.choice.check_few(hue=hue, facet=facet)
    return hue, facet


def _shape(rows: Axis | None, columns: Axis | None) -> tuple[int, int]:
    """Rows and columns of the grid of panels."""
    wide = len(columns.labels) if columns else 1
    if rows is not None and wide > 1:
        return len(rows.labels), wide
    count = wide * (len(rows.labels) if rows else 1)
    across = style.beside(count)
    return style.rows_for(count, across), across


def _columns(count: int, metrics: int) -> tuple[int, int]:
    """Rows and columns of the grid of `count` panels of each of several metrics."""
    beside = 2 if metrics == 2 and count > _MOST_ROWS else 1
    return style.rows_for(count, beside), beside * metrics


def _panel(ax: Axes, table: pd.DataFrame, points: pd.DataFrame, lines: Axis | None) -> None:
    for line in range(len(lines.labels) if lines else 1):
        own = table[table["(line)"] == line]
        look = style.look(lines, line)
        if own.empty:
            continue
        sns.lineplot(
            x=own["step"],
            y=own["point"],
            ax=ax,
            errorbar=None,
            color=look.colour,
            marker=look.marker,
            markersize=3.5,
            markevery=max(1, len(own) // 8),
            linestyle=look.dash,
            linewidth=1.2,
            zorder=3,
        )
        if own["low"].notna().any():
            ax.fill_between(
                own["step"], own["low"], own["high"], color=look.colour, alpha=0.2, linewidth=0
            )
        elif own["n"].max() <= _MOST_SINGLE:
            faint = 0.45 * min(1.0, (10 / own["n"].max()) ** 0.5)
            measured = points[(points["(line)"] == line) & np.isfinite(points[frames.POINT])]
            for _, run in measured.groupby("run", observed=True):
                ax.plot(
                    run["step"], run[frames.POINT], color=look.colour, linewidth=0.5, alpha=faint
                )


def _frame(ax: Axes, title: str, label: str, data: Data, *, ticks: int, lowest: bool) -> None:
    """Title, labels and ticks of a panel; those of x only where it is the `lowest`."""
    ax.set(title=title, ylabel=label)
    ax.xaxis.set_major_locator(MaxNLocator(ticks, steps=[1, 2, 2.5, 5, 10]))
    ax.xaxis.set_major_formatter(EngFormatter(sep=""))
    ax.set_xlim(0, data.steps * 1.02)
    ax.xaxis.set_tick_params(labelbottom=lowest)
    ax.set_xlabel(f"{data.origin.step}s" if lowest else "", visible=lowest)
    if not ax.lines:
        style.empty(ax, "no full set of runs")
    sns.despine(ax=ax)


def _title(rows: Axis | None, columns: Axis | None, number: int, grid: style.Panels) -> str:
    wide = len(columns.labels) if columns else 1
    parts = [style.panel_title(columns, number % wide, grid)] if columns else []
    if rows is not None:
        parts.append(style.panel_title(rows, number // wide, grid))
    return "\n".join(parts)


def _note(table: pd.DataFrame) -> str:
    if table.empty:
        return "no full set of runs"
    known = int(table["low"].notna().sum())
    said = f"{interval_text(known, len(table))}; n = {span(table['n'])} a line"
    if (table["low"].isna() & (table["n"] <= _MOST_SINGLE)).any():
        said += "; thin lines are single runs"
    ends = table.groupby(["(panel)", "(line)"])["step"].max()
    if (ends < ends.groupby("(panel)").transform("max")).any():
        said += "; a line ends where the first of its runs did"
    return said
