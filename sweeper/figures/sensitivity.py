"""Score against one axis: line, 95 % band, and the range of the axis that is usable."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from sweeper import stats
from sweeper.figures import MOST, lettering, style
from sweeper.figures.axis import Axis
from sweeper.figures.data import (
    VALUE,
    Data,
    Picture,
    complete,
    estimate,
    interval_text,
    span,
    visible,
)

_HEIGHT_IN = 2.2
_BAR_IN = 0.09
_EDGE = 0.03
"""Room at both ends of the x axis, as a share of it."""

_APART = 0.08
"""How far the inactive stands from the numbers at least: drawn ones may almost touch."""

_CROWD = 20
"""Runs a point from which on they are drawn small and faint."""


def draw(
    data: Data, *, x: str | None = None, hue: str | None = None, metric: str | None = None
) -> Picture:
    """A line a value of `hue`; a point pools all runs of the trials with its x and hue.

    Bars at the bottom mark each line's usable range: scores of at least low + 0.8 · (best − low),
    with low the normalised 0 and best the best point of the figure. Where a point has fewer than 5
    seeds its runs are drawn instead of a band.
    """
    x, hue = _chosen(data, x, hue)
    runs = data.table(metric)
    across, lines = data.axis(x), data.axis(hue) if hue else None
    table = _points(data, runs, across, lines)
    ranged = metric is None and not across.drawn
    table["usable"] = stats.usable_range(table["point"], minimise=data.minimise) & ranged
    table["usable"] &= table["(known)"]
    limits = style.focus(table["point"], table[["low", "high"]].to_numpy().ravel())
    said = _said(table, ranged) + (f". {style.CUT_OFF}" if limits else "")
    if across.drawn:
        said += f". A sampler drew {across.name}: other axes differ from point to point"
    grid = style.panels(
        1,
        1,
        style.COLUMN_IN,
        _HEIGHT_IN + style.legend_in(lines, style.COLUMN_IN) + _x_labels(across).height,
        data.caption(int(table["n"].sum()), [name for name in (x, hue) if name], said),
    )
    ax = grid.axes[0, 0]
    for line in range(len(lines.labels) if lines else 1):
        own = table[table["(line)"] == line]
        _line(ax, own, style.look(lines, line), across, shift=_shift(line, lines, across))
        _runs(ax, own, runs, style.look(lines, line), shift=_shift(line, lines, across))
    _gaps(ax, table, across)
    if table["point"].isna().all():
        style.empty(ax, "no configuration is complete")
    _x_axis(ax, across)
    ax.set_ylabel(data.value_label(metric))
    ax.set_ylim(limits)
    if ranged:
        _usable(ax, table, lines, data.minimise)
    style.legend(grid.figure, lines, style.COLUMN_IN)
    sns.despine(ax=ax)
    return Picture(grid.figure, visible(table))


def _chosen(data: Data, x: str | None, hue: str | None) -> tuple[str, str | None]:
    data.different(x=x, hue=hue)
    x = x or data.first([hue], numeric=True) or next(iter(data.axes))
    hue = hue or data.first([x], most=MOST["hue"])
    data.different(x=x, hue=hue)
    data.few(hue=hue)
    return x, hue


def _points(data: Data, runs: pd.DataFrame, across: Axis, lines: Axis | None) -> pd.DataFrame:
    """One row a point, also of those without a run; `(at)` is its place along x."""
    count, places = len(across.labels), _places(across)
    line, column = np.indices((len(lines.labels) if lines else 1, count)).reshape(2, -1)
    table = pd.DataFrame({"(line)": line, "(at)": places[column]})
    if lines is not None:
        table[lines.name] = [lines.labels[number] for number in line]
    table[across.name] = [across.labels[number] for number in column]
    table["(known)"] = column < len(across.known)
    code = across.codes(runs) + count * (lines.codes(runs) if lines else 0)
    runs["(cell)"] = code
    estimate(table, runs, data.how)
    return table


def _places(axis: Axis) -> Any:
    """Where the labels stand along x: numbers at their value or logarithm, texts side by side.

    Where the axis is inactive stands behind them all.
    """
    if not axis.numeric:
        return np.arange(len(axis.labels), dtype=float)
    values = np.array(axis.known, float)
    places = np.log10(values) if axis.log else values
    if not axis.absent:
        return places
    gap = max(np.diff(places).min(), _APART * np.ptp(places)) if len(places) > 1 else 1.0
    return np.append(places, places[-1] + 1.5 * gap if len(places) else 0.0)


def _gap_between(axis: Axis) -> float:
    """The smallest distance of two places along x."""
    places = _places(axis)
    return float(np.diff(places).min()) if len(places) > 1 else 1.0


def _shift(line: int, lines: Axis | None, across: Axis) -> float:
    """Lines stand a little beside each other, so that none hides another."""
    count = len(lines.labels) if lines else 1
    return 0.05 * _gap_between(across) * (line - (count - 1) / 2)


def _line(ax: Axes, own: pd.DataFrame, look: style.Look, across: Axis, shift: float) -> None:
    """Points, joined where neighbours along x differ in nothing else."""
    if own["point"].isna().all():
        return
    sns.lineplot(
        x=own["(at)"] + shift,
        y=own["point"],
        ax=ax,
        units=(own["point"].isna() | ~own["(known)"]).cumsum(),
        estimator=None,
        color=look.colour,
        marker=look.marker,
        markersize=4.5,
        linestyle="none" if across.drawn else look.dash,
        linewidth=1.3,
        zorder=3,
    )
    if not across.drawn:
        low, high = own["low"], own["high"]
        ax.fill_between(own["(at)"] + shift, low, high, color=look.colour, alpha=0.2, linewidth=0)
    ax.vlines(own["(at)"] + shift, own["low"], own["high"], color=look.colour, linewidth=0.7)


def _runs(ax: Axes, own: pd.DataFrame, runs: pd.DataFrame, look: style.Look, shift: float) -> None:
    """The single runs of points whose interval is unknown."""
    at = own.loc[own["low"].isna() & own["point"].notna(), "(at)"] + shift
    chosen = complete(runs)
    chosen = chosen[chosen["(cell)"].isin(at.index)]
    crowded = len(chosen) > _CROWD * max(1, len(at))
    ax.scatter(
        chosen["(cell)"].map(at),
        chosen[VALUE],
        s=4 if crowded else 10,
        marker=look.marker,
        facecolors="none",
        edgecolors=[look.colour],
        linewidths=0.6,
        alpha=0.3 if crowded else 0.8,
        zorder=2,
    )


def _gaps(ax: Axes, table: pd.DataFrame, across: Axis) -> None:
    """Hatches the places along x at which no line has a point."""
    half = 0.4 * _gap_between(across)
    for at in np.unique(table["(at)"]):
        if table.loc[table["(at)"] == at, "point"].isna().all():
            ax.axvspan(at - half, at + half, facecolor=style.GREY, hatch=style.HATCH, linewidth=0)


def _x_labels(across: Axis) -> lettering.XLabels:
    places = _places(across)
    span = places[-1] - places[0] + 0.9 * _gap_between(across)
    return lettering.x_labels(across, (places - places[0]) / span * (style.COLUMN_IN - 0.7))


def _x_axis(ax: Axes, across: Axis) -> None:
    places = _places(across)
    edge = max(0.45 * _gap_between(across), _EDGE * (places[-1] - places[0]))
    ax.set_xlim(places[0] - edge, places[-1] + edge)
    style.set_x(ax, places, _x_labels(across))
    ax.set_xlabel(across.name)


def _usable(ax: Axes, table: pd.DataFrame, lines: Axis | None, minimise: bool) -> None:
    """A line at the least usable score, and a bar for each line over its usable values."""
    if not table["usable"].any():
        return
    count = len(lines.labels) if lines else 1
    share = _BAR_IN * (count + 0.5) / _HEIGHT_IN
    best = table["point"].min() if minimise else table["point"].max()
    least = 1 - 0.8 * (1 - best) if minimise else 0.8 * best
    ax.axhline(least, color="0.4", linewidth=0.6, linestyle=(0, (2, 2)), zorder=1)
    low, high = ax.get_ylim()
    low, high = min(low, least), max(high, least)
    low -= (high - low) * share / (1 - share)
    ax.set_ylim(low, high)
    half = 0.12 * float(np.diff(np.unique(table["(at)"])).min(initial=1.0))
    for line in range(count):
        look = style.look(lines, line)
        y = low + (high - low) * share * (count - line) / (count + 0.75)
        for first, last in _stretches(table[table["(line)"] == line]):
            ax.hlines(y, first - half, last + half, color=look.colour, linewidth=3)
            ax.plot([first, last], [y, y], look.marker, color="white", markersize=1.8, mew=0)


def _stretches(own: pd.DataFrame) -> list[tuple[float, float]]:
    """First and last place of each stretch of neighbouring usable values."""
    number = (~own["usable"]).cumsum()[own["usable"]]
    places = own["(at)"][own["usable"]]
    return [(group.iloc[0], group.iloc[-1]) for _, group in places.groupby(number)]


def _said(table: pd.DataFrame, ranged: bool) -> str:
    known, count = int(table["low"].notna().sum()), int(table["point"].notna().sum())
    if not count:
        return "no configuration is complete"
    said = f"{interval_text(known, count)}; n = {span(table['n'])} a point"
    if (table["low"].isna() & table["point"].notna()).any():
        said += "; open markers are single runs"
    if ranged and table["usable"].any():
        said += ". Bars: usable range, scores above the dashed line at 80 % of the best point"
    elif ranged:
        said += ". No value is usable: no score is better than the low reference"
    return said
