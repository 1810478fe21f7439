"""`sweeper retry` and `sweeper rerun`: the next generation of runs that have ended."""

from __future__ import annotations

from collections.abc import Iterable

from sweeper import temporary
from sweeper.attempts import Attempts
from sweeper.errors import SweeperError, choices
from sweeper.fold import SCORED, UNSCORED, RunRecord
from sweeper.ledger import Writer
from sweeper.liveness import identity
from sweeper.study import Study

RETRIED = (*UNSCORED, "nan")
"""States of runs that can be tried again."""


def retry(study: Study, states: Iterable[str] = UNSCORED) -> list[str]:
    """Opens again all runs that ended in one of `states`; returns them."""
    wanted = set(states)
    for state in wanted:
        if state not in RETRIED:
            raise SweeperError(f"state= must be one of {', '.join(RETRIED)}, but got {state!r}")
    records = study.fold(reports=False).runs
    planned = (records.get(run.id) for run in study.plan.runs)
    return _reopen(study, [record for record in planned if record and record.state in wanted])


def rerun(study: Study, name: str) -> list[str]:
    """Opens again the one run called `name`, or by the beginning of its id."""
    found = [run.id for run in study.plan.runs if run.id.startswith(name)]
    if len(found) != 1:
        known = (run.id for run in study.plan.runs)
        wrong = f"{len(found)} runs begin with" if found else "there is no run"
        raise SweeperError(f"{wrong} {name!r}{'' if found else choices(name, [*known][:5])}")
    record = study.fold(reports=False).record(found[0])
    if record.state not in (*SCORED, *UNSCORED):
        why = "its trial was pruned" if record.state == "pruned" else "it has not ended"
        raise SweeperError(f"the run {found[0]} is {record.state}: {why}")
    return _reopen(study, [record])


def _reopen(study: Study, records: list[RunRecord]) -> list[str]:
    """The next generation of `records`, written down in a ledger file of this process."""
    if not records:
        return []
    study.share_files()
    name = temporary.process()
    ledger = Writer(study.paths.ledger, name, {**identity(), "command": "retry"})
    try:
        bound = study.space.checkpoint.max_gb
        return Attempts(study.paths, study.fold(reports=False), ledger, bound).reopen(records)
    finally:
        ledger.close()
