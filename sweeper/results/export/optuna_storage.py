"""The study as an Optuna storage, for `optuna.load_study` and optuna-dashboard."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import optuna
import pandas as pd
from optuna.distributions import BaseDistribution
from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import BaseJournalBackend
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

import sweeper
from sweeper import stats
from sweeper.errors import SweeperError, cut, shown
from sweeper.files.atomic import write_durably
from sweeper.ledger.state import LedgerState
from sweeper.results import frames
from sweeper.space.blocks.parts import JoinedAxis, every_axis
from sweeper.space.space import Space
from sweeper.study.sampling.optuna_memory import constraint_attributes, quiet
from sweeper.study.study import Study

_STATES = {
    "complete": TrialState.COMPLETE,
    "nan": TrialState.FAIL,
    "failed": TrialState.FAIL,
    "pruned": TrialState.PRUNED,
    "running": TrialState.RUNNING,
    "open": TrialState.WAITING,
}


_MARK = "sweeper"
"""The user attribute of a study that sweeper wrote, and may write anew."""


class _Memory(BaseJournalBackend):  # type: ignore[misc, unused-ignore]
    """A journal in memory: written to a file in one go, not synced to the disk line by line."""

    def __init__(self) -> None:
        self.logs: list[dict[str, Any]] = []

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """The entries from number `log_number_from` on."""
        yield from self.logs[log_number_from:]

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Adds entries at the end."""
        self.logs += logs


def write(study: Study, ledger_state: LedgerState, url: str | None = None) -> str:
    """Writes the study to the Optuna storage at `url`, or to its journal; returns where.

    Either is written anew: in a storage a study of that name is deleted first if sweeper wrote it,
    and the journal is written under a temporary name that is then renamed. Raises `SweeperError`
    where the storage holds another study of that name, or cannot be opened or written to.

    One Optuna trial a trial, in their order: its labels as parameters, the aggregate as value, the
    aggregate at every step that all its runs have reached as intermediate values, and the counts
    `n`, `nan`, `failed`, `pruned`, `missing` of its runs as user attributes.
    """
    if url is not None:
        try:
            _fill(_emptied(url, study.name), study, ledger_state)
        except StorageInternalError as error:
            raise SweeperError(f"storage={url} cannot be written to: {_cause(error)}") from error
        return url
    memory = _Memory()
    _fill(JournalStorage(memory), study, ledger_state)
    lines = (json.dumps(log, separators=(",", ":")) + "\n" for log in memory.logs)
    write_durably(study.paths.optuna, "".join(lines).encode())
    return str(study.paths.optuna)


def in_memory(study: Study, ledger_state: LedgerState) -> BaseStorage:
    """What `write` writes, as a storage of this process alone."""
    storage = JournalStorage(_Memory())
    _fill(storage, study, ledger_state)
    return storage


def _emptied(url: str, name: str) -> BaseStorage:
    """The storage at `url`, without a study called `name`; another's is left alone."""
    try:
        storage: BaseStorage = optuna.storages.get_storage(url)
        names = {found.study_name for found in storage.get_all_studies()}
    except Exception as error:
        raise SweeperError(
            f"storage={cut(url)} cannot be opened: {_cause(error)}; a URL looks like sqlite:///optuna.db"
        ) from error
    if name in names:
        there = storage.get_study_id_from_name(name)
        if _MARK not in storage.get_study_user_attrs(there) and storage.get_n_trials(there):
            raise SweeperError(
                f"storage={cut(url)} holds a study {shown(name)} that sweeper did not write, and "
                "it would be lost: use another storage, or delete it there"
            )
        storage.delete_study(there)
    return storage


def _cause(error: Exception) -> str:
    """What lies behind an error of Optuna's, in one line."""
    return str(error.__cause__ or error).partition("\n")[0]


def _fill(storage: BaseStorage, study: Study, ledger_state: LedgerState) -> None:
    space = study.space
    with quiet():
        created = optuna.create_study(
            storage=storage,
            study_name=study.name,
            directions=[StudyDirection[name.upper()] for name in space.directions],
        )
    created.set_user_attr(_MARK, sweeper.__version__)
    if space.reference:
        created.set_user_attr("reference", space.reference)
    created.set_user_attr("metric", space.score.metric)
    created.add_trials(_trials(study, ledger_state))
    if space.score.also:
        with quiet():  # "experimental" since Optuna 3.2
            created.set_metric_names(list(space.score_names))


