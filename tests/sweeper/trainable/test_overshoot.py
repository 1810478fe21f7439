"""Trainers whose rollouts end beyond the run's steps, and functions that return nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sweeper.report.status import summarise
from sweeper.results import frames
from sweeper.study.study import Study

Sweep = Callable[..., Study]

ROLLOUTS = """
    step = 0
    while step < run.steps:
        step += 4
        run.report(step, reward=float(step))
"""


def only(made: Study) -> list[object]:
    """The state, the reports and the value that all runs have in common."""
    records = [made.ledger_state().runs[run.id] for run in made.plan.runs]
    (found,) = {(r.state, str(r.reports), r.value, r.step, r.attempts) for r in records}
    return list(found)


@pytest.mark.parametrize(
    ("at", "value"),
    # 4 at step 4, 8 at step 8, 12 at step 12, which counts as step 10
    [("final", 12.0), ("max", 12.0), ("auc", (6 * 4 + 10 * 2) / 6)],
)
def test_the_last_report_may_lie_beyond_the_steps_and_counts_there(
    sweep: Sweep, at: str, value: float
) -> None:
    words = ("steps=10", "score.metric=reward", f"score.at={at}")
    made = sweep(f"{ROLLOUTS}    return 1.0\n", *words)
    reports = [
        (4, {"reward": 4.0}),
        (8, {"reward": 8.0}),
        (10, {"reward": 12.0, "value": 1.0}),
    ]
    assert only(made) == ["complete", str(reports), value, 10, 1]
    assert frames.reports(made, made.ledger_state())["step"].max() == 10


def test_of_several_reports_beyond_the_steps_the_first_counts_of_each_metric(sweep: Sweep) -> None:
    made = sweep(
        "    run.report(11, reward=1.0)\n"
        "    run.report(12, reward=2.0, loss=3.0)\n"
        "    run.report(99, loss=4.0)\n",
        "steps=10",
        "score.metric=reward",
    )
    assert only(made) == ["complete", str([(10, {"reward": 1.0, "loss": 3.0})]), 1.0, 10, 1]


def test_behind_a_report_at_the_last_step_none_beyond_it_counts(sweep: Sweep) -> None:
    body = "    run.report(10, reward=1.0)\n    run.report(11, reward=2.0)\n"
    made = sweep(body, "steps=10", "score.metric=reward")
    assert only(made) == ["complete", str([(10, {"reward": 1.0})]), 1.0, 10, 1]


def test_a_function_that_returns_nothing_is_complete_where_it_reported_the_score(
    sweep: Sweep,
) -> None:
    made = sweep("    run.report(2, loss=4.0)\n", "score.metric=loss")
    assert only(made) == ["complete", str([(2, {"loss": 4.0})]), 4.0, 2, 1]
    assert summarise(made).runs["complete"] == 4


def test_one_that_returns_nothing_and_never_reported_the_score_fails_at_once(sweep: Sweep) -> None:
    made = sweep("    run.report(2, loss=4.0)\n", "score.metric=reward")
    assert only(made)[0] == "failed" and only(made)[-1] == 1
    (record, *_) = made.ledger_state().runs.values()
    assert "the metric 'reward' was never reported, only loss" in (record.error or "")
