"""The hyperparameters of populations over steps: of each member, and of the leader."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sweeper.results.axis import TASK, Axis
from sweeper.results.data import VALUE, Data
from sweeper.score import Array
from sweeper.trainable.population.members import told


def chosen_trials(data: Data, panels: Axis | None) -> dict[int, int]:
    """For each label of `panels`, by its place, the trial whose runs are shown: the best.

    Runs that have no score count as worse than those that have one; a panel without runs has none.
    """
    runs = data.table(None)
    worst = np.inf if data.minimise else -np.inf
    values = runs[VALUE].fillna(worst) * (1 if data.minimise else -1)
    codes = panels.codes(runs) if panels else np.zeros(len(runs), int)
    table = pd.DataFrame({"panel": codes, "trial": runs["trial"].to_numpy(), "value": values})
    means = table.groupby(["panel", "trial"])["value"].mean().reset_index()
    best = means.sort_values(["value", "trial"], kind="stable").drop_duplicates("panel")
    return {
        int(panel): int(trial) for panel, trial in zip(best["panel"], best["trial"], strict=True)
    }


def schedules(data: Data, panels: Axis | None) -> pd.DataFrame:
    """One row a stretch of steps in which nothing of a member's hyperparameter changes.

    `(panel)` is a place of `panels`, of which the runs of the best trial are taken; then trial,
    task, seed, hyperparameter, member, parent (whose state it went on from at the beginning),
    begin and end in steps, and value. Rows that `leads` are of the leader alone: one for each
    evaluation, whose metrics were that member's.
    """
    trials, runs, found = chosen_trials(data, panels), data.runs, []
    codes = panels.codes(runs) if panels else np.zeros(len(runs), int)
    reports = data.reports()
    leader = told("leader")
    if leader not in reports:
        return pd.DataFrame(columns=_COLUMNS)
    reports = reports[reports[leader].notna()].sort_values("step", kind="stable")
    of_run = dict(list(reports.groupby("run", observed=True)))
    for code, (_, run) in zip(codes, runs.iterrows(), strict=True):
        if trials.get(int(code)) == run["trial"] and run["run"] in of_run:
            known = {name: run[name] for name in ("trial", TASK, "seed")}
            own = _of_run(of_run[run["run"]], list(data.origin.searched))
            found.append(own.assign(**{"(panel)": int(code), **known}))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=_COLUMNS)


_COLUMNS = (
    *("(panel)", "trial", TASK, "seed", "hyperparameter", "member", "parent", "begin", "end"),
    *("value", "leads"),
)


def _of_run(reports: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """The stretches of one run, whose `reports` are in the order of their steps."""
    steps = reports["step"].to_numpy(int)
    begins = np.concatenate([[0], steps[:-1]])
    size = sum(told("parent", member) in reports for member in range(reports.shape[1]))
    columns = {
        name: reports[[told(name, member) for member in range(size)]].to_numpy(float)
        for name in ("parent", *names)
    }
    anew = _begins(columns)
    rows: list[dict[str, Any]] = []
    for member in range(size):
        first = np.flatnonzero(anew[:, member])
        last = np.concatenate([first[1:], [len(steps)]]) - 1
        rows += [
            _row(columns, name, member, int(a), int(begins[a]), int(steps[b]), leads=False)
            for name in names
            for a, b in zip(first, last, strict=True)
        ]
    leaders = reports[told("leader")].to_numpy(int)
    rows += [
        _row(columns, name, int(leaders[at]), at, int(begins[at]), int(steps[at]), leads=True)
        for name in names
        for at in range(len(steps))
    ]
    return pd.DataFrame(rows)


def _begins(columns: dict[str, Array]) -> Array:
    """At which reports [reports, members] a member has gone on from another, or all begin.

    A round is where anything changes: reports until the next one tell the same of parents.
    """
    parents = columns["parent"]
    changed = np.zeros(parents.shape, bool)
    for values in columns.values():
        changed[1:] |= values[1:] != values[:-1]
    anew: Array = changed.any(axis=1, keepdims=True) & (parents != np.arange(parents.shape[1]))
    anew[0] = True
    return anew


def _row(
    columns: dict[str, Array], name: str, member: int, at: int, begin: int, end: int, *, leads: bool
) -> dict[str, Any]:
    parent = int(columns["parent"][at, member])
    value = float(columns[name][at, member])
    return {
        "hyperparameter": name,
        "member": member,
        "parent": parent,
        "begin": begin,
        "end": end,
        "value": value,
        "leads": leads,
    }
