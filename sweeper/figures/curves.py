"""Learning curves: metrics against steps, a panel a task, a column a metric."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter, MaxNLocator

from sweeper.errors import SweeperError, shown
from sweeper.figures.drawing import axis_limits, frame, line_marks, style, text_layout
from sweeper.figures.drawing.picture import Picture
from sweeper.results import frames
from sweeper.results.analyses import several_metrics
from sweeper.results.analyses.learning_curves import drawn_points, line_points
from sweeper.results.axis import TASK, TRIAL, Axis, visible
from sweeper.results.captions import span
from sweeper.results.data import Data
from sweeper.results.estimates import bands_called, bands_note, uneven_note, with_band
from sweeper.results.slices.pooling import pooled
from sweeper.space.figure_options import CLOCKS, MOST
from sweeper.text import counted

_HEIGHT_IN = 1.9
_MOST_SINGLE = 40
_MOST_ROWS = 6


def draw(
    data: Data,
    *,
    x: str | None = None,
    hue: str | None = None,
    facet: str | None = None,
    metric: str | list[str] | None = None,
) -> Picture:
    """A line a value of `hue`, pooling the runs of its trials; a row of panels a value of `facet`.

    Of several metrics each has a column of panels, and every task its row; of many tasks two stand
    beside each other. A line is that of its complete trials, or, where none is complete, of trials
    whose runs have all begun to report. It is dashed from where the first of its runs ended: the
    others alone go on. Behind its last point a run that diverged is worse than all others; a line
    ends where such runs decide it. Panels of one metric and task have one y axis. Along x are
    steps, or what runs report of `updates` or `env_steps`. With `metric=score` it is the score's
    metric, 0 at each task's `low` and 1 at its `high`, and alone it is averaged over tasks, unless
    `facet=task`.
    """
    if x is not None and x not in CLOCKS:
        raise SweeperError(f"x of curves must be one of {', '.join(CLOCKS)}, but got {shown(x)}")
    (hue, facet), names = _chosen(data, hue, facet), several_metrics.names(data, metric)
    score = names[1:] == [] and data.tables.is_score(names[0])
    rows, columns, lines = _axes(data, hue, facet, tasks=facet == TASK or not score)
    axes = [rows, columns, lines]
    drawn = [_drawn(pooled(data, axes), names, place, axes, x) for place in range(len(names))]
    points, table = (
        pd.concat([parts[place] for parts in drawn], ignore_index=True) for place in range(2)
    )
    count, layout = _layout(rows, columns, len(names))
    width, row = style.width_of(layout), style.row_in(layout[0], _HEIGHT_IN)
    alike = len(names), len(columns.labels) if columns else 1
    whole = table[table["whole"]]
    grouped = whole.assign(**{"(panel)": _alike(whole["(panel)"], *alike)})
    divided = _divided(table, points, alike)
    limits = axis_limits.limits(grouped[~grouped["(panel)"].isin(divided)])
    of_axes = [axis.name for axis in (lines, rows, columns) if axis]
    said = _note(data, table) + uneven_note(data, drawn[0][2], of_axes, "line")
    said += axis_limits.cut_off(grouped, limits, bands_called(data))
    caption = data.caption(points["run"].nunique(), of_axes, said)
    height = layout[0] * row + 0.3 + style.legend_in(lines, width)
    grid = style.panels(*layout, width, height, caption, sharex=True)
    for number, ax in enumerate(grid.axes.flat):
        place, panel = number % len(names), number // len(names)
        if panel >= count:
            ax.set_axis_off()
            continue
        _panel(ax, table[table["(panel)"] == number], points[points["(panel)"] == number], lines)
        label = f"{data.captions.curve_name(names[place])} ({data.captions.average})"
        label = text_layout.folded(label, row - 0.4, text_layout.BASE_PT)
        lowest = number + layout[1] >= count * len(names)
        title, ticks = _title(rows, columns, panel, grid), 6 if layout[1] < 4 else 3
        _frame(ax, title, label, data, ticks=ticks, lowest=lowest)
    _align(grid.axes.flat[: count * len(names)], alike, limits, divided)
    if x is not None:
        _along(grid.axes.flat, points["step"].max(), CLOCKS[x])
        table = table.rename(columns={"step": x})
    _arrows(grid.axes.flat, whole, lines)
    style.legend(grid.figure, lines, width)
    return Picture(grid.figure, visible(with_band(data, table)), caption=caption)


def _along(panels: Sequence[Axes], last: float, label: str) -> None:
    """Gives panels another x than steps: its end, and its label where there is one."""
    for ax in panels:
        ax.set_xlim(frame.current().xlim or (0, last * 1.02))
        if ax.get_xlabel():
            ax.set_xlabel(label)


def _arrows(panels: Sequence[Axes], table: pd.DataFrame, lines: Axis | None) -> None:
    """Marks the bands that leave the axes of their panels."""
    for (panel, line), own in table.groupby(["(panel)", "(line)"]):
        colour = style.look(lines, cast(int, line)).colour
        axis_limits.arrows(panels[cast(int, panel)], own["step"], own, colour)


def _alike(panels: Any, metrics: int, tasks: int) -> Any:
    """The first of the panels that show the same metric on the same task as each of `panels`."""
    return panels // metrics % tasks * metrics + panels % metrics


def _divided(table: pd.DataFrame, points: pd.DataFrame, alike: tuple[int, int]) -> set[int]:
    """The groups of panels whose y axis is not linear."""
    parts = (table, "point"), (points, frames.POINT)
    panels = np.concatenate([one["(panel)"] for one, _ in parts])
    values = np.concatenate([one[column] for one, column in parts])
    return axis_limits.divided(_alike(panels, *alike), values)


def _align(
    panels: Sequence[Axes],
    alike: tuple[int, int],
    limits: dict[int, tuple[float, float]],
    divided: set[int],
) -> None:
    """Gives all panels of one metric and task one y axis, with limits where they have some."""
    groups = _alike(np.arange(len(panels)), *alike)
    for group in np.unique(groups):
        own = [ax for ax, its in zip(panels, groups, strict=True) if its == group and ax.lines]
        if not own:
            continue
        if int(group) in divided:
            for ax in own:
                axis_limits.divide(ax)
        ends = [ax.get_ylim() for ax in own]
        whole = min(low for low, _ in ends), max(high for _, high in ends)
        low, high = limits.get(int(group), whole)
        exact = len(own) == 1 or frame.current().ylim or int(group) in divided
        margin = 0.0 if exact else 0.03 * (high - low)
        for ax in own:
            ax.set_ylim(low - margin, high + margin)
            if int(group) in divided:
                axis_limits.label_logarithmic(ax.yaxis)


def _axes(
    data: Data, hue: str | None, facet: str | None, *, tasks: bool
) -> tuple[Axis | None, Axis | None, Axis | None]:
    """The axes of the rows and columns of panels, and of the lines in each; maybe none of tasks."""
    rows = data.axis(facet) if facet not in (None, TASK) else None
    columns = data.axes[TASK] if hue != TASK and tasks else None
    return rows, columns, data.axis(hue) if hue else None


def _drawn(
    data: Data, names: list[str], place: int, axes: list[Axis | None], x: str | None
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The points, the table and the runs of the metric at `place`.

    Panels are numbered over all metrics.
    """
    points, runs = drawn_points(data, names[place], axes, x)
    table = line_points(data, points, runs, axes)
    if len(names) > 1:
        table.insert(0, "metric", names[place])
    points = points[["run", "step", frames.POINT, "(line)", "(panel)"]]
    panels = [part["(panel)"] * len(names) + place for part in (points, table)]
    points, table = (
        part.assign(**{"(panel)": own}) for part, own in zip((points, table), panels, strict=True)
    )
    return points, table, runs


