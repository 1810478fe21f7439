"""`sweeper rerank`: the best configurations on fresh seeds, and how much of their lead was luck.

They are trained as a study of their own beside the first one, `<name>.rerank`, with one axis whose
labels are trials of the first. It grows when more configurations or seeds are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sweeper import stats
from sweeper.errors import Nothing, SweeperError
from sweeper.plan.check import checked
from sweeper.plan.expansion import described
from sweeper.plan.parameters import base
from sweeper.results import frames
from sweeper.results.ranking import ranking
from sweeper.space.space import Space
from sweeper.stats.wording import bounds, flat, measured, writer
from sweeper.study import study as studies
from sweeper.study.study import Study
from sweeper.text import counted, ranges

AXIS = "configuration"
_SUFFIX = ".rerank"
_TRIAL = "trial "


@dataclass(frozen=True)
class Score:
    """The aggregated score of some runs; `low` and `high` are NaN where the interval is unknown."""

    value: float
    low: float
    high: float
    n: int

    def overlaps(self, other: Score) -> bool:
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
    tuned: Score
    fresh: Score
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
    """What fresh seeds told of some trials, of which `winner` is the best of all that are complete
    by the seeds that trials are chosen by.
    """

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
        seeds = f"fresh seed{'' if len(self.seeds) == 1 else 's'} {ranges(self.seeds)}"
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
        if flat(self.luck.low, self.luck.high or 0.0) and self.luck.point in (0.0, 1.0):
            return f"{who} {kept}; {'all' if self.luck.point else 'none'} of {lead}, was luck"
        share = bounds(self.luck.low, self.luck.high, "{:.0%}".format)
        return f"{who} {kept}; of {lead}, {self.luck.point:.0%} ({share}) was luck"


def folder_of(study: Study) -> Path:
    """Where the study lies in which configurations of `study` meet fresh seeds."""
    return study.folder.with_name(studies.check_name(study.name + _SUFFIX))


def first_of(other: Study) -> Study | None:
    """The study whose configurations meet fresh seeds in `other`, if it is there."""
    folder = other.folder.with_name(other.name.removesuffix(_SUFFIX))
    known = list(other.space.axes) == [AXIS] and folder != other.folder and studies.is_one(folder)
    return Study.open(folder) if known else None


def space_of(study: Study, top: int, seeds: int | None) -> Space:
    """The space of that study: the `top` best complete trials, and what was asked for before.

    `seeds` is the number of fresh ones: those held out first, then those behind all of the space;
    by default those held out. Raises `SweeperError` where there is no trial, or no seed.
    """
    if study.name.endswith(_SUFFIX):
        raise SweeperError(f"{study.name} holds what was re-ranked already: name the first study")
    chosen = _best(study, top)
    if not chosen:
        raise Nothing(f"{study.name}: no trial is complete yet")
    fresh = _fresh(study.space, seeds)
    folder = folder_of(study)
    values: dict[str, Any] = {}
    if studies.is_one(folder):
        before = Study.open(folder).space
        if list(before.axes) != [AXIS]:
            raise SweeperError(
                f"{folder.name} is a study of another kind, where fresh runs must go"
            )
        values.update(before.axes[AXIS].values)
        fresh = sorted({*before.seeds, *fresh})
    known = base(study.space, study.trainable)
    for trial in chosen:
        params = study.plan.configuration(trial).params
        values[f"{_TRIAL}{trial}"] = {
            name: value for name, value in params.items() if known.get(name, params) != value
        }
    return _space(study.space, folder.name, values, fresh)


def outcome(
    study: Study, tables: tuple[pd.DataFrame, pd.DataFrame] | None = None
) -> Outcome | None:
    """What fresh seeds have told so far; `None` where nothing was re-ranked.

    `tables` are the study's `frame.runs` and the trials behind them, where somebody has them.
    """
    other, how = _other(study), study.space.score.aggregate
    if other is None:
        return None
    if tables is None:
        every = frames.runs(study, study.ledger_state(reports=False))
        tables = every, frames.of_runs(every, how, [])
    tuned = _scores(tables[1], dict(enumerate(tables[1]["trial"])))
    if not tuned:
        return None
    runs = frames.runs(other, other.ledger_state(reports=False))
    spent = sorted(set(study.space.seeds) & set(other.space.seeds))
    runs = runs[~runs["seed"].isin(spent)]
    trials = frames.of_runs(runs, how, []) if len(runs) else tables[1].head(0)
    names = _originals(other)
    fresh = _scores(trials, names)
    sign = 1.0 if study.space.direction == "maximize" else -1.0
    order = sorted(tuned, key=lambda trial: (-sign * tuned[trial].value, trial))
    mine = sign * frames.grid(tables[0], "score")
    again = dict(zip(trials["trial"].map(names), sign * frames.grid(runs, "score"), strict=True))
    rows = [
        Reranked(
            trial,
            described(study.plan.trials[trial].labels),
            order.index(trial) + 1,
            tuned[trial],
            score,
            stats.fall(mine[trial], again[trial], how, np.random.default_rng(0)),
        )
        for trial, score in fresh.items()
        if trial in tuned
    ]
    ended = zip(trials["trial"].map(names), trials.to_dict("records"), strict=True)
    without = {trial: _missing(row) for trial, row in ended if trial not in fresh}
    judged = again[order[0]] if order[0] in fresh else np.full((1, mine.shape[2]), np.nan)
    chosen = sorted(tuned)
    return Outcome(
        sorted(rows, key=lambda row: (-sign * row.fresh.value, row.trial)),
        without,
        order[0],
        sorted(set(other.space.seeds) - set(spent)),
        spent,
        *stats.lead(mine[chosen], chosen.index(order[0]), judged, how, np.random.default_rng(0)),
    )


def _other(study: Study) -> Study | None:
    """The study of its fresh runs, if it is there."""
    folder = study.folder.with_name(study.name + _SUFFIX)
    other = Study.open(folder) if studies.is_one(folder) else None
    return other if other is not None and list(other.space.axes) == [AXIS] else None


def lines(study: Study) -> Iterator[str]:
    """The outcome as `sweeper rerank` prints it."""
    found = outcome(study)
    if found is None:
        yield f"{study.name}: no configuration has a score on fresh seeds yet"
        return
    yield f"{study.name}: {found.title}"
    for place, row in enumerate(found.rows, 1):
        yield f"{place:3}.  {row.fresh}  trial {row.trial}: {row.name}"
        yield f"      was {row.place}. with {row.tuned}, {row.change}"
    for trial, why in found.without.items():
        yield f"  –   trial {trial}: {why}"
    yield found.verdict
    if found.spent:
        yield f"seeds {ranges(found.spent)} do not count: trials have been judged by them since"


def _best(study: Study, top: int) -> list[int]:
    table = frames.trials(study, study.ledger_state(reports=False))
    ranked = ranking.in_order(study, table[table["state"] == "complete"])
    return [int(trial) for trial in ranked["trial"].head(top)]


def _fresh(space: Space, number: int | None) -> list[int]:
    if number is None and not space.held_out:
        raise SweeperError(
            "seeds= is needed, the number of fresh seeds: the space holds none out, as "
            "seeds: {tune: 5, test: 10} would"
        )
    behind = count(max((*space.seeds, *space.held_out)) + 1)
    wanted = len(space.held_out) if number is None else number
    return [*space.held_out[:wanted], *islice(behind, max(0, wanted - len(space.held_out)))]


def _space(space: Space, name: str, values: Mapping[str, Any], seeds: Iterable[int]) -> Space:
    """`space` with these configurations instead of its axes."""
    dropped = ("axes", "zip", "derived", "constraints", "sampler", "trials", "pruner", "held_out")
    kept = {key: value for key, value in space.dump().items() if key not in dropped}
    changed = {
        "name": name,
        "note": f"the best of {space.name} on seeds by which no trial was chosen",
        "axes": {AXIS: {"kind": "variant", "values": dict(values)}},
        "seeds": list(seeds),
        "figures": [{"sensitivity": {"x": AXIS}}] if len(values) > 1 else [],
    }
    return checked(Space.parse({**kept, **changed}), Path(space.folder))


def _originals(other: Study) -> dict[int, int]:
    """Trial of the study beside -> trial of the first one."""
    return {
        trial.number: int(str(trial.labels[AXIS]).removeprefix(_TRIAL))
        for trial in other.plan.trials
    }


def _scores(table: Any, names: Mapping[int, int]) -> dict[int, Score]:
    """The scores of complete trials, by what `names` calls them."""
    return {
        names[row["trial"]]: Score(row["value"], row["low"], row["high"], row["n"])
        for row in table.to_dict("records")
        if row["state"] == "complete"
    }


def _missing(row: Mapping[Any, Any]) -> str:
    """Why a trial has no score."""
    total = sum(row[name] for name in ("n", "failed", "pruned", "missing"))
    told = [f"{row[name]} {name}" for name in ("failed", "pruned", "missing") if row[name]]
    return f"{', '.join(told)} of {counted(total, 'run')}".replace("missing", "open")
