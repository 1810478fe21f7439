"""Published numbers beside ours, each with its uncertainty, in the metric's own unit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sweeper.figures.drawing import frame, line_marks, style, text_layout
from sweeper.figures.drawing.picture import Picture
from sweeper.results.axis import TASK, Axis
from sweeper.results.captions import Caption
from sweeper.results.data import Data
from sweeper.results.published import comparison as published_comparison
from sweeper.results.published.comparison import Comparison
from sweeper.results.tables import number_text, table_text
from sweeper.results.tables.wording import bounds

_ROW_IN = 1.6
_HEIGHT_IN = 2.2
_AROUND_IN = 0.75
"""What stands beside the axes of a panel takes so much of its width."""

_BESIDE_IN = 0.6
"""A panel's title is so much narrower than its share of the page."""

_LEGEND_IN = 0.16
_APART = 0.3
"""How far the marks of one configuration lie apart, as a share of the room it has."""

_PUBLISHED = "0.25"
_MARKERS = "sD^v"
"""The shapes of papers' marks, which are open; ours is a disc."""


def draw(data: Data, *, metric: str | None = None) -> Picture:
    """A panel a task, in it for each configuration what is published and what we found.

    Of numbers over all tasks it is a panel a statistic, and the study needs as many tasks.

    Bars are what a paper prints after its ± and our 95 % interval; where that is unknown our single
    runs are drawn. A question mark stands beside a published number that is hardly right.
    Configurations and tasks of which nothing is published are left out.
    """
    comparison = published_comparison.comparison(data, metric)
    caption = comparison.caption()
    configurations = tuple(comparison.configurations)
    across = Axis(", ".join(data.choice.titles(comparison.axes)), configurations, numeric=False)
    unknown = comparison.cells["low"].isna() & comparison.cells["point"].notna()
    if unknown.any() and len(comparison.runs):
        caption = Caption(f"{caption} Small faint marks are our single runs.", caption.parts)
    grid, layout = _grid(comparison, across, caption)
    label = comparison.label
    for number, ax in enumerate(grid.axes.flat):
        if number >= layout.count:
            ax.set_axis_off()
            continue
        _panel(ax, comparison, number)
        _frame(ax, across, layout, number)
        folded = text_layout.folded(label, layout.height, text_layout.BASE_PT)
        ax.set_ylabel(folded if number % layout.columns == 0 else "")
        title = text_layout.without_middle(
            comparison.tasks[number], grid.each_in - _BESIDE_IN, text_layout.BASE_PT
        )
        ax.set_title(title)
    _legend(grid.figure, comparison)
    return Picture(grid.figure, comparison.table, _text(comparison), caption)


@dataclass(frozen=True)
class _Layout:
    """How panels are arranged, and the height of the axes of one, in inches."""

    count: int
    columns: int
    height: float
    x: text_layout.XLabels


def _grid(comparison: Comparison, across: Axis, caption: str) -> tuple[style.Panels, _Layout]:
    count = len(comparison.tasks)
    columns = style.beside(count)
    rows = style.rows_for(count, columns)
    page = style.column_in() if count == 1 else style.page_in()
    inches = (across.places + 0.5) / len(across.labels) * (page / columns - _AROUND_IN)
    ticks = text_layout.x_labels(number_text.texts(across), inches, numeric=False)
    row = _HEIGHT_IN if count == 1 else style.row_in(rows, _ROW_IN)
    height = rows * row + ticks.height + _LEGEND_IN * (len(comparison.sources) + 1)
    grid = style.panels(rows, columns, page, height, caption, sharex=True)
    return grid, _Layout(count, columns, row - 0.4, ticks)


def _frame(ax: Axes, across: Axis, layout: _Layout, number: int) -> None:
    """Ticks and label of x: only below the lowest panel of a column."""
    lowest = number + layout.columns >= layout.count
    style.set_x(ax, across.places, layout.x)
    ax.xaxis.set_tick_params(labelbottom=lowest)
    ax.set_xlim(-0.5, len(across.labels) - 0.5)
    ax.set_xlabel(across.title if lowest else "", visible=lowest)
    if (asked := frame.current().ylim) is not None:
        ax.set_ylim(asked)


