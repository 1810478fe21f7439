"""`sweeper retry` and `sweeper rerun`: reopen runs that have ended, as a new generation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sweeper.errors import SweeperError, did_you_mean, shown
from sweeper.files import temporary
from sweeper.ledger.run_record import SCORED, UNSCORED, RunRecord
from sweeper.ledger.writer import Writer
from sweeper.study import command_hints
from sweeper.study.study import Study
from sweeper.worker.ledger_protocol import LedgerProtocol
from sweeper.worker.process.heartbeat import identity

RETRIED = (*UNSCORED, "nan")
"""States of runs that can be tried again."""


def retry(study: Study, states: Iterable[str] = UNSCORED) -> list[str]:
    """Opens again all runs that ended in one of `states`; returns them."""
    wanted = set(states)
    for state in wanted:
        if state not in RETRIED:
            raise SweeperError(
                f"state= must be one of {', '.join(RETRIED)}, but got {shown(state)}"
            )
    records = study.ledger_state(reports=False).runs
    planned = (records.get(run.id) for run in study.plan.runs)
    return reopen(study, [record for record in planned if record and record.state in wanted])


def rerun(study: Study, name: str) -> list[str]:
    """Opens again the one run called `name`, or by the beginning of its id."""
    run = find(study, name)
    record = study.ledger_state(reports=False).record(run)
    pruned = study.paths.pruned(study.plan.run(run).trial).exists()
    if pruned or record.state not in (*SCORED, *UNSCORED):
        why = "its trial was pruned" if pruned else "it has not ended"
        raise SweeperError(f"the run {run} is {record.state}: {why}")
    return reopen(study, [record])


def list_runs(study: Study) -> str:
    """The command that lists the runs of a study."""
    return f"`sweeper runs {command_hints.words(study)}` lists them"


def find(study: Study, name: str) -> str:
    """The id of the one run that is called `name`, or whose id begins so."""
    found = [run.id for run in study.plan.runs if run.id.startswith(name)]
    if len(found) != 1:
        wrong = f"{len(found)} runs begin with" if found else "there is no run"
        hint = "" if found else did_you_mean(name, (run.id for run in study.plan.runs))
        raise SweeperError(f"{wrong} {shown(name)}{hint}: {list_runs(study)}")
    return found[0]


def reopen(study: Study, records: list[RunRecord]) -> list[str]:
    """The next generation of `records`, written down in a ledger file of this process."""
    if not records:
        return []
    study.share_files()
    name = temporary.process()
    ledger = Writer(study.paths.ledger, name, replace(identity(), command="retry").to_json())
    try:
        bound = study.space.checkpoint.max_gb
        ledger_state = study.ledger_state(reports=False)
        attempts = LedgerProtocol(study.paths, study.claims(name), ledger_state, ledger, bound)
        return attempts.reopen(records)
    finally:
        ledger.close()
