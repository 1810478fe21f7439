"""What a figure is drawn from: tidy tables, the axes worth showing, and what to say below."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sweeper import score
from sweeper.errors import SweeperError, choices
from sweeper.ledger.state import LedgerState
from sweeper.plan import shipped_spaces
from sweeper.results import frames
from sweeper.results.axis import TASK, Axis, axis_of
from sweeper.score import Array
from sweeper.space.figure_options import MOST
from sweeper.stats.wording import INTERVALS, coverage
from sweeper.text import counted

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

    from sweeper.study.study import Study

MAX_PANELS = 6
_POINTS = {"final": "the last point", "max": "the largest value", "auc": "the mean height"}
VALUE = "(value)"
"""The column of `Data.table` that a figure shows."""


@dataclass(frozen=True)
class Data:
    """A study as figures see it; `reports` is called where a figure needs learning curves."""

    name: str
    runs: pd.DataFrame
    """As `frame.runs` gives them, the column of an axis called as its `Axis.column`."""
    reports: Callable[[], pd.DataFrame]
    """As `frame.reports` gives them."""
    axes: Mapping[str, Axis]
    """All axes and the tasks, also those with one label."""
    tasks: Mapping[str, tuple[float, float]]
    """Task -> (low, high)."""
    metric: str
    at: str
    """Which point of its learning curve a run's value is, one of `score.AT`."""
    scored_at: str
    """Which one the study's own scores are."""
    how: str
    steps: int
    step: str
    """What a step is called."""
    distribution: Callable[[str], BaseDistribution]
    """From an axis to the Optuna distribution of its labels."""
    reference: Callable[[], int | None]
    """Gives the trial of all defaults, where it is planned."""
    minimise: bool = False
    zip: tuple[tuple[str, ...], ...] = ()
    note: str | None = None
    scale: str | None = None
    paper_steps: int | None = None
    """The steps of the space's scale `paper`, where it has that."""
    space: str = ""
    """What the space calls the study, whatever this one's folder is called."""
    changed: Callable[[], list[str]] = list
    """Gives what the study sets otherwise than the shipped space of that name."""

    @staticmethod
    def of(study: Study, ledger_state: LedgerState | None = None) -> Data:
        """The data of `study`, as `ledger_state` or else its ledger now says."""
        ledger_state = ledger_state or study.ledger_state()
        space = study.space
        axes = {name: axis_of(name, study) for name in space.axes}
        return Data(
            name=study.name,
            runs=frames.runs(study, ledger_state).rename(
                columns={name: axis.column for name, axis in axes.items()}
            ),
            reports=lambda: frames.reports(study, ledger_state),
            axes={**axes, TASK: Axis(TASK, tuple(space.tasks), False)},
            tasks={name: (task.low, task.high) for name, task in space.tasks.items()},
            metric=space.score.metric,
            at=space.score.at,
            scored_at=space.score.at,
            how=space.score.aggregate,
            steps=space.steps,
            step="environment step" if space.agent else "step",
            distribution=lambda name: space.axes[name].distribution(name),
            reference=lambda: study.plan.reference,
            minimise=space.direction == "minimize",
            zip=tuple(tuple(group) for group in space.zip),
            note=space.note,
            scale=space.scale,
            paper_steps=space.paper_steps,
            space=space.study,
            changed=lambda: shipped_spaces.changed(space),
        )

    @cached_property
    def varied(self) -> list[str]:
        """The axes with more than one value."""
        return [name for name, axis in self.axes.items() if len(axis.labels) > 1 and name != TASK]

    @cached_property
    def chosen(self) -> list[str]:
        """The varied axes, of those that move together the first alone."""
        following = {name for group in self.zip for name in group[1:]}
        return [name for name in self.varied if name not in following]

    def axis(self, name: str) -> Axis:
        """The axis called `name`; `SweeperError` for an unknown one."""
        if name not in self.axes:
            raise SweeperError(f"{name!r} is no axis of {self.name}{choices(name, self.axes)}")
        return self.axes[name]

    def titles(self, names: Iterable[str]) -> list[str]:
        """What figures and tables call these axes."""
        return [self.axes[name].title for name in names]

    def first(
        self, taken: Iterable[str | None], *, most: int | None = None, numeric: bool = False
    ) -> str | None:
        """The first varied axis that is not `taken` and moves with none of them; numeric first."""
        taken = {*taken, *self.moved(taken)}
        free = [name for name in self.varied if name not in taken]
        free = [name for name in free if most is None or len(self.axes[name].labels) <= most]
        if numeric:
            free.sort(key=lambda name: not self.axes[name].numeric)
        return free[0] if free else None

    def moved(self, shown: Iterable[str | None]) -> dict[str, str]:
        """The varied axes not `shown` that move with a shown one, each with that one."""
        pairs = [(name, axis) for group in self.zip for axis in group for name in group]
        hidden = {name for name in self.varied if name not in shown}
        return {name: axis for name, axis in pairs if name in hidden and axis in shown}

    def different(self, **chosen: str | None) -> None:
        """`SweeperError` where two of the options name one axis, or one names none."""
        seen: dict[str, str] = {}
        for option, name in chosen.items():
            if name is None:
                continue
            self.axis(name)
            if name in seen:
                raise SweeperError(f"{seen[name]} and {option} must differ, but both are {name!r}")
            seen[name] = option

    def few(self, **chosen: str | None) -> None:
        """`SweeperError` where the axis of an option has too many values to be told apart."""
        for option, name in chosen.items():
            count, most = len(self.axis(name).labels) if name else 0, MOST[option]
            if count > most:
                fitting = [other for other, axis in self.axes.items() if len(axis.labels) <= most]
                raise SweeperError(
                    f"{option} takes an axis of at most {most} values, but {name!r} has {count}; "
                    f"fitting: {', '.join(fitting) or 'none'}"
                )

    def taken(self, at: str | None) -> Data:
        """The data with another point of each learning curve as a run's value, also as its score.

        `SweeperError` where `at`, if any, is none of `score.AT`.
        """
        if at is not None and at not in score.AT:
            raise SweeperError(f"unknown at={at!r}{choices(str(at), score.AT)}")
        return self if at is None else replace(self, at=at)

    def table(self, metric: str | None) -> pd.DataFrame:
        """`runs` with the column `VALUE`: the score, or `metric` in its own unit, taken as `at`."""
        if metric is None and self.at == self.scored_at:
            return self.runs.assign(**{VALUE: self.runs["score"]})
        values = self._values(metric or self.metric)
        if metric is None:
            low, high = (self._bounds(side) for side in range(2))
            values = (values - low) / (high - low)
        return self.runs.assign(**{VALUE: values})

    def _values(self, metric: str) -> Array:
        """What the runs are worth by `metric`, in its own unit; NaN where they reported none."""
        values = {}
        for run, own in self.points(metric).groupby("run", sort=False, observed=True):
            curve = zip(own["step"], own[frames.POINT], strict=True)
            values[run] = score.run_value(curve, self.at, self.steps, np.nan)
        found = np.array([values.get(run, np.nan) for run in self.runs["run"]], float)
        if metric != self.metric:
            return found
        lost = np.isnan(found) & (self.runs["state"] == "nan").to_numpy()
        return np.where(lost, self._bounds(int(self.minimise)), found)

    def _bounds(self, side: int) -> Array:
        """The lows (0) or the highs (1) of the runs' tasks."""
        return np.array([self.tasks[task][side] for task in self.runs[TASK]], float)

    def points(self, metric: str) -> pd.DataFrame:
        """The learning curves of `metric`, as `frame.held` gives them; `SweeperError` if unknown.

        Only the score's metric has a worst value for runs that diverged before they reported it.
        """
        reports = self.reports()
        axes = [name for name in self.axes if name != TASK]
        fixed = ["run", "trial", TASK, "seed", *axes, "step"]
        valid = list(reports.columns[len(fixed) :])
        column = metric if metric in valid else f"metric {metric}"
        if column not in valid:
            if metric != self.metric or len(reports):
                raise SweeperError(
                    f"{metric!r} is no metric of {self.name}{choices(metric, valid)}"
                )
            reports = reports.assign(**{column: np.array([], float)})
        known, side = metric == self.metric, int(self.minimise)
        worst = {task: bounds[side] if known else np.nan for task, bounds in self.tasks.items()}
        points = reports[[*fixed, column]]
        marked = [self.axes[name].column if name in self.axes else name for name in fixed]
        return frames.held(
            points.set_axis([*marked, frames.POINT], axis=1), self.runs, frames.POINT, worst
        )

    @property
    def average(self) -> str:
        """What the runs of a point become, as labels say it."""
        return score.named(self.how)

    @property
    def taken_as(self) -> str:
        """`at` before a space, where it is not the study's own."""
        return "" if self.at == self.scored_at else f"{self.at} "

    def value_label(self, metric: str | None, shown: Sequence[str]) -> str:
        """What the value is, for an axis or a colour bar of a figure of the axes `shown`."""
        if metric is None:
            return f"normalised {self.taken_as}score ({self.average})"
        pooled = len(self.tasks) > 1 and TASK not in shown
        over = f" over {len(self.tasks)} tasks, not normalised" if pooled else ""
        return f"{metric}, {self.at} ({self.average}{over})"

    def caption(self, n: int, shown: Sequence[str], said_of_points: str) -> str:
        """What must be known to read a figure of the axes `shown` that `n` runs stand behind."""
        trials = frames.counts(self.runs, [])
        moved = self.moved(shown)
        pooled = [name for name in self.varied if name not in shown and name not in moved]
        more = "" if self.steps == 1 else "s"
        count = (
            f"{self.name}: n = {n} of {counted(len(self.runs), 'run')} "
            f"({counted(len(trials), 'configuration')} × {counted(len(self.tasks), 'task')} × "
            f"{counted(self.runs['seed'].nunique(), 'seed')}, {self.steps:,} {self.step}{more})"
        )
        pairs = zip(self.titles(moved), self.titles(moved.values()), strict=True)
        zipped = ", ".join(f"{name} with {axis}" for name, axis in pairs)
        over = f"pooled over {', '.join(self.titles(pooled))}" if pooled else ""
        said = [count, f"zipped: {zipped}" if zipped else "", over, said_of_points]
        if self.taken_as:
            said.append(
                f"of each run's curve {_POINTS[self.at]}, where the study scores by "
                f"{_POINTS[self.scored_at]}"
            )
        if INTERVALS in said_of_points:
            said.append(coverage(self.runs["seed"].nunique()))
        failed = int((trials["state"] == "failed").sum())
        diverged, worst = int(trials["nan"].sum()), "high" if self.minimise else "low"
        said.append(
            f"failed: {counted(failed, 'configuration')}; pruned: "
            f"{counted(int(trials['pruned'].sum()), 'run')}; missing: "
            f"{int(trials['missing'].sum())}; diverged: {diverged}"
            + (
                f" (held at their last value; without one a score is the task's {worst})"
                if diverged
                else ""
            )
        )
        said += [self._budget(), (self.note or "").strip().rstrip(".")]
        said = [part for part in said if part]
        return ". ".join([said[0], *(part[0].upper() + part[1:] for part in said[1:])]) + "."

    def _budget(self) -> str:
        """The budget beside the paper's, where a study does not have the paper's."""
        if self.paper_steps in (None, self.steps):
            return ""
        scale = f"{self.scale}: " if self.scale else ""
        return f"{scale}{self.steps:,} of the paper's {self.paper_steps:,} steps"
