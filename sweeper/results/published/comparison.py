"""Published numbers, and our runs of the same configurations on the same tasks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from sweeper import score
from sweeper.errors import NothingToShow, SweeperError, choices, shown
from sweeper.results.axis import TASK
from sweeper.results.captions import Caption, interval_text, span
from sweeper.results.data import VALUE, Data
from sweeper.results.estimates import estimate
from sweeper.results.published import numbers as published
from sweeper.space.space import PAPER_SCALE
from sweeper.text import canonical, counted

_OVER_TASKS = {"mean": "mean", "median": score.TASK_MEDIAN}
"""What a paper's statistic over tasks is of our runs."""

_ESTIMATED = ["point", "low", "high", "n", "planned"]

MEANINGS = {
    "standard error": "± one standard error (a 95 % interval is about twice as wide)",
    "standard deviation": "± the standard deviation of single runs, which says how far they lie "
    "apart and not how well their average is known",
    "unknown": "what its ± means is not known",
    "none": "printed without any uncertainty",
}
"""What a paper's ± means, beside a 95 % interval of the average."""


@dataclass(frozen=True)
class Comparison:
    """Published numbers on tasks of a study, and what the study found."""

    data: Data
    metric: str
    axes: list[str]
    """The axes whose labels name a configuration."""
    numbers: pd.DataFrame
    """As `published.of` gives them; `(cell)` is the row of `cells` with our runs."""
    cells: pd.DataFrame
    """One row a task (its number in `(panel)`) and configuration (in `(at)`): our estimate."""
    runs: pd.DataFrame
    """Our runs, each with its `(cell)`; none of numbers over all tasks, each of which has many."""
    over: int | None
    """Over how many tasks numbers are, each panel being a statistic; `None` where it is a task."""

    @property
    def tasks(self) -> list[str]:
        """The tasks, in the study's order; of numbers over all tasks their statistics."""
        return list(self.cells.sort_values("(panel)", kind="stable")[TASK].unique())

    @property
    def label(self) -> str:
        """What the values are."""
        if self.over is None:
            return self.data.value_label(self.metric, [TASK])
        return f"{self.metric}, {self.data.captions.taken(None)}"

    @property
    def configurations(self) -> list[str]:
        """The configurations' labels, in the order of the numbers."""
        return list(self.cells.groupby("(at)")["(configuration)"].first())

    @property
    def sources(self) -> list[str]:
        """The papers' tables, in the order of the numbers."""
        return list(self.numbers["source"].unique())

    @property
    def table(self) -> pd.DataFrame:
        """One row a published number, with our estimate in the same unit beside it."""
        theirs = {"value": "published"} | {
            name: f"published_{name}" for name in (TASK, "seeds", "steps")
        }
        numbers = self.numbers.drop(columns="study")
        numbers = numbers.rename(columns={**theirs, "our_task": TASK})
        ours = self.cells.loc[numbers["(cell)"], ["point", "low", "high", "n", "planned"]]
        joined = pd.concat([numbers, ours.set_index(numbers.index)], axis=1)
        first = [TASK, *self.axes]
        return joined[[*first, *(name for name in joined if name not in [*first, "(cell)"])]]

    @property
    def notes(self) -> dict[str, list[int]]:
        """What must be known of some of the numbers, each with their rows in `numbers`."""
        noted = self.numbers[self.numbers["note"] != ""]
        return {str(note): list(own.index) for note, own in noted.groupby("note", sort=False)}

    @property
    def doubtful(self) -> pd.Series:
        """Which rows of `numbers` are hardly right, as their notes say."""
        return self.numbers["note"].str.startswith(published.DOUBTFUL)

    def caption(self) -> Caption:
        """What must be known to read the comparison."""
        count = int(self.cells["point"].notna().sum())
        said = "none of these configurations is complete"
        if count:
            text = interval_text(int(self.cells["low"].notna().sum()), count)
            said = f"ours: {self._average}, {text}; n = {span(self.cells['n'])} a point"
        parts = [said, *self._number_notes(), *_others(self.data, self.numbers, self.over)]
        said = ". ".join(part[0].upper() + part[1:] for part in parts)
        return self.data.caption(int(self.cells["n"].sum()), [*self.axes, TASK], said)

    @property
    def _average(self) -> str:
        """What our runs of a point became."""
        if self.over is None:
            return self.data.captions.average
        known = self.numbers["statistic"].unique()
        return " and ".join(score.named(how) for said, how in _OVER_TASKS.items() if said in known)

    def _number_notes(self) -> Iterator[str]:
        keys = ["source", "statistic", "spread_kind"]
        for key, own in self.numbers.groupby(keys, sort=False):
            source, statistic, kind = map(str, key)
            seeds = [counted(int(count), "run") for count in own["seeds"].dropna().unique()]
            over = f" of {' or '.join(seeds)}" if seeds else ""
            yield f"{source}: {score.named(statistic)}{over}, {MEANINGS[kind]}"
        for note, rows in self.notes.items():
            if len(rows) == len(self.numbers):
                yield note
        if self.doubtful.any():
            own = self.numbers[self.doubtful]
            cells = zip(own[TASK], own["setting"], strict=True)
            yield f"? doubtful: {', '.join(' '.join(cell) for cell in cells)}"


