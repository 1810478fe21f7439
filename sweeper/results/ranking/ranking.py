"""Complete trials in the order of their scores, and as `sweeper best` prints them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from sweeper.errors import NothingToShow
from sweeper.ledger.state import LedgerState
from sweeper.results import frames
from sweeper.stats.wording import measured
from sweeper.study.study import Study
from sweeper.text import counted, labels_text


def best(study: Study, number: int) -> Iterator[str]:
    """The `number` best complete trials; with several scores, of those that none beats in all.

    Each with its value, its 95 % interval where at least `MIN_SEEDS` seeds a task stand behind it,
    its further scores and its axes; and the reference configuration, where the space has one.
    `NothingToShow` before a trial is complete.
    """
    ledger_state = study.ledger_state(reports=False)
    table = complete(study, ledger_state, frames.trials(study, ledger_state))
    if table.empty:
        raise NothingToShow(f"{study.name}: no trial is complete yet")
    rules = study.space.scores
    scored = ", ".join(f"{rule.aggregate} of the normalised {rule.metric}" for rule in rules)
    yield f"{study.name}: {counted(len(table), 'complete trial')}; {scored}"
    front = ranked(study, table)
    if len(rules) > 1:
        yield f"{counted(len(front), 'trial')} that no other beats in all scores"
    for rank, row in enumerate(front.head(number).to_dict("records"), 1):
        yield f"{rank:3}.  {_trial(study, row)}"
    reference = study.plan.reference
    for row in table[table["trial"] == reference].to_dict("records"):
        yield f"reference  {_trial(study, row)}"


def complete(study: Study, ledger_state: LedgerState, trials: pd.DataFrame) -> pd.DataFrame:
    """The complete ones of `trials`, with the values of their further scores in `further`.

    Those with a NaN among their values are left out: they are not better or worse than any.
    """
    table = trials[(trials["state"] == "complete") & trials["value"].notna()]
    further = [frames.further(study, ledger_state, trial) for trial in table["trial"]]
    known = [not any(map(math.isnan, values)) for values in further]
    return table.assign(further=pd.Series(further, table.index, object))[known]


def ranked(study: Study, table: pd.DataFrame) -> pd.DataFrame:
    """Those complete trials that no other beats in all scores, the best first."""
    return in_order(study, table[_unbeaten(study, table["value"], table["further"])])


def in_order(study: Study, table: pd.DataFrame) -> pd.DataFrame:
    """Complete trials by their value, the best first."""
    descending = study.space.direction == "maximize"
    return table.sort_values(["value", "trial"], ascending=[not descending, True])


def _unbeaten(study: Study, values: Any, further: Any) -> Any:
    """Which trials [trials] no other is at least as good as in all scores and better in one.

    With one score that is every trial: their order tells.
    """
    if not study.space.score.also:
        return np.ones(len(values), bool)
    signs = np.where(np.array(study.space.directions) == "maximize", 1.0, -1.0)
    scores = signs * np.column_stack([values, np.array(list(further))])
    beaten = [bool(((scores >= own).all(1) & (scores > own).any(1)).any()) for own in scores]
    return ~np.array(beaten)


def _trial(study: Study, row: Mapping[Any, Any]) -> str:
    return f"{values_of(row)}  trial {row['trial']}: {_labels(study, row['trial'])}"


def values_of(row: Mapping[Any, Any]) -> str:
    """The values of a complete trial by all scores, the first with its interval."""
    return "; ".join([value_of(row, row["nan"]), *(f"{value:.4g}" for value in row["further"])])


def value_of(row: Mapping[Any, Any], diverged: int = 0) -> str:
    """The value of a complete trial, with its interval where that is known.

    And how many of its runs `diverged`, if any.
    """
    also = [counted(row["n"], "run"), *([f"{diverged} of them diverged"] if diverged else [])]
    return measured(row["value"], row["low"], row["high"], *also)


def _labels(study: Study, trial: int) -> str:
    return labels_text(study.plan.trials[trial].labels)
