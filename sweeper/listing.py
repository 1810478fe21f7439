"""`sweeper best` and `sweeper failed`: the trials and runs that one asks for by name."""

from __future__ import annotations

import math
import os
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from sweeper import frame
from sweeper.fold import UNSCORED
from sweeper.study import Study
from sweeper.values import canonical, counted


def best(study: Study, number: int) -> Iterator[str]:
    """The `number` best complete trials, or with several scores those that no other beats in all.

    Each with its value, its 95 % interval where five seeds a task stand behind it, and its axes.
    """
    table = frame.trials(study, study.fold(reports=False))
    table = table[table["state"] == "complete"]
    if table.empty:
        yield f"{study.name}: no trial is complete yet"
        return
    descending = study.space.direction == "maximize"
    ranked = table.sort_values(["value", "trial"], ascending=[not descending, True])
    how, metric = study.space.score.aggregate, study.space.score.metric
    yield f"{study.name}: {len(table)} trials are complete; {how} of the normalised {metric}"
    for rank, row in enumerate(ranked.head(number).to_dict("records"), 1):
        yield f"{rank:3}.  {_value(row)}  trial {row['trial']}: {_labels(study, row['trial'])}"


def _value(row: Mapping[Any, Any]) -> str:
    if math.isfinite(row["low"]):
        return f"{row['value']:.4g} ({row['low']:.4g} to {row['high']:.4g}, {row['n']} runs)"
    return f"{row['value']:.4g} (interval unknown, {row['n']} runs)"


def failed(study: Study, *, trace: bool) -> Iterator[str]:
    """Every run that ended without a score, with the last line or all of what ended it."""
    fold = study.fold(reports=False)
    found = 0
    for run in study.plan.runs:
        record = fold.runs.get(run.id)
        if record is None or record.state not in UNSCORED:
            continue
        found += 1
        tried = counted(record.attempts, "attempt")
        yield (
            f"{run.id}  {record.state} at step {record.step} after {tried}: "
            f"{run.task}, seed {run.seed}, trial {run.trial}: {_labels(study, run.trial)}"
        )
        error = (record.error or "its worker died without a word").strip()
        for line in error.splitlines() if trace else error.splitlines()[-1:]:
            yield f"    {line}"
    if not found:
        yield f"{study.name}: no run has failed"


def again(study: Study) -> str:
    """The command that goes on with a study."""
    return shlex.join(["sweeper", "run", os.path.relpath(study.folder)])


def _labels(study: Study, trial: int) -> str:
    labels = study.plan.trials[trial].labels
    return ", ".join(f"{axis}={canonical(label)}" for axis, label in labels.items())