def _trials(study: Study, ledger_state: LedgerState) -> Iterable[FrozenTrial]:
    table = frames.runs(study, ledger_state)
    space = study.space
    distributions = _distributions(study)
    rows = frames.of_runs(table, space, list(every_axis(space))).to_dict("records")
    times = _times(study, ledger_state)
    curves = _curves(study, ledger_state, table)
    for trial, row in zip(study.plan.trials, rows, strict=True):
        state = _STATES[row["state"]]
        values = _values(space, row) if state == TrialState.COMPLETE else None
        if values is not None and np.isnan(values).any():
            state, values = TrialState.FAIL, None  # as Optuna says of such values itself
        started, ended = times[trial.number]
        frozen = create_trial(
            state=state,
            values=values,
            params=dict(trial.labels),
            distributions={name: distributions[name] for name in trial.labels},
            intermediate_values=curves.get(trial.number, {}),
            user_attrs={key: int(row[key]) for key in ("n", "nan", "failed", "pruned", "missing")},
            system_attrs=_constraints(space, row) if state == TrialState.COMPLETE else {},
        )
        frozen.datetime_start = None if state == TrialState.WAITING else started
        frozen.datetime_complete = ended if state.is_finished() else None
        yield frozen


def _constraints(space: Space, row: Mapping[Any, Any]) -> dict[str, Any]:
    """By how much a complete trial breaks each constraint, as Optuna keeps it."""
    bounded = zip(space.score.bounds, frames.bounded_columns(space), strict=True)
    excess = [float(one.excess(row[name])) for one, name in bounded]
    return constraint_attributes([np.inf if np.isnan(one) else one for one in excess])


def _distributions(study: Study) -> dict[str, BaseDistribution]:
    """The distribution of each axis, which holds all labels of the plan's trials."""
    found = {}
    for name, axis in every_axis(study.space).items():
        if isinstance(axis, JoinedAxis):
            drawn = [one.labels[name] for one in study.plan.trials if name in one.labels]
            found[name] = axis.distribution(name, drawn)
        else:
            found[name] = axis.distribution(name)
    return found


def _values(space: Space, row: Mapping[Any, Any]) -> list[float]:
    return [row[f"value{suffix}"] for suffix in frames.suffixes(space)]


def _times(study: Study, ledger_state: LedgerState) -> list[tuple[datetime, datetime]]:
    """When the first run of each trial began and its last run ended."""
    started = [np.inf] * len(study.plan.trials)
    ended = [-np.inf] * len(study.plan.trials)
    for run in study.plan.runs:
        record = ledger_state.runs.get(run.id)
        if record is not None and record.started is not None:
            started[run.trial] = min(started[run.trial], record.started)
        if record is not None and record.ended is not None:
            ended[run.trial] = max(ended[run.trial], record.ended)
    return [(_date(first), _date(last)) for first, last in zip(started, ended, strict=True)]


def _date(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds if np.isfinite(seconds) else 0.0, UTC)


def _curves(
    study: Study, ledger_state: LedgerState, table: pd.DataFrame
) -> dict[int, dict[int, float]]:
    """Aggregate of the normalised metric by trial and step, where all its runs have a point.

    Where runs that diverged decide it there is none.
    """
    space = study.space
    reported = frames.reports(study, ledger_state)
    if space.score.metric not in reported:
        return {}
    lows = {name: task.low for name, task in space.tasks.items()}
    highs = {name: task.high for name, task in space.tasks.items()}
    minimise = space.direction == "minimize"
    points = frames.curve_points(reported, table, space.score.metric, minimise)
    low, high = (points["task"].map(bound).to_numpy(float) for bound in (lows, highs))
    scores = (points[frames.POINT].to_numpy() - low) / (high - low)
    cell = points.groupby(["trial", "step"], sort=True).ngroup().to_numpy()
    keys = points[["trial", "step"]].drop_duplicates().sort_values(["trial", "step"])
    keys["score"] = stats.points(scores, cell, points["task"].cat.codes, space.score.aggregate)
    whole = [len(study.plan.runs_of(trial)) for trial in keys["trial"].tolist()]
    full = (np.bincount(cell) == whole) & keys["score"].notna()
    curves: dict[int, dict[int, float]] = {}
    for trial, step, height in keys[full].itertuples(index=False):
        curves.setdefault(int(trial), {})[int(step)] = float(height)
    return curves
