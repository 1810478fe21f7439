"""All configurations at once: parallel coordinates, and the score over every two axes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sweeper.errors import NothingToShow
from sweeper.figures.drawing import parallel_coordinates, style, text_layout
from sweeper.figures.drawing.cells.shades import Shades, colour_bar, shades_of
from sweeper.figures.drawing.picture import Picture
from sweeper.results.analyses.axis_pairs import pair_cells
from sweeper.results.axis import BINS, Axis, Binned, binned, visible
from sweeper.results.captions import UNKNOWN
from sweeper.results.data import Data
from sweeper.results.estimates import trials
from sweeper.results.tables import number_text
from sweeper.text import agreed, counted

MOST_AXES = 8
"""So many axes are shown; of more the first ones."""

_PARALLEL_IN = 1.6
_SIDE_IN = (0.6, 1.0)
_AROUND_IN = 0.7
_BESIDE_IN = 1.5
_GAP_IN = 0.13


def draw(data: Data, *, metric: str | None = None) -> Picture:
    """Above, a line a complete configuration, through its values to its score; below, for every
    two axes, cells that pool all runs of the complete configurations with these two values.

    Cells without a complete configuration are grey and hatched, white where there is none at all.
    Numbers that a sampler drew are binned below. The CSV has a row a configuration, with its
    interval, and then a row a cell, without one: `heatmap` shows two axes with intervals.
    """
    names = data.choice.independent or [name for name, axis in data.axes.items() if axis.searched]
    if not names:
        raise NothingToShow(f"pairs has nothing to show: {data.name} has no axis")
    names = names[: MOST_AXES if data.choice.independent else 1]
    axes = [data.axes[name] for name in names]
    runs = data.table(metric)
    table = trials(data, runs)
    cells = pair_cells(data, runs, [binned(axis) for axis in axes])
    smaller, scored = data.minimised(metric), metric is None
    lines, squares = (
        shades_of(some["point"], smaller=smaller, scored=scored) for some in (table, cells)
    )
    said = _note(data, table, cells, axes, (lines, squares))
    caption = data.caption(int(table["n"].sum()), data.varied, said)
    label = data.value_label(metric, data.varied)
    grid, side = _grid(len(axes) - 1, caption)
    top = _merged(grid)
    if table["point"].isna().all():
        style.empty(top, "no configuration is complete")
        top.set_xticks([])
    else:
        size = (grid.figure.get_figwidth() - _BESIDE_IN, _PARALLEL_IN)
        parallel_coordinates.paint(top, table, axes, lines, size)
        _colour_bar(grid.figure, [top], lines, label, _PARALLEL_IN)
    if len(axes) > 1:
        below = grid.axes[1:]
        _corner(below, cells, [binned(axis) for axis in axes], squares, side)
        tall = max(1.0, len(below) * side)
        _colour_bar(grid.figure, below.ravel(), squares, f"cells: {label}", tall)
    table = table.drop(columns="planned").astype({"trial": "Int64"})
    return Picture(
        grid.figure, visible(pd.concat([table, cells], ignore_index=True)), caption=caption
    )


def _grid(count: int, caption: str) -> tuple[style.Panels, float]:
    """A row of panels above `count` × `count` others, and the side of these in inches."""
    width = style.column_in() if count < 3 else style.page_in()
    side = float(np.clip((width - _BESIDE_IN) / max(1, count), *_SIDE_IN))
    heights = [_PARALLEL_IN + 0.3, *[side] * count]
    height = sum(heights) + _AROUND_IN * (count > 0)
    options = {"gridspec_kw": {"height_ratios": heights}}
    made = style.panels(len(heights), max(1, count), width, height, caption, **options)
    return made, side


def _corner(
    grid: npt.NDArray[Any],
    cells: pd.DataFrame,
    axes: list[Axis],
    shades: Shades,
    side: float,
) -> None:
    """The cells of every two axes, in the panels of `grid` at and below its diagonal."""
    for (row, column), ax in np.ndenumerate(grid):
        if column > row:
            ax.set_axis_off()
            continue
        own = cells[(cells["(row)"] == row + 1) & (cells["(column)"] == column)]
        x, y = axes[column], axes[row + 1]
        _panel(ax, own, (len(y.labels), len(x.labels)), side, shades)
        _label(ax, x, y, side - _GAP_IN, row == len(grid) - 1, column == 0)


def _merged(grid: style.Panels) -> Axes:
    """One panel instead of those of the first row."""
    spec = grid.axes[0, 0].get_gridspec()
    for ax in grid.axes[0]:
        ax.remove()
    top: Axes = grid.figure.add_subplot(spec[0, :])
    return top


def _panel(
    ax: Axes,
    cells: pd.DataFrame,
    shape: tuple[int, int],
    side: float,
    shades: Shades,
) -> None:
    points = np.ma.masked_invalid(cells["point"].to_numpy(float).reshape(shape))
    edge_pt = style.edge_pt(0.3, side / max(shape))
    colours, norm = shades.colours, shades.norm
    ax.pcolormesh(points, edgecolors="white", lw=edge_pt, cmap=colours, norm=norm)
    gaps = cells[cells["point"].isna() & (cells["(planned)"] > 0)]
    squares = [style.square(*corner) for corner in zip(gaps["(x)"], gaps["(y)"], strict=True)]
    style.hatch(ax, squares, edge="white", width_pt=edge_pt)
    ax.set(xlim=(0, shape[1]), ylim=(0, shape[0]), xticks=[], yticks=[])
    ax.spines[:].set_visible(False)


def _label(ax: Axes, x: Axis, y: Axis, side: float, lowest: bool, first: bool) -> None:
    """Names and values, of x below the lowest panel of a column, of y beside the first of a row."""
    ax.tick_params(length=1.5, width=0.4, pad=1.5, labelsize=text_layout.TINY_PT)
    if lowest:
        _label_x(ax, x, side)
    if not y.numeric:
        ax.invert_yaxis()
    if first:
        places = np.arange(len(y.labels)) + 0.5
        kept = text_layout.spaced(places / len(y.labels) * side, 0.11)
        texts = [
            text_layout.without_middle(text, 0.6, text_layout.TINY_PT)
            for text in number_text.texts(y)
        ]
        shown = [text if i in kept else "" for i, text in enumerate(texts)]
        ax.set_yticks(*style.ticks(places, shown))
        ax.set_ylabel(
            text_layout.named(y.title, side, text_layout.SMALL_PT), size=text_layout.SMALL_PT
        )


def _label_x(ax: Axes, x: Axis, side: float) -> None:
    """Upright values where they do not fit beside each other; they must not widen the panel."""
    places = np.arange(len(x.labels)) + 0.5
    texts = [
        text_layout.without_middle(text, 0.6, text_layout.TINY_PT) for text in number_text.texts(x)
    ]
    wide = text_layout.widest_in(texts, text_layout.TINY_PT)
    upright = wide > 0.92 * side / len(texts)
    if upright:
        kept = text_layout.spaced(places / len(texts) * side, 0.11)
        texts = [text if i in kept else "" for i, text in enumerate(texts)]
    ax.set_xticks(*style.ticks(places, texts), rotation=90 if upright else 0)
    for text in ax.get_xticklabels():
        text.set_in_layout(False)
    ax.set_xlabel(
        text_layout.named(x.title, side, text_layout.SMALL_PT),
        size=text_layout.SMALL_PT,
        labelpad=72 * (wide if upright else 0.1) + 5,
    )


def _colour_bar(figure: Figure, axes: Any, shades: Shades, label: str, height: float) -> None:
    """The colours at the right of `axes`; the label is folded to `height` inches."""
    text = text_layout.folded(label, height, text_layout.BASE_PT, lines=3)
    colour_bar(figure, axes, shades, text, aspect=12 * height, pad=0.0)


def _note(
    data: Data,
    table: pd.DataFrame,
    cells: pd.DataFrame,
    axes: list[Axis],
    shades: tuple[Shades, Shades],
) -> str:
    lines, squares = shades
    if table["point"].isna().all():
        return "no configuration is complete"
    count = int(table["point"].notna().sum())
    first = "best" if lines.better else "largest"
    said = [
        f"above: {counted(count, 'complete configuration')}, {lines.said('of them')}, the {first} "
        "one black, each at the right at its score; within a value they stand in the order of "
        "their scores"
    ]
    if len(axes) > 1:
        below = "below: all runs of complete configurations with two values, over all others"
        said.append(f"{below}, {squares.said('cells')}" if squares.beyond else below)
    lacking = int(cells["n"].between(1, cells["(planned)"] - 1).sum()) if len(cells) else 0
    if lacking:
        lack = agreed(lacking, "lacks", "lack")
        said.append(f"{counted(lacking, 'cell')} below {lack} some configurations")
    bins = [axis.title for axis in axes if isinstance(binned(axis), Binned)]
    if bins and len(axes) > 1:
        said.append(f"a sampler drew {', '.join(bins)}: {BINS} bins each below")
    left = data.choice.independent[MOST_AXES:]
    if left:
        said.append(f"not shown, beyond {MOST_AXES} axes: {', '.join(data.choice.titles(left))}")
    known = table["low"].notna().sum()
    said.append(
        "intervals stand in the CSV beside this file"
        if known
        else f"intervals are unknown: {UNKNOWN}"
    )
    return ". ".join(part[0].upper() + part[1:] for part in said)
