"""Where a study stands, as one object for programs and a few lines for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from sweeper import frame
from sweeper.fold import STATES, Fold
from sweeper.liveness import exists
from sweeper.study import Study

TRIAL_STATES = ("open", "running", "complete", "pruned", "failed")


def summarise(study: Study) -> dict[str, Any]:
    """Counts of runs and trials by state, the workers, the best trial, damage to the ledger."""
    fold = study.fold(reports=False)
    trials = frame.trials(study, fold)
    counts = trials["state"].value_counts().to_dict()
    return {
        "study": study.name,
        "folder": str(study.folder),
        "runs": _run_counts(study, fold),
        "trials": {"total": len(trials)} | {state: counts.get(state, 0) for state in TRIAL_STATES},
        "workers": [
            {"name": name, "host": worker.header.get("host"), "state": _worker_state(worker)}
            for name, worker in sorted(fold.workers.items())
        ],
        "best": _best(study, trials),
        "damaged": [
            {"file": damage.file, "start": damage.start, "end": damage.end}
            for damage in fold.damage()
            if _worker_state(fold.workers.get(damage.worker)) != "working"
        ],
    }


def summary_lines(summary: Mapping[str, Any]) -> Iterator[str]:
    """The summary for people."""
    for what in ("runs", "trials"):
        counts = {state: number for state, number in summary[what].items() if number}
        total = counts.pop("total", 0)
        listed = ", ".join(f"{number} {state}" for state, number in counts.items())
        yield (
            f"{summary['study']}: {total} {what}: {listed}"
            if what == "runs"
            else (f"  {total} trials: {listed}")
        )
    working = sum(worker["state"] == "working" for worker in summary["workers"])
    if working:
        yield f"  {working} workers at work"
    best = summary["best"]
    if best is not None:
        interval = (
            "interval unknown: fewer than 5 seeds"
            if best["low"] is None
            else f"95 % interval {best['low']:.3g} to {best['high']:.3g}"
        )
        chosen = ", ".join(f"{axis}={value}" for axis, value in best["params"].items())
        yield (
            f"  best: trial {best['trial']}, score {best['value']:.3g} "
            f"({interval}, {best['n']} runs): {chosen}"
        )
    for damage in summary["damaged"]:
        yield (
            f"  damaged: bytes {damage['start']} to {damage['end']} of ledger/{damage['file']} "
            "hold no whole line"
        )


def _run_counts(study: Study, fold: Fold) -> dict[str, int]:
    runs = study.plan.runs
    counts = Counter(fold.runs[run.id].state if run.id in fold.runs else "open" for run in runs)
    return {"total": len(runs)} | {state: counts[state] for state in STATES}


def _worker_state(worker: Any) -> str:
    """`left`, `working`, `dead`, or `unknown` where it ran on another machine."""
    if worker is None:
        return "unknown"
    if worker.closed:
        return "left"
    return {True: "working", False: "dead", None: "unknown"}[exists(worker.header)]


def _best(study: Study, trials: Any) -> dict[str, Any] | None:
    done = trials[(trials["state"] == "complete") & trials["value"].notna()]
    if done.empty:
        return None
    sign = 1 if study.space.direction == "maximize" else -1
    row = done.loc[(sign * done["value"]).idxmax()]
    trial = study.plan.trials[int(row["trial"])]
    return {
        "trial": trial.number,
        "value": float(row["value"]),
        "low": None if row["low"] != row["low"] else float(row["low"]),
        "high": None if row["high"] != row["high"] else float(row["high"]),
        "n": int(row["n"]),
        "params": dict(trial.labels),
    }
