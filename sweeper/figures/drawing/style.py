"""The look of all figures: sizes for a journal's columns, colours, markers, panels, legends."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from sweeper.figures.drawing import frame, text_layout
from sweeper.results.axis import TASK, Axis
from sweeper.results.tables import number_text

COLUMN_IN = 3.4
"""Width of a journal's column."""

PAGE_IN = 6.9
"""Width of a journal's page."""

TALLEST_IN = 8.5
"""Height of a journal's page without a caption."""

GREY = "0.88"
HATCH = "////"
NEUTRAL = "0.45"
"""The colour of trials in which the axis that the colours show is inactive."""

COLOURS = "viridis"
MARKERS = "os^Dv<>p"
DASHES: tuple[Any, ...] = (
    "-",
    "--",
    "-.",
    ":",
    (0, (5, 1)),
    (0, (3, 1, 1, 1, 1, 1)),
    (0, (1, 1)),
    (0, (8, 2)),
)

Polygon = list[tuple[float, float]]
"""The corners of a filled area."""

_HANDLE: dict[str, Any] = {"linewidth": 1.3, "markersize": 4.5, "markeredgecolor": "white"}
_LINE_IN = 0.105
_MOST_TICKS = 60
_SMALL_IN = 0.03
_LEAST_ROW_IN = 1.2
_BESIDE_IN = 0.65
"""What stands beside the axes takes so much of the width that a label below them may have."""
_LEAST_PANEL_IN = 1.6
"""Panels beside each other are at least so wide, with what stands beside them."""


_GREY = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color")
"""With what follows them this is seaborn's style `ticks`."""


@contextmanager
def context() -> Iterator[None]:
    """Settings for everything that is drawn and saved inside; none of them leak out."""
    settings: dict[str, Any] = {
        "font.family": text_layout.FONT,
        "font.size": text_layout.BASE_PT,
        "axes.titlesize": text_layout.BASE_PT,
        "axes.labelsize": text_layout.BASE_PT,
        "xtick.labelsize": text_layout.SMALL_PT,
        "ytick.labelsize": text_layout.SMALL_PT,
        "legend.fontsize": text_layout.SMALL_PT,
        "legend.title_fontsize": text_layout.SMALL_PT,
        "axes.linewidth": 0.6,
        "hatch.linewidth": 0.5,
        "hatch.color": "0.55",
        "savefig.dpi": 250,
        "pdf.fonttype": 42,
        "svg.hashsalt": "sweeper",
        "text.parse_math": False,  # a dollar in a name is a dollar
        **dict.fromkeys(_GREY, ".15"),
        "axes.axisbelow": True,
        "lines.solid_capstyle": "round",
        "patch.edgecolor": "w",
        "patch.force_edgecolor": True,
    }
    with mpl.rc_context(settings):  # type: ignore[arg-type, unused-ignore]
        yield


def column_in() -> float:
    """The width of a figure that fits a journal's column, if no other is asked for."""
    return frame.current().width or COLUMN_IN


def page_in() -> float:
    """The width of a figure that needs a journal's page, if no other is asked for."""
    return frame.current().width or PAGE_IN


@dataclass(frozen=True)
class Panels:
    """A figure with a grid of axes [rows × columns] above its caption."""

    figure: Figure
    axes: Any

    @property
    def each_in(self) -> float:
        """The width of a panel and of what stands beside it, in inches."""
        return float(self.figure.get_figwidth()) / int(self.axes.shape[1])


def panels(
    rows: int, columns: int, width: float, height: float, caption: str, **options: Any
) -> Panels:
    """A figure `width` × (`height` + the caption's) inches; `options` are those of `subplots`.

    It says what there is room for in two lines of its caption, and its title.
    """
    text = frame.below(caption, width)
    title, above = frame.title(width)
    below = (text.count("\n") + 1) * _LINE_IN + 0.06 if text else 0.0
    tall = height + below + above
    room = (0, below / tall, 1, height / tall)
    engine = ConstrainedLayoutEngine(rect=room, w_pad=0.04, h_pad=0.04)
    figure = Figure(figsize=(width, tall), layout=engine)
    FigureCanvasAgg(figure)
    if text:
        look: dict[str, Any] = {"fontsize": text_layout.TINY_PT, "color": "0.25"}
        figure.text(0.05 / width, 0.03 / tall, text, va="bottom", **look)
    if title:
        look = {"fontsize": text_layout.TITLE_PT, "ha": "center", "va": "top"}
        figure.text(0.5, 1 - 0.05 / tall, title, **look)
    return Panels(figure, figure.subplots(rows, columns, squeeze=False, **options))


def colours(axis: Axis | None) -> list[Any]:
    """One colour per label: numbers differ in lightness, in their order, and texts in hue."""
    import seaborn as sns  # which imports scipy: heat maps need neither

    if axis is None:
        return [sns.color_palette("colorblind")[0]]
    count = len(axis.known)
    found = list(sns.color_palette("colorblind", count))
    if axis.numeric:
        found = [mpl.colormaps[COLOURS](share) for share in np.linspace(0.0, 0.85, count)]
    return [*found, NEUTRAL] if axis.absent else found


@dataclass(frozen=True)
class Look:
    """What tells one line from another, also without colour."""

    colour: Any
    marker: str
    dash: Any


def look(axis: Axis | None, number: int) -> Look:
    """The look of the line of the label `number` of `axis`."""
    return Look(colours(axis)[number], MARKERS[number], DASHES[number])


