"""The data of a figure: a study's tables, its axes and its captions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from sweeper.errors import Invalid, NothingToShow, SweeperError
from sweeper.files import arrays
from sweeper.files.arrays import Arrays
from sweeper.ledger.run_record import SCORED, UNSCORED
from sweeper.ledger.state import LedgerState
from sweeper.planning import shipped_spaces
from sweeper.planning.parameters import baseline
from sweeper.results import frames
from sweeper.results.axis import TASK, Axis, axis_of, derived_axes
from sweeper.results.axis_choice import AxisChoice
from sweeper.results.captions import Caption, Captions, Origin
from sweeper.results.run_tables import VALUE, RunTables, Scored
from sweeper.space import figure_rules
from sweeper.space.blocks.parts import every_axis
from sweeper.space.space import Space
from sweeper.study.study import Study
from sweeper.text import counted

__all__ = ["VALUE", "Data"]

_REPEAT = "env.repeat"


@dataclass(frozen=True)
class Data:
    """A study as figures see it.

    The names below are those that a user's own figure may rely on; each is one of the three parts'.
    """

    tables: RunTables
    choice: AxisChoice
    origin: Origin
    verdicts: Callable[[], Sequence[Any]] = tuple
    """Gives the verdicts on the claims of the study's space, which whoever draws it knows."""

    @staticmethod
    def of(study: Study, ledger_state: LedgerState | None = None) -> Data:
        """The data of `study`, as `ledger_state` or else its ledger now says."""
        ledger_state = ledger_state or study.ledger_state()
        space = study.space
        axes = {name: axis_of(name, study) for name in every_axis(space)}
        columns = {name: axis.column for name, axis in axes.items()}
        runs = frames.runs(study, ledger_state)
        derived = derived_axes(study)
        followed = {
            one.axis.column: pd.Series(one.labels).reindex(runs["trial"]).to_numpy()
            for one in derived
        }
        tables = RunTables(
            study=study.name,
            runs=runs.rename(columns=columns).assign(**followed),
            derived=tuple(followed),
            reports=lambda: frames.reports(study, ledger_state),
            columns=columns,
            tasks={name: (task.low, task.high) for name, task in space.tasks.items()},
            metric=space.score.metric,
            at=space.score.at,
            default_at=space.score.at,
            how=space.score.aggregate,
            lengths={task: space.steps_on(task) for task in space.tasks},
            minimise=space.direction == "minimize",
            scores=_scores(space),
            bounds=space.score.bounds,
            kept=lambda run: _kept(study, run),
        )
        compared = baseline(space, study.frozen)
        return Data(
            tables.relative_to(compared) if compared else tables,
            AxisChoice(
                study=study.name,
                axes={
                    **axes,
                    **{one.axis.name: one.axis for one in derived},
                    TASK: Axis(TASK, tuple(space.tasks), False, own=True),
                },
                settles={one.axis.name: one.settles for one in derived},
                zip=tuple(tuple(group) for group in space.zip),
                distribution=lambda name: every_axis(space)[name].distribution(name),
            ),
            _origin(study, compared, study.mixed_code(ledger_state, runs["worker"].tolist())),
        )

    @property
    def captions(self) -> Captions:
        """The texts below and beside a figure."""
        return Captions(self.origin, self.tables, self.choice)

    def rescored(self, at: str | None) -> Data:
        """The data with another point of each learning curve as a run's value, also as its score.

        `SweeperError` where `at`, if any, is none of `score.AT`.
        """
        return replace(self, tables=self.tables.rescored(at))

    def with_band(self, band: str) -> Data:
        """The data with other bands around the points of figures, one of `figure_rules.BANDS`.

        `SweeperError` where the points are of a statistic that such bands do not belong to.
        """
        try:
            figure_rules.check_band(band, self.how)
        except Invalid as error:
            raise SweeperError(f"band={error.message}") from error
        return replace(self, tables=replace(self.tables, band=band))

    def within(self, kept: Any, part: str, trials: Sequence[int] = ()) -> Data:
        """The data of a part of the runs, those that are `kept` [runs]; `part` says which.

        `trials` may be shown as an axis of their own, in this order. Scores stay what they are.
        """
        tables = self.tables.within(kept)
        choice = self.choice.within(tables.runs)
        said = ", ".join(text for text in (self.origin.part, part) if text)
        return Data(
            tables,
            choice.with_trials(trials) if trials else choice,
            replace(self.origin, part=said),
        )

    def check_scored(self, name: str) -> None:
        """`NothingToShow` for what is called `name` where no run has ended with a score."""
        states = self.runs["state"]
        name = f"{name} ({self.origin.part})" if self.origin.part else name
        if states.isin(SCORED).any():
            return
        ended = {"failed": states.isin(UNSCORED).sum(), "pruned": (states == "pruned").sum()}
        counts = {**ended, "open": len(states) - sum(ended.values())}
        listed = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
        raise NothingToShow(
            f"{name} has nothing to show: no run of {self.name} has finished with a score "
            f"({listed})"
        )

    def crossed(self, name: str) -> Data:
        """The data of the seeds that all trials have had, where seeds went in rungs.

        `SweeperError` for what is called `name` where trials have unlike tasks and seeds else.
        """
        sizes = self.runs.groupby("trial").size()
        if sizes.nunique() <= 1:
            return self
        seeds, trials = self.runs["seed"], self.runs["trial"].nunique()
        kept = (self.runs.groupby("seed")["trial"].transform("nunique") == trials).to_numpy()
        found = self.within(kept, f"the {counted(seeds[kept].nunique(), 'seed')} of all trials")
        if found.runs.groupby("trial").size().nunique() == 1:
            return found
        part, (fewest, most) = self.origin.part, (sizes.min(), counted(int(sizes.max()), "run"))
        raise SweeperError(
            f"what {name} compares are configurations on the same tasks and seeds, but "
            f"{f'{part} ' if part else ''}each has {fewest} to {most}"
        )

    @property
    def name(self) -> str:
        """The study's name."""
        return self.origin.name

    @property
    def runs(self) -> pd.DataFrame:
        """One row a run, as `frames.runs` gives them; an axis's column is its `Axis.column`."""
        return self.tables.runs

    def reports(self) -> pd.DataFrame:
        """One row a report, as `frames.reports` gives them."""
        return self.tables.reports()

    def kept(self, run: str) -> Arrays | None:
        """The arrays that are kept of a run by its id, such as those of an analysis; if any."""
        return self.tables.kept(run)

    def table(self, metric: str | None) -> pd.DataFrame:
        """`runs` with the column `VALUE`: the score, or `metric` in its own unit."""
        return self.tables.table(metric)

    def points(self, metric: str, clock: str | None = None) -> pd.DataFrame:
        """The learning curves of `metric`, by `frames.curve_points`; `SweeperError` if unknown.

        Behind the last point of a run that diverged its points are infinite, or NaN. With `clock`
        the column `step` holds what runs reported of that metric.
        """
        return self.tables.points(metric, clock)

    @property
    def tasks(self) -> Mapping[str, tuple[float, float]]:
        """From a task to its (low, high)."""
        return self.tables.tasks

    @property
    def how(self) -> str:
        """The statistic by which the runs of a trial become its value."""
        return self.tables.how

    @property
    def band(self) -> str:
        """What the bands around the points of figures show, one of `figure_rules.BANDS`."""
        return self.tables.band

    @property
    def steps(self) -> int:
        """The steps of the longest runs."""
        return self.tables.steps

    @property
    def minimise(self) -> bool:
        """Whether smaller scores are better."""
        return self.tables.minimise

    def minimised(self, metric: str | None) -> bool | None:
        """Whether smaller values of `metric`, or else of the score, are better; `None` if unknown.

        It is known of the metrics that the space scores.
        """
        return self.minimise if metric is None else self.tables.minimised(metric)

    @property
    def axes(self) -> Mapping[str, Axis]:
        """All axes and the tasks, also those with one label."""
        return self.choice.axes

    @property
    def varied(self) -> list[str]:
        """The axes with more than one value."""
        return self.choice.varied

    def axis(self, name: str) -> Axis:
        """The axis called `name`; `SweeperError` for an unknown one."""
        return self.choice.axis(name)

    def first(
        self, taken: Iterable[str | None], *, most: int | None = None, numeric: bool = False
    ) -> str | None:
        """The first varied axis that is not `taken` and moves with none of them; numeric first."""
        return self.choice.first(taken, most=most, numeric=numeric)

    def value_label(self, metric: str | None, shown: Sequence[str]) -> str:
        """What the value is, for an axis or a colour bar of a figure of the axes `shown`."""
        return self.captions.value_label(metric, shown)

    def caption(self, n: int, shown: Sequence[str], points_note: str) -> Caption:
        """What must be known to read a figure of the axes `shown` that `n` runs stand behind."""
        return self.captions.caption(n, shown, points_note)


