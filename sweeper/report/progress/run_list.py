"""The runs of a study as rows: where each stands, who holds it, and what it came to."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields

import numpy as np

from sweeper.errors import SweeperError, choices, shown
from sweeper.ledger.run_record import STATES
from sweeper.ledger.snapshots.columns import Columns
from sweeper.report.progress.work_left import reached
from sweeper.report.status import run_states
from sweeper.report.worker_status import worker_states
from sweeper.study.study import Study


@dataclass(frozen=True)
class RunRow:
    """One run of a study."""

    run: str
    trial: int
    task: str
    seed: int
    state: str
    step: int
    """How far it is: of an open run the step that it goes on from."""
    steps: int
    worker: str | None
    """Who holds it, or held it last."""
    score: float | None
    """Normalised; of a run that has ended with one."""


def rows(study: Study, *, state: str | None = None, trial: int | None = None) -> list[RunRow]:
    """The runs in the plan's order; only those in a `state`, or of a `trial`, where one is named.

    Raises `SweeperError` for a state or a trial that there is not.
    """
    if state is not None and state not in STATES:
        raise SweeperError(
            f"state must be a state of runs, but got {shown(state)}{choices(state, STATES)}"
        )
    count = len(study.plan.trials)
    if trial is not None and trial >= count:
        there = f"0 to {count - 1}" if count else "none yet"
        raise SweeperError(f"trial must be one of the study's trials ({there}), but got {trial}")
    ledger_state = study.ledger_state(reports=False)
    runs = study.plan.runs
    columns = Columns(ledger_state.runs, [run.id for run in runs])
    workers = {name: each.state for name, each in worker_states(study, ledger_state).items()}
    states, scores, held = (
        run_states(columns, workers),
        columns.numbers("score"),
        columns.texts("worker"),
    )
    steps = columns.numbers("step", 0)
    for number, record in columns.others:
        steps[number] = reached(record, states[number])
    chosen = np.ones(len(runs), bool) if state is None else states == state
    return [
        RunRow(
            *(runs[number].id, runs[number].trial, runs[number].task, runs[number].seed),
            *(states[number], int(steps[number]), runs[number].steps, held[number]),
            None if np.isnan(scores[number]) else float(scores[number]),
        )
        for number in np.flatnonzero(chosen).tolist()
        if trial is None or runs[number].trial == trial
    ]


def text(found: Sequence[RunRow]) -> str:
    """The rows as columns of text, below their names."""
    table = [("run", "trial", "task", "seed", "state", "step", "worker", "score")]
    for row in found:
        score = "" if row.score is None else f"{row.score:.4g}"
        table.append(
            (
                *(row.run, str(row.trial), row.task, str(row.seed), row.state),
                *(f"{row.step:,} of {row.steps:,}", row.worker or "", score),
            )
        )
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ("  ".join(map(str.ljust, line, widths)).rstrip() for line in table)
    return "\n".join(lines) + "\n"


def as_json(found: Sequence[RunRow]) -> str:
    """The rows as a JSON list."""
    return json.dumps([asdict(row) for row in found], indent=1) + "\n"


def as_csv(found: Sequence[RunRow]) -> str:
    """The rows as CSV, below their names; what is not known is empty."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    names = [field.name for field in fields(RunRow)]
    writer.writerow(names)
    writer.writerows([getattr(row, name) for name in names] for row in found)
    return written.getvalue()


FORMATS: dict[str, Callable[[Sequence[RunRow]], str]] = {
    "text": text,
    "json": as_json,
    "csv": as_csv,
}
