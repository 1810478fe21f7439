"""From the reference configuration to the best one, a change at a time: what each change gained."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from sweeper import stats
from sweeper.figures.drawing import style, text_layout
from sweeper.figures.drawing.picture import Picture
from sweeper.results.analyses.ablation_path import Step, path
from sweeper.results.axis import ABSENT, TASK, Axis, visible
from sweeper.results.data import VALUE, Data
from sweeper.results.estimates import interval_text, trials
from sweeper.results.tables import number_text
from sweeper.score import Array

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
    and seed. Best and path go by the score; `metric` shows another one.
    """
    judged = trials(data, data.table(None))
    runs = data.table(metric)
    table = trials(data, runs)
    start, what = _reference(data, table)
    values = judged["point"].to_numpy(float) * (-1 if data.minimise else 1)
    steps: list[Step] = []
    if not np.isnan(values[start]):
        names = data.chosen
        codes = np.array([data.axes[name].codes(table) for name in names], int)
        axes = [data.axes[name] for name in names]
        missing = np.array([len(axis.labels) - 1 if axis.absent else -1 for axis in axes], int)
        steps = path(
            codes.T.reshape(len(table), -1), values, start, int(np.nanargmax(values)), missing
        )
    shown = _table(data, table, runs, start, steps)
    caption = data.caption(int(shown["n"].sum()), data.varied, _said(shown, steps, what))
    grid = style.panels(1, 1, style.COLUMN_IN, _ROW_IN * max(3, len(shown)) + 0.4, caption)
    _panel(grid.axes.flat[0], shown, runs, data.value_label(metric, []))
    return Picture(grid.figure, visible(shown))


def _reference(data: Data, table: pd.DataFrame) -> tuple[int, str]:
    """The row of the reference configuration, and what it is."""
    found = data.reference()
    if found is None:
        return 0, "the first trial (none of all defaults was planned)"
    return int(np.flatnonzero(table["trial"] == found)[0]), "the defaults"


def _table(
    data: Data, table: pd.DataFrame, runs: pd.DataFrame, start: int, steps: list[Step]
) -> pd.DataFrame:
    """The reference and the steps, one a row, as the CSV has them."""
    rows = table.iloc[[start, *(step.row for step in steps)]]
    shown = rows[["trial", "point", "low", "high", "n"]].reset_index(drop=True)
    for place, (name, plain) in enumerate((("change", True), ("(change)", False))):
        changes = [_change(data, table, step, plain=plain) for step in steps]
        shown.insert(place, name, ["reference", *changes])
    gains = [_gain(data, runs, step) for step in steps]
    shown["gain"] = [np.nan, *(gain.point for gain in gains)]
    for bound in ("low", "high"):
        found = [getattr(gain, bound) for gain in gains]
        shown[f"gain {bound}"] = np.array([None, *found], float)
    shown["compared"] = [0, *(step.compared for step in steps)]
    shown["possible"] = [0, *(step.possible for step in steps)]
    shown["(cell)"] = rows.index
    return shown


def _change(data: Data, table: pd.DataFrame, step: Step, *, plain: bool) -> str:
    """What a step changes, a line an axis: `optimizer.lr: 1e-05 → 0.001`, by name if `plain`."""
    said = []
    for column in step.changed:
        axis = data.axes[data.chosen[column]]
        ends = [_value(axis, table[axis.column][row], plain) for row in (step.first, step.row)]
        said.append(f"{axis.name if plain else axis.title}: {ends[0]} → {ends[1]}")
    return "\n".join(said)


def _value(axis: Axis, label: Any, plain: bool) -> str:
    if pd.isna(label):
        return ABSENT
    if not axis.numeric or plain:
        return f"{label:g}" if axis.numeric else str(label)
    if axis.drawn:
        return number_text.texts(Axis(axis.name, (float(f"{label:.3g}"),), numeric=True))[0]
    return number_text.texts(axis)[axis.labels.index(label)]


def _gain(data: Data, runs: pd.DataFrame, step: Step) -> stats.Estimate:
    """By how much a step raises the value, its runs paired by task and seed."""
    after, before = (_scores(runs, row) for row in (step.row, step.first))
    if np.isnan(after - before).all():
        return stats.Estimate(np.nan, None, None, 0)
    return stats.difference(after, before, data.how, np.random.default_rng(0))


def _scores(runs: pd.DataFrame, cell: int) -> Array:
    """The values of the runs of one trial, [seeds × tasks]."""
    own = runs[runs["(cell)"] == cell].sort_values([TASK, "seed"])
    return np.asarray(own[VALUE].to_numpy(float).reshape(own[TASK].nunique(), -1).T)


def _panel(ax: Axes, shown: pd.DataFrame, runs: pd.DataFrame, label: str) -> None:
    if shown["point"].isna().all():
        style.empty(ax, "the reference is not complete")
        ax.set_xticks([])
        return
    rows = np.arange(len(shown))
    colour = style.colours(None)[0]
    for row, (_, own) in enumerate(shown.iterrows()):
        if np.isnan(own["low"]):
            single = runs.loc[runs["(cell)"] == own["(cell)"], VALUE]
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
    _label(ax, shown, label)


def _label(ax: Axes, shown: pd.DataFrame, label: str) -> None:
    """The changes at the left, their gains at the right."""
    rows = np.arange(len(shown))
    joint = (shown["compared"] == 0) & (rows > 0)
    changes = zip(shown["(change)"], joint, strict=True)
    ax.set_yticks(rows, [_folded(change, together) for change, together in changes])
    ax.set_ylim(len(shown) - 0.5, -0.5)
    ax.set_xlabel(label)
    decimals = number_text.decimals(shown[["gain", "gain low", "gain high"]].to_numpy().ravel())
    beside = ax.secondary_yaxis("right")
    head = "gain [95 %]" if shown["gain low"].notna().any() else "gain"
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
    return text_layout.pinched(short, _LABEL_IN, text_layout.SMALL_PT)


def _gain_text(own: Any, decimals: int) -> str:
    gain = number_text.fixed(own["gain"], decimals)
    text = gain if gain.startswith("−") else f"+{gain}"
    if np.isnan(own["gain low"]):
        return text
    low, high = (number_text.fixed(own[f"gain {bound}"], decimals) for bound in ("low", "high"))
    return f"{text}\n[{low}, {high}]"


def _said(shown: pd.DataFrame, steps: list[Step], start: str) -> str:
    if shown["point"].isna().all():
        return f"no path from {start}: that configuration is not complete"
    if not steps:
        return f"from {start}: the reference is itself the best configuration"
    known = shown["low"].notna() & (shown["gain low"].notna() | (shown.index == 0))
    intervals = interval_text(int(known.sum()), len(shown))
    said = [
        f"from {start} to the best configuration, which these same runs chose",
        f"gains are paired by task and seed; {intervals}",
        "open: a gain whose interval holds 0, or is unknown",
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