def comparison(data: Data, metric: str | None) -> Comparison:
    """The published numbers on tasks of `data`, beside its runs.

    `NothingToShow` where no number of its space is published, none is of its tasks and
    configurations, or no run has ended with a score; `SweeperError` for a metric of which none is
    published.
    """
    known = _known(data, metric)
    axes = [str(name) for name in known if name not in published.Number.model_fields]
    first = str(known["our_task"].iloc[0])
    over = published.tasks_over(first)
    there = [first] if over == len(data.tasks) else list(data.tasks)
    numbers = known[known["our_task"].isin(there)].reset_index(drop=True)
    if not _shared(data, numbers, axes):
        raise NothingToShow(_no_common_configuration(data, known, axes, over))
    data.check_scored("compare")
    if over is not None:
        numbers["our_task"] = numbers["statistic"] + " over " + numbers["our_task"]
    metric = str(numbers["metric"].iloc[0])
    cells = _cells(data, numbers, axes)
    keys = zip(cells[TASK], cells["(configuration)"], strict=True)
    place = {key: row for row, key in enumerate(keys)}
    keys = zip(numbers["our_task"], _joined(numbers, axes), strict=True)
    numbers["(cell)"] = [place[key] for key in keys]
    runs = data.table(metric if over is None else None)
    labels = runs["trial"].map(_labels(data, axes))
    if over is None:
        keys = zip(runs[TASK], labels, strict=True)
        runs["(cell)"] = [place.get(key, len(cells)) for key in keys]
        found = _estimates(cells, runs, data.how)
        return Comparison(
            data, metric, axes, numbers, found, runs[runs["(cell)"] < len(cells)], over
        )
    runs[VALUE] *= 100
    for panel, statistic in dict(
        zip(numbers["our_task"], numbers["statistic"], strict=True)
    ).items():
        runs["(cell)"] = [place.get((panel, label), len(cells)) for label in labels]
        own = cells[TASK] == panel
        cells.loc[own, _ESTIMATED] = _estimates(cells, runs, _OVER_TASKS[statistic])[_ESTIMATED]
    return Comparison(data, metric, axes, numbers, cells, runs.head(0), over)


def _estimates(cells: pd.DataFrame, runs: pd.DataFrame, how: str) -> pd.DataFrame:
    """The cells with estimates of those `runs` that have one of them as `(cell)`."""
    found = cells.reindex(range(len(cells) + 1))  # the last: runs that nobody published
    estimate(found, runs, how)
    return found.iloc[:-1]


def _known(data: Data, metric: str | None) -> pd.DataFrame:
    """The published numbers of `metric`, or else of the first that there is."""
    numbers = published.of_space(data.origin.space)
    if numbers.empty:
        raise NothingToShow(
            f"compare has nothing to show: no published numbers of {data.origin.space} are known; "
            f"there are some of {', '.join(published.studies())}"
        )
    metrics = list(numbers["metric"].unique())
    if metric is not None and metric not in metrics:
        raise SweeperError(
            f"{shown(metric)} is no metric of {data.origin.space} with published numbers"
            f"{choices(metric, metrics)}"
        )
    return numbers[numbers["metric"] == (metric or metrics[0])]


