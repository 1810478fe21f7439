"""The runs that ended without a score, grouped by state and last line of their error."""

from __future__ import annotations

from dataclasses import dataclass, field

from sweeper.ledger.run_record import UNSCORED
from sweeper.ledger.state import LedgerState
from sweeper.results.failed_runs import SILENT
from sweeper.study.study import Study
from sweeper.text import counted, labels_text

_GROUPS = 50
"""The most ways of failing that the page shows."""

_RUNS = 20
"""Of how many runs that failed in one way the page says which."""

_CHARACTERS = 20_000
"""How much of a traceback is shown, from its end."""

_LINE = 300
"""How much of its last line stands above it."""


@dataclass
class FailureGroup:
    """Failed runs with the same state and last line of error; the traceback of the first."""

    state: str
    line: str
    trace: str
    count: int = 0
    runs: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Failures:
    """How many runs failed, the ways in which they did, the most frequent first, and the rest."""

    count: int
    groups: list[FailureGroup]
    others: int
    """Runs that failed in other ways."""


def failures(study: Study, ledger_state: LedgerState) -> Failures:
    """All failed runs of `study` as `ledger_state` has them."""
    found: dict[tuple[str, str], FailureGroup] = {}
    for run in study.plan.runs:
        record = ledger_state.runs.get(run.id)
        if record is None or record.state not in UNSCORED:
            continue
        trace = (record.error or SILENT).strip()
        line = trace.rpartition("\n")[2][:_LINE]
        first = FailureGroup(record.state, line, trace[-_CHARACTERS:])
        group = found.setdefault((record.state, line), first)
        group.count += 1
        if len(group.runs) < _RUNS:
            labels = labels_text(study.plan.trials[run.trial].labels)
            group.runs.append(
                f"{run.id} at step {record.step} after {counted(record.attempts, 'attempt')}: "
                f"{run.task}, seed {run.seed}, trial {run.trial}: {labels}"
            )
    groups = sorted(found.values(), key=lambda group: -group.count)
    count = sum(group.count for group in groups)
    return Failures(count, groups[:_GROUPS], count - sum(group.count for group in groups[:_GROUPS]))
