"""From the reference configuration to the best one, a change at a time: what each change gained."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from sweeper.figures.drawing import style, text_layout
from sweeper.figures.drawing.picture import Picture
from sweeper.results.analyses.hyperparameters.ablation import Ablation, ablation
from sweeper.results.axis import visible
from sweeper.results.captions import interval_text
from sweeper.results.data import VALUE, Data
from sweeper.results.tables import number_text

_ROW_IN = 0.36
_LABEL_IN = 1.25
_GAIN_IN = 0.8


def draw(data: Data, *, metric: str | None = None) -> Picture:
    """A row a change, from the reference configuration (the defaults of the axes, or else the
    first trial) to the best one: the value so far, and at the right what the change gained.

    Each step takes the change to the best's value that scores best, after Fawcett & Hoos (2016,
    J. Heuristics 22), among configurations that were run and are complete. Where none was run with
    a single further change, it takes the fewest changes with which one was: several axes in one
    row. What switches an axis on or off takes that with it. Gains are differences paired by task
    and seed, above 0 where the value became better. Best and path go by the score; `metric` shows
    another one.
    """
    data = data.crossed("ablation")
    found = ablation(data, metric)
    shown = found.table
    smaller = data.minimised(metric)
    gain = "change" if smaller is None else "gain"
    caption = data.caption(int(shown["n"].sum()), data.varied, _note(found, metric, smaller))
    grid = style.panels(1, 1, style.column_in(), _ROW_IN * max(3, len(shown)) + 0.4, caption)
    _panel(grid.axes.flat[0], shown, found.runs, gain)
    style.x_label(grid.axes.flat[0], data.value_label(metric, []), grid)
    return Picture(grid.figure, visible(shown), caption=caption)


def _panel(ax: Axes, shown: pd.DataFrame, runs: pd.DataFrame, gain: str) -> None:
    if shown["point"].isna().all():
        style.empty(ax, "the reference is not complete")
        ax.set_xticks([])
        return
    rows = np.arange(len(shown))
    colour = style.colours(None)[0]
    for row, (_, own) in enumerate(shown.iterrows()):
        if np.isnan(own["low"]):
            single = runs.loc[(runs["(cell)"] == own["(cell)"]) & np.isfinite(runs[VALUE]), VALUE]
            ax.plot(single, np.full(len(single), row), "o", color=colour, markersize=3, alpha=0.4)
    ax.hlines(rows, shown["low"], shown["high"], color=colour, linewidth=1.2)
    for row in rows[1:]:
        dash = "-" if shown["compared"][row] else ":"
        ends = shown["point"].iloc[[row - 1, row]]
        ax.plot(ends, [row - 1, row], color="0.45", linewidth=0.8, linestyle=dash)
    clear = (shown["gain low"] > 0) | (shown["gain high"] < 0)
    looks = ((rows == 0, "s", "0.25"), (clear, "o", colour), (~clear & (rows > 0), "o", "white"))
    for chosen, marker, inside in looks:
        (marks,) = ax.plot(shown["point"][chosen], rows[chosen], marker, color=inside, zorder=4)
        marks.set(markersize=5, markeredgecolor=colour if marker == "o" else inside)
    _label(ax, shown, gain)


def _label(ax: Axes, shown: pd.DataFrame, gain: str) -> None:
    """The changes at the left, their gains at the right."""
    rows = np.arange(len(shown))
    joint = (shown["compared"] == 0) & (rows > 0)
    changes = zip(shown["(change)"], joint, strict=True)
    ax.set_yticks(rows, [_folded(change, together) for change, together in changes])
    ax.set_ylim(len(shown) - 0.5, -0.5)
    decimals = number_text.decimals(shown[["gain", "gain low", "gain high"]].to_numpy().ravel())
    beside = ax.secondary_yaxis("right")
    head = f"{gain} [95 %]" if shown["gain low"].notna().any() else gain
    gains = [_gain_text(own, decimals) for _, own in shown[1:].iterrows()]
    beside.set_yticks(rows, [head if gains else "", *gains])
    beside.spines[:].set_visible(False)
    for axes in (ax, beside):
        axes.tick_params(axis="y", length=0)
    sns.despine(ax=ax)


def _folded(change: str, joint: bool) -> str:
    """A change in as many lines as a row has room for; of a `joint` one it says so."""
    lines = change.split("\n")
    if len(lines) == 1:
        lines = change.split(": ", 1)
    if len(lines) > 2:
        lines = [lines[0], f"and {len(lines) - 1} more"]
    lines += ["(not run one by one)"] if joint else []
    return "\n".join(_fitted(line) for line in lines)


def _fitted(line: str) -> str:
    """`line`, where it is too wide without the value before."""
    before, arrow, after = line.rpartition("→ ")
    if text_layout.width_in(line, text_layout.SMALL_PT) <= _LABEL_IN:
        return line
    axis, colon, _ = before.partition(": ")
    short = f"{axis}{colon}{arrow}{after}" if colon else f"{arrow}{after}"
    return text_layout.without_middle(short, _LABEL_IN, text_layout.SMALL_PT)


def _gain_text(own: Any, decimals: int) -> str:
    decimals = number_text.enough(own["gain"], own["gain low"], own["gain high"], decimals)
    gain = number_text.fixed(own["gain"], decimals)
    text = gain if gain.startswith("−") else f"+{gain}"
    if np.isnan(own["gain low"]):
        return text
    low, high = (number_text.fixed(own[f"gain {bound}"], decimals) for bound in ("low", "high"))
    return f"{text}\n[{low}, {high}]"


def _gains(metric: str | None, smaller: bool | None) -> str:
    """What the numbers at the right are."""
    if smaller is None:
        return f"changes of {metric}, above 0 where it grew"
    return "gains, above 0 where the value fell, as smaller is better" if smaller else "gains"


def _note(found: Ablation, metric: str | None, smaller: bool | None) -> str:
    shown, steps, start = found.table, found.steps, found.start
    if shown["point"].isna().all():
        return f"no path from {start}: that configuration is not complete"
    if not steps:
        return f"from {start}: the reference is itself the best configuration"
    known = shown["low"].notna() & (shown["gain low"].notna() | (shown.index == 0))
    intervals = interval_text(int(known.sum()), len(shown))
    said = [
        f"from {start} to the best configuration, which these same runs chose",
        f"{_gains(metric, smaller)}, paired by task and seed; {intervals}",
        "open: one whose interval holds 0, or is unknown",
    ]
    if (~known).any():
        said.append("small faint marks are single runs")
    joint = [step for step in steps if not step.compared]
    if joint:
        said.append("dotted: no configuration with a single change was run, so several go together")
    if any(step.compared < step.possible for step in steps):
        counts = ", ".join(f"{step.compared} of {step.possible}" for step in steps)
        said.append(f"of the possible single changes, step by step, {counts} were run")
    return ". ".join(part[0].upper() + part[1:] for part in said)
