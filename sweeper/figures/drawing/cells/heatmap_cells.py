"""The cells of a heat map: how large they are, what they say, how they are drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from sweeper.figures.drawing import style, text_layout
from sweeper.figures.drawing.cells.shades import Shades
from sweeper.results.axis import Axis
from sweeper.results.tables import number_text
from sweeper.results.tables.wording import NO_SPREAD, has_no_width

_ROW_IN = 0.40
_LEAST_IN = 1.35
_LABEL_IN = 0.9
_BAR_IN = 0.55
_CORNER_IN = 0.12
_LEADING = 1.15
_NARROW_IN = 0.45
_EDGE_PT = 0.6

Cell = Mapping[Any, Any]


@dataclass(frozen=True)
class Layout:
    """How panels and cells are arranged; all sizes in inches."""

    panels: int
    rows: int
    columns: int
    width: float
    height: float
    cell_width: float
    cell_height: float
    x: text_layout.XLabels

    @property
    def beside(self) -> float:
        """The height that a label beside all panels may take."""
        return self.height - _around(self.x, self.panels) + 0.05

    @property
    def edge_pt(self) -> float:
        """The width of the white lines between cells."""
        return style.edge_pt(_EDGE_PT, min(self.cell_width, self.cell_height))

    @property
    def sizes_pt(self) -> tuple[float, ...]:
        """Letters of the lines in a cell: the value's larger where cells are wide enough."""
        value = text_layout.BASE_PT if self.cell_width > _NARROW_IN else text_layout.TINY_PT
        return (value, text_layout.TINY_PT, text_layout.TINY_PT)

    def says(self, lines: Sequence[str]) -> list[str]:
        """Those of `lines`, the most important first, that fit into a cell; of counts, n."""
        said: list[str] = []
        height = 0.0
        for line, size in zip(lines, self.sizes_pt, strict=False):
            height += _LEADING * size / 72
            least = line.partition(", ")[0] if line.startswith("n=") else line
            fitting = [
                text
                for text in (line, least)
                if text_layout.width_in(text, size) <= 0.97 * self.cell_width
            ]
            if fitting and height <= self.cell_height:
                said.append(fitting[0])
        return said


def layout(x: Axis, y: Axis | None, facet: Axis | None, text_in: float) -> Layout:
    """As many panels beside each other as leave `text_in` inches for the text in the cells.

    A journal's column wide where that is enough, else a page.
    """
    panels = len(facet.labels) if facet else 1
    labels = 0.45 + (y_label_width(y) if y else 0.0) + _BAR_IN
    panel = len(x.labels) * text_in + 0.12
    column = style.column_in()
    width = column if panels * panel + labels <= column else style.page_in()
    columns = max(1, min(panels, int((width - labels) / panel)))
    columns = math.ceil(panels / style.rows_for(panels, columns))
    found = _arranged(columns, panels, width, labels, x, y)
    while found.height > style.TALLEST_IN and columns < panels:
        columns += 1
        found = _arranged(columns, panels, width, labels, x, y)
    return _lowered(found, len(y.labels) if y else 1)


def _arranged(
    columns: int, panels: int, width: float, labels: float, x: Axis, y: Axis | None
) -> Layout:
    cell = ((width - labels) / columns - 0.12) / len(x.labels)
    places = cell * np.arange(len(x.labels))
    ticks = text_layout.x_labels(number_text.texts(x), places, numeric=x.numeric)
    rows = style.rows_for(panels, columns)
    height = rows * ((len(y.labels) if y else 1) * _ROW_IN + _around(ticks, panels))
    return Layout(panels, rows, columns, width, height, cell, _ROW_IN, ticks)


def _lowered(found: Layout, rows: int) -> Layout:
    """The layout with a height that fits a page and its colour bar."""
    height = float(np.clip(found.height, _LEAST_IN, style.TALLEST_IN))
    row = (height / found.rows - _around(found.x, found.panels)) / rows
    return replace(found, height=height, cell_height=row)


def _around(ticks: text_layout.XLabels, panels: int) -> float:
    """The height of a panel's ticks, label and title."""
    return 0.3 + ticks.height + (0.2 if panels > 1 else 0.0)


def y_label_width(y: Axis) -> float:
    """The width that the tick labels of `y` take, in inches."""
    return min(_LABEL_IN, text_layout.widest_in(number_text.texts(y), text_layout.SMALL_PT))


