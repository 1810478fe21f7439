"""Computes the scores of a finished run by the rules of the space."""

from __future__ import annotations

from collections.abc import Sequence

from sweeper import score
from sweeper.errors import listed, shown
from sweeper.ledger.run_record import Point
from sweeper.planning.plan import Run
from sweeper.space.sections import Rule
from sweeper.space.space import Space
from sweeper.trainable.population.rules import folded
from sweeper.worker.held_run import RunEnd


def outcome(space: Space, run: Run, curve: Sequence[Point], step: int, *, diverged: bool) -> RunEnd:
    """The end of `run` at `step`, of which `curve` is all that was reported and counts.

    A run that diverged has no score: what it reported before stands in its curve.
    """
    if diverged:
        return RunEnd("nan", step)
    names = sorted({name for _, metrics in curve for name in metrics})
    told = folded(names)
    for metric in [*(rule.metric for rule in space.scores), *space.score.constraints]:
        if metric not in names:
            only = f", only {listed(metric, told)}" if names else ""
            error = f"the metric {shown(metric)} was never reported{only}"
            return RunEnd("failed", step, error=error)
    task = space.tasks[run.task]
    value, *others = (
        _value(curve, rule, run.steps, direction)
        for rule, direction in zip(space.scores, space.directions, strict=True)
    )
    further = zip(others, space.score.also, strict=True)
    bounded = [score.last(curve, metric, run.steps) for metric in space.score.constraints]
    return RunEnd(
        "complete",
        step,
        score.normalise(value, task.low, task.high),
        value,
        also=[*(score.normalise(other, rule.low, rule.high) for other, rule in further), *bounded]
        or None,
    )


def _value(curve: Sequence[Point], rule: Rule, steps: int, direction: str) -> float:
    """What a run comes to by one score, in its metric's own unit."""
    points = [(step, metrics[rule.metric]) for step, metrics in curve if rule.metric in metrics]
    return score.run_value(points, rule.at, steps, minimise=direction == "minimize")
