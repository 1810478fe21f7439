"""Parallel coordinates: each configuration is a line through its axes' values to its score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.patheffects import withStroke

from sweeper.figures.drawing import style, text_layout
from sweeper.results.axis import Axis
from sweeper.results.tables import number_text
from sweeper.score import Array

_SPREAD = 0.36
_APART_IN = 0.12
_MOST_VECTORS = 2000
"""More lines than these are one picture inside the PDF."""


def paint(
    ax: Axes,
    table: pd.DataFrame,
    axes: list[Axis],
    norm: Normalize,
    inches: tuple[float, float],
    *,
    minimise: bool,
) -> None:
    """A line a row of `table` that has a `point`, on a panel of this width and height.

    On axes whose values many configurations share they stand beside each other, the better ones
    higher. The better a line the darker it is; of many about the thirty best stand out, on top.
    """
    known = table[table["point"].notna()]
    goodness = known["point"].to_numpy() * (-1 if minimise else 1)
    order = np.argsort(goodness, kind="stable")
    known = known.iloc[order]
    ranks = np.linspace(-1.0, 1.0, len(known)) if len(known) > 1 else np.zeros(len(known))
    heights = [_heights(axis, known, ranks) for axis in axes]
    heights.append(np.clip(norm(known["point"].to_numpy(float)), 0.0, 1.0))
    lines = np.stack(heights, axis=1)
    across = np.arange(len(axes) + 1.0)
    paths = np.stack([np.broadcast_to(across, lines.shape), lines], axis=2)
    colours = mpl.colormaps[colour_map(minimise)](norm(known["point"].to_numpy(float)))
    faint = float(np.clip((100 / max(1, len(known))) ** 0.75, 0.05, 0.9))
    colours[:, 3] = faint + (0.9 - faint) * ((ranks + 1) / 2) ** max(4, len(known) / 40)
    ax.add_collection(
        LineCollection(
            list(paths),
            colors=colours,
            linewidths=0.8,
            rasterized=len(known) > _MOST_VECTORS,
        )
    )
    halo = [withStroke(linewidth=2.6, foreground="white")]
    ax.plot(across, lines[-1], color="black", linewidth=1.4, path_effects=halo, zorder=3)
    ax.set(xlim=(0, len(axes)), ylim=(0, 1), yticks=[])
    _label(ax, axes, inches)


def colour_map(minimise: bool) -> str:
    """The colours in which the better is the darker, so that it stands out among lines."""
    return style.COLOURS if minimise else f"{style.COLOURS}_r"


def colour_bar(
    axes: Sequence[Axes], norm: Normalize, label: str, height: float, *, minimise: bool
) -> None:
    """The colours at the right of `axes`; the label is folded to `height` inches."""
    figure = axes[0].get_figure()
    assert figure is not None
    bar = figure.colorbar(
        ScalarMappable(norm, colour_map(minimise)),
        ax=list(axes),
        extend="min" if norm.vmin == 0 else "neither",
        aspect=12 * height,
        fraction=0.06,
        pad=0.0,
    )
    bar.set_label(text_layout.folded(label, height, text_layout.BASE_PT))
    bar.outline.set_linewidth(0.4)


def _scaled(axis: Axis, places: npt.ArrayLike) -> Array:
    """Places along the axis as heights from 0 to 1, with room for neighbours at both ends."""
    whole = axis.places
    room = 0.04 * np.ptp(whole) if axis.drawn else 0.5 * axis.gap
    low, high = whole[0] - room, whole[-1] + room
    return np.asarray((np.asarray(places, float) - low) / ((high - low) or 1.0))


def _heights(axis: Axis, table: pd.DataFrame, ranks: Array) -> Array:
    places = axis.places[axis.codes(table)]
    spread = 0.0 if axis.drawn else _SPREAD * axis.gap
    return _scaled(axis, places + spread * ranks)


def _label(ax: Axes, axes: list[Axis], inches: tuple[float, float]) -> None:
    """The names above, the values beside each axis."""
    wide, tall = inches
    gap = wide / len(axes)
    names = [text_layout.named(axis.title, 0.95 * gap, text_layout.SMALL_PT) for axis in axes]
    ax.set_xticks(np.arange(len(axes)), names, ha="left")
    ax.xaxis.tick_top()
    ax.tick_params(axis="x", length=0)
    ax.spines[:].set_visible(False)
    for number, axis in enumerate(axes):
        ax.axvline(number, color="0.3", linewidth=0.7)
        heights, texts = _ticks(axis)
        for height, text in _spaced_ticks(heights, texts, tall):
            ax.annotate(
                text_layout.without_middle(text, 0.9 * gap, text_layout.TINY_PT),
                (number, height),
                (2, 0),
                textcoords="offset points",
                va="center",
                fontsize=text_layout.TINY_PT,
                color="black",
                path_effects=[withStroke(linewidth=2.0, foreground="white")],
                zorder=5,
            ).set_in_layout(False)


def _ticks(axis: Axis) -> tuple[Array, list[str]]:
    """Heights and texts: every value, or of numbers that a sampler drew the ends and the middle."""
    if not axis.drawn:
        return _scaled(axis, axis.places), number_text.texts(axis)
    known = axis.known
    space = np.geomspace if axis.log else np.linspace
    numbers = space(known[0], known[-1], 3)
    digits = 2 if axis.log else 3
    short = Axis(axis.name, tuple(float(f"{one:.{digits}g}") for one in numbers), numeric=True)
    places: list[Any] = list(np.log10(numbers) if axis.log else numbers)
    texts = number_text.texts(short)
    if axis.absent:
        return _scaled(axis, [*places, axis.places[-1]]), [*texts, number_text.texts(axis)[-1]]
    return _scaled(axis, places), texts


def _spaced_ticks(heights: Array, texts: list[str], tall: float) -> list[tuple[float, str]]:
    """Those that stand far enough from the one kept before, inside a panel so many inches high."""
    inside = np.clip(heights, 0.5 * _APART_IN / tall, 1 - 0.5 * _APART_IN / tall)
    kept: list[tuple[float, str]] = []
    for height, text in zip(inside.tolist(), texts, strict=True):
        if not kept or (height - kept[-1][0]) * tall >= _APART_IN:
            kept.append((height, text))
    return kept
