"""What the scores of a study come to by other statistics than its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sweeper import stats
from sweeper.expand import described
from sweeper.score import Array
from sweeper.study import Study

_MOST = 2_000
"""Configurations of whose every task's best Φ is taken; of more it takes too long."""
_MOST_AXES = 12


@dataclass(frozen=True)
class Row:
    """A configuration and a cell of text for each of the statistics."""

    name: str
    cells: list[str]


@dataclass(frozen=True)
class Statistics:
    """A table of configurations, and lines about the whole sweep."""

    columns: list[str]
    rows: list[Row]
    lines: list[str]


def statistics(study: Study, runs: pd.DataFrame, best: Iterable[int]) -> Statistics:
    """Of the `best` complete trials, and of all of them; `runs` are those of `frame.runs`."""
    every = _scores(study, runs)
    reference = study.plan.reference
    against = None if reference is None or np.isnan(every[reference]).any() else reference
    columns = ["IQM", "mean", "median"]
    columns += ["optimality gap"] if study.space.direction == "maximize" else []
    columns += [f"P(better than trial {against})"] if against is not None else []
    rows = []
    for trial in best:
        name = f"trial {trial}: {described(study.plan.trials[trial].labels)}"
        other = None if against is None else every[against]
        rows.append(Row(name, list(_cells(study, every[trial], other, trial == against))))
    return Statistics(columns, rows, list(_lines(study, every)))


def _scores(study: Study, runs: pd.DataFrame) -> Array:
    """[trials × seeds × tasks], NaN where there is no score."""
    tasks, seeds = len(study.space.tasks), len(study.space.seeds)
    found = runs["score"].to_numpy(float).reshape(-1, tasks, seeds)
    return np.asarray(found.transpose(0, 2, 1))


def _cells(study: Study, scores: Array, other: Array | None, same: bool) -> Iterator[str]:
    for how in ("iqm", "mean", "median"):
        yield said(stats.estimate(scores, how, _rng()))
    maximise = study.space.direction == "maximize"
    if maximise:
        yield said(stats.optimality_gap(scores, _rng()))
    if other is not None:
        sides = (scores, other) if maximise else (other, scores)
        yield "—" if same else said(stats.improvement(*sides, _rng()))


def _lines(study: Study, every: Array) -> Iterator[str]:
    """Sensitivity to hyperparameters, of complete trials over several tasks."""
    whole = every[~np.isnan(every).any(axis=(1, 2))]
    if every.shape[2] < 2 or not 2 <= len(whole) <= _MOST:
        return
    sign = 1.0 if study.space.direction == "maximize" else -1.0
    loss = stats.sensitivity(sign * whole, _rng())
    if np.isnan(loss.point):
        return
    yield (
        f"Hyperparameter sensitivity Φ = {said(loss)}: what the one best configuration loses "
        "against the best of each task (Adkins et al. 2024), in units of the spread of scores; too "
        "high with few seeds."
    )
    axes = list(study.space.axes)
    if study.space.sampler.name != "grid" or len(axes) > _MOST_AXES:
        return
    labels = [[str(trial.labels.get(name)) for name in axes] for trial in study.plan.trials]
    codes = np.column_stack(
        [pd.factorize(np.array(column))[0] for column in zip(*labels, strict=True)]
    )
    needed = stats.effective_dimension(sign * every, codes)
    if needed is not None:
        yield f"Effective dimension: {needed} of {len(axes)} axes must be tuned for each task."


def said(found: stats.Estimate) -> str:
    """`0.81 (0.7 to 0.9)`."""
    if np.isnan(found.point):
        return "unknown"
    if found.low is None:
        return f"{found.point:.3g} (interval unknown)"
    return f"{found.point:.3g} ({found.low:.3g} to {found.high:.3g})"


def _rng() -> np.random.Generator:
    """The same for all: a page that is written twice is the same."""
    return np.random.default_rng(0)