def _kept(study: Study, run: str) -> Arrays | None:
    """What is kept of a run, where it is there and whole."""
    try:
        return arrays.read_kept(study.paths.weights / f"{run}.npz")[0]
    except ValueError:
        return None


def _origin(study: Study, compared: Mapping[str, str | int | float], mixed_code: str) -> Origin:
    """What captions say of where a study comes from; scores are relative to `compared`, if any."""
    space = study.space
    return Origin(
        name=study.name,
        space=space.study,
        step=_step(space),
        reference=lambda: study.plan.reference,
        changed=lambda: shipped_spaces.changed(space),
        baseline=compared,
        normalised=space.score.reference,
        note=space.note,
        by_hand=space.changed,
        scale=space.scale,
        paper_steps=space.paper_steps,
        repeat=_repeat(space) or 1,
        searched={name: axis.title or name for name, axis in space.searched.items()},
        mixed_code=mixed_code,
    )


def _repeat(space: Space) -> Any:
    """How often actions are repeated in all runs; `None` where nothing says it."""
    return {**space.defaults, **space.fixed}.get(_REPEAT)


def _step(space: Space) -> str:
    """What one of the space's steps is, each of which may be several of the environment."""
    if not space.agent or space.analysis:
        return "step"
    repeats = _REPEAT in every_axis(space) or (_repeat(space) or 1) != 1
    return "agent step" if repeats else "environment step"


def _scores(space: Space) -> tuple[Scored, ...]:
    rules = zip(space.scores, space.score_names, space.directions, strict=True)
    suffixes = frames.suffixes(space)
    return tuple(
        Scored(name, rule.metric, suffix, rule.aggregate, direction == "minimize", rule.at)
        for (rule, name, direction), suffix in zip(rules, suffixes, strict=True)
    )
