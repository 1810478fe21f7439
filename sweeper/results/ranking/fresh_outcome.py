"""The scores of the best configurations on fresh seeds, and how much of their lead was luck."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sweeper import stats
from sweeper.results import frames
from sweeper.results.ranking import ranking
from sweeper.results.ranking.fresh_runs import originals, study_of
from sweeper.results.tables.wording import bounds, has_no_width, measured, writer
from sweeper.score import Array
from sweeper.study.study import Study
from sweeper.text import agreed, counted, labels_text, ranges


@dataclass(frozen=True)
class SeedScore:
    """The aggregated score of some runs; `low` and `high` are NaN where the interval is unknown."""

    value: float
    low: float
    high: float
    n: int

    def overlaps(self, other: SeedScore) -> bool:
        """Whether the intervals of both are known and have a value in common."""
        return self.low <= other.high and other.low <= self.high

    def __str__(self) -> str:
        return ranking.value_of(vars(self))


@dataclass(frozen=True)
class Reranked:
    """A configuration's score on the seeds that it was chosen by, and on fresh ones."""

    trial: int
    name: str
    place: int
    """Its place among all complete trials by the seeds that it was chosen by, from 1 on."""
    tuned: SeedScore
    fresh: SeedScore
    gap: stats.Estimate
    """By how much it is worse on fresh seeds, in units of the score; negative where better."""

    @property
    def change(self) -> str:
        """`0.5 (0.4 to 0.6) worse on fresh seeds`."""
        low, high = self.gap.low, self.gap.high
        if self.gap.point < 0 and low is not None and high is not None:
            low, high = -high, -low
        if not self.gap.point:
            return f"the same ({bounds(low, high, writer(low, high))}) on fresh seeds"
        word = "better" if self.gap.point < 0 else "worse"
        return f"{measured(abs(self.gap.point), low, high)} {word} on fresh seeds"


@dataclass(frozen=True)
class Outcome:
    """Some trials on fresh seeds; `winner` is the best trial by the seeds that chose it."""

    rows: list[Reranked]
    """By their score on fresh seeds, the best first."""
    without: dict[int, str]
    """What became of the fresh runs of trials that have no score on them."""
    winner: int
    seeds: list[int]
    spent: list[int]
    """Seeds that were fresh once: trials have been judged by them since."""
    lead: stats.Estimate
    """By how much the winner leads the median trial by the seeds that trials are chosen by."""
    luck: stats.Estimate
    """The share of that lead that fresh seeds took away, as `stats.lead` gives it."""

    @property
    def title(self) -> str:
        """How many configurations met which seeds."""
        seeds = f"fresh {agreed(len(self.seeds), 'seed', 'seeds')} {ranges(self.seeds)}"
        return f"{counted(len(self.rows), 'configuration')} on the {seeds}"

    @property
    def verdict(self) -> str:
        """Whether the winner stays the best, and how much of its lead was luck."""
        who = f"trial {self.winner}, the best by the seeds that trials are chosen by,"
        won = next((row for row in self.rows if row.trial == self.winner), None)
        if won is None:
            missing = self.without.get(self.winner, "was not re-ranked")
            return f"{who} has no score on fresh seeds: {missing}"
        best = self.rows[0]
        kept = "stays the best" if best is won else f"gives way to trial {best.trial}"
        if best is not won and best.fresh.overlaps(won.fresh):
            kept += ", whose interval overlaps with its own"
        ahead = measured(self.lead.point, self.lead.low, self.lead.high)
        lead = f"its lead over the median trial, {ahead}"
        if self.luck.low is None:
            return f"{who} {kept}; which share of {lead}, was luck is unknown"
        if has_no_width(self.luck.low, self.luck.high or 0.0) and self.luck.point in (0.0, 1.0):
            return f"{who} {kept}; {'all' if self.luck.point else 'none'} of {lead}, was luck"
        share = bounds(self.luck.low, self.luck.high, "{:.0%}".format)
        return f"{who} {kept}; of {lead}, {self.luck.point:.0%} ({share}) was luck"


