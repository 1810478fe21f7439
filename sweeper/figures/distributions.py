"""How scores are distributed: the share of runs above any score, a line a value of `hue`."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, cast

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from sweeper.figures.drawing import axis_limits, frame, line_panels, style
from sweeper.figures.drawing.cells.heatmap_cells import interval
from sweeper.figures.drawing.picture import Picture
from sweeper.results.analyses.distributions import profiles, summaries
from sweeper.results.axis import Axis, visible
from sweeper.results.captions import interval_text, span
from sweeper.results.data import VALUE, Data
from sweeper.results.estimates import complete, uneven_note
from sweeper.results.slices.pooling import pooled
from sweeper.results.tables import number_text
from sweeper.score import Array
from sweeper.space.figure_options import MOST
from sweeper.text import counted

_HEIGHT_IN = 1.9
_LEVELS = 101
_MARKS = 8
_MOST_SAID = 8


def draw(
    data: Data,
    *,
    hue: str | None = None,
    facet: str | None = None,
    metric: str | None = None,
) -> Picture:
    """A line a value of `hue`, a panel a value of `facet`: of all runs of their complete trials the
    share that scores above τ (below, where smaller scores are better), the performance profile of
    Agarwal et al. (2021, eq. 5).

    Bands are pointwise: seeds are resampled within each task, and unknown below `MIN_SEEDS` in one.
    The caption has the IQM of each line, and the optimality gap, by which runs miss the
    score 1 on average (0, where smaller is better); of many lines the CSV alone. All panels have
    one x axis, but for those of tasks in a metric's own unit.
    """
    hue, facet = _chosen(data, hue, facet)
    lines, panels = (data.axis(name) if name else None for name in (hue, facet))
    runs = _runs(pooled(data, [panels, lines]), metric, panels, lines)
    shared, below = line_panels.shared(metric, panels), bool(data.minimised(metric))
    parts = [runs] if shared else [own for _, own in runs.groupby("(panel)")]
    found = [_levels(own[VALUE].to_numpy(float)) for own in parts or [runs]]
    tables = [
        profiles(own, levels, [panels, lines], below=below)
        for own, (levels, _) in zip(parts or [runs], found, strict=True)
    ]
    table, beyond = pd.concat(tables), np.concatenate([far for _, far in found])
    table = table.merge(summaries(data, runs, gaps=metric is None), how="left")
    said = _note(table, [panels, lines])
    shown = [name for name in (hue, facet) if name]
    said += uneven_note(data, runs, shown, "line")
    caption = data.caption(len(runs), shown, said + _beyond(beyond))
    grid = _grid(lines, panels, caption, sharex=shared)
    count, columns = len(panels.labels) if panels else 1, grid.axes.shape[1]
    for number, ax in enumerate(grid.axes.flat):
        if number >= count:
            ax.set_axis_off()
            continue
        _panel(ax, table[table["(panel)"] == number], lines)
        lowest = not shared or number + columns >= count
        _frame(ax, data, metric, first=number % columns == 0)
        if lowest:
            _label(ax, data, metric, grid)
        ax.xaxis.set_tick_params(labelbottom=lowest)
        if panels is not None:
            ax.set_title(style.panel_title(panels, number, grid))
    style.legend(grid.figure, lines, grid.figure.get_figwidth())
    return Picture(grid.figure, visible(table), caption=caption)


def _beyond(values: np.ndarray) -> str:
    """What a caption says of the values that the x axis leaves out."""
    if not len(values):
        return ""
    ends = " to ".join(dict.fromkeys(map(number_text.one, (values.min(), values.max()))))
    return f". Beyond the x axis, but counted: {counted(len(values), 'run')} at {ends}"


def _chosen(data: Data, hue: str | None, facet: str | None) -> tuple[str | None, str | None]:
    data.choice.check_distinct(hue=hue, facet=facet)
    hue, facet = data.choice.with_study(hue, facet)
    hue = hue or data.first([facet], most=MOST["hue"])
    data.choice.check_few(hue=hue, facet=facet)
    return hue, facet


def _runs(data: Data, metric: str | None, panels: Axis | None, lines: Axis | None) -> pd.DataFrame:
    """The runs of complete trials that have a value, with the numbers of their panel and line."""
    runs = complete(data.table(metric))
    runs = runs[runs[VALUE].notna()]
    axes = {"(panel)": panels, "(line)": lines}
    runs = runs.assign(**{name: axis.codes(runs) if axis else 0 for name, axis in axes.items()})
    count = len(lines.labels) if lines else 1
    return runs.assign(**{"(cell)": runs["(panel)"] * count + runs["(line)"]})


def _grid(lines: Axis | None, panels: Axis | None, caption: str, *, sharex: bool) -> style.Panels:
    count = len(panels.labels) if panels else 1
    columns = style.beside(count)
    rows, width = (
        style.rows_for(count, columns),
        style.page_in() if count > 1 else style.column_in(),
    )
    height = rows * style.row_in(rows, _HEIGHT_IN) + 0.2 + style.legend_in(lines, width)
    return style.panels(rows, columns, width, height, caption, sharex=sharex, sharey=True)


def _levels(values: Array) -> tuple[Array, Array]:
    """Ascending values to take profiles at, and those of runs that lie beyond them.

    Infinite ones, of runs that diverged, are neither.
    """
    values, asked = values[np.isfinite(values)], frame.current().xlim
    if asked is not None:
        levels = np.linspace(*asked, _LEVELS)
        return levels, values[(values < levels[0]) | (values > levels[-1])]
    if not len(values):
        return np.linspace(0.0, 1.0, _LEVELS), values
    least, most = float(values.min()), float(values.max())
    limits = axis_limits.focus(np.percentile(values, [5, 95]), values)
    low, high = limits or (least, most)
    margin = 0.03 * (high - low) or 0.5
    levels = np.linspace(low - margin, high + margin, _LEVELS)
    return levels, values[(values < levels[0]) | (values > levels[-1])]


def _note(table: pd.DataFrame, axes: list[Axis | None]) -> str:
    if table.empty:
        return "no configuration is complete"
    known = int(table["low"].notna().sum())
    said = f"pointwise {interval_text(known, len(table))}; n = {span(table['n'])} a line"
    lines = axes[1]
    if lines and (lacking := set(range(len(lines.labels))) - set(table["(line)"])):
        without = ", ".join(number_text.texts(lines)[line] for line in sorted(lacking))
        said += f". No configuration is complete of {lines.title} = {without}"
    summaries = table.drop_duplicates(["(panel)", "(line)"])
    gaps = "gap" in table
    what = "IQM (optimality gap)" if gaps else "IQM"
    if len(summaries) > _MOST_SAID:
        return f"{said}. {what}: in the CSV beside this file"
    decimals = number_text.decimals(table["IQM"])
    parts = []
    for own in summaries.to_dict("records"):
        keys = zip(axes, ("(panel)", "(line)"), strict=True)
        names = [number_text.texts(axis)[own[key]] for axis, key in keys if axis]
        gap = f" ({_bounded(own, 'gap', decimals)})" if gaps else ""
        parts.append(f"{', '.join(names)}: {_bounded(own, 'IQM', decimals)}{gap}".lstrip(": "))
    by = " and ".join(axis.title for axis in axes if axis)
    return f"{said}. {what}{f' by {by}' if by else ''}: {'; '.join(parts)}"


def _bounded(own: Mapping[Hashable, Any], name: str, decimals: int) -> str:
    point, low, high = (own[f"{name}{end}"] for end in ("", " low", " high"))
    if np.isnan(point):
        return "unknown, as runs diverged"
    decimals = number_text.enough(point, low, high, decimals)
    text = number_text.fixed(point, decimals)
    return text if np.isnan(low) else f"{text} {interval({'low': low, 'high': high}, decimals)}"


def _panel(ax: Axes, table: pd.DataFrame, lines: Axis | None) -> None:
    for key, own in table.groupby("(line)"):
        line = cast(int, key)
        look = style.look(lines, line)
        ax.plot(
            own["tau"],
            own["point"],
            color=look.colour,
            linestyle=look.dash,
            linewidth=1.2,
            marker=look.marker,
            markersize=3.5,
            markeredgecolor="white",
            markeredgewidth=0.5,
            markevery=(2 * line, _LEVELS // _MARKS),
            zorder=3,
        )
        ax.fill_between(
            own["tau"], own["low"], own["high"], color=look.colour, alpha=0.2, linewidth=0
        )
    if table.empty:
        style.empty(ax, "no configuration is complete")


def _frame(ax: Axes, data: Data, metric: str | None, *, first: bool) -> None:
    what = "score" if metric is None else "value"
    sign = "<" if data.minimised(metric) else ">"
    if ax.lines:
        ax.set_ylim(frame.current().ylim or (-0.02, 1.02))
        ax.axhline(0.5, color="0.6", linewidth=0.5, linestyle=(0, (2, 2)), zorder=1)
    ax.set_ylabel(f"share of runs with {what} {sign} τ" if first else "")
    sns.despine(ax=ax)


def _label(ax: Axes, data: Data, metric: str | None, grid: style.Panels) -> None:
    label = f"{'normalised score' if metric is None else metric} τ, {data.captions.taken(metric)}"
    style.x_label(ax, label, grid)
