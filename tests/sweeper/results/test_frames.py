"""The numbers in the tables, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sweeper.ledger.run_record import UNSCORED
from sweeper.results import frames

AXES = {
    "size": {"kind": "float", "values": [0.1, 0.3]},
    "sn.layers": {"kind": "choice", "values": ["none", "sn[-2]"]},
}


def steady(run, labels):
    """Every seed ends at its number plus ten times the trial's."""
    return "complete", [(20, {"return": 0.0}), (40, {"return": run.seed + 10.0 * run.trial})]


def test_runs(played):
    def outcome(run, labels):
        if run.trial == 3:
            return None
        if run.trial == 2:
            return "running", [(20, {"return": 1.0})]
        return steady(run, labels)

    study = played(outcome, axes=AXES, seeds=2)
    table = frames.runs(study, study.ledger_state())
    assert list(table.columns) == [
        *("run", "trial", "task", "seed", "size", "sn.layers", "state", "score", "value", "step"),
        *("attempts", "seconds", "worker"),
    ]
    assert table["run"].tolist() == [run.id for run in study.plan.runs]
    assert table["trial"].tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert table["size"].tolist() == [0.1] * 4 + [0.3] * 4
    assert table["sn.layers"].tolist() == ["none", "none", "sn[-2]", "sn[-2]"] * 2
    assert table["state"].tolist() == ["complete"] * 4 + ["running"] * 2 + ["open"] * 2
    assert table["value"].tolist()[:4] == [0, 1, 10, 11] and table["value"][4:].isna().all()
    assert table["score"].tolist()[:4] == [0, 0.5, 5, 5.5]
    assert table["step"].tolist() == [40] * 4 + [20] * 2 + [0] * 2
    assert table["seconds"].tolist()[:4] == [2.5] * 4 and table["seconds"][4:].isna().all()


@pytest.mark.parametrize("state", UNSCORED)
def test_a_trial_with_a_failed_run_has_no_value(played, state):
    def outcome(run, labels):
        return (state, []) if run.trial == 0 and run.seed == 4 else steady(run, labels)

    study = played(outcome, axes=AXES)
    table = frames.trials(study, study.ledger_state())
    assert table.loc[0, ["state", "n", "failed", "missing"]].tolist() == ["failed", 4, 1, 0]
    assert table.loc[0, ["value", "low", "high"]].isna().all()
    assert table["state"].tolist()[1:] == ["complete"] * 3


def test_trials_aggregate_all_tasks_and_seeds(played):
    tasks = {"a": {"low": 0, "high": 1}, "b": {"low": 0, "high": 100}}
    study = played(steady, axes=AXES, tasks=tasks, seeds=6)
    table = frames.trials(study, study.ledger_state())
    # trial 1: 10 … 15 on a and 0.10 … 0.15 on b: the IQM drops 0.10 … 0.12 and 13 … 15
    assert table["value"][1] == pytest.approx((0.13 + 0.14 + 0.15 + 10 + 11 + 12) / 6)
    assert table["n"].tolist() == [12] * 4
    assert ((table["low"] <= table["value"]) & (table["value"] <= table["high"])).all()


def test_a_diverged_run_counts_with_its_score(played):
    def outcome(run, labels):
        return ("nan", [(20, {"return": 0.0})]) if run.seed == 0 else steady(run, labels)

    study = played(outcome, axes=AXES, seeds=2, score={"metric": "return", "aggregate": "mean"})
    table = frames.trials(study, study.ledger_state())
    assert table["state"].tolist() == ["complete"] * 4
    assert table["nan"].tolist() == [1] * 4 and table["n"].tolist() == [2] * 4
    assert table["value"].tolist() == [0.25, 2.75, 5.25, 7.75]
    assert table["low"].isna().all(), "2 seeds: the interval is unknown"


def test_trials_in_progress(played):
    def outcome(run, labels):
        if run.trial == 0:
            return None
        if run.trial == 1:
            return ("running", []) if run.seed == 0 else None
        if run.trial == 2:
            return steady(run, labels) if run.seed == 0 else None
        return "pruned", [(20, {"return": 1.0})]

    study = played(outcome, axes=AXES)
    table = frames.trials(study, study.ledger_state())
    assert table["state"].tolist() == ["open", "running", "running", "pruned"]
    assert table["missing"].tolist() == [5, 5, 4, 0]
    assert table["pruned"].tolist() == [0, 0, 0, 5]
    assert table["value"].isna().all()


def test_reports(played):
    def outcome(run, labels):
        return "complete", [(20, {"return": 1.0, "loss": 3.0}), (40, {"return": 2.0, "step": 9.0})]

    study = played(outcome, axes=AXES, seeds=1)
    table = frames.reports(study, study.ledger_state())
    assert list(table.columns[-4:]) == ["step", "return", "loss", "metric step"]
    assert len(table) == 8 and table["step"].tolist() == [20, 40] * 4
    assert table["return"].tolist() == [1, 2] * 4
    assert table["loss"].tolist()[0] == 3 and np.isnan(table["loss"][1])
    assert table["metric step"].tolist()[1] == 9


def test_no_reports_yet(played):
    study = played(lambda run, labels: None, axes=AXES)
    assert frames.reports(study, study.ledger_state()).empty
    assert set(frames.trials(study, study.ledger_state())["state"]) == {"open"}


def test_held_points_follow_the_crash_rule(played):
    def outcome(run, labels):
        reports = [(step, {"return": step / 10}) for step in (10, 20, 30, 40)]
        if run.seed == 1:
            return "nan", reports[:2]
        return ("nan", []) if run.seed == 2 else ("complete", reports)

    study = played(outcome, axes={"size": {"kind": "float", "values": [0.1]}}, seeds=3)
    ledger_state = study.ledger_state()
    points = frames.curve_points(
        frames.reports(study, ledger_state),
        frames.runs(study, ledger_state),
        "return",
        {"line": -7.0},
    )
    curves = {
        seed: own.sort_values("step")[frames.POINT].tolist() for seed, own in points.groupby("seed")
    }
    assert curves == {0: [1, 2, 3, 4], 1: [1, 2, 2, 2], 2: [-7] * 4}
    assert points["run"].dtype == "category" and points["trial"].dtype == int
