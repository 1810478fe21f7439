"""The study as an Optuna storage, for `optuna.load_study` and optuna-dashboard."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
import optuna
import pandas as pd
from optuna.storages import JournalStorage
from optuna.storages.journal import BaseJournalBackend
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from sweeper import frame, stats
from sweeper.fold import Fold
from sweeper.paths import write_durably
from sweeper.study import Study

_STATES = {
    "complete": TrialState.COMPLETE,
    "failed": TrialState.FAIL,
    "pruned": TrialState.PRUNED,
    "running": TrialState.RUNNING,
    "open": TrialState.WAITING,
}


class _Memory(BaseJournalBackend):  # type: ignore[misc, unused-ignore]
    """A journal in memory: written to a file in one go, not synced to the disk line by line."""

    def __init__(self) -> None:
        self.logs: list[dict[str, Any]] = []

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        yield from self.logs[log_number_from:]

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        self.logs += logs


def write(study: Study, fold: Fold) -> None:
    """Writes an Optuna journal file anew, under a temporary name that is then renamed.

    One Optuna trial a trial, in their order: its labels as parameters, the aggregate as value, the
    aggregate at every step that all its runs have reached as intermediate values, and the counts
    `n`, `nan`, `failed`, `pruned`, `missing` of its runs as user attributes.
    """
    memory = _Memory()
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        direction = StudyDirection[study.space.direction.upper()]
        created = optuna.create_study(
            storage=JournalStorage(memory), study_name=study.name, direction=direction
        )
        if study.space.reference:
            created.set_user_attr("reference", study.space.reference)
        created.set_user_attr("metric", study.space.score.metric)
        created.add_trials(_trials(study, fold))
    finally:
        optuna.logging.set_verbosity(verbosity)
    lines = (json.dumps(log, separators=(",", ":")) + "\n" for log in memory.logs)
    write_durably(study.paths.optuna, "".join(lines).encode())


def _trials(study: Study, fold: Fold) -> Iterable[FrozenTrial]:
    table = frame.runs(study, fold)
    space = study.space
    distributions = {name: axis.distribution(name) for name, axis in space.axes.items()}
    rows = frame.of_runs(table, space.score.aggregate, list(space.axes)).to_dict("records")
    times = _times(study, fold)
    curves = _curves(study, fold, table)
    for trial, row in zip(study.plan.trials, rows, strict=True):
        state = _STATES[row["state"]]
        started, ended = times[trial.number]
        frozen = create_trial(
            state=state,
            value=row["value"] if state == TrialState.COMPLETE else None,
            params=dict(trial.labels),
            distributions=distributions,
            intermediate_values=curves.get(trial.number, {}),
            user_attrs={key: int(row[key]) for key in ("n", "nan", "failed", "pruned", "missing")},
        )
        frozen.datetime_start = None if state == TrialState.WAITING else started
        frozen.datetime_complete = ended if state.is_finished() else None
        yield frozen


def _times(study: Study, fold: Fold) -> list[tuple[datetime, datetime]]:
    """When the first run of each trial began and its last run ended."""
    started = [np.inf] * len(study.plan.trials)
    ended = [-np.inf] * len(study.plan.trials)
    for run in study.plan.runs:
        record = fold.runs.get(run.id)
        if record is not None and record.started is not None:
            started[run.trial] = min(started[run.trial], record.started)
        if record is not None and record.ended is not None:
            ended[run.trial] = max(ended[run.trial], record.ended)
    return [(_date(first), _date(last)) for first, last in zip(started, ended, strict=True)]


def _date(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds if np.isfinite(seconds) else 0.0, UTC)


def _curves(study: Study, fold: Fold, table: pd.DataFrame) -> dict[int, dict[int, float]]:
    """Aggregate of the normalised metric by trial and step, where all its runs have a point."""
    space = study.space
    reported = frame.reports(study, fold)
    if space.score.metric not in reported:
        return {}
    lows = {name: task.low for name, task in space.tasks.items()}
    highs = {name: task.high for name, task in space.tasks.items()}
    worst = {name: space.worst(name) for name in space.tasks}
    points = frame.held(reported, table, space.score.metric, worst)
    low, high = (points["task"].map(bound).to_numpy(float) for bound in (lows, highs))
    scores = (points[frame.POINT].to_numpy() - low) / (high - low)
    cell = points.groupby(["trial", "step"], sort=True).ngroup().to_numpy()
    keys = points[["trial", "step"]].drop_duplicates().sort_values(["trial", "step"])
    keys["score"] = stats.points(scores, cell, space.score.aggregate)
    full = np.bincount(cell) == len(space.tasks) * len(space.seeds)
    curves: dict[int, dict[int, float]] = {}
    for trial, step, score in keys[full].itertuples(index=False):
        curves.setdefault(int(trial), {})[int(step)] = float(score)
    return curves
