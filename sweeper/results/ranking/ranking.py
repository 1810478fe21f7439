"""Complete trials in the order of their scores, and as `sweeper best` prints them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import numpy as np
import pandas as pd

from sweeper import stats
from sweeper.errors import NothingToShow
from sweeper.ledger.state import LedgerState
from sweeper.results import frames
from sweeper.results.tables.wording import measured
from sweeper.space.blocks.parts import every_axis
from sweeper.space.space import Space
from sweeper.study.study import Study
from sweeper.text import agreed, counted, labels_text


class RunsPart(Protocol):
    """Some of the runs of a study."""

    @property
    def said(self) -> str:
        """What they have in common; empty where they are all runs."""

    def table(self, every: pd.DataFrame, space: Space) -> Any:
        """Which rows of a study's runs are of it."""


def best(study: Study, number: int, part: RunsPart | None = None) -> Iterator[str]:
    """The `number` best complete trials; with several scores, of those that none beats in all.

    With a `part` of the study, of its trials, by the values that the runs in it have.

    Each with its values, their 95 % intervals where at least `MIN_SEEDS` seeds a task stand behind
    it, and its axes; and the reference configuration, where the space has one. `NothingToShow`
    before a trial is complete.
    """
    trials = trials_of(study, study.ledger_state(reports=False), part)
    name = f"{study.name}, {part.said}" if part is not None and part.said else study.name
    table = complete(study.space, trials)
    lost = int((trials["state"] == "nan").sum())
    diverged = f"{counted(lost, 'trial')} without a value, as runs diverged" if lost else ""
    if table.empty:
        raise NothingToShow(f"{name}: no trial is complete yet{diverged and f'; {diverged}'}")
    scored = ", ".join(_scored(study.space))
    yield f"{name}: {counted(len(table), 'complete trial')}; {scored}"
    yield from _constrained(study.space, table)
    front = ranked(study.space, table)
    if study.space.score.also:
        yield f"{counted(len(front), 'trial')} that no other beats in all scores"
    for rank, row in enumerate(front.head(number).to_dict("records"), 1):
        yield f"{rank:3}.  {_trial(study, row)}"
    if diverged:
        yield f"behind them {diverged}"
    reference = study.plan.reference
    for row in table[table["trial"] == reference].to_dict("records"):
        yield f"reference  {_trial(study, row)}"


def trials_of(
    study: Study, ledger_state: LedgerState, part: RunsPart | None = None
) -> pd.DataFrame:
    """The trials of a study, or of a `part` of it, by the values that the runs in that have."""
    runs = frames.runs(study, ledger_state)
    chosen = runs if part is None else runs[part.table(runs, study.space)]
    return frames.of_runs(chosen, study.space, list(every_axis(study.space)))


def _scored(space: Space) -> Iterator[str]:
    """What the values of a trial are; of several scores also which of them are better."""
    named = zip(space.scores, space.score_names, space.directions, strict=True)
    for rule, name, direction in named:
        better = {"maximize": "larger", "minimize": "smaller"}[direction]
        said = f"{rule.aggregate} of the normalised {name}"
        yield f"{said} ({better} is better)" if space.score.also else said


def complete(space: Space, trials: pd.DataFrame) -> pd.DataFrame:
    """The complete ones of `trials` that have a value by every score."""
    return trials[(trials["state"] == "complete") & trials[_values(space)].notna().all(axis=1)]


def ranked(space: Space, table: pd.DataFrame) -> pd.DataFrame:
    """Those complete trials that no other beats in all scores, the best first.

    With one score that is every trial: their order tells. Of several scores those that keep the
    constraints count, where any does.
    """
    if not space.score.also:
        return in_order(space, table)
    if frames.FEASIBLE in table and table[frames.FEASIBLE].any():
        table = table[table[frames.FEASIBLE]]
    return in_order(space, table[unbeaten(space, table)])


def in_order(space: Space, table: pd.DataFrame) -> pd.DataFrame:
    """Complete trials by their value, the best first.

    Those that break constraints come last. Of the others those with most runs come first: where
    seeds went in rungs, the rest were worse than these by the seeds that both have had.
    """
    by = {"n": False, "value": space.direction != "maximize", "trial": True}
    if frames.FEASIBLE in table:
        by = {frames.FEASIBLE: False, **by}
    return table.sort_values(list(by), ascending=list(by.values()))


def _constrained(space: Space, table: pd.DataFrame) -> Iterator[str]:
    """How many of the complete trials keep the constraints, where the score has any."""
    bounds = ", ".join(map(str, space.score.bounds))
    if not bounds:
        return
    kept = int(table[frames.FEASIBLE].sum())
    if kept:
        yield f"{kept} of them {agreed(kept, 'keeps', 'keep')} {bounds}, and stand first"
    else:
        yield f"none of them keeps {bounds}"


def broken(space: Space, row: Mapping[Any, Any]) -> str:
    """`breaks dead_units <= 0.2: 0.31`, of a trial that does; empty where it keeps all."""
    pairs = zip(space.score.bounds, frames.bounded_columns(space), strict=True)
    return ", ".join(
        f"breaks {bound}: {'unknown' if np.isnan(row[name]) else f'{row[name]:.3g}'}"
        for bound, name in pairs
        if not bound.excess(row[name]) <= 0
    )


def unbeaten(space: Space, table: pd.DataFrame) -> Any:
    """Which complete trials [trials] no other is as good as in all scores and better in one."""
    signs = np.where(np.array(space.directions) == "maximize", 1.0, -1.0)
    return stats.unbeaten(signs * table[_values(space)].to_numpy(float))


def _values(space: Space) -> list[str]:
    return [f"value{suffix}" for suffix in frames.suffixes(space)]


def _trial(study: Study, row: Mapping[Any, Any]) -> str:
    wrong = broken(study.space, row)
    said = f"{values_of(study.space, row)}  trial {row['trial']}: {_labels(study, row['trial'])}"
    return f"{said} ({wrong})" if wrong else said


def values_of(space: Space, row: Mapping[Any, Any]) -> str:
    """The values of a complete trial by all scores with their intervals; of several by name."""
    first = value_of(row, row["nan"])
    if not space.score.also:
        return first
    names, suffixes = space.score_names, frames.suffixes(space)
    further = [
        f"{name} {measured(*(row[f'{part}{suffix}'] for part in ('value', 'low', 'high')))}"
        for name, suffix in zip(names[1:], suffixes[1:], strict=True)
    ]
    return "; ".join([f"{names[0]} {first}", *further])


def value_of(row: Mapping[Any, Any], diverged: int = 0) -> str:
    """The value of a complete trial by the first score, with its interval where that is known.

    And how many of its runs `diverged`, if any.
    """
    also = [counted(row["n"], "run"), *([f"{diverged} of them diverged"] if diverged else [])]
    return measured(row["value"], row["low"], row["high"], *also)


def _labels(study: Study, trial: int) -> str:
    return labels_text(study.plan.trials[trial].labels)
