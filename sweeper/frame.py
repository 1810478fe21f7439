"""A study as tidy tables: its runs, its trials, its reports."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sweeper import stats
from sweeper.fold import Fold
from sweeper.study import Study

UNSCORED = ("failed", "oom", "timeout", "lost")
"""Ends of a run that fail its trial: it is never averaged over the others."""

SCORED = ("complete", "nan")
"""Ends of a run that count with their score."""

POINT = "(point)"
"""The column of `held` points; no axis is called like that."""


def runs(study: Study, fold: Fold) -> pd.DataFrame:
    """One row a planned run: run, trial, task, seed, a column an axis, state, score, value, step,
    attempts, seconds, worker.

    `score` is normalised, `value` in the metric's own unit; both NaN before the run has ended.
    """
    plan = study.plan.runs
    records = [fold.runs.get(run.id) for run in plan]
    frame = _identity(study, list(range(len(plan))))
    frame["state"] = [record.state if record else "open" for record in records]
    for name in ("score", "value"):
        frame[name] = np.array([getattr(record, name, None) for record in records], float)
    frame["step"] = [record.step if record else 0 for record in records]
    frame["attempts"] = [record.attempts if record else 0 for record in records]
    frame["seconds"] = [_seconds(record) for record in records]
    frame["worker"] = [record.worker if record else None for record in records]
    return frame


def trials(study: Study, fold: Fold) -> pd.DataFrame:
    """One row a trial: trial, a column an axis, state, value, low, high, n, nan, failed, pruned,
    missing.

    `value` aggregates the scores of all its runs and is NaN unless every one of them has a score;
    `low` and `high` bound its 95 % interval, NaN where that is unknown. `n` counts scored runs,
    `nan` those of them that diverged, `failed` (with oom, timeout and lost), `pruned` and `missing`
    (open or running) the others.
    """
    return of_runs(runs(study, fold), study.space.score.aggregate, list(study.space.axes))


def of_runs(table: pd.DataFrame, how: str, axes: list[str]) -> pd.DataFrame:
    """The trials behind a table of runs, as `trials` gives them."""
    numbers, row, cell = np.unique(table["trial"], return_index=True, return_inverse=True)
    state = table["state"].to_numpy()

    def count(*states: str) -> Any:
        return np.bincount(cell[np.isin(state, states)], minlength=len(numbers))

    frame = table.loc[row, ["trial", *axes]].reset_index(drop=True)
    n, failed, pruned = count(*SCORED), count(*UNSCORED), count("pruned")
    missing = count("open", "running")
    untouched = (n == 0) & (count("running") == 0)
    frame["state"] = np.select(
        [failed > 0, pruned > 0, missing == 0, ~untouched],
        ["failed", "pruned", "complete", "running"],
        "open",
    )
    whole = (frame["state"] == "complete").to_numpy()
    frame["value"] = frame["low"] = frame["high"] = np.nan
    if whole.any():
        chosen = whole[cell]
        found = estimates(table[chosen], (np.cumsum(whole) - 1)[cell[chosen]], "score", how)
        frame.loc[whole, "value"] = found.point
        frame.loc[whole, "low"], frame.loc[whole, "high"] = found.low, found.high
    counts = {"n": n, "nan": count("nan"), "failed": failed, "pruned": pruned, "missing": missing}
    return frame.assign(**counts)


def estimates(table: pd.DataFrame, cell: Any, column: str, how: str) -> stats.Cells:
    """Points and intervals of `column` for the runs in `table`, `cell` [runs] numbering them.

    The random stream is always the same: a figure drawn twice is the same figure.
    """
    return stats.cells(
        table[column].to_numpy(),
        cell,
        pd.factorize(table["task"])[0],
        table["seed"].to_numpy(),
        how,
        np.random.default_rng(0),
    )


def reports(study: Study, fold: Fold) -> pd.DataFrame:
    """One row a report: run, trial, task, seed, a column an axis, step, a column a metric.

    A metric that a report does not hold is NaN; one called like another column is `metric …`.
    """
    position: list[int] = []
    steps: list[int] = []
    metrics: list[dict[str, float]] = []
    for number, run in enumerate(study.plan.runs):
        record = fold.runs.get(run.id)
        for step, values in record.reports if record else ():
            position.append(number)
            steps.append(step)
            metrics.append(values)
    frame = _identity(study, position)
    frame["step"] = np.array(steps, int)
    names = dict.fromkeys(name for values in metrics for name in values)
    for name in names:
        column = name if name not in frame else f"metric {name}"
        frame[column] = np.array([values.get(name, np.nan) for values in metrics], float)
    return frame


def held(reported: pd.DataFrame, table: pd.DataFrame, metric: str, lows: Any) -> pd.DataFrame:
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
        y = own[POINT].iloc[-1] if len(own) else lows[run["task"]]
        later = grid[grid > last]
        same = {name: run[name] for name in points.columns if name in table and name != "step"}
        added.append(pd.DataFrame({**same, "step": later, POINT: y}, columns=points.columns))
    return pd.concat([part for part in added if len(part)]) if len(added) > 1 else points


def _identity(study: Study, position: list[int]) -> pd.DataFrame:
    """What is planned of the runs at these positions of the plan."""
    plan = study.plan
    at = np.array(position, int)
    trial = np.array([run.trial for run in plan.runs], int)[at]
    frame = pd.DataFrame(
        {
            "run": np.array([run.id for run in plan.runs], object)[at],
            "trial": trial,
            "task": np.array([run.task for run in plan.runs], object)[at],
            "seed": np.array([run.seed for run in plan.runs], int)[at],
        }
    )
    for axis in study.space.axes:
        labels = pd.Series([trial.labels[axis] for trial in plan.trials])
        frame[axis] = labels.to_numpy()[trial]
    return frame


def _seconds(record: Any) -> float:
    if record is None or record.started is None or record.ended is None:
        return float("nan")
    return float(record.ended - record.started)
