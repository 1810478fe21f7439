"""Captions and labels of figures, from a study's runs, axes and origin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from sweeper import score
from sweeper.results import frames
from sweeper.results.axis import TASK, TRIAL
from sweeper.results.axis_choice import BEST, AxisChoice
from sweeper.results.run_tables import RunTables
from sweeper.results.tables.wording import BANDS, INTERVALS, PERCENTILES, coverage
from sweeper.space.space import PAPER_SCALE
from sweeper.stats import MIN_SEEDS
from sweeper.text import brief, canonical, counted, few, short

_POINTS = {
    "final": "the last point",
    "max": "the largest value",
    "min": "the smallest value",
    "auc": "the mean height",
}
_TAKEN = {"final": "final at", "max": "max over", "min": "min over", "auc": "auc over"}

_MOST_WORDS = 4

_FEW = 4
"""The most tasks of which a caption names the baseline's best run."""

OPTIMISTIC = "chosen by these same runs, so that their values are optimistic"
"""What is said of the best, whichever they are."""

UNKNOWN = f"fewer than {MIN_SEEDS} seeds in a task"
"""Why an interval is unknown."""

_DIVERGED = "diverged runs decide it"
"""Why one is that has seeds enough."""


@dataclass(frozen=True)
class Origin:
    """Which study it is, of which space, and how it differs from the published experiment."""

    name: str
    space: str
    """What the space calls the study, whatever its folder is called."""
    step: str
    """What a step is called."""
    reference: Callable[[], int | None]
    """Gives the trial of all defaults, where it is planned."""
    changed: Callable[[], list[str]]
    """Gives what the study sets otherwise than the shipped space of that name."""
    baseline: Mapping[str, str | int | float] = field(default_factory=dict)
    """The axes' values whose best run is 1 in scores, if any."""
    normalised: str | None = None
    """Whose scores are 1, as known of each task, such as `human`; if any."""
    note: str | None = None
    by_hand: Sequence[str] = ()
    """The words of the command line that change what is trained or how it is scored."""
    scale: str | None = None
    paper_steps: int | None = None
    """The steps of the space's scale `paper`, where it has that."""
    repeat: int = 1
    """How many steps of its environment one step of the agent is."""
    part: str = ""
    """Which part of the study it is; empty of a whole one."""
    searched: Mapping[str, str] = field(default_factory=dict)
    """What a population searches in each run, by name with what figures call it; if any."""
    mixed_code: str = ""
    """How many runs ran with other code than the study began with; empty where none did."""


class Caption(str):
    """All that must be known to read a figure; `parts` is what a figure itself says of it."""

    parts: tuple[str, ...]
    """Sentences without a full stop, the most important first."""

    def __new__(cls, text: str, parts: Iterable[str] = ()) -> Caption:
        """The caption `text`, of which a figure says so many of `parts` as it has room for."""
        made = super().__new__(cls, text)
        made.parts = tuple(parts)
        return made