def outcome(
    study: Study, tables: tuple[pd.DataFrame, pd.DataFrame] | None = None
) -> Outcome | None:
    """The scores on fresh seeds so far; `None` where nothing was re-ranked.

    `tables` are the study's `frame.runs` and the trials behind them, where somebody has them.
    """
    other, how = study_of(study), study.space.score.aggregate
    if other is None:
        return None
    if tables is None:
        every = frames.runs(study, study.ledger_state(reports=False))
        tables = every, frames.of_runs(every, study.space, [])
    tuned = _scores(tables[1], dict(enumerate(tables[1]["trial"])))
    if not tuned:
        return None
    runs = frames.runs(other, other.ledger_state(reports=False))
    spent = sorted(set(study.space.seeds) & set(other.space.seeds))
    runs = runs[~runs["seed"].isin(spent)]
    trials = frames.of_runs(runs, study.space, []) if len(runs) else tables[1].head(0)
    names = originals(other)
    fresh = _scores(trials, names)
    sign = 1.0 if study.space.direction == "maximize" else -1.0
    order = sorted(tuned, key=lambda trial: (-sign * tuned[trial].value, trial))
    mine, grid = (sign * _judged(table, sign < 0) for table in (tables[0], runs))
    again = dict(zip(trials["trial"].map(names), grid, strict=True))
    rows = [
        Reranked(
            trial,
            labels_text(study.plan.trials[trial].labels),
            order.index(trial) + 1,
            tuned[trial],
            score,
            stats.unpaired_difference(mine[trial], again[trial], how, np.random.default_rng(0)),
        )
        for trial, score in fresh.items()
        if trial in tuned
    ]
    ended = zip(trials["trial"].map(names), trials.to_dict("records"), strict=True)
    without = {trial: _missing(row) for trial, row in ended if trial not in fresh}
    judged = again[order[0]] if order[0] in fresh else np.full((1, mine.shape[2]), np.nan)
    chosen = sorted(tuned)
    compared = mine[chosen]
    compared = compared[:, ~np.isnan(compared).any(axis=(0, 2))]  # seeds that all of them have had
    return Outcome(
        sorted(rows, key=lambda row: (-sign * row.fresh.value, row.trial)),
        without,
        order[0],
        sorted(set(other.space.seeds) - set(spent)),
        spent,
        *stats.lead(compared, chosen.index(order[0]), judged, how, np.random.default_rng(0)),
    )


def lines(study: Study) -> Iterator[str]:
    """The outcome as `sweeper rerank` prints it."""
    found = outcome(study)
    if found is None:
        yield f"{study.name}: no configuration has a score on fresh seeds yet"
        return
    by = f", by {study.space.score_names[0]}" if study.space.score.also else ""
    yield f"{study.name}: {found.title}{by}"
    for place, row in enumerate(found.rows, 1):
        yield f"{place:3}.  {row.fresh}  trial {row.trial}: {row.name}"
        yield f"      was {row.place}. with {row.tuned}, {row.change}"
    for trial, why in found.without.items():
        yield f"  –   trial {trial}: {why}"
    yield found.verdict
    if found.spent:
        yield f"seeds {ranges(found.spent)} do not count: trials have been judged by them since"


def _judged(runs: pd.DataFrame, minimise: bool) -> Array:
    """The scores that runs count with, [trials × seeds × tasks]."""
    return frames.grid(frames.judged(runs, "score", minimise=minimise), "score")


def _scores(table: Any, names: Mapping[int, int]) -> dict[int, SeedScore]:
    """The scores of complete trials, by what `names` calls them."""
    return {
        names[row["trial"]]: SeedScore(row["value"], row["low"], row["high"], row["n"])
        for row in table.to_dict("records")
        if row["state"] == "complete" and row["value"] == row["value"]
    }


def _missing(row: Mapping[Any, Any]) -> str:
    """Why a trial has no score."""
    total = sum(row[name] for name in ("n", "failed", "pruned", "missing"))
    words = {"nan": "diverged", "failed": "failed", "pruned": "pruned", "missing": "open"}
    lost = [f"{row[name]} {word}" for name, word in words.items() if row[name]]
    return f"{', '.join(lost)} of {counted(total, 'run')}"
