"""How all figures look: sizes for a journal's columns, colours, markers, numbers as text."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import matplotlib as mpl
import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
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

_HANDLE: dict[str, Any] = {"linewidth": 1.3, "markersize": 4.5, "markeredgecolor": "white"}
_LINE_IN = 0.105
_CHARACTERS_PER_IN = 21.5


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
    """How wide `text` is, in inches, kerning left out."""
    if "$" in text:
        return _extent(text) * size_pt / 72
    return sum(map(_advance, text)) * size_pt / 72


@cache
def _extent(text: str) -> float:
    """The width of what is inked of `text`, for letters of size 1."""
    return float(TextPath((0, 0), text, size=100.0).get_extents().width) / 100


@cache
def _advance(character: str) -> float:
    """How far the next character stands from this one, for letters of size 1."""
    return _extent(f"x{character}x") - _extent("xx")


def widest_in(lines: Sequence[str], size_pt: float) -> float:
    """The width of the widest of `lines`, in inches."""
    return max((width_in(line, size_pt) for line in lines), default=0.0)


def cut(label: str, width: float, size_pt: float) -> str:
    """`label`, its end left out where it is wider than `width` inches."""
    if "$" in label or width_in(label, size_pt) <= width:
        return label
    kept = max(3, int(len(label) * width / width_in(label, size_pt)) - 1)
    return label[:kept].rstrip() + "…"


def folded(label: str, width: float, size_pt: float) -> str:
    """`label` in at most two lines of `width` inches, the rest left out."""
    if "$" in label or width_in(label, size_pt) <= width:
        return label
    per_line = max(4, int(len(label) * width / width_in(label, size_pt)))
    first, *rest = wrapped(label, per_line).split("\n")
    return "\n".join([first, cut(" ".join(rest), width, size_pt)] if rest else [first])


def decimals(values: Any) -> int:
    """How many decimals show two digits of the largest of `values`, and never less than of 9.99."""
    largest = max((abs(value) for value in values if np.isfinite(value)), default=0.0)
    if largest >= 10:
        return 1 if largest < 100 else 0
    return 2 if largest >= 0.1 or largest == 0 else min(6, 1 - math.floor(math.log10(largest)))


def fixed(value: float, places: int) -> str:
    """A value with so many decimals, powers of ten from 100,000 on, and a true minus."""
    text = f"{value:z.{places}f}" if abs(value) < 1e5 else f"{value:.2e}"
    return text.replace("-", "−")


@dataclass(frozen=True)
class Look:
    """What tells one line from another, also without colour."""

    colour: Any
    marker: str
    dash: Any


def look(axis: Axis | None, number: int) -> Look:
    """The look of the line of the label `number` of `axis`."""
    return Look(colours(axis)[number], MARKERS[number], DASHES[number])


def legend(figure: Figure, axis: Axis | None, width: float) -> None:
    """A legend of the labels of `axis` above all panels; none where there is one line."""
    if axis is None:
        return
    handles = [
        Line2D([], [], color=one.colour, marker=one.marker, linestyle=one.dash, **_HANDLE)
        for one in (look(axis, number) for number in range(len(axis.labels)))
    ]
    columns = _legend_columns(axis, width)
    order = [i for first in range(columns) for i in range(first, len(handles), columns)]
    labels = _legend_texts(axis, width)
    figure.legend(
        [handles[i] for i in order],
        [labels[i] for i in order],
        title=axis.name,
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
    return [cut(text, width - 0.7, SMALL_PT) for text in texts(axis)]


def _legend_columns(axis: Axis, width: float) -> int:
    entry = widest_in(_legend_texts(axis, width), SMALL_PT) + 0.5
    fitting = max(1, min(len(axis.labels), int((width - 0.1) / entry)))
    return math.ceil(len(axis.labels) / rows_for(len(axis.labels), fitting))


@dataclass(frozen=True)
class XLabels:
    """Tick labels along x that fit, and the height that they take in inches."""

    texts: list[str]
    turned: bool
    height: float


def x_labels(axis: Axis, inches: Any) -> XLabels:
    """The labels of `axis` for ticks at `inches` along x: folded, turned or left out to fit."""
    labels = texts(axis)
    gap = float(np.diff(inches).min()) if len(labels) > 1 else COLUMN_IN / 2
    lines = [folded(label, 0.9 * gap, SMALL_PT) for label in labels]
    whole = all(one.replace("\n", " ") == label for one, label in zip(lines, labels, strict=True))
    if whole and widest_in("\n".join(lines).split("\n"), SMALL_PT) <= 0.92 * gap:
        return XLabels(lines, False, 0.11 * max(line.count("\n") + 1 for line in lines))
    wide = widest_in(labels, SMALL_PT) + 0.05
    if axis.numeric and wide <= 0.5:
        kept = _apart(inches, wide)
        return XLabels(
            ["" if i not in kept else labels[i] for i in range(len(labels))], False, 0.11
        )
    labels = [cut(label, 1.2, SMALL_PT) for label in labels]
    kept = _apart(inches, 0.13)
    shown = [label if i in kept else "" for i, label in enumerate(labels)]
    return XLabels(shown, True, 0.72 * widest_in(shown, SMALL_PT) + 0.1)


def _apart(inches: Any, least: float) -> set[int]:
    """The ticks that keep at least `least` inches from the one kept before."""
    kept = [0]
    for number in range(1, len(inches)):
        if inches[number] - inches[kept[-1]] >= least:
            kept.append(number)
    return set(kept)


def set_x(axes: Axes, places: Any, labels: XLabels) -> None:
    """Puts ticks with these labels at `places`."""
    axes.set_xticks(places, labels.texts, rotation=0)
    if labels.turned:
        for label in axes.get_xticklabels():
            label.set(rotation=45, ha="right", rotation_mode="anchor")


def empty(axes: Axes, why: str) -> None:
    """Says in a panel why it shows nothing."""
    axes.set_yticks([])
    axes.set_facecolor(GREY)
    axes.text(0.5, 0.5, why, ha="center", va="center", transform=axes.transAxes)


def rows_for(count: int, columns: int) -> int:
    """Rows of a grid of `count` panels."""
    return math.ceil(count / columns)
