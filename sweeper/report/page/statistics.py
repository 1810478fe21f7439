"""Further statistics of a study's scores, and its sensitivity to hyperparameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sweeper import stats
from sweeper.results import frames
from sweeper.results.analyses.hyperparameters.consistency import MOST_AXES
from sweeper.results.tables.wording import measured
from sweeper.score import STATISTICS, TASK_MEDIAN, Array, named
from sweeper.space.blocks.parts import every_axis
from sweeper.study.study import Study
from sweeper.text import counted, labels_text

_MOST = 2_000
"""Configurations of whose every task's best Φ is taken; of more it takes too long."""


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
    minimise = study.space.direction == "minimize"
    every = frames.grid(frames.judged(runs, "score", minimise=minimise), "score")
    reference = study.plan.reference
    against = None if reference is None or np.isnan(every[reference]).any() else reference
    columns = [named(how) for how in _statistics(every)]
    columns += ["optimality gap"] if study.space.direction == "maximize" else []
    columns += [f"P(better than trial {against})"] if against is not None else []
    rows = []
    for trial in best:
        name = f"trial {trial}: {labels_text(study.plan.trials[trial].labels)}"
        other = None if against is None else every[against]
        rows.append(Row(name, list(_cells(study, every[trial], other, trial == against))))
    return Statistics(columns, rows, list(_lines(study, every)))


def _cells(study: Study, scores: Array, other: Array | None, same: bool) -> Iterator[str]:
    for how in _statistics(scores):
        yield estimate_text(stats.estimate(scores, how, _rng()))
    maximise = study.space.direction == "maximize"
    if maximise:
        yield estimate_text(stats.optimality_gap(scores, _rng()))
    if other is not None:
        sides = (scores, other) if maximise else (other, scores)
        yield "—" if same else estimate_text(stats.improvement(*sides, _rng()))


def _statistics(scores: Array) -> list[str]:
    """What is told of scores [… × seeds × tasks]: of a single task the median of means is none."""
    return [how for how in STATISTICS if how != TASK_MEDIAN or scores.shape[-1] > 1]


def _lines(study: Study, every: Array) -> Iterator[str]:
    """Sensitivity to hyperparameters, of complete trials over several tasks."""
    complete = np.isfinite(every).all(axis=(1, 2))
    sign = 1.0 if study.space.direction == "maximize" else -1.0
    whole = sign * every[complete]
    if every.shape[2] < 2 or not 2 <= len(whole) <= _MOST:
        return
    loss = stats.sensitivity(whole, _rng())
    if np.isnan(loss.point):
        return
    trials, seeds, tasks = whole.shape
    yield (
        f"Hyperparameter sensitivity Φ = {estimate_text(loss)}, of "
        f"{counted(trials, 'configuration')} × {counted(seeds, 'seed')} × "
        f"{counted(tasks, 'task')}: what the one best configuration loses against the best of "
        "each task, on average over tasks (Adkins et al. 2024). The 5th and the 95th percentile "
        "of a task's scores are 0 and 1; Φ is too high with few seeds."
    )
    tuned = _hyperparameters(study)
    if study.space.sampler.name != "grid" or len(tuned) > MOST_AXES:
        return
    partly = [group[0] for group, labels in tuned.items() if None in labels]
    if partly:
        yield f"Effective dimension d: unknown, as not every configuration has {', '.join(partly)}."
        return
    codes = np.column_stack([pd.factorize(np.array(labels))[0] for labels in tuned.values()])
    needed = stats.effective_dimension(whole, codes[complete])
    names = ", ".join(" with ".join(group) for group in tuned)
    yield (
        f"Effective dimension d = {needed} of {counted(len(tuned), 'hyperparameter')} ({names}): "
        "so many must be set for each task to reach 95 % of what the best of each comes to, on "
        "the scale of Φ; a count, without an interval."
    )


def _hyperparameters(study: Study) -> dict[tuple[str, ...], list[str | None]]:
    """What varies: axes, or those of a zip group as one, and its values [trials] as texts.

    `None` where a trial does not have it.
    """
    groups = {name: tuple(group) for group in study.space.zip for name in group}
    found = {}
    for group in dict.fromkeys(groups.get(name, (name,)) for name in every_axis(study.space)):
        values = [
            str([trial.labels[name] for name in group]) if group[0] in trial.labels else None
            for trial in study.plan.trials
        ]
        if len(set(values)) > 1:
            found[group] = values
    return found


def estimate_text(found: stats.Estimate) -> str:
    """`0.81 (0.7 to 0.9)`."""
    if np.isnan(found.point):
        return "unknown"
    return measured(found.point, found.low, found.high)


def _rng() -> np.random.Generator:
    """The same for all: a page that is written twice is the same."""
    return np.random.default_rng(0)