def _panel(ax: Axes, comparison: Comparison, number: int) -> None:
    """The marks of one task, those of a configuration beside each other."""
    offsets = np.linspace(-0.5, 0.5, len(comparison.sources) + 1) * _APART
    cells = comparison.cells[comparison.cells["(panel)"] == number]
    numbers = comparison.numbers[comparison.numbers["(cell)"].isin(cells.index)]
    for place, source in enumerate(comparison.sources):
        own = numbers[numbers["source"] == source]
        ax.errorbar(
            cells["(at)"][own["(cell)"]] + offsets[place],
            own["value"],
            yerr=own["spread"].to_numpy(float),
            **_look(comparison, source),
        )
        for _, one in own[comparison.doubtful[own.index]].iterrows():
            _doubt(ax, cells["(at)"][one["(cell)"]] + offsets[place], one["value"])
    ours = cells.assign(**{"(at)": cells["(at)"] + offsets[-1]})
    reach = (ours["point"] - ours["low"], ours["high"] - ours["point"])
    look = _look(comparison, None)
    ax.errorbar(ours["(at)"], ours["point"], yerr=np.maximum(0, reach), zorder=3, **look)
    if len(comparison.runs):
        line_marks.runs(ax, ours, comparison.runs, style.look(None, 0))
    ax.grid(axis="y", linewidth=0.4, color="0.9")
    sns.despine(ax=ax)


def _doubt(ax: Axes, at: float, value: float) -> None:
    """Puts a question mark beside a published number."""
    said: dict[str, Any] = {"ha": "right", "va": "center", "color": _PUBLISHED}
    said["fontsize"] = text_layout.SMALL_PT
    ax.annotate("?", (at, value), (-3, 0), "data", "offset points", gid="doubtful", **said)


def _look(comparison: Comparison, source: str | None) -> dict[str, Any]:
    """How the marks of `source`, or ours, are drawn."""
    colour = _PUBLISHED if source else style.colours(None)[0]
    marker = _MARKERS[comparison.sources.index(source) % len(_MARKERS)] if source else "o"
    return {
        "color": colour,
        "marker": marker,
        "markersize": 4.2,
        "markerfacecolor": "white" if source else colour,
        "linestyle": "none",
        "elinewidth": 1.0,
        "capsize": 2.0,
    }


def _legend(figure: Figure, comparison: Comparison) -> None:
    names: list[str | None] = [*comparison.sources, None]
    keys = ("color", "marker", "markersize", "markerfacecolor", "linestyle")
    looks = [_look(comparison, name) for name in names]
    figure.legend(
        [Line2D([], [], **{key: look[key] for key in keys}) for look in looks],
        [f"published: {name}" if name else f"ours: {comparison.data.name}" for name in names],
        loc="outside upper center",
        ncols=1 if len(comparison.tasks) == 1 else len(names),
        frameon=False,
    )


def _text(comparison: Comparison) -> str:
    """The numbers side by side, and what must be known of some of them."""
    notes = [
        (note, rows)
        for note, rows in comparison.notes.items()
        if len(rows) < len(comparison.numbers)
    ]
    titles = comparison.data.choice.titles(comparison.axes)
    header = [TASK, *titles, f"published {comparison.metric}", "n", "ours", "n"]
    rows = [
        _row(comparison, row, [f"[{k}]" for k, (_, own) in enumerate(notes, 1) if index in own])
        for index, row in enumerate(comparison.table.to_dict("records"))
    ]
    lines = [*table_text.aligned([header, *rows])]
    lines += [f"[{number}] {note}" for number, (note, _) in enumerate(notes, 1)]
    return "\n".join(lines)


def _row(comparison: Comparison, row: Mapping[Any, Any], marked: list[str]) -> list[str]:
    seeds = row["published_seeds"]
    spread = f" ± {row['spread']:g}" if math.isfinite(row["spread"]) else ""
    return [
        row[TASK],
        *(row[axis] for axis in comparison.axes),
        "".join([f"{row['published']:g}{spread}", *marked]),
        f"{seeds:g}" if math.isfinite(seeds) else "",
        _ours(comparison, row),
        str(row["n"]),
    ]


def _ours(comparison: Comparison, row: Mapping[Any, Any]) -> str:
    if not math.isfinite(row["point"]):
        lost = "diverged" if row["n"] else "incomplete"
        missing = "not in this part" if comparison.data.origin.part else "not in the study"
        return lost if row["planned"] else missing
    places = number_text.decimals([row["point"]])
    said = bounds(row["low"], row["high"], lambda end: number_text.fixed(end, places))
    return f"{number_text.fixed(row['point'], places)} ({said})"
