"""The value of each trial in the order of their numbers, and the best one so far."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from sweeper.figures.drawing import axis_limits, frame, style, text_layout
from sweeper.figures.drawing.picture import Picture
from sweeper.ledger.run_record import UNENDED
from sweeper.results import frames
from sweeper.results.axis import visible
from sweeper.results.captions import OPTIMISTIC, interval_text, span
from sweeper.results.data import VALUE, Data
from sweeper.results.estimates import bands_called, trials
from sweeper.results.slices import best_trials
from sweeper.text import counted

_HEIGHT_IN = 2.1
_LEGEND_IN = 0.2
_MOST_BARS = 400
_MOST_SINGLE = 2000
_ENDS = {"failed": ("x", "0.25"), "pruned": ("|", "0.45"), "diverged": ("v", "0.45")}
"""What marks trials without a value at the bottom, and its colour."""


def draw(data: Data, *, metric: str | None = None) -> Picture:
    """A mark a complete configuration, with its interval, and the best value so far as a line.

    Trials that failed, were pruned or whose value diverged runs decide are marked at the bottom;
    those that have not ended are left out. Where an interval is unknown, as with fewer than
    `MIN_SEEDS` seeds, the runs are drawn. A new best is marked: of many trials it is partly the
    luckiest. There is none for a metric of which nobody says what is better.
    """
    runs = data.table(metric)
    table = trials(data, runs)
    counts = frames.counts(runs, [])
    table["state"] = _states(table, counts)
    smaller = data.minimised(metric)
    table["best so far"] = _best_so_far(table["point"].where(_kept(data, table)), smaller)
    grouped = table.assign(**{"(panel)": 0})
    limits = axis_limits.limits(grouped)
    said = _note(data, table, smaller) + axis_limits.cut_off(grouped, limits, bands_called(data))
    caption = data.caption(int(table["n"].sum()), data.varied, said)
    width = style.column_in() if len(table) <= 100 else style.page_in()
    grid = style.panels(1, 1, width, _HEIGHT_IN + _LEGEND_IN, caption)
    ax = grid.axes.flat[0]
    _panel(ax, table, runs, smaller)
    label = text_layout.folded(data.value_label(metric, []), _HEIGHT_IN - 0.4, text_layout.BASE_PT)
    _frame(ax, table, label, limits.get(0))
    axis_limits.arrows(ax, table["trial"], table, style.look(None, 0).colour)
    _legend(grid, table)
    return Picture(grid.figure, visible(table), caption=caption)


def _states(table: pd.DataFrame, counts: pd.DataFrame) -> pd.Series:
    """How each trial ended: as `frames.counts` says, or `diverged` where that left it no value."""
    states = counts.set_index("trial")["state"].reindex(table["trial"]).reset_index(drop=True)
    diverged = (states == "complete") & table["point"].isna()
    return states.mask(diverged, "diverged")


def _kept(data: Data, table: pd.DataFrame) -> pd.Series:
    """Which trials keep the constraints of the score, and may so be the best."""
    known = table["point"].notna()
    kept = known.copy()
    kept[known] = best_trials.feasible(data, table.loc[known, "trial"].to_numpy())
    return kept


def _best_so_far(points: pd.Series, smaller: bool | None) -> pd.Series:
    """The best of the points up to each; NaN before the first, and where no better is known."""
    if smaller is None:
        return pd.Series(np.nan, points.index)
    return (points.cummin() if smaller else points.cummax()).ffill()


def _news(table: pd.DataFrame) -> pd.Series:
    """Which trials are better than all before."""
    best = table["best so far"]
    return table["point"].notna() & best.notna() & (best != best.shift())


def _panel(ax: Axes, table: pd.DataFrame, runs: pd.DataFrame, smaller: bool | None) -> None:
    known = table[table["point"].notna()]
    if known.empty:
        style.empty(ax, "no configuration is complete")
        return
    look = style.look(None, 0)
    single = known[known["low"].isna()]
    if len(single) and single["n"].sum() <= _MOST_SINGLE:
        own = runs[runs["(cell)"].isin(single.index) & np.isfinite(runs[VALUE])]
        ax.plot(own["trial"], own[VALUE], "o", color=look.colour, markersize=1.5, alpha=0.35)
    thin = 0.8 if len(known) <= _MOST_BARS else 0.3
    ax.vlines(known["trial"], known["low"], known["high"], color=look.colour, linewidth=thin)
    size = 3 if len(known) <= 100 else 1.8
    ax.plot(known["trial"], known["point"], "o", color=look.colour, markersize=size)
    if smaller is None:
        return
    last = table["trial"].iloc[-1]
    line = known[["trial", "best so far"]].to_numpy(float)
    line = np.vstack([line, [last, line[-1, 1]]])
    ax.plot(*line.T, color="0.1", linewidth=1.0, drawstyle="steps-post", zorder=3)
    new = table[_news(table)]
    ax.plot(new["trial"], new["point"], "o", color="0.1", markersize=4, zorder=4)


def _frame(ax: Axes, table: pd.DataFrame, label: str, ends: tuple[float, float] | None) -> None:
    """Labels and limits, and below the values a strip with the trials that have none."""
    low, high = ends or (ax.get_ylim() if ax.lines else (0.0, 1.0))
    lost = [kind for kind in _ENDS if (table["state"] == kind).any()]
    share = 0.07 * len(lost)
    asked = frame.current()
    if asked.ylim is None:
        low -= (high - low) * share / (1 - share)
    ax.set_ylim(low, high)
    for row, kind in enumerate(lost):
        marker, colour = _ENDS[kind]
        own = table.loc[table["state"] == kind, "trial"]
        height = np.full(len(own), 0.035 + 0.06 * row)
        look: dict[str, Any] = {
            "color": colour,
            "markersize": 4,
            "linestyle": "none",
            "markeredgewidth": 0.8,
        }
        ax.plot(own, height, marker=marker, transform=ax.get_xaxis_transform(), **look)
    count = int(table["trial"].max()) if len(table) else 0
    ax.set_xlim(asked.xlim or (-0.02 * count - 0.5, 1.02 * count + 0.5))
    ax.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    ax.set(xlabel="trial", ylabel=label)
    sns.despine(ax=ax)


def _legend(grid: style.Panels, table: pd.DataFrame) -> None:
    colour = style.look(None, 0).colour
    found: list[tuple[str, dict[str, Any]]]
    found = [("configuration", {"color": colour, "marker": "o", "linestyle": "none"})]
    if table["best so far"].notna().any():
        found.append(("best so far", {"color": "0.1", "marker": "o", "linestyle": "-"}))
    for kind, (marker, shade) in _ENDS.items():
        if (table["state"] == kind).any():
            found.append((kind, {"color": shade, "marker": marker, "linestyle": "none"}))
    grid.figure.legend(
        [Line2D([], [], markersize=4, **look) for _, look in found],
        [name for name, _ in found],
        loc="outside upper center",
        ncols=len(found),
        frameon=False,
        handlelength=1.5,
        columnspacing=1.0,
        handletextpad=0.4,
    )


def _note(data: Data, table: pd.DataFrame, smaller: bool | None) -> str:
    known = table[table["point"].notna()]
    if known.empty:
        return "no configuration is complete"
    bounded = int(known["low"].notna().sum())
    said = f"{interval_text(bounded, len(known))}; n = {span(known['n'])} a configuration"
    if bounded < len(known) and known["n"].sum() <= _MOST_SINGLE:
        said += "; small faint marks are single runs"
    bounds = ", ".join(map(str, data.tables.bounds))
    if smaller is not None and known["best so far"].isna().all():
        said += f". No configuration keeps {bounds}"
    elif smaller is not None:
        known = known[_kept(data, table)[known.index]]
        place = known["point"].argmin() if smaller else known["point"].argmax()
        best = int(known["trial"].iloc[int(place)])
        which = data.captions.configuration(best)
        of = f" of those that keep {bounds}" if bounds else ""
        said += f". Black: the best so far{of}, in the end trial {best} ({which}), {OPTIMISTIC}"
    ended = [(kind, int((table["state"] == kind).sum())) for kind in _ENDS]
    marked = [f"{kind} {counted(number, 'trial')}" for kind, number in ended if number]
    said += f". At the bottom: {', '.join(marked)}" if marked else ""
    going = int(table["state"].isin(UNENDED).sum())
    return said + (f". Not ended: {counted(going, 'trial')}" if going else "")