def legend(figure: Figure, axis: Axis | None, width: float, *, joined: bool = True) -> None:
    """A legend of the labels of `axis` above all panels; none where there is one line.

    It shows markers alone where points are not `joined`.
    """
    if axis is None:
        return
    handles = [
        Line2D(
            *([], []),
            color=one.colour,
            marker=one.marker,
            linestyle=one.dash if joined else "none",
            **_HANDLE,
        )
        for one in (look(axis, number) for number in range(len(axis.labels)))
    ]
    columns = _legend_columns(axis, width)
    order = [i for first in range(columns) for i in range(first, len(handles), columns)]
    labels = _legend_texts(axis, width)
    figure.legend(
        [handles[i] for i in order],
        [labels[i] for i in order],
        title=text_layout.cut(axis.title, width - 0.3, text_layout.SMALL_PT),
        loc="outside upper center",
        ncols=columns,
        frameon=False,
        handlelength=3.0,
        columnspacing=1.2,
    )


def legend_in(axis: Axis | None, width: float) -> float:
    """The height that the legend takes, in inches."""
    if axis is None:
        return 0.0
    return 0.2 + 0.14 * rows_for(len(axis.labels), _legend_columns(axis, width))


def _legend_texts(axis: Axis, width: float) -> list[str]:
    return [
        text_layout.cut(text, width - 0.7, text_layout.SMALL_PT) for text in number_text.texts(axis)
    ]


def _legend_columns(axis: Axis, width: float) -> int:
    entry = text_layout.widest_in(_legend_texts(axis, width), text_layout.SMALL_PT) + 0.5
    fitting = max(1, min(len(axis.labels), int((width - 0.1) / entry)))
    return math.ceil(len(axis.labels) / rows_for(len(axis.labels), fitting))


def set_x(axes: Axes, places: Any, labels: text_layout.XLabels) -> None:
    """Puts ticks with these labels at `places`."""
    axes.set_xticks(*ticks(places, labels.texts), rotation=0)
    if labels.turned:
        for label in axes.get_xticklabels():
            label.set(rotation=45, ha="right", rotation_mode="anchor")


def ticks(places: Any, texts: list[str]) -> tuple[Any, list[str]]:
    """Places and texts of ticks; of very many of those alone that have a text."""
    if len(texts) <= _MOST_TICKS:
        return places, texts
    return np.asarray(places)[np.array(texts) != ""], [text for text in texts if text]


def edge_pt(wanted: float, cell_in: float) -> float:
    """The width of the lines between cells of `cell_in` inches: 0 where they would hide cells."""
    return wanted if cell_in > _SMALL_IN else 0.0


def square(left: float, bottom: float) -> Polygon:
    """The corners of a cell."""
    return [(left, bottom), (left + 1, bottom), (left + 1, bottom + 1), (left, bottom + 1)]


def hatch(
    axes: Axes, polygons: list[Polygon], *, edge: str, width_pt: float, lines: str = HATCH
) -> None:
    """Fills polygons of as many corners each, as one path: thousands would take seconds."""
    if polygons:
        path = Path.make_compound_path_from_polys(np.array(polygons))
        axes.add_patch(PathPatch(path, fc=GREY, ec=edge, lw=width_pt, hatch=lines))


def empty(axes: Axes, why: str) -> None:
    """Says in a panel why it shows nothing."""
    axes.set_yticks([])
    axes.set_facecolor(GREY)
    axes.text(0.5, 0.5, why, ha="center", va="center", transform=axes.transAxes)


def x_label(axes: Axes, label: str, grid: Panels) -> None:
    """Writes what stands along x below a panel, in two lines where one is too wide."""
    axes.set_xlabel(text_layout.folded(label, grid.each_in - _BESIDE_IN, text_layout.BASE_PT))


def panel_title(axis: Axis, number: int, grid: Panels, width: float | None = None) -> str:
    """What stands above the panel of the label `number` of `axis`: of a task its name alone.

    Where it is wider than `width` inches, or than what a panel with lines has, a task's family is
    left out if no other task has the same name then; what is too wide still is cut.
    """
    texts = number_text.texts(axis)
    text = texts[number] if axis.name == TASK else f"{axis.title} = {texts[number]}"
    width = grid.each_in - 0.6 if width is None else width
    if axis.name == TASK and text_layout.width_in(text, text_layout.BASE_PT) > width:
        names = [one.rpartition("/")[2] for one in texts]
        text = names[number] if names.count(names[number]) == 1 else text
    return text_layout.without_middle(text, width, text_layout.BASE_PT)


def beside(count: int) -> int:
    """How many of `count` panels with lines stand beside each other on a page."""
    found = count if count <= 3 else 2 if count == 4 else 3
    return max(1, min(found, int(page_in() / _LEAST_PANEL_IN)))


def width_of(layout: tuple[int, int]) -> float:
    """The width of a figure: one panel has a journal's column, several its page."""
    return column_in() if layout == (1, 1) else page_in()


def row_in(rows: int, wanted: float) -> float:
    """The height of a row of panels: as `wanted`, less where that would not fit a page."""
    return min(wanted, max(_LEAST_ROW_IN, TALLEST_IN / rows))


def rows_for(count: int, columns: int) -> int:
    """Rows of a grid of `count` panels."""
    return math.ceil(count / columns)