def y_labels(y: Axis, cell_height: float) -> list[str]:
    """The tick labels of `y`, folded to fit; empty are those that have no room."""
    texts = [
        text_layout.folded(text, _LABEL_IN, text_layout.SMALL_PT) for text in number_text.texts(y)
    ]
    kept = text_layout.spaced(cell_height * np.arange(len(texts)), 0.11)
    return [text if number in kept else "" for number, text in enumerate(texts)]


def lines(cell: Cell, decimals: int) -> list[str]:
    """What a cell says, most important first: value, interval, n; or why it is empty."""
    if np.isnan(cell["point"]):
        return _gap(cell)
    decimals = number_text.enough(cell["point"], cell["low"], cell["high"], decimals)
    said = [number_text.fixed(cell["point"], decimals)]
    if not np.isnan(cell["low"]):
        said.append(interval(cell, decimals))
    counts = [
        (int(cell[state]), word) for state, word in (("failed", "failed"), ("nan", "diverged"))
    ]
    return [*said, ", ".join([f"n={int(cell['n'])}", *(f"{n} {word}" for n, word in counts if n)])]


def interval(cell: Cell, decimals: int) -> str:
    """The interval as a cell shows it."""
    low, high = cell["low"], cell["high"]
    if has_no_width(low, high):
        return NO_SPREAD
    return f"[{number_text.fixed(low, decimals)}, {number_text.fixed(high, decimals)}]"


def _gap(cell: Cell) -> list[str]:
    diverged, others = ("nan", "diverged"), [("failed", "failed"), ("pruned", "pruned")]
    others.append(("scored", "unfinished") if cell["missing"] else diverged)
    for state, word in ([diverged] if cell["n"] else []) + others:
        if cell[state]:
            return [word, f"{int(cell[state])} of {int(cell['planned'])}"]
    if cell["scored"]:
        return ["no value"]
    return ["missing"] if cell["planned"] else []


def hatch(ax: Axes, own: Sequence[Cell], size: Layout) -> None:
    """Hatches the cells without a value, and a corner of those that lack some of their runs.

    A cell that no trial belongs to stays white.
    """
    gaps = [cell for cell in own if np.isnan(cell["point"]) and cell["planned"]]
    drawn = [cell for cell in own if not np.isnan(cell["point"])]
    lacking = [cell for cell in drawn if cell["n"] < cell["planned"]]
    whole = [style.square(cell["(column)"], cell["(row)"]) for cell in gaps]
    corners = [_corner(cell, size, down=ax.yaxis_inverted()) for cell in lacking]
    style.hatch(ax, whole, edge="white", width_pt=size.edge_pt)
    style.hatch(ax, corners, edge="0.3", width_pt=0.3, lines=2 * style.HATCH)


def _corner(cell: Cell, size: Layout, *, down: bool) -> style.Polygon:
    """The upper right corner of a cell, on an axis whose rows go `down` or up."""
    wide = min(_CORNER_IN / size.cell_width, 0.5)
    tall = min(_CORNER_IN / size.cell_height, 0.5)
    right, top = cell["(column)"] + 1, cell["(row)"] + (0 if down else 1)
    return [(right, top), (right - wide, top), (right, top + (tall if down else -tall))]


def paint(ax: Axes, cell: Cell, said: Sequence[str], shades: Shades, size: Layout) -> None:
    """Writes `said` into a cell."""
    left, bottom = float(cell["(column)"]), float(cell["(row)"])
    empty = bool(np.isnan(cell["point"]))
    heights = [_LEADING * points for points in size.sizes_pt[: len(said)]]
    at = sum(heights) / 2
    for line, points, height in zip(said, size.sizes_pt, heights, strict=False):
        ax.annotate(
            line,
            (left + 0.5, bottom + 0.5),
            (0, at - height / 2),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=text_layout.TINY_PT if empty else points,
            color="black" if empty else ink(shades.of(cell["point"])),
            bbox={"fc": style.GREY, "ec": "none", "pad": 0.6}
            if empty and cell["planned"]
            else None,
        ).set_in_layout(False)
        at -= height


def ink(background: Any) -> str:
    """Black or white, whichever stands out more from a background of this colour (WCAG 2)."""
    colour = np.array(background[:3])
    linear = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
    luminance = float(linear @ [0.2126, 0.7152, 0.0722])
    return "white" if 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.05 else "black"
