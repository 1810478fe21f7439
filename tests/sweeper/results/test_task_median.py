"""`aggregate: task_median`: wherever a trial's value is told it is that of a plain loop."""

from __future__ import annotations

import statistics

import numpy as np
import pytest
import yaml

from sweeper.ledger.snapshots.columns import Columns
from sweeper.planning.loading import load
from sweeper.report import best_trial
from sweeper.results import estimates, frames
from sweeper.results.analyses.hyperparameters.importance import importance
from sweeper.results.data import Data
from sweeper.results.export import optuna_storage
from sweeper.results.slices import best_trials
from sweeper.study import studies
from sweeper.study.pruning.curves import TrialCurves
from sweeper.study.study import Study
from tests.helpers.worked_study import work

CODE = """
def train(config, run):
    wanted = {"a": 1, "b": 5, "c": 9}[run.task]
    value = (config["x"] - wanted) ** 2 + run.seed * wanted / 10
    if config["x"] == 5 and run.task == "c":
        value = float("nan")
    run.report(1, value=value)
    return value
"""
TASKS = {"a": (0, 10), "b": (-5, 5), "c": (0, 100)}


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Study:
    """Five trials on three tasks under six seeds; all runs of one trial diverge on one task."""
    folder = tmp_path_factory.mktemp("median")
    (folder / "three.py").write_text(CODE)
    space = {
        "study": "three",
        "function": "three.py:train",
        "axes": {"x": {"kind": "int", "values": [1, 3, 5, 7, 9]}},
        "tasks": {name: {"low": low, "high": high} for name, (low, high) in TASKS.items()},
        "seeds": 6,
        "steps": 1,
        "score": {"metric": "value", "aggregate": "task_median"},
    }
    (folder / "three.yaml").write_text(yaml.safe_dump(space))
    return work(studies.start(folder / "studies" / "three", load(folder / "three.yaml")))


def expected(x: int) -> float:
    """The value of the trial `x`; the task on which it diverged is worse than the others."""
    means = []
    for wanted, (low, high) in zip((1, 5, 9), TASKS.values(), strict=True):
        values = [(x - wanted) ** 2 + seed * wanted / 10 for seed in range(6)]
        means.append(statistics.fmean((value - low) / (high - low) for value in values))
    if x == 5:
        means[2] = -float("inf")
    return statistics.median(means)


VALUES = [expected(x) for x in (1, 3, 5, 7, 9)]


def test_tables_status_best_and_figures_tell_the_same_value(made):
    ledger_state, data = made.ledger_state(), Data.of(made)
    trials = frames.trials(made, ledger_state)
    np.testing.assert_allclose(trials["value"], VALUES)
    assert (trials["low"] <= trials["value"]).all() and (trials["value"] <= trials["high"]).all()
    columns = Columns(ledger_state.runs, [run.id for run in made.plan.runs])
    told = best_trial.values(made, ledger_state, columns, np.ones(5, bool))
    np.testing.assert_allclose(told[:, 0], VALUES)
    assert best_trials.in_order(data) == [*np.argsort(-np.array(VALUES))]
    drawn = estimates.trials(data, data.table(None))
    np.testing.assert_allclose(drawn["point"], VALUES)
    np.testing.assert_allclose(drawn[["low", "high"]], trials[["low", "high"]])


def test_pruners_and_exports_see_the_same_value(made):
    ledger_state = made.ledger_state()
    curves = [TrialCurves(made, ledger_state, trial).values(6) for trial in range(5)]
    np.testing.assert_allclose([curve[1] for curve in curves], VALUES)
    found = optuna_storage._curves(made, ledger_state, frames.runs(made, ledger_state))
    np.testing.assert_allclose([found[trial][1] for trial in range(5)], VALUES)


def test_the_importance_of_the_only_axis_is_all_there_is(made):
    table = importance(Data.of(made), None).table
    assert table["point"].tolist() == [1.0] and table["n"].tolist() == [90]


def test_a_caption_and_a_label_say_what_it_is(made):
    label = Data.of(made).value_label(None, ["x"])
    assert label == "normalised score, final (median of task means)"
