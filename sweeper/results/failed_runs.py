"""Runs that ended without a score, as `sweeper failed` lists them."""

from __future__ import annotations

from collections.abc import Iterator

from sweeper.ledger.run_record import UNSCORED
from sweeper.study.study import Study
from sweeper.text import counted, labels_text

SILENT = "its worker died without a word"
"""The error of a run whose worker died before it could write one."""


def failed(study: Study, *, trace: bool) -> Iterator[str]:
    """Every run that ended without a score, with the last line or all of what ended it."""
    ledger_state = study.ledger_state(reports=False)
    found = 0
    for run in study.plan.runs:
        record = ledger_state.runs.get(run.id)
        if record is None or record.state not in UNSCORED:
            continue
        found += 1
        tried = counted(record.attempts, "attempt")
        labels = labels_text(study.plan.trials[run.trial].labels)
        yield (
            f"{run.id}  {record.state} at step {record.step} after {tried}: "
            f"{run.task}, seed {run.seed}, trial {run.trial}: {labels}"
        )
        error = (record.error or SILENT).strip()
        for line in error.splitlines() if trace else error.splitlines()[-1:]:
            yield f"    {line}"
    if not found:
        yield f"{study.name}: no run has failed"
