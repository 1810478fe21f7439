"""The marks of figures along one axis: lines, bands, single runs, best points, usable ranges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke

from sweeper.figures.drawing import frame, style, text_layout
from sweeper.results.analyses.sensitivity import least_usable
from sweeper.results.axis import Axis
from sweeper.results.data import VALUE
from sweeper.results.estimates import complete
from sweeper.results.frames import POINT
from sweeper.results.tables import number_text

_BAR = 0.045
_STRIP = 0.16
"""What bars of usable ranges take of the height: each, and all of them at most."""

_KEPT = 0.7
"""What the points keep of the height where the line at the least usable score is drawn."""

_LIFT_IN = 0.06
_LINE_IN = 0.1
_MARKER_PT = 4.5
_BEST_PT = 6.5
_RING_PT = 9.0

_CROWD = 20
"""Runs a point from which on they are drawn small and faint."""


def line(ax: Axes, own: pd.DataFrame, look: style.Look, *, joined: bool) -> None:
    """Draws the points of a line with their intervals.

    They are `joined` where neighbours along x differ in nothing else and values lie between them.
    """
    if own["point"].isna().all():
        return
    stretch = (own["point"].isna() | ~own["(known)"]).cumsum()
    along(
        ax,
        own["(at)"],
        own["point"],
        stretch,
        color=look.colour,
        marker=look.marker,
        markersize=_MARKER_PT,
        linestyle=look.dash if joined else "none",
        linewidth=1.3,
        zorder=3,
    )
    if joined:
        low, high = own["low"], own["high"]
        ax.fill_between(own["(at)"], low, high, color=look.colour, alpha=0.2, linewidth=0)
    ax.vlines(own["(at)"], own["low"], own["high"], color=look.colour, linewidth=0.7)


def along(
    ax: Axes, x: pd.Series, y: pd.Series, stretch: pd.Series | None = None, **look: Any
) -> None:
    """Draws the finite points `x`, `y` in the order of x as a line, or one for each `stretch`.

    It is what seaborn's `lineplot` draws, white edges of markers included, in a tenth of its time.
    """
    points = pd.DataFrame({"x": x.astype(float), "y": y.astype(float)})
    points.insert(0, "stretch", 0 if stretch is None else stretch)
    points = points[np.isfinite(points["x"]) & np.isfinite(points["y"])]
    points = points.sort_values([*points.columns])
    lines = [points] if stretch is None else [own for _, own in points.groupby("stretch")]
    for own in lines:
        ax.plot(own["x"], own["y"], markeredgewidth=0.75, markeredgecolor="w", **look)


def lacking(ax: Axes, own: pd.DataFrame) -> None:
    """Rings the points that lack some of their configurations."""
    some = own[own["point"].notna() & (own["n"] < own["planned"])]
    ax.plot(
        some["(at)"],
        some["point"],
        "o",
        markersize=_RING_PT,
        markerfacecolor="none",
        markeredgecolor="0.2",
        markeredgewidth=0.7,
        linestyle="none",
        zorder=5,
        gid="lacking",
    )


def judged(ax: Axes, own: pd.DataFrame, look: style.Look) -> None:
    """Draws the best points of a line as larger markers, and those tied with it as open ones."""
    for chosen, size, inside, edge in (
        (own["tied"], _MARKER_PT - 0.5, "white", look.colour),
        (own["best"], _BEST_PT, look.colour, "0.1"),
    ):
        ax.plot(
            own["(at)"][chosen],
            own["point"][chosen],
            look.marker,
            markersize=size,
            markerfacecolor=inside,
            markeredgecolor=edge,
            markeredgewidth=1.0,
            zorder=4,
        )


def runs(ax: Axes, own: pd.DataFrame, table: pd.DataFrame, look: style.Look) -> None:
    """Draws the single runs, from `table`, of points whose interval is unknown, or of all."""
    shown = own["low"].isna() | frame.current().runs
    at = own.loc[shown & own["point"].notna(), "(at)"]
    chosen = complete(table)
    chosen = chosen[chosen["(cell)"].isin(at.index) & np.isfinite(chosen[VALUE])]
    crowded = len(chosen) > _CROWD * max(1, len(at))
    ax.scatter(
        chosen["(cell)"].map(at),
        chosen[VALUE],
        s=4 if crowded else 9,
        marker=look.marker,
        color=[look.colour],
        linewidths=0,
        alpha=0.2 if crowded else 0.4,
        zorder=2,
    )


def single_curves(ax: Axes, points: pd.DataFrame, count: int, look: style.Look) -> None:
    """Draws the `count` single runs of a learning curve, thin; dashed where they are asked for."""
    asked = frame.current().runs
    measured = points[np.isfinite(points[POINT])]
    for _, run in measured.groupby("run", observed=True):
        ax.plot(
            run["step"],
            run[POINT],
            color=look.colour,
            linewidth=0.6 if asked else 0.5,
            linestyle=(0, (3, 1.5)) if asked else "-",
            alpha=(0.8 if asked else 0.45) * min(1.0, (10 / count) ** 0.5),
            gid="single",
        )


def fewer(ax: Axes, own: pd.DataFrame, look: style.Look) -> None:
    """Draws the end of a learning curve of which not all runs are left, thin and dashed, from where
    it was whole."""
    ends = own[~own["whole"]]
    if len(ends):
        part = pd.concat([own[own["whole"]].tail(1), ends])
        ax.plot(
            part["step"],
            part["point"],
            color=look.colour,
            linewidth=0.8,
            linestyle=(0, (4, 2)),
            gid="fewer",
            zorder=3,
        )


def gaps(ax: Axes, table: pd.DataFrame, across: Axis) -> None:
    """Hatches the places along x at which no line has a point."""
    half = 0.4 * across.gap
    for at in np.unique(table["(at)"]):
        if table.loc[table["(at)"] == at, "point"].isna().all():
            ax.axvspan(at - half, at + half, facecolor=style.GREY, hatch=style.HATCH, linewidth=0)


def best(ax: Axes, table: pd.DataFrame, across: Axis, inches: tuple[float, float]) -> None:
    """Writes its value of x above the best point of each line; `inches` are the size of `ax`.

    A text stands above the point's interval. Lines that are best at one value share a text, above
    the highest of them; other texts move up out of the way.
    """
    wide, tall = inches
    left, right = ax.get_xlim()
    low, high = ax.get_ylim()
    texts = dict(zip(across.labels, number_text.texts(across), strict=True))
    gap = across.gap / (right - left) * wide
    tops = table[["point", "high"]].max(axis=1).clip(upper=high)
    marked = table.assign(**{"(y)": (tops - low) / (high - low) * tall})[table["best"]]
    written: list[tuple[float, float, float]] = []
    for _, own in marked.sort_values("(y)").drop_duplicates(across.column, keep="last").iterrows():
        at, y = own["(at)"], own["(y)"]
        text = text_layout.cut(texts[own[across.column]], max(gap, wide / 3), text_layout.TINY_PT)
        half = text_layout.width_in(text, text_layout.TINY_PT) / 2
        x = (at - left) / (right - left) * wide
        inside = float(np.clip(x, half, max(half, wide - half)))
        base = y + _LIFT_IN
        for middle, height, other in written:
            if abs(middle - inside) < half + other + 0.03 and abs(height - base) < _LINE_IN:
                base = height + _LINE_IN
        written.append((inside, base, half))
        _write(ax, text, (at, low + (high - low) * y / tall), (inside - x, base - y))
    _make_room(ax, max((base for _, base, _ in written), default=0.0) + 1.5 * _LINE_IN, tall)


def _write(ax: Axes, text: str, at: tuple[float, float], by_in: tuple[float, float]) -> None:
    """A small text in a white halo, `by_in` inches to the right of and above a point."""
    ax.annotate(
        text,
        at,
        (by_in[0] * 72, by_in[1] * 72),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=text_layout.TINY_PT,
        path_effects=[withStroke(linewidth=1.5, foreground="white")],
        zorder=5,
    ).set_in_layout(False)


def _make_room(ax: Axes, top_in: float, tall: float) -> None:
    """Raises the upper limit of y where what stands `top_in` inches high would leave the axes."""
    low, high = ax.get_ylim()
    if frame.current().ylim is None:
        ax.set_ylim(low, low + (high - low) * max(1.0, top_in / tall))


def usable(
    panels: Sequence[tuple[Axes, pd.DataFrame]], lines: Axis | None, minimise: bool, *, joined: bool
) -> None:
    """Draws a bar for each line over its usable values, below all points of `panels`.

    These share their y axis. A dashed line stands at the least usable score of each, where that
    leaves the points most of the height. Neighbouring values have one bar where they are `joined`.
    """
    some = [(ax, own) for ax, own in panels if own["usable"].any()]
    if not some:
        return
    count = len(lines.labels) if lines else 1
    strip = min(_STRIP, _BAR * (count + 0.5))
    least = [least_usable(own, minimise=minimise) for _, own in some]
    low, high = some[0][0].get_ylim()
    reach = (high - low) * (1 / _KEPT - 1)
    near = [one for one in least if low - reach <= one <= high + reach]
    low, high = min([low, *near]), max([high, *near])
    if frame.current().ylim is None:
        some[0][0].set_ylim(low - (high - low) * strip / (1 - strip), high)
    for (ax, own), value in zip(some, least, strict=True):
        if low <= value <= high:
            ax.axhline(value, color="0.4", linewidth=0.6, linestyle=(0, (2, 2)), zorder=1)
        half = 0.12 * float(np.diff(np.unique(own["(at)"])).min(initial=1.0))
        for number in range(count):
            look, y = style.look(lines, number), strip * (count - number) / (count + 0.75)
            for first, last in _stretches(own[own["(line)"] == number], joined=joined):
                span, kind = (first - half, last + half), ax.get_xaxis_transform()
                width = min(3.0, 15.0 / count)
                ax.plot(span, (y, y), color=look.colour, linewidth=width, transform=kind)
                ends = ([first, last], [y, y])
                ax.plot(*ends, look.marker, color="white", markersize=1.8, mew=0, transform=kind)


def _stretches(own: pd.DataFrame, *, joined: bool) -> list[tuple[float, float]]:
    """First and last place of each stretch of usable values that are neighbours and `joined`."""
    number = (~own["usable"]).cumsum()[own["usable"]]
    places = own["(at)"][own["usable"]]
    groups = number if joined else np.arange(len(places))
    return [(group.iloc[0], group.iloc[-1]) for _, group in places.groupby(groups)]
