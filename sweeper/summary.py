"""Where a study stands, as one object for programs and a few lines for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sweeper import disk
from sweeper.fold import STATES, UNSCORED, Fold
from sweeper.liveness import exists
from sweeper.score import aggregate
from sweeper.study import Study

_SHOWN = 5
_LARGEST = 3

TRIAL_STATES = ("open", "running", "complete", "pruned", "failed")


def summarise(study: Study) -> dict[str, Any]:
    """Counts of runs and trials by state, the workers, the best trial, damage to the ledger."""
    fold = study.fold(reports=False)
    states = {run.id: _run_state(fold, run.id) for run in study.plan.runs}
    trials = _trials(study, fold, states)
    runs, counts = Counter(states.values()), Counter(trial.state for trial in trials)
    return {
        "study": study.name,
        "folder": str(study.folder),
        "runs": {"total": len(states)} | {state: runs[state] for state in STATES},
        "trials": {"total": len(trials)} | {state: counts[state] for state in TRIAL_STATES},
        "workers": [
            {"name": name, "host": worker.header.get("host"), "state": _worker_state(worker)}
            for name, worker in sorted(fold.workers.items())
        ],
        "best": _best(study, trials),
        "errors": _errors(study, fold),
        "disk": disk.usage(study.paths),
        "skipped_saves": sum(worker.skipped for worker in fold.workers.values()),
        "damaged": [
            {"file": damage.file, "start": damage.start, "end": damage.end}
            for damage in fold.damage()
            if _worker_state(fold.workers.get(damage.worker)) != "working"
        ],
    }


def summary_lines(summary: Mapping[str, Any]) -> Iterator[str]:
    """The summary for people."""
    yield f"{summary['study']}: {_counted(summary, 'runs')}"
    yield f"  {_counted(summary, 'trials')}"
    working = sum(worker["state"] == "working" for worker in summary["workers"])
    if working:
        yield f"  {working} {'worker' if working == 1 else 'workers'} at work"
    best = summary["best"]
    if best is not None:
        chosen = ", ".join(f"{axis}={value}" for axis, value in best["params"].items())
        yield (
            f"  best: trial {best['trial']}, score {best['value']:.3g} "
            f"({best['aggregate']} of {best['n']} runs): {chosen}"
        )
    for error, number in list(summary["errors"].items())[:_SHOWN]:
        yield f"  {number} failed: {error}"
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


def _errors(study: Study, fold: Fold) -> dict[str, int]:
    """The last line of what ended failed runs, and how many each ended; the most frequent first."""
    records = (fold.runs.get(run.id) for run in study.plan.runs)
    errors = [r.error for r in records if r and r.state in UNSCORED and r.error]
    return dict(Counter(error.strip().rpartition("\n")[2] for error in errors).most_common())


def _run_state(fold: Fold, run: str) -> str:
    """A run's state; one whose worker is known to be gone is open for the next."""
    record = fold.runs.get(run)
    if record is None:
        return "open"
    if record.state != "running":
        return record.state
    holder = _worker_state(fold.workers.get(record.worker or ""))
    return "open" if holder in ("left", "dead") else "running"


def _worker_state(worker: Any) -> str:
    """`left`, `working`, `dead`, or `unknown` where it ran on another machine."""
    if worker is None:
        return "unknown"
    if worker.closed:
        return "left"
    return {True: "working", False: "dead", None: "unknown"}[exists(worker.header)]


@dataclass(frozen=True)
class _Trial:
    """A trial's state, and its runs' scores where all of them have one."""

    number: int
    state: str
    scores: list[float]


def _trials(study: Study, fold: Fold, states: Mapping[str, str]) -> list[_Trial]:
    """All trials, judged as `frame.trials` does, without the seconds that pandas and scipy take."""
    found = []
    for number, group in groupby(study.plan.runs, key=lambda run: run.trial):
        runs = list(group)
        records = [fold.runs.get(run.id) for run in runs]
        scores = [record.score for record in records if record and record.score is not None]
        found.append(_Trial(number, _trial_state({states[run.id] for run in runs}), scores))
    return found


def _trial_state(states: set[str]) -> str:
    if states & set(UNSCORED):
        return "failed"
    if "pruned" in states:
        return "pruned"
    if states <= {"complete", "nan"}:
        return "complete"
    return "open" if states == {"open"} else "running"


def _best(study: Study, trials: list[_Trial]) -> dict[str, Any] | None:
    """The trial with the best value; its interval is a figure's business."""
    how = study.space.score.aggregate
    values = {
        trial.number: aggregate(trial.scores, how) for trial in trials if trial.state == "complete"
    }
    if not values:
        return None
    choose = max if study.space.direction == "maximize" else min
    number = choose(values, key=lambda trial: values[trial])
    return {
        "trial": number,
        "value": values[number],
        "aggregate": how,
        "n": len(trials[number].scores),
        "params": dict(study.plan.trials[number].labels),
    }
