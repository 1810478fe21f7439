"""Computes the scores of a finished run by the rules of the space."""

from __future__ import annotations

from collections.abc import Sequence

from sweeper import score
from sweeper.errors import listed, shown
from sweeper.ledger.run_record import Point
from sweeper.plan.plan import Run
from sweeper.space.sections import Objective
from sweeper.space.space import Space
from sweeper.worker.held_run import RunEnd


def outcome(space: Space, run: Run, curve: Sequence[Point], step: int, *, diverged: bool) -> RunEnd:
    """The end of `run` at `step`, of which `curve` is all that was reported and counts."""
    names = sorted({name for _, metrics in curve for name in metrics})
    for rule in space.scores:
        if rule.metric not in names and not diverged:
            only = listed(rule.metric, names)
            error = f"the metric {shown(rule.metric)} was never reported, only {only}"
            return RunEnd("failed", step, error=error)
    task, points = space.tasks[run.task], _points(curve, space.score.metric)
    value = score.run_value(points, space.score.at, run.steps, space.worst(run.task))
    return RunEnd(
        "nan" if diverged else "complete",
        step,
        score.normalise(value, task.low, task.high),
        value,
        also=[_scored(curve, rule, run.steps) for rule in space.score.also] or None,
    )


def _scored(curve: Sequence[Point], rule: Objective, steps: int) -> float:
    """One of the further scores of a run, normalised."""
    worst = rule.low if rule.direction == "maximize" else rule.high
    value = score.run_value(_points(curve, rule.metric), rule.at, steps, worst)
    return score.normalise(value, rule.low, rule.high)


def _points(curve: Sequence[Point], metric: str) -> list[tuple[int, float]]:
    return [(step, metrics[metric]) for step, metrics in curve if metric in metrics]
