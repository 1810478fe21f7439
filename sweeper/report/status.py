"""Where a study stands, as one object for programs and a few lines for people."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sweeper.files import disk_usage
from sweeper.ledger.reader import missing
from sweeper.ledger.records import WorkerRecord
from sweeper.ledger.run_record import STATES, UNSCORED
from sweeper.ledger.snapshots.columns import Columns
from sweeper.ledger.state import LedgerState
from sweeper.plan.expansion import described
from sweeper.report.worker_status import Roll, Standing
from sweeper.score import STATISTICS
from sweeper.study.provenance import unlike
from sweeper.study.study import Study
from sweeper.text import counted

Array = npt.NDArray[Any]

_SHOWN = 5
_LARGEST = 3
_SAMPLED = 256
"""Of how many runs the files are measured; more are estimated from these."""

TRIAL_STATES = ("open", "running", "complete", "pruned", "failed")


def summarise(study: Study, ledger_state: LedgerState | None = None) -> dict[str, Any]:
    """Counts of runs and trials by state, the workers, the best trial, damage to the ledger.

    As `ledger_state`, or else the ledger, says.
    """
    ledger_state = ledger_state or study.ledger_state(reports=False)
    roll = Roll(study, ledger_state)
    standings = roll.standings()
    workers = {name: standing.state for name, standing in standings.items()}
    columns = Columns(ledger_state.runs, [run.id for run in study.plan.runs])
    states = _states(columns, workers)
    trials = _trial_states(study, states)
    runs, counts = Counter(states.tolist()), Counter(trials.tolist())
    plan = study.plan
    runs["open"] += plan.total - len(states)
    counts["open"] += plan.due
    return {
        "study": study.name,
        "folder": str(study.folder),
        "runs": {"total": plan.total} | {state: runs[state] for state in STATES},
        "trials": {"total": counts.total()} | {state: counts[state] for state in TRIAL_STATES},
        "unfound": plan.unfound,
        "workers": [
            _worker(ledger_state.workers[name], standing) for name, standing in standings.items()
        ],
        "jobs": roll.jobs(),
        "cancelled": study.cancelled,
        "best": _best(study, trials == "complete", columns.numbers("score"), states == "nan"),
        "errors": _errors(columns, states),
        "provenance": _provenance(study, ledger_state),
        "disk": _usage(study, ledger_state, columns),
        "skipped_saves": sum(worker.skipped for worker in ledger_state.workers.values()),
        "damaged": [
            {"file": damage.file, "start": damage.start, "end": damage.end}
            for damage in ledger_state.damage()
            if workers.get(damage.worker) != "working"
        ],
        "missing": missing(study.paths),
    }


def summary_lines(summary: Mapping[str, Any]) -> Iterator[str]:
    """The summary for people."""
    yield f"{summary['study']}: {_counted(summary, 'runs')}"
    yield f"  {_counted(summary, 'trials')}"
    if summary["unfound"]:
        yield f"  {summary['unfound']} more were asked for: no further configuration was found"
    yield from (f"  {line}" for line in _at_work(summary))
    best = summary["best"]
    if best is not None:
        yield (
            f"  best: trial {best['trial']}, score {best['value']:.3g} "
            f"({best['aggregate']} of {counted(best['n'], 'run')}{_diverged(best['diverged'])}): "
            f"{described(best['params'])}"
        )
    for error, number in list(summary["errors"].items())[:_SHOWN]:
        yield f"  {number} failed: {error}"
    yield from (f"  {line}" for line in _began(summary["provenance"]))
    yield f"  {_disk(summary['disk'])}"
    if summary["skipped_saves"]:
        yield (
            f"  {summary['skipped_saves']} saves left out: no room under checkpoint.max_gb, or on "
            "the disk"
        )
    for damage in summary["damaged"]:
        yield (
            f"  damaged: bytes {damage['start']} to {damage['end']} of ledger/{damage['file']} "
            "hold no whole line"
        )
    for file in summary["missing"]:
        yield (
            f"  missing: ledger/{file}: what its worker reported is lost; "
            "how its runs ended stands in claims/ and is read from there by the next sweeper run"
        )


def _diverged(count: int) -> str:
    return f", {count} of them diverged" if count else ""


def _worker(worker: WorkerRecord, standing: Standing) -> dict[str, Any]:
    """What is known of a worker, and how it stands."""
    header = {key: getattr(worker.header, key) for key in ("host", "job", "restart", "log")}
    silent = None if standing.silent_s is None else round(standing.silent_s, 1)
    told = {"state": standing.state, "evidence": standing.evidence, "silent_s": silent}
    return {"name": worker.worker, **header, **told}


def _at_work(summary: Mapping[str, Any]) -> Iterator[str]:
    """Who works or may work still, and the evidence where that is not plain."""
    cancelled, jobs = summary["cancelled"], summary["jobs"]
    if cancelled is not None:
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(cancelled["time"]))
        yield f"cancelled {when} by {cancelled['user']} on {cancelled['host']}: sweeper run goes on"
    counts = Counter(worker["state"] for worker in summary["workers"])
    if counts["working"]:
        yield f"{counted(counts['working'], 'worker')} at work"
    if jobs is not None:
        yield f"{counted(sum(jobs.values()), 'Slurm job')}: " + ", ".join(
            f"{number} {state}" for state, number in jobs.items() if number or state != "failed"
        )
    if summary["runs"]["open"] + summary["runs"]["running"] == 0:
        return
    doubtful = [w for w in summary["workers"] if w["state"] in ("silent", "waiting", "unknown")]
    for worker in doubtful[:_SHOWN]:
        yield f"worker {worker['name']} is {worker['state']}: {worker['evidence']}"
    if len(doubtful) > _SHOWN:
        yield f"… and {counted(len(doubtful) - _SHOWN, 'worker')} more like these"


def _usage(study: Study, ledger_state: LedgerState, columns: Columns) -> dict[str, int]:
    """What the study takes on the disk; of many runs only some are looked at."""
    attempts, ended = columns.numbers("attempts", 0), ~np.isnan(columns.numbers("ended"))
    claims = (attempts + ended).astype(int)
    begun = np.flatnonzero(claims)
    claimed: list[Path] = []
    folders: list[Path] = []
    for number in begun[:: -(-len(begun) // _SAMPLED) or 1].tolist():
        record = ledger_state.runs[study.plan.runs[number].id]
        folders.append(study.paths.runs / record.run)
        claimed += [
            study.paths.claim(record.run, record.generation, attempt)
            for attempt in range(claims[number])
        ]
    samples = {"claims": disk_usage.Sample(int(claims.sum()), claimed)}
    if not study.trainable.packs:  # functions have folders
        samples["runs"] = disk_usage.Sample(len(begun), folders)
    return disk_usage.usage(study.paths, samples)


def _provenance(study: Study, ledger_state: LedgerState) -> dict[str, Any]:
    """With what code the study began, on what machine, and which workers ran other code."""
    began = study.versions[0].provenance
    headers = {name: worker.header for name, worker in sorted(ledger_state.workers.items())}
    others = {name: unlike(began, header.code) for name, header in headers.items()}
    return {
        **{key: began.get(key, {}) for key in ("code", "packages", "machine", "tasks")},
        "dirty": sorted(began.get("diffs", {})),
        "other_code": {name: lines for name, lines in others.items() if lines},
    }


def _began(provenance: Mapping[str, Any]) -> Iterator[str]:
    code, machine = provenance["code"], provenance["machine"]
    if code and machine:
        shown = ", ".join(f"{name} {revision}" for name, revision in code.items())
        yield f"began with {shown} on {machine['host']} ({machine['cores']} cores)"
    for task, told in list(provenance["tasks"].items())[:_SHOWN]:
        yield f"task {task}: " + ", ".join(f"{name} {words}" for name, words in told.items())
    others = provenance["other_code"]
    for line in dict.fromkeys(line for lines in others.values() for line in lines):
        number = sum(line in lines for lines in others.values())
        yield f"{counted(number, 'worker')} ran other code: {line}"


def _disk(usage: Mapping[str, int]) -> str:
    """What the study takes on the disk, and its largest parts."""
    parts = {name: size for name, size in usage.items() if name not in ("total", "files")}
    largest = sorted(parts, key=lambda name: -parts[name])[:_LARGEST]
    shown = ", ".join(f"{_size(parts[name])} {name}" for name in largest if parts[name])
    return f"{_size(usage['total'])} on disk in {usage['files']:,} files: {shown}"


def _size(number: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if number < 1000:
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:,.3g} GB"


def _counted(summary: Mapping[str, Any], what: str) -> str:
    counts = {state: number for state, number in summary[what].items() if number}
    total = counts.pop("total", 0)
    return f"{total} {what}: " + ", ".join(f"{number} {state}" for state, number in counts.items())


def _errors(columns: Columns, states: Array) -> dict[str, int]:
    """The last line of what ended failed runs, and how many each ended; the most frequent first."""
    errors = filter(None, columns.texts("error")[np.isin(states, UNSCORED)])
    return dict(Counter(error.strip().rpartition("\n")[2] for error in errors).most_common())


def _states(columns: Columns, workers: Mapping[str, str]) -> Array:
    """Each run's state; one whose worker is known to be gone is open for the next."""
    states = columns.texts("state", "open")
    for number, record in columns.others:
        if record.state == "running" and workers.get(record.worker or "") in ("left", "dead"):
            states[number] = "open"
    return states