def _cells(data: Data, numbers: pd.DataFrame, axes: list[str]) -> pd.DataFrame:
    """One row a task and configuration of which a number is published."""
    cells = numbers[["our_task", *axes]].rename(columns={"our_task": TASK})
    cells["(configuration)"] = _joined(numbers, axes)
    cells = cells.drop_duplicates().reset_index(drop=True)
    tasks = [task for task in data.tasks if task in set(cells[TASK])] or [*cells[TASK].unique()]
    cells["(panel)"] = cells[TASK].map(tasks.index)
    cells["(at)"] = pd.factorize(cells["(configuration)"])[0].astype(float)
    return cells


def _joined(table: pd.DataFrame, axes: list[str]) -> list[str]:
    """The labels of `axes` in each row, as one text."""
    return [", ".join(row) for row in table[axes].astype(str).itertuples(index=False)]


def _labels(data: Data, axes: list[str]) -> dict[int, str]:
    """From each trial to its labels of `axes`, as one text."""
    columns = [data.axes[name].column for name in axes]
    trials = data.runs[["trial", *columns]].drop_duplicates("trial").astype(object)
    rows = trials.itertuples(index=False, name=None)
    return {trial: ", ".join(canonical(label) for label in labels) for trial, *labels in rows}


def _shared(data: Data, numbers: pd.DataFrame, axes: list[str]) -> bool:
    """Whether the study has one of the configurations of `numbers`."""
    if not set(axes) <= set(data.axes):
        return False
    return bool(set(_labels(data, axes).values()) & set(_joined(numbers, axes)))


def _no_common_configuration(
    data: Data, known: pd.DataFrame, axes: list[str], over: int | None
) -> str:
    """What is published of the space, where the study has none of that."""
    if over is not None and over != len(data.tasks):
        has = counted(len(data.tasks), "task")
        return (
            f"compare has nothing to show: {data.name} has {has}, and published numbers of "
            f"{data.origin.space} are over {counted(over, 'task')}"
        )
    return (
        f"compare has nothing to show: {data.name} has no configuration and task of which a number "
        f"is published; there are numbers of the tasks {', '.join(known['our_task'].unique())}, at "
        f"{', '.join(axes)} = {'; '.join(dict.fromkeys(_joined(known, axes)))}"
    )


def _others(data: Data, numbers: pd.DataFrame, over: int | None) -> Iterator[str]:
    """In what the study is another experiment than the published one."""
    said, kinds = [], [(data.tables.at, numbers["at"])]
    if over is None:
        pairs = zip(numbers["our_task"], numbers[TASK], strict=True)
        names = dict.fromkeys((ours.rpartition("/")[2], theirs) for ours, theirs in pairs)
        said = [f"{ours} for {other}" for ours, other in names if other and not _alike(ours, other)]
        kinds.insert(0, (data.how, numbers["statistic"]))
    for ours, theirs in kinds:
        others = [score.named(other) for other in theirs.unique() if other not in ("", ours)]
        said += [f"our {score.named(ours)} for their {other}" for other in others]
    taken = data.steps * data.origin.repeat  # papers count those of the environment
    steps = [int(count) for count in numbers["steps"].dropna().unique() if count != taken]
    budget = data.origin.paper_steps  # beside the study's own: the caption has both
    own = counted(taken, "step", ",")
    said += [f"{own} for {count:,}" for count in steps if count != budget]
    seeds, counts = data.runs["seed"].nunique(), numbers["seeds"].dropna().unique()
    said += [f"{counted(seeds, 'seed')} for {int(count)}" for count in counts if count != seeds]
    said += data.origin.changed()
    small = data.origin.scale not in (None, PAPER_SCALE)
    if small:
        said.insert(0, f"scale {data.origin.scale}")
    if said:
        kind = "not a replication" if small or steps else "other than published"
        yield f"{kind}: {', '.join(said)}"


def _alike(ours: str, theirs: str) -> bool:
    """Whether two names of a task differ in nothing but hyphens."""
    return ours.replace("-", "_") == theirs.replace("-", "_")
