"""Importances equal Optuna's on the study's own storage; intervals come from the seeds."""

from __future__ import annotations

import warnings

import numpy as np
import optuna
import pandas as pd
import pytest
from optuna.importance import PedAnovaImportanceEvaluator

from sweeper.results.analyses.hyperparameters.importance import best_of
from sweeper.results.export import optuna_storage
from tests.helpers.figures import AXES, drawn, whole, words

STRUCTURED = {
    "optimizer.lr": {"kind": "float", "low": 1e-5, "high": 1e-1, "log": True},
    "critic.norm": {"kind": "norm", "values": ["none", "layer", "group"], "groups": [8]},
    "sn.layers": {"kind": "choice", "values": ["none", "sn[-2]", "sn[-2,-3]"]},
    "network": {"kind": "choice", "values": [[64, 64], [256, 256]]},
}


def uneven(run, labels):
    """A score of all axes with noise of its own in every run."""
    random = np.random.default_rng([run.trial, run.seed])
    value = -abs(np.log10(labels["optimizer.lr"]) + 3) + (labels["sn.layers"] == "sn[-2]")
    return "complete", [(40, {"return": value + 0.5 * random.random()})]


def optunas(study, share):
    """What Optuna says of the study's own journal."""
    where = optuna_storage.write(study, study.ledger_state())
    backend = optuna.storages.journal.JournalFileBackend(where)
    loaded = optuna.load_study(
        study_name=study.name, storage=optuna.storages.JournalStorage(backend)
    )
    return optuna.importance.get_param_importances(
        loaded, evaluator=PedAnovaImportanceEvaluator(target_quantile=share)
    )


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_points_are_what_optuna_says_of_the_studys_storage(played, direction):
    study = played(uneven, axes=STRUCTURED, direction=direction, sampler="random", trials=90)
    table = drawn(study, "importance").table
    expected = optunas(study, 0.1)
    assert set(table["axis"]) == set(STRUCTURED)
    assert dict(zip(table["axis"], table["point"], strict=True)) == pytest.approx(expected)
    assert table["point"].sum() == pytest.approx(1.0)
    assert table["n"].tolist() == [5 * 90] * 4


def test_an_axis_that_is_not_always_active_counts_where_it_is(played):
    axes = {
        "optimizer": {"kind": "choice", "values": ["adam", "sgd"]},
        "eps": {"kind": "float", "values": [1e-8, 1e-4, 1.0], "when": {"optimizer": "adam"}},
        "lr": {"kind": "float", "values": [float(n) for n in range(1, 9)]},
    }

    def outcome(run, labels):
        value = labels["lr"] + 8.0 * (labels.get("eps") == 1.0) + 0.01 * run.seed
        return "complete", [(40, {"return": value})]

    study = played(outcome, axes=axes)
    picture = drawn(study, "importance")
    table = picture.table
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = optunas(study, 5 / 32)
    assert dict(zip(table["axis"], table["point"], strict=True)) == pytest.approx(expected)
    assert table.set_index("axis")["trials"].to_dict() == {"optimizer": 32, "eps": 24, "lr": 32}
    assert "Not always active, judged where they are: eps" in words(picture)


def test_one_axis_alone_decides(played):
    """Of 8 configurations the 4 with normalised layers are best: they tell nothing of the others.

    Of 8 the best are a half; seeds differ alike everywhere, so that no resample changes it.
    """
    picture = drawn(played(whole, axes=AXES), "importance")
    table = picture.table.set_index("axis")
    assert table["point"].to_dict() == pytest.approx(
        {"sn.layers": 1.0, "optimizer.lr": 0.0, "optimizer.eps": 0.0}
    )
    pd.testing.assert_series_equal(table["low"], table["point"], check_names=False)
    pd.testing.assert_series_equal(table["high"], table["point"], check_names=False)
    assert "what tells the best 4 of 8 complete configurations" in words(picture)


