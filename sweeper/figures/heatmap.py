"""Scores over two axes: IQM, interval and number of runs in each cell."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sweeper.figures.drawing import style, text_layout
from sweeper.figures.drawing.cells import heatmap_cells
from sweeper.figures.drawing.cells.shades import Shades, colour_bar, shades_of
from sweeper.figures.drawing.picture import Picture
from sweeper.results.axis import BINS, Axis, Binned, binned, visible
from sweeper.results.captions import interval_text, span
from sweeper.results.data import Data
from sweeper.results.estimates import averaged, ends, estimate, uneven_note
from sweeper.results.slices.pooling import pooled
from sweeper.results.tables import number_text

_MAX_PANELS = 6
_TEXT_IN = (0.5, 0.8)


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
    grey and hatched, white where the grid holds none at all; a hatched corner marks those that lack
    some of their trials. Numbers that a sampler drew are binned.
    """
    x, y, facet = _chosen(data, x, y, facet)
    across, up, panels = (binned(data.axis(name)) if name else None for name in (x, y, facet))
    assert across is not None
    runs = pooled(data, [across, up, panels]).table(metric)
    table = _cells(data, runs, [across, up, panels])
    decimals = number_text.decimals(table["point"])
    said = [heatmap_cells.lines(cell, decimals) for cell in table.to_dict("records")]
    widest = text_layout.widest_in([line for lines in said for line in lines], text_layout.TINY_PT)
    wanted = float(np.clip(widest + 0.04, *_TEXT_IN))
    layout = heatmap_cells.layout(across, up, panels, wanted)
    shown = [name for name in (x, y, facet) if name]
    shades = shades_of(table["point"], smaller=data.minimised(metric), scored=metric is None)
    known = _note(table, said, layout) + _binned([across, up, panels])
    known += uneven_note(data, averaged(runs), shown, "cell")
    known += f". {shades.said('cells').capitalize()}" if table["point"].notna().any() else ""
    caption = data.caption(int(table["n"].sum()), shown, known)
    grid = style.panels(layout.rows, layout.columns, layout.width, layout.height, caption)
    for number, ax in enumerate(grid.axes.flat):
        if number >= layout.panels:
            ax.set_axis_off()
            continue
        _panel(ax, table[table["(panel)"] == number], shades, layout)
        _label(ax, across, up, layout, first=number % layout.columns == 0)
        if panels is not None:
            room = layout.cell_width * len(across.labels) + 0.1
            ax.set_title(style.panel_title(panels, number, grid, room))
    _write(grid, table, said, shades, layout)
    label = data.value_label(metric, shown)
    label = text_layout.folded(label, layout.beside, text_layout.BASE_PT, lines=4)
    aspect = max(8, 10 * layout.height)
    colour_bar(grid.figure, grid.axes.flat, shades, label, aspect=aspect, pad=0.02)
    return Picture(grid.figure, visible(table), caption=caption)


def _chosen(
    data: Data, x: str | None, y: str | None, facet: str | None
) -> tuple[str, str | None, str | None]:
    data.choice.check_distinct(x=x, y=y, facet=facet)
    (facet,) = data.choice.with_study(facet, given=[x, y])
    x = x or data.first([y, facet], numeric=True) or data.first([y, facet]) or next(iter(data.axes))
    y = y or data.first([x, facet], numeric=True)
    facet = facet or data.first([x, y], most=_MAX_PANELS)
    data.choice.check_distinct(x=x, y=y, facet=facet)
    data.choice.check_few(facet=facet)
    return x, y, facet


def _cells(data: Data, runs: pd.DataFrame, axes: list[Axis | None]) -> pd.DataFrame:
    """One row a cell of the grid, also of those without a run.

    Gives `runs` the column `(cell)`, their row.
    """
    shape = [len(axis.labels) if axis else 1 for axis in axes]
    codes = [axis.codes(runs) if axis else np.zeros(len(runs), int) for axis in axes]
    column, row, panel = np.indices(shape).reshape(3, -1)
    table = pd.DataFrame({"(panel)": panel, "(row)": row, "(column)": column})
    for axis, code in zip(reversed(axes), (panel, row, column), strict=True):
        if axis is not None:
            table[axis.column] = [axis.labels[number] for number in code]
    runs["(cell)"] = np.ravel_multi_index(codes, shape)
    estimate(table, runs, data.how)
    return table.assign(**ends(runs, len(table)))


def _note(table: pd.DataFrame, said: list[list[str]], layout: heatmap_cells.Layout) -> str:
    known, count = int(table["low"].notna().sum()), int(table["point"].notna().sum())
    if not count:
        return "no configuration is complete"
    text = f"{interval_text(known, count)}; n = {span(table['n'])} a cell"
    if any(layout.says(lines) != lines for lines in said):
        text += " (what has no room in a cell stands in the CSV beside this file)"
    if ((table["n"] < table["planned"]) & table["point"].notna()).any():
        text += ". Hatched corner: some of the cell's configurations failed or are unfinished"
    if (table["planned"] == 0).any():
        text += ". White: no configuration"
    return text


def _binned(axes: list[Axis | None]) -> str:
    names = [axis.title for axis in axes if isinstance(axis, Binned)]
    if not names:
        return ""
    return f". A sampler drew {' and '.join(names)}: {BINS} bins each, labelled by their middles"


def _panel(ax: Axes, table: pd.DataFrame, shades: Shades, layout: heatmap_cells.Layout) -> None:
    """The colours, the first row on top (seaborn's heatmap would draw the figure once a panel)."""
    points = table.pivot(index="(row)", columns="(column)", values="point").to_numpy(float)
    shown = np.ma.masked_invalid(points)
    colours, norm = shades.colours, shades.norm
    ax.pcolormesh(shown, edgecolors="white", lw=layout.edge_pt, cmap=colours, norm=norm)
    ax.set(xlim=(0, points.shape[1]), ylim=(points.shape[0], 0), xticks=[], yticks=[])
    ax.spines[:].set_visible(False)


def _write(
    grid: style.Panels,
    table: pd.DataFrame,
    said: list[list[str]],
    shades: Shades,
    layout: heatmap_cells.Layout,
) -> None:
    """Hatches the cells that lack something, and writes into all of them."""
    for number in range(layout.panels):
        own = table[table["(panel)"] == number].to_dict("records")
        heatmap_cells.hatch(grid.axes.flat[number], own, layout)
    for cell, lines in zip(table.to_dict("records"), said, strict=True):
        ax = grid.axes.flat[cell["(panel)"]]
        heatmap_cells.paint(ax, cell, layout.says(lines), shades, layout)


def _label(ax: Axes, x: Axis, y: Axis | None, layout: heatmap_cells.Layout, *, first: bool) -> None:
    """Ticks and labels; those of y only on the first panel of a row, numbers upwards."""
    style.set_x(ax, np.arange(len(x.labels)) + 0.5, layout.x)
    wide = layout.cell_width * len(x.labels) + (0.4 if layout.columns == 1 else 0.0)
    ax.set_xlabel(text_layout.cut(x.title, wide, text_layout.BASE_PT))
    ax.tick_params(length=2, width=0.5)
    if y is None:
        return
    if y.numeric:
        ax.invert_yaxis()
    places = np.arange(len(y.labels)) + 0.5
    texts = heatmap_cells.y_labels(y, layout.cell_height)
    kept = [number for number, text in enumerate(texts) if text]
    ax.set_yticks(places[kept], [texts[number] if first else "" for number in kept])
    if first:
        tall = layout.cell_height * len(y.labels)
        ax.set_ylabel(text_layout.folded(y.title, tall + 0.3, text_layout.BASE_PT))
