"""The steps from the reference configuration to the best one, and the gain of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sweeper import stats
from sweeper.results.analyses.hyperparameters.ablation_path import Step, path
from sweeper.results.axis import TASK, Axis
from sweeper.results.data import VALUE, Data
from sweeper.results.estimates import trials
from sweeper.results.tables import number_text
from sweeper.score import Array


@dataclass(frozen=True)
class Ablation:
    """The path from the reference configuration to the best one."""

    table: pd.DataFrame
    """The reference and the steps, one a row: change, trial, point, low, high, n, the gain with its
    bounds (above 0 where the step is better, also of values of which smaller ones are), and of how
    many possible single changes the step is the best."""
    runs: pd.DataFrame
    """All runs, each with the row of its trial in `(cell)` and its value in `VALUE`."""
    steps: list[Step]
    """None where the reference is the best, or is not complete."""
    start: str
    """What the reference is."""


def ablation(data: Data, metric: str | None) -> Ablation:
    """The path by the score; values and gains are those of `metric`, or else of the score."""
    judged = trials(data, data.table(None))
    runs = data.table(metric)
    table = trials(data, runs)
    start, what = _reference(data, table)
    values = judged["point"].to_numpy(float) * (-1 if data.minimise else 1)
    steps: list[Step] = []
    if not np.isnan(values[start]):
        axes = [data.axes[name] for name in data.choice.independent]
        codes = np.array([axis.codes(table) for axis in axes], int)
        missing = np.array([len(axis.labels) - 1 if axis.absent else -1 for axis in axes], int)
        best = int(np.nanargmax(values))
        steps = path(codes.T.reshape(len(table), -1), values, start, best, missing)
    smaller = bool(data.minimised(metric))
    shown = _table(data, table, runs, start, steps, smaller=smaller)
    return Ablation(shown, runs, steps, what)


def _reference(data: Data, table: pd.DataFrame) -> tuple[int, str]:
    """The row of the reference configuration, and what it is."""
    found = data.origin.reference()
    if found is not None and found not in set(table["trial"]):
        return 0, f"trial {table['trial'].iloc[0]} (that of all defaults is not in this part)"
    if found is None:
        return 0, "the first trial (none of all defaults was planned)"
    return int(np.flatnonzero(table["trial"] == found)[0]), "the defaults"


def _table(
    data: Data,
    table: pd.DataFrame,
    runs: pd.DataFrame,
    start: int,
    steps: list[Step],
    *,
    smaller: bool,
) -> pd.DataFrame:
    """The reference and the steps, one a row, as the CSV has them."""
    rows = table.iloc[[start, *(step.row for step in steps)]]
    shown = rows[["trial", "point", "low", "high", "n"]].reset_index(drop=True)
    for place, (name, plain) in enumerate((("change", True), ("(change)", False))):
        changes = [_change(data, table, step, plain=plain) for step in steps]
        shown.insert(place, name, ["reference", *changes])
    gains = [_gain(data, runs, step, smaller=smaller) for step in steps]
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
    lines = []
    for column in step.changed:
        axis = data.axes[data.choice.independent[column]]
        ends = [_value(axis, table[axis.column][row], plain) for row in (step.first, step.row)]
        lines.append(f"{axis.name if plain else axis.title}: {ends[0]} → {ends[1]}")
    return "\n".join(lines)


def _value(axis: Axis, label: Any, plain: bool) -> str:
    if pd.isna(label):
        return axis.nothing
    if not axis.numeric or plain:
        return f"{label:g}" if axis.numeric else str(label)
    if axis.drawn:
        return number_text.texts(Axis(axis.name, (float(f"{label:.3g}"),), numeric=True))[0]
    return number_text.texts(axis)[axis.labels.index(label)]


def _gain(data: Data, runs: pd.DataFrame, step: Step, *, smaller: bool) -> stats.Estimate:
    """By how much a step makes the value better, its runs paired by task and seed.

    By how much it raises the value, where nobody knows which values are better.
    """
    after, before = (_scores(runs, row) for row in (step.row, step.first))
    if np.isnan(after - before).all():
        return stats.Estimate(np.nan, None, None, 0)
    sides = (before, after) if smaller else (after, before)
    return stats.difference(*sides, data.how, np.random.default_rng(0))


def _scores(runs: pd.DataFrame, cell: int) -> Array:
    """The values of the runs of one trial, [seeds × tasks]."""
    own = runs[runs["(cell)"] == cell].sort_values([TASK, "seed"])
    return np.asarray(own[VALUE].to_numpy(float).reshape(own[TASK].nunique(), -1).T)
