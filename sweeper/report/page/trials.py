"""The trials of a study in the report: the table that its script shows, and the best trials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from sweeper.report.page import rerun_command
from sweeper.results import frames
from sweeper.results.ranking import ranking
from sweeper.space.blocks.parts import every_axis
from sweeper.study.study import Study
from sweeper.text import labels_text

BEST = 5

_SHOWN = ("trial", "state", "value", "low", "high", "n")
"""The columns that every table has, before the axes; those of further scores follow them."""


@dataclass(frozen=True)
class Best:
    """A trial, its values, its configuration, and the command that runs it again if there is."""

    trial: int
    value: str
    labels: str
    command: str | None


def table(study: Study, trials: pd.DataFrame) -> dict[str, list[Any]]:
    """`trials` as plain data: `columns` by name, and a list a trial in `rows`; nothing is NaN.

    Of the counts of runs without a score only those that are not always 0.
    """
    counts = [name for name in frames.COUNTS if name not in _SHOWN and trials[name].any()]
    suffixes = frames.suffixes(study.space)[1:]
    further = [f"{name}{suffix}" for suffix in suffixes for name in ("value", "low", "high")]
    plain = trials[[*_SHOWN, *further, *every_axis(study.space), *counts]].astype(object)
    columns = frames.named(plain, study.space).columns.tolist()
    return {"columns": columns, "rows": plain.where(plain.notna(), None).to_numpy().tolist()}


def best(study: Study, trials: pd.DataFrame) -> list[Best]:
    """The best complete trials, the best first; with several scores of those that none beats."""
    complete = ranking.complete(study.space, trials)
    if complete.empty:
        return []
    rows = ranking.ranked(study.space, complete).head(BEST).to_dict("records")
    numbers = [int(row["trial"]) for row in rows]
    commands = rerun_command.reruns(study, numbers)
    return [_best(study, row, commands.get(row["trial"])) for row in rows]


def _best(study: Study, row: Mapping[Any, Any], words: str | None) -> Best:
    labels = labels_text(study.plan.trials[row["trial"]].labels)
    wrong = ranking.broken(study.space, row)
    values = f"{ranking.values_of(study.space, row)}{f' ({wrong})' if wrong else ''}"
    return Best(int(row["trial"]), values, labels, words)