def _trial_states(study: Study, states: Array) -> Array:
    """All trials, judged as `frame.trials` does, without the seconds that pandas and scipy take."""
    trial = np.array([run.trial for run in study.plan.runs], int)

    def count(*of: str) -> Array:
        return np.bincount(trial[np.isin(states, of)], minlength=len(study.plan.trials))

    missing = count("open", "running")
    untouched = missing == np.bincount(trial, minlength=len(missing))
    return np.select(
        [count(*UNSCORED) > 0, count("pruned") > 0, missing == 0, count("running") > 0, untouched],
        ["failed", "pruned", "complete", "running", "open"],
        "running",
    )


def _best(study: Study, whole: Array, scores: Array, diverged: Array) -> dict[str, Any] | None:
    """The trial with the best value, if one has any; its interval is a figure's business."""
    how, trial = study.space.score.aggregate, np.array([run.trial for run in study.plan.runs], int)
    chosen = whole[trial]
    if not chosen.any():
        return None
    order = np.argsort(trial[chosen], kind="stable")
    numbers, first, n = np.unique(trial[chosen][order], return_index=True, return_counts=True)
    values = np.empty(len(numbers))
    for size in np.unique(n):
        rows = first[n == size, None] + np.arange(size)
        values[n == size] = STATISTICS[how](scores[chosen][order][rows])
    if np.isnan(values).all():
        return None
    best = (np.nanargmax if study.space.direction == "maximize" else np.nanargmin)(values)
    number = int(numbers[best])
    return {
        "trial": number,
        "value": float(values[best]),
        "aggregate": how,
        "n": int(n[best]),
        "diverged": int(diverged[trial == number].sum()),
        "params": dict(study.plan.trials[number].labels),
    }
