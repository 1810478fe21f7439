"""The runs and the learning curves of a study as figures show them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from sweeper import score
from sweeper.errors import SweeperError, choices, shown
from sweeper.files.arrays import Arrays
from sweeper.results import frames
from sweeper.results.axis import TASK
from sweeper.score import Array, Bound
from sweeper.space.figure_options import SCORE
from sweeper.space.figure_rules import INTERVAL
from sweeper.text import canonical
from sweeper.trainable.population.rules import folded

VALUE = "(value)"
"""The column of `RunTables.table` that a figure shows."""


OWN = "(own score)"
"""The column of scores by the tasks' own bounds, where a baseline's best run is 1 in the others."""


@dataclass(frozen=True)
class Scored:
    """One of the scores of a study, as its tables have it."""

    name: str
    metric: str
    suffix: str
    """What follows `score` and `value` in its columns' names: nothing of the first score."""
    how: str
    """The statistic by which the runs of a trial become its value."""
    minimise: bool
    at: str
    """Which point of its learning curve a run's value is, one of `score.AT`."""


@dataclass(frozen=True)
class RunTables:
    """The tables of a study's runs, and how a run's value comes of its learning curve."""

    study: str
    runs: pd.DataFrame
    """As `frames.runs` gives them, the column of an axis called as its `Axis.column`."""
    reports: Callable[[], pd.DataFrame]
    """As `frames.reports` gives them; called where a figure needs learning curves."""
    columns: Mapping[str, str]
    """From the name of an axis to its column in `runs`, in the order of the space."""
    tasks: Mapping[str, tuple[float, float]]
    """From a task to its (low, high)."""
    metric: str
    at: str
    """Which point of its learning curve a run's value is, one of `score.AT`."""
    default_at: str
    """Which one the study's own scores are."""
    how: str
    """The statistic by which the runs of a trial become its value."""
    lengths: Mapping[str, int]
    """From a task to the steps of its runs."""
    minimise: bool
    scores: tuple[Scored, ...]
    """All scores, the one that figures show first."""
    bounds: tuple[Bound, ...] = ()
    """The constraints of the score, whose metrics stand in the columns `bounded …` of `runs`."""
    derived: tuple[str, ...] = ()
    """The columns of axes that follow from others, which reports do not have."""
    best: Mapping[str, float] = field(default_factory=dict)
    """Of tasks that were renormalised the baseline's best run, which is a bound of theirs now."""
    band: str = INTERVAL
    """What the bands around the points of figures show, one of `figure_rules.BANDS`."""
    kept: Callable[[str], Arrays | None] = lambda run: None
    """From a run's id to the arrays that are kept of it; `None` where there are none."""

    @property
    def steps(self) -> int:
        """The steps of the longest runs."""
        return max(self.lengths.values())

    def relative_to(self, baseline: Mapping[str, str | int | float]) -> RunTables:
        """The tables with scores in which the best run of the configurations `baseline` is 1.

        On each task, in the place of its high; where smaller is better it is 0, in the place of its
        low. A task keeps its bounds where no such run is better than the other bound.
        """
        chosen = np.isfinite(self.runs["score"].to_numpy(float))
        for name, label in baseline.items():
            labels = self.runs[self.columns[name]].map(canonical)
            chosen &= (labels == canonical(label)).to_numpy()
        scores = self.runs[chosen].groupby(TASK, observed=True)["score"]
        found = (scores.min() if self.minimise else scores.max()).to_dict()
        side = int(not self.minimise)
        tasks, best = dict(self.tasks), {}
        for task, scored in found.items():
            bounds = list(self.tasks[task])
            bounds[side] = best[task] = bounds[0] + scored * (bounds[1] - bounds[0])
            if bounds[0] < bounds[1]:
                tasks[task] = (bounds[0], bounds[1])
            else:
                del best[task]
        return self._rescaled(tasks, best)

    def with_best(self, best: Mapping[str, float]) -> RunTables:
        """The tables with scores in which these values are 1 on their tasks, or 0 if minimised."""
        tasks = dict(self.tasks)
        for task in set(best) & set(tasks):
            least, most = tasks[task]
            tasks[task] = (best[task], most) if self.minimise else (least, best[task])
        return self._rescaled(tasks, best)

    def _rescaled(
        self, tasks: Mapping[str, tuple[float, float]], best: Mapping[str, float]
    ) -> RunTables:
        """The tables with scores between other ends of the tasks."""
        after = replace(self, tasks=tasks, best=best)
        low, high = (self._bounds(side) for side in range(2))
        values = low + self.runs["score"].to_numpy(float) * (high - low)
        low, high = (after._bounds(side) for side in range(2))
        own = self.runs.get(OWN, self.runs["score"])
        relative = (values - low) / (high - low)
        return replace(after, runs=self.runs.assign(score=relative, **{OWN: own}))

    def within(self, kept: Any) -> RunTables:
        """The tables of those runs alone that are `kept` [runs]."""
        kept = np.asarray(kept, bool)
        runs = self.runs[kept].reset_index(drop=True)
        for name in ("run", TASK):
            runs[name] = runs[name].cat.remove_unused_categories()

        def reports() -> pd.DataFrame:
            every = self.reports()
            own = every[kept[every["run"].cat.codes]].reset_index(drop=True)
            for name in ("run", TASK):
                own[name] = own[name].cat.set_categories(runs[name].cat.categories)
            return pd.DataFrame(own)

        there = set(runs[TASK].cat.categories)
        tasks = {task: bounds for task, bounds in self.tasks.items() if task in there}
        lengths = {task: self.lengths[task] for task in tasks}
        return replace(self, runs=runs, reports=reports, tasks=tasks, lengths=lengths)

    def rescored(self, at: str | None) -> RunTables:
        """The tables with another point of each learning curve as a run's value, also as its score.

        `SweeperError` where `at`, if any, is none of `score.AT`.
        """
        if at is not None and at not in score.AT:
            raise SweeperError(f"unknown at={shown(at)}{choices(str(at), score.AT)}")
        return self if at is None else replace(self, at=at)

    def minimised(self, metric: str) -> bool | None:
        """Whether smaller values of `metric` are better; `None` where it is not scored."""
        return next((own.minimise for own in self.scores if own.metric == metric), None)

    def scored(self, score: Scored) -> pd.DataFrame:
        """`runs` with the column `VALUE`: one of the scores, infinite where a run diverged."""
        table = self.runs.assign(**{VALUE: self.runs[f"score{score.suffix}"]})
        return frames.judged(table, VALUE, minimise=score.minimise)

    def ranked(self, score: Scored) -> pd.DataFrame:
        """As `scored`, but by the tasks' own bounds, as trials are ranked; the first as `at`."""
        if score is self.scores[0] and self.at != self.default_at:
            return self.table(None)
        if score is self.scores[0] and OWN in self.runs:
            return frames.judged(
                self.runs.assign(**{VALUE: self.runs[OWN]}), VALUE, minimise=score.minimise
            )
        return self.scored(score)

    def table(self, metric: str | None) -> pd.DataFrame:
        """`runs` with the column `VALUE`: the score, or `metric` in its own unit, taken as `at`.

        Of runs that diverged it is infinite, worse than every other (`score.worst`), and NaN for a
        metric of which nobody says what is better.
        """
        if metric is None and self.at == self.default_at:
            return self.scored(self.scores[0])
        values = self._values(metric or self.metric)
        if metric is None:
            low, high = (self._bounds(side) for side in range(2))
            values = (values - low) / (high - low)
        return self.runs.assign(**{VALUE: values})

    def _values(self, metric: str) -> Array:
        """The runs' values [runs] by `metric`, in its own unit; NaN where they reported none."""
        values, minimise = {}, self.minimised(metric)
        for run, own in self.points(metric).groupby("run", sort=False, observed=True):
            curve = zip(own["step"], own[frames.POINT], strict=True)
            horizon = self.lengths[own[TASK].iloc[0]]
            values[run] = score.run_value(curve, self.at, horizon, minimise=bool(minimise))
        found = np.array([values.get(run, np.nan) for run in self.runs["run"]], float)
        worst = np.nan if minimise is None else score.worst(minimise=minimise)
        return np.where((self.runs["state"] == "nan").to_numpy(), worst, found)

    def _bounds(self, side: int) -> Array:
        """The lows (0) or the highs (1) of the runs' tasks [runs]."""
        return np.array([self.tasks[task][side] for task in self.runs[TASK]], float)

    def is_score(self, metric: str) -> bool:
        """Whether it is the score's metric between the ends of each task, not one of its own."""
        return metric == SCORE != self.metric and not {SCORE, f"metric {SCORE}"} & {*self.metrics}

    @property
    def metrics(self) -> list[str]:
        """The metrics that were reported, by the columns of `reports`."""
        fixed = ["run", "trial", TASK, "seed", *self.columns, "step"]
        return list(self.reports().columns[len(fixed) :])

    def _clocked(self, reports: pd.DataFrame, clock: str, valid: list[str]) -> pd.DataFrame:
        """The reports with the metric `clock` as `step`; `SweeperError` where a run has none."""
        known = reports[reports[clock].notna()] if clock in valid else reports[:0]
        lacking = len(set(reports["run"]) - set(known["run"]))
        if lacking or known.empty:
            runs = "no run" if known.empty else f"{lacking} of its runs never"
            raise SweeperError(
                f"x={clock} needs that metric of every run, and in {self.study} {runs} reported "
                f"it; agents do where a parameter collect.* is given, as in "
                f"collect.env_steps_per_update=1"
            )
        return known.assign(step=known[clock].round().astype(int))

    def points(self, metric: str, clock: str | None = None) -> pd.DataFrame:
        """The learning curves of `metric`, by `frames.curve_points`; `SweeperError` if unknown.

        Those of `SCORE` are of the score's metric, normalised, where none is called so. Only of
        metrics that are scored is it known what is worse than every number. In the place of `step`
        stands what the runs reported of `clock` with each point, such as `updates`.
        """
        reports = self.reports()
        fixed = ["run", "trial", TASK, "seed", *self.columns, "step"]
        valid = list(reports.columns[len(fixed) :])
        if self.is_score(metric):
            found = self.points(self.metric, clock)
            low, high = (found[TASK].map(lambda task, n=n: self.tasks[task][n]) for n in range(2))
            low, high = low.astype(float), high.astype(float)
            return found.assign(**{frames.POINT: (found[frames.POINT] - low) / (high - low)})
        column = metric if metric in valid else f"metric {metric}"
        if column not in valid:
            if metric != self.metric or len(reports):
                raise SweeperError(
                    f"{shown(metric)} is no metric of {self.study}{choices(metric, folded(valid))}"
                )
            reports = reports.assign(**{column: np.array([], float)})
        if clock is not None:
            reports = self._clocked(reports, clock, valid)
        points = reports[[*fixed, column]]
        marked = [self.columns.get(name, name) for name in fixed]
        points = points.set_axis([*marked, frames.POINT], axis=1)
        found = frames.curve_points(points, self.runs, frames.POINT, self.minimised(metric))
        labels = self.runs.set_index("run")
        return found.assign(**{name: found["run"].map(labels[name]) for name in self.derived})