@dataclass(frozen=True)
class Captions:
    """The texts below and beside a figure of these tables and axes."""

    origin: Origin
    tables: RunTables
    choice: AxisChoice

    @property
    def average(self) -> str:
        """What the runs of a point become, as labels say it."""
        return score.named(self.tables.how)

    def at_name(self, metric: str | None) -> str:
        """The tables' `at` of `metric`, or else of the score, as labels have it."""
        return self._named(self.tables.at, metric)

    def _named(self, at: str, metric: str | None = None) -> str:
        tables = self.tables
        minimise = tables.minimised(metric or tables.metric)
        return score.at_name(at, minimise=bool(minimise))

    def taken(self, metric: str | None, at: str | None = None) -> str:
        """Which point of its curve a run's value by `metric` is, as in `final at 35k steps`.

        It is that of the tables, unless `at` names another.
        """
        at, steps = self._named(at or self.tables.at, metric), self.tables.steps
        alike = len(set(self.tables.lengths.values())) == 1
        return at if steps == 1 or not alike else f"{_TAKEN[at]} {short(steps)} steps"

    def value_label(self, metric: str | None, shown: Sequence[str]) -> str:
        """What the value is, for an axis or a colour bar of a figure of the axes `shown`."""
        if metric is None:
            scores = self.tables.scores
            name = "score" if len(scores) == 1 else scores[0].name
            return f"{self._normalised} {name}, {self.taken(None)} ({self.average})"
        tasks = len(self.tables.tasks)
        over = f" over {tasks} tasks, not normalised" if tasks > 1 and TASK not in shown else ""
        return f"{metric}, {self.taken(metric)} ({self.average}{over})"

    def curve_name(self, metric: str) -> str:
        """What curves call a metric, which may be the score."""
        if not self.tables.is_score(metric):
            return metric
        return f"{self._normalised} {self.tables.metric}"

    @property
    def _normalised(self) -> str:
        """How scores are normalised: as such, or by whose scores count as 1."""
        whose = self.origin.normalised
        return f"{whose}-normalised" if whose and not self.origin.baseline else "normalised"

    def caption(self, n: int, shown: Sequence[str], points_note: str) -> Caption:
        """What must be known to read a figure of the axes `shown` that `n` runs stand behind."""
        runs = self.tables.runs
        trials, seeds = frames.counts(runs, []), runs["seed"].nunique()
        if runs.groupby("trial")["seed"].nunique().min() >= MIN_SEEDS:
            points_note = points_note.replace(UNKNOWN, _DIVERGED)
        said = [self._count(n, len(trials), seeds), *self._pooled(shown), points_note]
        if self.tables.at != self.tables.default_at:
            said.append(
                f"of each run's curve {_POINTS[self.at_name(None)]}, where the study scores by "
                f"{_POINTS[self._named(self.tables.default_at)]}"
            )
        if INTERVALS in points_note:
            said.append(coverage(seeds))
        said += [
            *self._trials(shown),
            self._relative(),
            self._lost(trials),
            self.origin.mixed_code,
            self._budget(),
        ]
        said += self._noted()
        said = [part for part in said if part]
        text = ". ".join([said[0], *(part[0].upper() + part[1:] for part in said[1:])]) + "."
        return Caption(text, self._brief(n, trials, shown, points_note))

    def _brief(
        self, n: int, trials: pd.DataFrame, shown: Sequence[str], points_note: str
    ) -> Iterator[str]:
        """What a figure itself says: n, intervals, its part of the study, what it is not."""
        known, unknown = (
            PERCENTILES in points_note,
            UNKNOWN in points_note or "unknown" in points_note,
        )
        intervals = "95 % intervals" + (", some unknown" if unknown else "") if known else ""
        interval = intervals or ("interval unknown" if unknown else "")
        interval = BANDS.get(self.tables.band, (interval,))[0]
        counts = f"n = {n} of {counted(len(self.tables.runs), 'run')}"
        yield f"{counts}, {interval}" if interval else counts
        zipped, pooled = self._pooled(shown)
        chosen = [self.origin.part.replace(f", {OPTIMISTIC}", " (optimistic)")]
        if pooled and self.choice.pool == BEST:
            over = pooled.partition(" not all")[0]
            chosen.append(f"{over} the best at each point (optimistic)")
            pooled = ""
        yield ", ".join(part for part in chosen if part)
        yield self._budget()
        yield self._noted()[1]
        states = {"configuration": trials["state"] == "failed", "run": trials["nan"]}
        words = zip(states.items(), ("failed", "diverged"), strict=True)
        lost = [f"{counted(int(own.sum()), noun)} {word}" for (noun, own), word in words]
        lost += [
            f"{counted(int(trials[word].sum()), 'run')} {word}" for word in ("pruned", "missing")
        ]
        yield ", ".join(text for text in lost if not text.startswith("0 "))
        yield pooled
        yield zipped

    def _count(self, n: int, trials: int, seeds: int) -> str:
        """How many runs there are, and of how many configurations, tasks, seeds and steps."""
        tables = self.tables
        more = "" if tables.steps == 1 else "s"
        least = int(tables.runs.groupby(TRIAL)["seed"].nunique().min()) if trials else seeds
        several = ("" if least == seeds else f"{least} to ") + counted(seeds, "seed")
        return (
            f"{self._which()}: n = {n} of {counted(len(tables.runs), 'run')} "
            f"({counted(trials, 'configuration')} × {counted(len(tables.tasks), 'task')} × "
            f"{several}, {self._steps()} {self.origin.step}{more})"
        )

    def _which(self) -> str:
        """The study, and the part of it that is shown."""
        return ", ".join(part for part in (self.origin.name, self.origin.part) if part)

    def _steps(self) -> str:
        """The steps of a run; where tasks differ, those of the shortest and of the longest."""
        least, most = min(self.tables.lengths.values()), self.tables.steps
        return f"{most:,}" if least == most else f"{least:,} to {most:,}"

    def _pooled(self, shown: Sequence[str]) -> tuple[str, str]:
        """The axes that move with those `shown`, and those that the figure averages over."""
        moved, titles = self.choice.moved(shown), self.choice.titles
        pairs = zip(titles(moved), titles(moved.values()), strict=True)
        zipped = ", ".join(f"{name} with {axis}" for name, axis in pairs)
        hidden = [] if TRIAL in shown else self.choice.varied
        pooled = [name for name in hidden if name not in shown and name not in moved]
        over = ", ".join(titles(pooled))
        said = f"pooled over {over}"
        if self.choice.pool == BEST:
            said = (
                f"of {over} not all values but at each point those of the configuration with the "
                f"best score over all its runs, {OPTIMISTIC}"
            )
        return f"zipped: {zipped}" if zipped else "", said if pooled else ""

    def _trials(self, shown: Sequence[str]) -> list[str]:
        """What the trials are that a figure shows one by one."""
        if TRIAL not in shown:
            return []
        return [
            f"trial {number}: {self.configuration(number)}"
            for number in self.choice.axes[TRIAL].labels
        ]

    def configuration(self, trial: int) -> str:
        """What a trial is, as in `step size = 0.01, layers = none`."""
        runs = self.tables.runs
        row = runs.loc[(runs[TRIAL] == trial).to_numpy().argmax()]
        axes = [axis for axis in self.choice.axes.values() if axis.searched]
        labels = [(axis.title, row[axis.column]) for axis in axes]
        return ", ".join(f"{title} = {brief(one)}" for title, one in labels if not pd.isna(one))

    def _relative(self) -> str:
        """Which run is 1 in scores, where it is not the task's own bound."""
        if not self.origin.baseline:
            whose = self.origin.normalised
            return f"a score of 1 is the reference {whose}, or a task's own high" if whose else ""
        titles = self.choice.titles(self.origin.baseline)
        named = zip(titles, self.origin.baseline.values(), strict=True)
        whose = ", ".join(f"{title} = {canonical(label)}" for title, label in named)
        best, minimise = self.tables.best, self.tables.minimise
        none, one = f"is known to beat {'high' if minimise else 'low'}", 0 if minimise else 1
        if not best:
            return f"scores are not relative to {whose}, of which no run {none}"
        values = ", ".join(f"{task} {value:.3g}" for task, value in best.items())
        named_values = f" ({values})" if len(best) <= _FEW else ""
        left = [task for task in self.tables.tasks if task not in best]
        but = f", but for {', '.join(left)}, where none {none}" if left else ""
        by = f"by its {self._named(self.tables.default_at)} {self.tables.metric}"
        return (
            f"a score of {one} is the best run with {whose} on each task, {by}{named_values}{but}"
        )

    def _lost(self, trials: pd.DataFrame) -> str:
        """The configurations and runs without a score, and those that diverged."""
        failed = int((trials["state"] == "failed").sum())
        diverged = int(trials["nan"].sum())
        return (
            f"failed: {counted(failed, 'configuration')}; pruned: "
            f"{counted(int(trials['pruned'].sum()), 'run')}; missing: "
            f"{int(trials['missing'].sum())}; diverged: {diverged}"
            + (
                " (worse than all others; points and intervals that they decide are unknown)"
                if diverged
                else ""
            )
        )

    def _budget(self) -> str:
        """The budget beside that of the scale `paper`, where it is another."""
        steps, paper = self.tables.steps, self.origin.paper_steps
        if paper is None or (steps == paper and self.origin.scale in (None, PAPER_SCALE)):
            return ""
        scale = f"{self.origin.scale}: " if self.origin.scale else ""
        own = f"{steps:,} of " if steps != paper else ""
        return f"{scale}{own}scale paper's {counted(paper, 'step', ',')}"

    def _noted(self) -> tuple[str, str]:
        """The note of the space, and what was changed since it was written."""
        words = self.origin.by_hand
        return (
            (self.origin.note or "").strip().rstrip("."),
            f"changed by hand: {few(words, _MOST_WORDS)}" if words else "",
        )


def interval_text(known: int, count: int, intervals: str = INTERVALS) -> str:
    """What a caption says of intervals, `known` of `count` points having one."""
    if known == count:
        return intervals
    unknown = f"interval unknown: {UNKNOWN}"
    return unknown if not known else f"{intervals}, or {unknown}"


def span(counts: pd.Series) -> str:
    """The smallest and the largest of `counts` that are not 0: `5 runs`, or `5 to 30 runs`."""
    sizes = sorted({int(n) for n in counts if n})
    least = f"{sizes[0]} to " if len(sizes) > 1 else ""
    return least + counted(sizes[-1], "run")
