"""How all figures look: sizes for a journal's columns, colours, markers, numbers as text."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.textpath import TextPath

from sweeper.figures.data import Axis, wrapped

COLUMN_IN = 3.4
"""Width of a journal's column."""

PAGE_IN = 6.9
"""Width of a journal's page."""

TINY_PT = 6.0
SMALL_PT = 6.5
BASE_PT = 7.5

GREY = "0.88"
HATCH = "////"
COLOURS = "viridis"
MARKERS = "osD^vPX*"
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

_LINE_IN = 0.105
_CHARACTERS_PER_IN = 22.5


@contextmanager
def context() -> Iterator[None]:
    """Settings for everything that is drawn and saved inside; none of them leak out."""
    settings = {
        "font.family": "DejaVu Sans",
        "font.size": BASE_PT,
        "axes.titlesize": BASE_PT,
        "axes.labelsize": BASE_PT,
        "xtick.labelsize": SMALL_PT,
        "ytick.labelsize": SMALL_PT,
        "legend.fontsize": SMALL_PT,
        "legend.title_fontsize": SMALL_PT,
        "axes.linewidth": 0.6,
        "hatch.linewidth": 0.5,
        "hatch.color": "0.55",
        "savefig.dpi": 250,
        "pdf.fonttype": 42,
        "mathtext.default": "regular",
    }
    with mpl.rc_context({**sns.axes_style("ticks"), **settings}):
        yield


@dataclass(frozen=True)
class Panels:
    """A figure with a grid of axes [rows × columns] above its caption."""

    figure: Figure
    axes: Any


def panels(
    rows: int, columns: int, width: float, height: float, caption: str, **options: Any
) -> Panels:
    """A figure `width` × (`height` + the caption's) inches; `options` are those of `subplots`."""
    text = wrapped(caption, int(width * _CHARACTERS_PER_IN))
    below = (text.count("\n") + 1) * _LINE_IN + 0.06
    figure = Figure(figsize=(width, height + below), layout="constrained")
    FigureCanvasAgg(figure)
    share = below / (height + below)
    figure.get_layout_engine().set(rect=(0, share, 1, 1 - share), w_pad=0.04, h_pad=0.04)
    figure.text(
        0.05 / width, 0.03 / (height + below), text, fontsize=TINY_PT, va="bottom", color="0.25"
    )
    return Panels(figure, figure.subplots(rows, columns, squeeze=False, **options))


def colours(axis: Axis | None) -> list[Any]:
    """A colour a label: lightness follows the order of numbers, texts differ in hue."""
    if axis is None:
        return [sns.color_palette("colorblind")[0]]
    count = len(axis.labels)
    if axis.numeric:
        return [mpl.colormaps[COLOURS](share) for share in np.linspace(0.0, 0.85, count)]
    return list(sns.color_palette("colorblind", count))


def texts(axis: Axis) -> list[str]:
    """The labels as ticks and legends show them."""
    if not axis.numeric:
        return [str(label) for label in axis.labels]
    small = [label for label in axis.labels if label and not 1e-3 <= abs(label) < 1e5]
    powers = bool(small) and axis.log
    return [power(label) if powers or label in small else f"{label:g}" for label in axis.labels]


def power(value: float) -> str:
    """A number as a power of ten: 1e-5 is 10⁻⁵, 2.5e-4 is 2.5×10⁻⁴."""
    mantissa, exponent = f"{value:.3e}".split("e")
    ten = f"10^{{{int(exponent)}}}"
    short = f"{float(mantissa):g}"
    return f"${ten}$" if short == "1" else rf"${short}{{\times}}{ten}$"


def width_in(text: str, size_pt: float) -> float:
    """How wide `text` is, in inches."""
    if not text:
        return 0.0
    return float(TextPath((0, 0), text, size=size_pt).get_extents().width) / 72


def widest_in(lines: Sequence[str], size_pt: float) -> float:
    """The width of the widest of `lines`, in inches."""
    return max((width_in(line, size_pt) for line in lines), default=0.0)


def shortened(label: str, width: float, size_pt: float) -> str:
    """`label`, broken into two lines or cut where it is wider than `width` inches."""
    if width_in(label, size_pt) <= width or "$" in label:
        return label
    fitting = max(4, int(len(label) * width / width_in(label, size_pt)))
    lines = wrapped(label, fitting).split("\n")
    if len(lines) > 2:
        lines = [lines[0], lines[1][: fitting - 1] + "…"]
    return "\n".join(lines)


def value_text(value: float) -> str:
    """A value in a cell: three digits, a true minus."""
    if value == 0 or 0.01 <= abs(value) < 100:
        text = f"{value:.2f}"
    else:
        text = f"{value:.3g}"
    return text.replace("-", "−")


def ticks_along_x(axes: Axes, axis: Axis, width: float) -> None:
    """Puts the ticks of a numeric `axis` at its values, thinned and turned to fit `width` inches."""
    labels = texts(axis)
    axes.set_xticks(list(axis.labels), labels)
    axes.minorticks_off()
    turn(axes, labels, width)


def turn(axes: Axes, labels: Sequence[str], width: float) -> None:
    """Turns x tick labels upright where they would not fit side by side into `width` inches."""
    gap = width / max(1, len(labels))
    if widest_in(labels, SMALL_PT) > 0.88 * gap:
        for label in axes.get_xticklabels():
            label.set(rotation=45, ha="right", rotation_mode="anchor")


def rows_for(count: int, columns: int) -> int:
    """Rows of a grid of `count` panels."""
    return math.ceil(count / columns)