def _chosen(data: Data, hue: str | None, facet: str | None) -> tuple[str | None, str | None]:
    data.choice.check_distinct(hue=hue, facet=facet)
    hue, facet = data.choice.with_study(hue, facet)
    few = (
        facet != TRIAL and len(data.axes[TRIAL].labels) <= MOST["hue"]
        if TRIAL in data.axes
        else False
    )
    hue = hue or (TRIAL if few else data.first([facet], most=MOST["hue"]))
    data.choice.check_few(hue=hue, facet=facet)
    return hue, facet


def _layout(rows: Axis | None, columns: Axis | None, metrics: int) -> tuple[int, tuple[int, int]]:
    """How many panels a metric has, and rows and columns of the grid of all."""
    count = (len(rows.labels) if rows else 1) * (len(columns.labels) if columns else 1)
    return count, _shape(rows, columns) if metrics == 1 else _columns(count, metrics)


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
        every = table[table["(line)"] == line]
        own, look = every[every["whole"]], style.look(lines, line)
        if every.empty:
            continue
        line_marks.fewer(ax, every, look)
        if own.empty:
            continue
        line_marks.along(
            ax,
            own["step"],
            own["point"],
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
        if frame.current().runs or (own["low"].isna().all() and own["n"].max() <= _MOST_SINGLE):
            line_marks.single_curves(ax, points[points["(line)"] == line], own["n"].max(), look)


def _frame(ax: Axes, title: str, label: str, data: Data, *, ticks: int, lowest: bool) -> None:
    """Title, labels and ticks of a panel; those of x only where it is the `lowest`."""
    ax.set(title=title, ylabel=label)
    ax.xaxis.set_major_locator(MaxNLocator(ticks, steps=[1, 2, 2.5, 5, 10]))
    ax.xaxis.set_major_formatter(EngFormatter(sep=""))
    ax.set_xlim(frame.current().xlim or (0, data.steps * 1.02))
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


def _note(data: Data, table: pd.DataFrame) -> str:
    if table.empty:
        return "no full set of runs"
    whole = table[table["whole"]]
    said = "no step that all runs of a line have reached"
    if len(whole):
        known = int(whole["low"].notna().sum())
        said = f"{bands_note(data, known, len(whole))}; n = {span(whole['n'])} a line"
        if frame.current().runs:
            said += "; thin dashed lines are single runs"
        elif (whole["low"].isna() & (whole["n"] <= _MOST_SINGLE)).any():
            said += "; thin lines are single runs"
    fewer = table[~table["whole"]]
    if len(fewer):
        said += (
            f". Dashed, without intervals: from there on only those of a line's runs that went "
            f"so far, n = {span(fewer['n'])}"
        )
    lines = table.drop_duplicates(["(panel)", "(line)"])
    undone = int((~lines["(done)"].astype(bool)).sum())
    if undone:
        said += f". Of configurations that are not complete: {counted(undone, 'line')}"
    return ". ".join(part for part in (said, frame.current().divided) if part)
