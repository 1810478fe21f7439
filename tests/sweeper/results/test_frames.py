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


@pytest.mark.parametrize(("diverged", "value"), [(1, 1.0), (2, np.nan), (5, np.nan)])
@pytest.mark.parametrize("points", [[], [(20, {"return": 100.0})]])
def test_a_diverged_run_counts_as_worse_than_all_others(played, diverged, value, points):
    """The IQM of five leaves one out with its worst; two decide it, whatever they had reported."""

    def outcome(run, labels):
        return ("nan", points) if run.seed < diverged else steady(run, labels)

    study = played(outcome, axes=AXES)
    ledger_state = study.ledger_state()
    runs, table = frames.runs(study, ledger_state), frames.trials(study, ledger_state)
    assert runs.loc[runs["state"] == "nan", ["score", "value"]].isna().all(axis=None)
    assert table["state"].tolist() == ["nan" if np.isnan(value) else "complete"] * 4
    assert table["nan"].tolist() == [diverged] * 4 and table["n"].tolist() == [5] * 4
    expected = [value + 5 * trial for trial in range(4)]
    assert table["value"].tolist() == pytest.approx(expected, nan_ok=True)
    assert table["low"].isna().all(), "some resamples draw it more than once"


def test_the_score_that_a_diverged_run_of_an_older_study_has_does_not_count(played):
    study = played(lambda run, labels: ("nan", []), axes=AXES)
    ledger_state = study.ledger_state()
    for record in ledger_state.runs.values():
        record.score = record.value = 0.0
    assert frames.runs(study, ledger_state)[["score", "value"]].isna().all(axis=None)
    assert frames.trials(study, ledger_state)["value"].isna().all()


def test_every_score_has_its_columns(played):
    def outcome(run, labels):
        points = [(step, {"return": 1.0, "loss": step / 10 + run.seed}) for step in (20, 40)]
        return ("nan", points[:1]) if run.trial == 1 else ("complete", points)

    loss = {"metric": "loss", "at": "max", "direction": "minimize", "low": 1.0, "high": 5.0}
    study = played(outcome, axes=AXES, score=[{"metric": "return"}, loss])
    ledger_state = study.ledger_state()
    runs, table = frames.runs(study, ledger_state), frames.trials(study, ledger_state)
    own = runs[runs["trial"] == 0]
    assert own["value loss"].tolist() == [2, 3, 4, 5, 6], "the least of each"
    assert own["score loss"].tolist() == [0.25, 0.5, 0.75, 1.0, 1.25]
    assert runs.loc[runs["trial"] == 1, ["score loss", "value loss"]].isna().all(axis=None)
    assert table["value loss"].tolist() == pytest.approx([0.75, np.nan, 0.75, 0.75], nan_ok=True)
    assert table.loc[0, "low loss"] < 0.75 < table.loc[0, "high loss"]
    assert table["state"].tolist() == ["complete", "nan", "complete", "complete"]
    named = frames.named(table, study.space)
    assert {"value return", "low return", "high return", "value loss"} <= set(named)
    assert not {"value", "low", "high"} & set(named)


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


@pytest.mark.parametrize("minimise", [False, True, None])
def test_behind_its_last_point_a_diverged_run_is_worse_than_all_others(played, minimise):
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
        minimise,
    )
    worst = {False: -np.inf, True: np.inf, None: np.nan}[minimise]
    curves = {
        seed: own.sort_values("step")[frames.POINT].tolist() for seed, own in points.groupby("seed")
    }
    assert curves[0] == [1, 2, 3, 4]
    assert curves[1] == pytest.approx([1, 2, worst, worst], nan_ok=True)
    assert curves[2] == pytest.approx([worst] * 4, nan_ok=True)
    assert points["run"].dtype == "category" and points["trial"].dtype == int
