"""A study as tidy tables: its runs, its trials, its reports."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sweeper import score, stats
from sweeper.ledger.run_record import SCORED, UNSCORED
from sweeper.ledger.snapshots.columns import Columns
from sweeper.ledger.state import LedgerState
from sweeper.study.study import Study

COUNTS = ("n", "nan", "failed", "pruned", "missing")
"""Runs of a trial: scored, those of them that diverged, the others by why they have no score."""

POINT = "(point)"
"""The column of `held` points; no axis is called like that."""


def runs(study: Study, ledger_state: LedgerState) -> pd.DataFrame:
    """One row a planned run: run, trial, task, seed, a column an axis, state, score, value, step,
    attempts, seconds, worker.

    `score` is normalised, `value` in the metric's own unit; both NaN before the run has ended.
    """
    plan = study.plan.runs
    columns = Columns(ledger_state.runs, [run.id for run in plan])
    frame = _identity(study, np.arange(len(plan)))
    frame["state"] = columns.texts("state", "open").tolist()
    frame["score"] = columns.numbers("score")
    frame["value"] = columns.numbers("value")
    frame["step"] = columns.numbers("step", 0).astype(int)
    frame["attempts"] = columns.numbers("attempts", 0).astype(int)
    frame["seconds"] = columns.numbers("ended") - columns.numbers("started")
    frame["worker"] = columns.texts("worker").tolist()
    return frame


def trials(study: Study, ledger_state: LedgerState) -> pd.DataFrame:
    """One row a trial: trial, a column an axis, state, value, low, high, n, nan, failed, pruned,
    missing.

    `value` aggregates the scores of all its runs and is NaN unless every one of them has a score;
    `low` and `high` bound its 95 % interval, NaN where that is unknown. `n` counts scored runs,
    `nan` those of them that diverged, `failed` (with oom, timeout and lost), `pruned` and `missing`
    (open or running) the others.
    """
    return of_runs(runs(study, ledger_state), study.space.score.aggregate, list(study.space.axes))


def of_runs(table: pd.DataFrame, how: str, axes: list[str]) -> pd.DataFrame:
    """The trials behind a table of runs, as `trials` gives them."""
    frame = counts(table, axes)
    frame["value"] = frame["low"] = frame["high"] = np.nan
    whole = (frame["state"] == "complete").to_numpy()
    if whole.any():
        cell = np.unique(table["trial"], return_inverse=True)[1]
        chosen = whole[cell]
        found = estimates(table[chosen], (np.cumsum(whole) - 1)[cell[chosen]], "score", how)
        frame.loc[whole, "value"] = found.point
        frame.loc[whole, "low"], frame.loc[whole, "high"] = found.low, found.high
    names = ["value", "low", "high", *COUNTS]
    return frame[[*(name for name in frame if name not in names), *names]]


def counts(table: pd.DataFrame, axes: list[str]) -> pd.DataFrame:
    """The trials behind a table of runs: trial, a column an axis, state, and `COUNTS`."""
    numbers, row, cell = np.unique(table["trial"], return_index=True, return_inverse=True)
    state = table["state"].to_numpy()

    def count(*states: str) -> Any:
        return np.bincount(cell[np.isin(state, states)], minlength=len(numbers))

    frame = table[["trial", *axes]].iloc[row].reset_index(drop=True)
    found = [count(*SCORED), count("nan"), count(*UNSCORED), count("pruned")]
    found.append(count("open", "running"))
    n, _, failed, pruned, missing = found
    untouched = (n == 0) & (count("running") == 0)
    frame["state"] = np.select(
        [failed > 0, pruned > 0, missing == 0, ~untouched],
        ["failed", "pruned", "complete", "running"],
        "open",
    )
    return frame.assign(**dict(zip(COUNTS, found, strict=True)))


def estimates(table: pd.DataFrame, cell: Any, column: str, how: str) -> stats.Cells:
    """Points and intervals of `column` for the runs in `table`, `cell` [runs] numbering them.

    The random stream is always the same: a figure drawn twice is the same figure.
    """
    return stats.cells(
        table[column].to_numpy(),
        cell,
        table["task"].cat.codes.to_numpy(int),
        table["seed"].to_numpy(),
        how,
        np.random.default_rng(0),
    )


def grid(table: pd.DataFrame, column: str) -> score.Array:
    """`column` of a table of runs as [trials × seeds × tasks], each ascending; NaN for no run."""
    keys = (table["trial"], table["seed"], table["task"].cat.codes)
    places = [np.unique(key, return_inverse=True)[1] for key in keys]
    values = np.full([int(place.max(initial=-1)) + 1 for place in places], np.nan)
    values[tuple(places)] = table[column]
    return values


def further(study: Study, ledger_state: LedgerState, trial: int) -> list[float]:
    """The values of a complete trial by the further scores of the space, if it has any."""
    rules = study.space.score.also
    if not rules:
        return []
    ends = [ledger_state.runs[run.id].end for run in study.plan.runs_of(trial)]
    columns = zip(*(end.also or () for end in ends if end is not None), strict=True)
    return [
        score.aggregate(column, rule.aggregate) for column, rule in zip(columns, rules, strict=True)
    ]


def reports(study: Study, ledger_state: LedgerState) -> pd.DataFrame:
    """One row a report: run, trial, task, seed, a column an axis, step, a column a metric.

    A metric that a report does not hold is NaN; one called like another column is `metric …`.
    """
    columns = Columns(ledger_state.runs, [run.id for run in study.plan.runs])
    position, steps, metrics = columns.reports()
    frame = _identity(study, position)
    frame["step"] = steps
    for name, values in metrics.items():
        while name in frame:
            name = f"metric {name}"
        frame[name] = values
    return frame


def curve_points(
    reported: pd.DataFrame, table: pd.DataFrame, metric: str, lows: Any
) -> pd.DataFrame:
    """The points of the column `metric` as `POINT`, with those of diverged runs held.

    A run that diverged keeps its last point at all later steps at which its task was evaluated,
    and has its task's low (from the mapping `lows`) where it has none (the crash rule).
    """
    points = reported.rename(columns={metric: POINT})
    points = points[np.isfinite(points[POINT])]
    added = [points]
    for _, run in table[table["state"] == "nan"].iterrows():
        grid = np.unique(points.loc[points["task"] == run["task"], "step"])
        own = points[points["run"] == run["run"]]
        last = own["step"].max() if len(own) else -1
        later = pd.DataFrame({"step": grid[grid > last]})
        for name in points.columns.intersection(table.columns).difference(["step"]):
            later[name] = pd.Series([run[name]] * len(later), dtype=points[name].dtype)
        added.append(
            later.assign(**{POINT: own[POINT].iloc[-1] if len(own) else lows[run["task"]]})
        )
    whole: pd.DataFrame = pd.concat([part for part in added if len(part)] or [points])
    return whole


def _identity(study: Study, at: Any) -> pd.DataFrame:
    """What is planned of the runs at the positions `at` of the plan.

    Where an axis is inactive its column holds NaN, or no category.

    `run` is categorical, its codes the positions: millions of reports name few runs.
    """
    plan = study.plan
    trial = np.array([run.trial for run in plan.runs], int)[at]
    tasks = list(study.space.tasks)
    number = {task: place for place, task in enumerate(tasks)}
    task = np.array([number[run.task] for run in plan.runs], int)[at]
    frame = pd.DataFrame(
        {
            "run": _coded(at, [run.id for run in plan.runs]),
            "trial": trial,
            "task": _coded(task, tasks),
            "seed": np.array([run.seed for run in plan.runs], int)[at],
        }
    )
    for axis in study.space.axes:
        labels: list[Any] = [trial.labels.get(axis) for trial in plan.trials]
        values = [label for label in dict.fromkeys(labels) if label is not None]
        if all(isinstance(label, int | float) for label in values):
            numbers = np.array(labels) if None not in labels else np.array(labels, float)
            frame[axis] = numbers[trial]
        else:
            place = {label: code for code, label in enumerate(values)}
            codes = np.array([place.get(label, -1) for label in labels], int)
            frame[axis] = _coded(codes[trial], values)
    return frame


def _coded(codes: Any, categories: list[Any]) -> pd.Categorical:
    return pd.Categorical.from_codes(codes, pd.Index(categories, dtype=object))
