"""What a figure is drawn from: tidy tables, the axes worth showing, and what to say below."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sweeper import frame, score
from sweeper.bounds import INTERVALS, coverage
from sweeper.errors import SweeperError, choices
from sweeper.figures import MOST
from sweeper.figures.axis import Axis, axis_of
from sweeper.fold import SCORED, Fold

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from optuna.distributions import BaseDistribution

    from sweeper.study import Study

MAX_PANELS = 6
TASK = "task"
VALUE = "(value)"
"""The column of `Data.table` that a figure shows."""


@dataclass(frozen=True)
class Picture:
    """A drawn figure and the numbers behind it."""

    figure: Figure
    table: pd.DataFrame
    text: str = ""
    """What its command prints besides the files' names; it is written beside the table."""


@dataclass(frozen=True)
class Data:
    """A study as figures see it; `reports` is called where a figure needs learning curves."""

    name: str
    runs: pd.DataFrame
    """As `frame.runs` gives them."""
    reports: Callable[[], pd.DataFrame]
    axes: Mapping[str, Axis]
    """All axes and the tasks, also those with one label."""
    tasks: Mapping[str, tuple[float, float]]
    """Task -> (low, high)."""
    metric: str
    at: str
    how: str
    steps: int
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

    @staticmethod
    def of(study: Study, fold: Fold | None = None) -> Data:
        """The data of `study`, as `fold` or else its ledger now says."""
        fold = fold or study.fold()
        space = study.space
        axes = {name: axis_of(name, study) for name in space.axes}
        return Data(
            name=study.name,
            runs=frame.runs(study, fold),
            reports=lambda: frame.reports(study, fold),
            axes={**axes, TASK: Axis(TASK, tuple(space.tasks), False)},
            tasks={name: (task.low, task.high) for name, task in space.tasks.items()},
            metric=space.score.metric,
            at=space.score.at,
            how=space.score.aggregate,
            steps=space.steps,
            distribution=lambda name: space.axes[name].distribution(name),
            reference=lambda: study.plan.reference,
            minimise=space.direction == "minimize",
            zip=tuple(tuple(group) for group in space.zip),
            note=space.note,
            scale=space.scale,
            paper_steps=space.paper_steps,
            space=space.study,
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

    def table(self, metric: str | None) -> pd.DataFrame:
        """`runs` with the column `VALUE`: the score, or `metric` in its own unit taken as `at`."""
        if metric is None:
            return self.runs.assign(**{VALUE: self.runs["score"]})
        points = self.points(metric)
        values = {
            run: score.run_value(
                zip(own["step"], own[frame.POINT], strict=True), self.at, self.steps, np.nan
            )
            for run, own in points.groupby("run", sort=False, observed=True)
        }
        found = [values.get(run, np.nan) for run in self.runs["run"]]
        return self.runs.assign(**{VALUE: np.array(found, float)})

    def points(self, metric: str) -> pd.DataFrame:
        """The learning curves of `metric`, as `frame.held` gives them; `SweeperError` if unknown.

        Only the score's metric has a worst value for runs that diverged before they reported it.
        """
        reports = self.reports()
        fixed = {"run", "trial", "seed", "step", *self.axes}
        valid = [name for name in reports.columns if name not in fixed]
        if metric not in valid:
            if metric == self.metric and reports.empty:
                return reports.assign(**{frame.POINT: np.array([], float)})
            raise SweeperError(f"{metric!r} is no metric of {self.name}{choices(metric, valid)}")
        known, side = metric == self.metric, int(self.minimise)
        worst = {task: bounds[side] if known else np.nan for task, bounds in self.tasks.items()}
        return frame.held(reports, self.runs, metric, worst)

    @property
    def average(self) -> str:
        """What the runs of a point become, as labels say it."""
        return {"iqm": "IQM"}.get(self.how, self.how)

    def value_label(self, metric: str | None, shown: Sequence[str]) -> str:
        """What the value is, for an axis or a colour bar of a figure of the axes `shown`."""
        if metric is None:
            return f"normalised score ({self.average})"
        pooled = len(self.tasks) > 1 and TASK not in shown
        over = f" over {len(self.tasks)} tasks, not normalised" if pooled else ""
        return f"{metric}, {self.at} ({self.average}{over})"

    def caption(self, n: int, shown: Sequence[str], said_of_points: str) -> str:
        """What must be known to read a figure of the axes `shown` that `n` runs stand behind."""
        trials = frame.counts(self.runs, [])
        moved = self.moved(shown)
        pooled = [name for name in self.varied if name not in shown and name not in moved]
        count = (
            f"{self.name}: n = {n} of {_number(len(self.runs), 'run')} "
            f"({_number(len(trials), 'configuration')} × {_number(len(self.tasks), 'task')} × "
            f"{_number(self.runs['seed'].nunique(), 'seed')}, {self.steps:,} steps)"
        )
        zipped = ", ".join(f"{name} with {axis}" for name, axis in moved.items())
        over = f"pooled over {', '.join(pooled)}" if pooled else ""
        said = [count, f"zipped: {zipped}" if zipped else "", over, said_of_points]
        if INTERVALS in said_of_points:
            said.append(coverage(self.runs["seed"].nunique()))
        failed = int((trials["state"] == "failed").sum())
        diverged = int(trials["nan"].sum())
        said.append(
            f"failed: {_number(failed, 'configuration')}; pruned: "
            f"{_number(int(trials['pruned'].sum()), 'run')}; missing: "
            f"{int(trials['missing'].sum())}; diverged: {diverged}"
            + (" (at their last score, or at the task's low without one)" if diverged else "")
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


def visible(table: pd.DataFrame) -> pd.DataFrame:
    """`table` without the columns in brackets, which only drawing needs."""
    return table[[name for name in table.columns if not str(name).startswith("(")]]


def complete(table: pd.DataFrame) -> pd.DataFrame:
    """The runs of trials all of whose runs have a score: those that figures may average."""
    whole = table["state"].isin(SCORED).groupby(table["trial"]).transform("all")
    return table[whole]


def estimate(table: pd.DataFrame, runs: pd.DataFrame, how: str) -> None:
    """Gives the cells in `table` a point, an interval, and how many runs count and were planned.

    `runs` has its cell in `(cell)`, which is a row of `table`, and its number in `VALUE`.
    """
    used = complete(runs)
    used = used[used[VALUE].notna()]
    filled, cell = np.unique(used["(cell)"], return_inverse=True)
    found = frame.estimates(used, cell, VALUE, how)
    for name in ("point", "low", "high"):
        table[name] = np.nan
        table.loc[filled, name] = getattr(found, name)
    table["n"] = np.bincount(used["(cell)"], minlength=len(table))
    table["planned"] = np.bincount(runs["(cell)"], minlength=len(table))


def trials(data: Data, runs: pd.DataFrame) -> pd.DataFrame:
    """One row a trial: its number, a column an axis, and what `estimate` gives its runs.

    Gives `runs` the column `(cell)`, the row of their trial.
    """
    _, row, cell = np.unique(runs["trial"], return_index=True, return_inverse=True)
    runs["(cell)"] = cell
    names = [name for name in data.axes if name != TASK]
    table = runs[["trial", *names]].iloc[row].reset_index(drop=True)
    estimate(table, runs, data.how)
    return table


def interval_text(known: int, count: int) -> str:
    """What a caption says of intervals, `known` of `count` points having one."""
    if known == count:
        return INTERVALS
    unknown = "interval unknown: fewer than 5 seeds in a task"
    return unknown if not known else f"{INTERVALS}, or {unknown}"


def span(counts: pd.Series) -> str:
    """The smallest and the largest of `counts` that are not 0: `5 runs`, or `5 to 30 runs`."""
    sizes = sorted({int(n) for n in counts if n})
    least = f"{sizes[0]} to " if len(sizes) > 1 else ""
    return least + _number(sizes[-1], "run")


def wrapped(text: str, width: int) -> str:
    """`text` in lines of at most `width` characters."""
    return "\n".join(textwrap.wrap(text, width, break_long_words=True))


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
