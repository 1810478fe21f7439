"""A study as tidy tables: its runs, its trials, its reports."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sweeper import score, stats
from sweeper.ledger.run_record import PAUSED, SCORED, UNENDED, UNSCORED
from sweeper.ledger.snapshots.columns import Columns
from sweeper.ledger.state import LedgerState
from sweeper.space.blocks.parts import every_axis
from sweeper.space.figure_rules import INTERVAL, SD, SE
from sweeper.space.space import Space
from sweeper.study.study import Study

COUNTS = ("n", "nan", "failed", "pruned", "missing")
"""Runs of a trial: those that count, those of them that diverged, the others by why they do not."""

_OF_A_SCORE = ("score", "value", "low", "high")

FEASIBLE = "feasible"
"""The column of trials that says whether they keep the constraints of the score, if it has any."""

POINT = "(point)"
"""The column of `held` points; no axis is called like that."""


def runs(study: Study, ledger_state: LedgerState) -> pd.DataFrame:
    """One row a planned run: run, trial, task, seed, a column an axis, state, score, value, step,
    attempts, seconds, worker; and of an analysis source, the run that it is of.

    `score` is normalised, `value` in the metric's own unit; both NaN before the run has ended, and
    where it diverged. Further scores of the space follow as `score …` and `value …`, by their name,
    and what a run reported last of the metrics that constraints bound as `bounded …`.
    """
    plan = study.plan.runs
    columns = Columns(ledger_state.runs, [run.id for run in plan])
    frame = _identity(study, np.arange(len(plan)))
    frame["state"] = columns.texts("state", "open").tolist()
    diverged = (frame["state"] == "nan").to_numpy()
    for name in ("score", "value"):  # older studies gave diverged runs some
        frame[name] = np.where(diverged, np.nan, columns.numbers(name))
    frame = frame.assign(**_further(study, ledger_state, diverged))
    frame["step"] = columns.numbers("step", 0).astype(int)
    frame["attempts"] = columns.numbers("attempts", 0).astype(int)
    frame["seconds"] = columns.numbers("ended") - columns.numbers("started")
    frame["worker"] = columns.texts("worker").tolist()
    if study.sources is not None:
        found = map(study.sources.run_of, plan)
        frame["source"] = [run.id if run is not None else "" for run in found]
    return frame


def trials(study: Study, ledger_state: LedgerState) -> pd.DataFrame:
    """One row a trial: trial, a column an axis, state, value, low, high, n, nan, failed, pruned,
    missing.

    `value` aggregates the scores of all its runs and is NaN unless every one of them has ended well
    or diverged; of those that diverged see `judged`. Where they decide a value the state is `nan`.
    `low` and `high` bound its 95 % interval, NaN where that is unknown. `n` counts these runs,
    `nan` those of them that diverged, `failed` (with oom, timeout and lost), `pruned` and `missing`
    (open or running) the others. The values by further scores stand behind the first as `value …`,
    `low …` and `high …`. Where the score has constraints, `bounded …` aggregates each metric, and
    `feasible` says which complete trials keep them all.
    """
    return of_runs(runs(study, ledger_state), study.space, list(every_axis(study.space)))


def of_runs(table: pd.DataFrame, space: Space, axes: list[str]) -> pd.DataFrame:
    """The trials behind a table of the runs of a study of `space`, as `trials` gives them."""
    frame = counts(table, axes)
    whole = (frame["state"] == "complete").to_numpy()
    cell = np.unique(table["trial"], return_inverse=True)[1]
    chosen = whole[cell]
    at, lost = (np.cumsum(whole) - 1)[cell[chosen]], np.zeros(len(frame), bool)
    names: list[str] = []
    rules = zip(suffixes(space), space.scores, space.directions, strict=True)
    for suffix, rule, direction in rules:
        own = [f"{name}{suffix}" for name in ("value", "low", "high")]
        names += own
        frame[own] = np.nan
        if not whole.any():
            continue
        some = judged(table[chosen], f"score{suffix}", minimise=direction == "minimize")
        found = estimates(some, at, f"score{suffix}", rule.aggregate)
        frame.loc[whole, own] = np.stack([found.point, found.low, found.high], axis=1)
        lost |= frame[own[0]].isna().to_numpy()
    frame.loc[whole & lost & (frame["nan"] > 0), "state"] = "nan"
    names += COUNTS
    if space.score.bounds:
        names += [*bounded_columns(space), FEASIBLE]
        _bound(frame, table[chosen], whole, at, space)
    return frame[[*(name for name in frame if name not in names), *names]]


def _bound(frame: pd.DataFrame, some: pd.DataFrame, whole: Any, cell: Any, space: Space) -> None:
    """Adds to the trials in `frame` the columns of their constraints, of the runs in `some`, `cell`
    numbering them, of the `whole` [trials] ones.
    """
    frame[FEASIBLE] = whole
    for column, bound in zip(bounded_columns(space), space.score.bounds, strict=True):
        frame[column] = np.nan
        if whole.any():
            own = judged(some, column, minimise=bound.below)[column].to_numpy(float)
            tasks = some["task"].cat.codes
            frame.loc[whole, column] = stats.points(own, cell, tasks, space.score.aggregate)
        kept = bound.excess(frame[column].to_numpy(float)) <= 0
        frame[FEASIBLE] &= kept


def bounded_columns(space: Space) -> list[str]:
    """The columns of what was reported last of each metric that a constraint bounds."""
    return [f"bounded {metric}" for metric in space.score.constraints]


def suffixes(space: Space) -> list[str]:
    """What follows `score`, `value`, `low` and `high` in columns, for each score of the space."""
    return ["", *(f" {name}" for name in space.score_names[1:])]


def named(table: pd.DataFrame, space: Space) -> pd.DataFrame:
    """`table` with the columns of the first score called by its name, as those of the others are.

    With one score they need no name.
    """
    if not space.score.also:
        return table
    name = space.score_names[0]
    return table.rename(columns={part: f"{part} {name}" for part in _OF_A_SCORE})


def judged(table: pd.DataFrame, column: str, *, minimise: bool) -> pd.DataFrame:
    """`table` with the runs that diverged worse in `column` than every other: infinitely bad.

    An IQM or a median may leave such runs out with its worst others; every other statistic of them
    is unknown.
    """
    diverged = (table["state"] == "nan").to_numpy()
    worst = score.worst(minimise=minimise)
    return table.assign(**{column: np.where(diverged, worst, table[column].to_numpy(float))})


def counts(table: pd.DataFrame, axes: list[str]) -> pd.DataFrame:
    """The trials behind a table of runs: trial, a column an axis, state, and `COUNTS`."""
    numbers, row, cell = np.unique(table["trial"], return_index=True, return_inverse=True)
    state = table["state"].to_numpy()

    def count(*states: str) -> Any:
        return np.bincount(cell[np.isin(state, states)], minlength=len(numbers))

    frame = table[["trial", *axes]].iloc[row].reset_index(drop=True)
    found = [count(*SCORED), count("nan"), count(*UNSCORED), count("pruned", PAUSED)]
    found.append(count(*UNENDED))
    n, _, failed, pruned, missing = found
    untouched = (n == 0) & (count("running") == 0)
    frame["state"] = np.select(
        [failed > 0, pruned > 0, missing == 0, ~untouched],
        ["failed", "pruned", "complete", "running"],
        "open",
    )
    return frame.assign(**dict(zip(COUNTS, found, strict=True)))


def estimates(
    table: pd.DataFrame, cell: Any, column: str, how: str, band: str = INTERVAL
) -> stats.Cells:
    """Points and intervals of `column` for the runs in `table`, `cell` [runs] numbering them.

    The random stream is always the same: a figure drawn twice is the same figure. Another `band`
    stands in the place of the interval.
    """
    if band in (SE, SD):
        return stats.deviations(table[column].to_numpy(), cell, how, error=band == SE)
    return stats.cells(
        table[column].to_numpy(),
        cell,
        table["task"].cat.codes.to_numpy(int),
        table["seed"].to_numpy(),
        how,
        np.random.default_rng(0),
        stretch=band == INTERVAL,
    )


def grid(table: pd.DataFrame, column: str) -> score.Array:
    """`column` of a table of runs as [trials × seeds × tasks], each ascending; NaN for no run."""
    keys = (table["trial"], table["seed"], table["task"].cat.codes)
    places = [np.unique(key, return_inverse=True)[1] for key in keys]
    values = np.full([int(place.max(initial=-1)) + 1 for place in places], np.nan)
    values[tuple(places)] = table[column]
    return values


def _further(study: Study, ledger_state: LedgerState, diverged: Any) -> dict[str, Any]:
    """The columns of the further scores and constraints of the space, for all planned runs."""
    rules, bounded = study.space.score.also, bounded_columns(study.space)
    if not rules and not bounded:
        return {}
    found = np.full((len(diverged), len(rules) + len(bounded)), np.nan)
    for place, run in enumerate(study.plan.runs):
        record = ledger_state.runs.get(run.id)
        if record is not None and record.also and not diverged[place]:
            found[place] = record.also
    columns: dict[str, Any] = {}
    further = found.T[: len(rules)]
    for suffix, rule, scores in zip(suffixes(study.space)[1:], rules, further, strict=True):
        columns[f"score{suffix}"] = scores
        columns[f"value{suffix}"] = rule.low + scores * (rule.high - rule.low)
    return columns | dict(zip(bounded, found.T[len(rules) :], strict=True))


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
    reported: pd.DataFrame, table: pd.DataFrame, metric: str, minimise: bool | None
) -> pd.DataFrame:
    """The points of the column `metric` as `POINT`, and those that diverged runs count with.

    A run that diverged is worse than every number (`score.worst`) at all steps behind its last
    point at which its task was evaluated; NaN where nobody says what is better (`None`).
    """
    worst = np.nan if minimise is None else score.worst(minimise=minimise)
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
        added.append(later.assign(**{POINT: worst}))
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
    for axis in every_axis(study.space):
        labels = plan.labels(axis)
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
