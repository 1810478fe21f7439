"""The runs of a study as rows: where each stands, who holds it, and what it came to."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields

import numpy as np

from sweeper.errors import SweeperError, choices, shown
from sweeper.ledger.run_record import STATES
from sweeper.ledger.snapshots.columns import Columns
from sweeper.report.progress.recent_work import last_written, pace_of
from sweeper.report.progress.work_left import newest, rate, reached
from sweeper.report.status import run_states
from sweeper.report.worker_status import worker_states
from sweeper.study.study import Study
from sweeper.text import duration


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
    value: float | None
    """The score's metric in its own unit: of a run that goes on as it was reported last."""
    steps_per_s: float | None
    """The pace of a run that goes on, since its worker took it."""
    eta_s: float | None
    """Seconds until it has done its steps, at that pace."""
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
    states, held = run_states(columns, workers), columns.texts("worker")
    scores, values = columns.numbers("score"), columns.numbers("value")
    going = {n: record for n, record in columns.others if states[n] == "running"}
    wrote = last_written(study.paths, {str(record.worker) for record in going.values()})
    paces, now, steps = {}, time.time(), columns.numbers("step", 0)
    for number, record in columns.others:
        steps[number] = reached(record, states[number])
    for number, record in going.items():
        values[number] = newest(record, study.space.score.metric)
        paces[number] = pace_of(record, min(now, wrote.get(str(record.worker), now)))
    chosen = np.ones(len(runs), bool) if state is None else states == state
    return [
        RunRow(
            *(runs[number].id, runs[number].trial, runs[number].task, runs[number].seed),
            *(states[number], int(steps[number]), runs[number].steps),
            *(_known(values[number]), *_pace(paces.get(number), runs[number].steps, steps[number])),
            *(held[number], _known(scores[number])),
        )
        for number in np.flatnonzero(chosen).tolist()
        if trial is None or runs[number].trial == trial
    ]


def _known(number: float) -> float | None:
    return None if np.isnan(number) else float(number)


def _pace(pace: float | None, steps: int, step: float) -> tuple[float | None, float | None]:
    """Steps a second and seconds left; nothing where the pace is not known yet."""
    return (None, None) if not pace else (pace, (steps - step) / pace)


def text(found: Sequence[RunRow]) -> str:
    """The rows as columns of text, below their names; pace and time left where any run goes on."""
    going = any(row.state == "running" for row in found)
    paced = ("steps/s", "left") if going else ()
    table = [("run", "trial", "task", "seed", "state", "step", "value", *paced, "worker", "score")]
    for row in found:
        pace = "" if row.steps_per_s is None else rate(row.steps_per_s)
        left = "" if row.eta_s is None else duration(row.eta_s)
        value, score = ("" if one is None else f"{one:.4g}" for one in (row.value, row.score))
        table.append(
            (
                *(row.run, str(row.trial), row.task, str(row.seed), row.state),
                *(f"{row.step:,} of {row.steps:,}", value, *((pace, left) if going else ())),
                *(row.worker or "", score),
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
