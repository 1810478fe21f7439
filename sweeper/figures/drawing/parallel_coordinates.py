"""Parallel coordinates: each configuration is a line through its axes' values to its score."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patheffects import withStroke

from sweeper.figures.drawing import text_layout
from sweeper.figures.drawing.cells.shades import Shades
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
    shades: Shades,
    inches: tuple[float, float],
) -> None:
    """A line a row of `table` that has a `point`, on a panel of this width and height.

    On axes whose values many configurations share they stand beside each other, the better ones
    higher. The better a line the darker it is; of many about the thirty best stand out, on top.
    """
    known = table[table["point"].notna()]
    goodness = known["point"].to_numpy() * (-1 if shades.better == "lower" else 1)
    order = np.argsort(goodness, kind="stable")
    known = known.iloc[order]
    ranks = np.linspace(-1.0, 1.0, len(known)) if len(known) > 1 else np.zeros(len(known))
    heights = [_heights(axis, known, ranks) for axis in axes]
    heights.append(np.clip(shades.norm(known["point"].to_numpy(float)), 0.0, 1.0))
    lines = np.stack(heights, axis=1)
    across = np.arange(len(axes) + 1.0)
    paths = np.stack([np.broadcast_to(across, lines.shape), lines], axis=2)
    colours = shades.of(known["point"].to_numpy(float))
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
        places, texts = number_text.ticks(axis)
        for height, text in _spaced_ticks(_scaled(axis, places), texts, tall):
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


def _spaced_ticks(heights: Array, texts: list[str], tall: float) -> list[tuple[float, str]]:
    """Those that stand far enough from the one kept before, inside a panel so many inches high."""
    inside = np.clip(heights, 0.5 * _APART_IN / tall, 1 - 0.5 * _APART_IN / tall)
    kept: list[tuple[float, str]] = []
    for height, text in zip(inside.tolist(), texts, strict=True):
        if not kept or (height - kept[-1][0]) * tall >= _APART_IN:
            kept.append((height, text))
    return kept
