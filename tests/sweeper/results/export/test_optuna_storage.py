"""The Optuna journal that a study leaves behind."""

from __future__ import annotations

import sqlite3

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from sweeper.errors import SweeperError
from sweeper.results import frames
from sweeper.results.export import optuna_storage

AXES = {
    "size": {"kind": "float", "low": 0.1, "high": 10.0, "log": True, "count": 3},
    "sn.layers": {"kind": "choice", "values": ["none", "sn[-2]"]},
}


def outcome(run, labels):
    reports = [(20, {"return": 1.0}), (40, {"return": run.seed + 2.0 * run.trial})]
    went = {0: ("failed", []), 4: ("running", reports[:1]), 5: None}
    if run.trial == 1 and run.seed == 0:
        return "nan", reports[:1]
    return went.get(run.trial, ("complete", reports))


@pytest.fixture
def loaded(played):
    def load(**keys):
        study = played(outcome, axes=AXES, **keys)
        optuna_storage.write(study, study.ledger_state())
        storage = JournalStorage(JournalFileBackend(str(study.paths.optuna)))
        return study, optuna.load_study(study_name="played", storage=storage)

    return load


def test_trials_states_and_values(loaded):
    study, found = loaded()
    trials = found.get_trials()
    assert [trial.state for trial in trials] == [
        TrialState.FAIL,
        *[TrialState.COMPLETE] * 3,
        TrialState.RUNNING,
        TrialState.WAITING,
    ]
    table = frames.trials(study, study.ledger_state())
    assert [trial.value for trial in trials[1:4]] == table["value"].tolist()[1:4]
    assert [trial.params for trial in trials] == [dict(t.labels) for t in study.plan.trials]
    assert trials[1].user_attrs == {"n": 5, "nan": 1, "failed": 0, "pruned": 0, "missing": 0}
    assert trials[0].user_attrs["failed"] == 5


def test_best_trial(loaded):
    assert loaded()[1].best_trial.number == 3


def test_best_trial_where_minimised(loaded):
    assert loaded(direction="minimize")[1].best_trial.number == 1


def test_intermediate_values_end_where_diverged_runs_decide_them(loaded):
    trials = loaded(seeds=4)[1].get_trials()
    # trial 1, normalised by 2: seed 0 diverges and is left out with the best, seeds 1 and 2 count
    assert trials[1].intermediate_values == {20: 0.5, 40: (3 + 4) / 2 / 2}
    assert trials[4].intermediate_values == {20: 0.5}


def test_a_mean_with_a_diverged_run_has_no_intermediate_value(loaded):
    trials = loaded(score={"metric": "return", "aggregate": "mean"})[1].get_trials()
    assert trials[1].intermediate_values == {20: 0.5}


def test_a_trial_that_diverged_has_failed_and_has_no_value(loaded):
    found = loaded(seeds=3, direction="minimize")[1]
    assert found.get_trials()[1].state == TrialState.FAIL and found.get_trials()[1].values is None
    assert found.get_trials()[1].user_attrs["nan"] == 1
    assert found.best_trial.number == 2


def test_writing_again_replaces_the_file(loaded):
    study, _ = loaded()
    before = study.paths.optuna.read_bytes()
    optuna_storage.write(study, study.ledger_state())
    after = study.paths.optuna.read_bytes()
    assert before.count(b"\n") == after.count(b"\n")
    assert [path.name for path in study.folder.glob("*optuna*")] == ["optuna.journal"]


def test_importances_can_be_asked(loaded):
    assert set(optuna.importance.get_param_importances(loaded()[1])) <= set(AXES)


def test_another_study_of_that_name_is_not_deleted(loaded, tmp_path):
    study, _ = loaded()
    url = f"sqlite:///{tmp_path / 'shared.db'}"
    theirs = optuna.create_study(storage=url, study_name="played")
    theirs.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    with pytest.raises(SweeperError, match="holds a study 'played' that sweeper did not write"):
        optuna_storage.write(study, study.ledger_state(), url)
    assert len(optuna.load_study(study_name="played", storage=url).trials) == 2


def test_ours_is_written_anew_beside_others(loaded, tmp_path):
    study, _ = loaded()
    url = f"sqlite:///{tmp_path / 'shared.db'}"
    optuna.create_study(storage=url, study_name="another")
    optuna.create_study(storage=url, study_name="played")  # a writer that was killed at once
    for _ in range(2):
        optuna_storage.write(study, study.ledger_state(), url)
    assert sorted(optuna.get_all_study_names(url)) == ["another", "played"]
    assert len(optuna.load_study(study_name="played", storage=url).trials) == 6


def test_a_database_of_another_kind_is_refused(loaded, tmp_path):
    study, _ = loaded()
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("create table studies (name text)")
    other.close()
    with pytest.raises(SweeperError, match=r"other.db cannot be (opened|written to): [^\n]*$"):
        optuna_storage.write(study, study.ledger_state(), f"sqlite:///{tmp_path / 'other.db'}")