def test_an_interval_covers_what_the_seeds_leave_open(played):
    """lr decides under seeds 0 to 2 and eps under the others: either may be all there is."""

    def torn(run, labels):
        better = labels["optimizer.lr"] > 1e-4 if run.seed < 3 else labels["optimizer.eps"] > 1e-3
        return "complete", [(40, {"return": float(better)})]

    axes = {name: AXES[name] for name in ("optimizer.lr", "optimizer.eps")}
    keys = {"axes": axes, "score": {"metric": "return", "aggregate": "median"}, "seeds": 5}
    table = drawn(played(torn, **keys), "importance").table.set_index("axis")
    assert table.loc["optimizer.lr", "point"] == pytest.approx(1.0)
    assert table["low"].tolist() == pytest.approx([0.0, 0.0])
    assert table["high"].tolist() == pytest.approx([1.0, 1.0])


def test_a_grid_of_numbers_without_effect_is_not_important(played):
    """Optuna takes the two ends of a range for numbers and gives them most of all importance."""
    axes = {
        "idle": {"kind": "float", "low": 0.0, "high": 1.0, "count": 2},
        "units": {"kind": "int", "values": list(range(1, 101))},
    }

    def outcome(run, labels):
        return "complete", [(40, {"return": float(labels["units"])})]

    study = played(outcome, axes=axes, seeds=1)
    table = drawn(study, "importance").table.set_index("axis")
    assert optunas(study, 0.1)["idle"] > 0.1
    assert table["point"].to_dict() == pytest.approx({"units": 1.0, "idle": 0.0})


def test_the_best_are_a_tenth_and_at_least_five():
    counts = (2, 8, 20, 50, 1000)
    assert [best_of(np.arange(count)) for count in counts] == [1, 4, 5, 5, 100]


def test_those_who_tie_are_among_the_best_or_not_together():
    assert best_of(np.array([0, 1, 1, 1, 1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9])) == 7
    assert best_of(np.array([0, 0, 1] + 47 * [5])) == 3, "not those at the floor"
    assert best_of(np.array(30 * [0] + 20 * [1])) is None, "more than half share the best score"
    assert best_of(np.zeros(8)) is None


def test_where_most_have_the_lowest_score_the_others_tell(played):
    """Optuna would call all of them the best, and all axes as important."""

    def rare(run, labels):
        return "complete", [(40, {"return": 0.8 * (labels["lr"] == 3) * (labels["units"] < 4)})]

    axes = {
        "lr": {"kind": "float", "values": [float(n) for n in range(1, 11)]},
        "units": {"kind": "int", "values": [1, 2, 3, 4, 5]},
    }
    study = played(rare, axes=axes)
    picture = drawn(study, "importance")
    table = picture.table.set_index("axis")
    with pytest.warns(UserWarning, match="select the same set of trials"):
        assert len(set(optunas(study, 0.1).values())) == 1
    assert table.loc["lr", "point"] > table.loc["units", "point"]
    assert "what tells the best 3 of 50 complete configurations" in words(picture)


def test_axes_that_move_together_count_once(played):
    picture = drawn(played(whole, axes=AXES, zip=[["optimizer.lr", "optimizer.eps"]]), "importance")
    assert set(picture.table["axis"]) == {"optimizer.lr", "sn.layers"}


@pytest.mark.parametrize("seeds", [1, 4])
def test_few_seeds_leave_the_interval_unknown(played, seeds):
    picture = drawn(played(uneven, axes=AXES, seeds=seeds), "importance")
    assert picture.table["low"].isna().all() and picture.table["point"].notna().all()
    assert "Interval unknown: fewer than 5 seeds" in words(picture)


def test_only_complete_configurations_count(played):
    def outcome(run, labels):
        if run.trial == 0:
            return ("failed", [])
        return ("nan", [(20, {"return": 0.5})]) if run.trial == 1 else whole(run, labels)

    picture = drawn(played(outcome, axes=AXES), "importance")
    assert picture.table["n"].tolist() == [35] * 3
    assert "of 7 complete configurations" in words(picture)
    assert "diverged: 5 (worse than all others" in words(picture)


def test_equal_configurations_tell_nothing(played):
    study = played(lambda run, labels: ("complete", [(40, {"return": 1.0})]), axes=AXES)
    picture = drawn(study, "importance")
    assert picture.table["point"].isna().all() and picture.table["low"].isna().all()
    assert "More than half of all configurations share the best score" in words(picture)
