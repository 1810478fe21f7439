"""Paths from the reference to the best configuration, what they gained, and what was not run."""

from __future__ import annotations

import numpy as np
import pytest

from sweeper.results.analyses.hyperparameters.ablation_path import path
from tests.helpers.figures import drawn, words

AXES = {
    "norm": {"kind": "choice", "values": ["none", "layer", "group"], "default": "none"},
    "lr": {"kind": "float", "values": [1e-4, 1e-3], "default": 1e-4},
    "target": {"kind": "choice", "values": ["on", "off"], "default": "on"},
}
GAINS = {"layer": 0.2, "group": 0.1, 1e-3: 0.5, "off": 0.1}


def adds(run, labels):
    """Each change adds its own, the seed a little to all alike: differences have no spread."""
    value = sum(GAINS.get(label, 0.0) for label in labels.values()) + 0.1 * run.seed
    return "complete", [(40, {"return": 2 * value})]


def test_changes_come_in_the_order_of_their_gains(played):
    picture = drawn(played(adds, axes=AXES), "ablation")
    table = picture.table
    assert table["change"].tolist() == [
        "reference",
        "lr: 0.0001 → 0.001",
        "norm: none → layer",
        "target: on → off",
    ]
    # the IQM of the seeds adds 0.2
    assert table["point"].tolist() == pytest.approx([0.2, 0.7, 0.9, 1.0])
    assert table["gain"].tolist()[1:] == pytest.approx([0.5, 0.2, 0.1])
    for bound in ("gain low", "gain high"):  # paired by seed nothing is left to chance
        assert table[bound].tolist()[1:] == pytest.approx([0.5, 0.2, 0.1])
    assert (table["low"] < table["point"]).all()
    assert table["n"].tolist() == [5] * 4
    assert table["compared"].tolist() == table["possible"].tolist() == [0, 3, 2, 1]
    said = words(picture)
    assert "From the defaults to the best configuration" in said and "of the possible" not in said
    assert "+0.50 [0.50, 0.50]" in said


def test_the_order_of_gains_may_change_on_the_way(played):
    """`off` gains most with the other learning rate and loses without it: it comes second."""

    def interacts(run, labels):
        value = 0.1 * (labels["norm"] == "layer") + 0.05 * (labels["lr"] == 1e-3)
        value += 0.3 * (labels["target"] == "off") * (1 if labels["lr"] == 1e-3 else -1)
        return "complete", [(40, {"return": 2 * value + 0.01 * run.seed})]

    table = drawn(played(interacts, axes=AXES), "ablation").table
    assert [change.partition(":")[0] for change in table["change"][1:]] == ["norm", "lr", "target"]
    assert table["gain"].tolist()[1:] == pytest.approx([0.1, 0.05, 0.3])


def test_what_was_not_run_is_said_and_not_invented(played):
    """Neither lr nor norm was run alone: both stand together, with the gain that was measured."""

    def outcome(run, labels):
        changed = [labels["lr"] != 1e-4, labels["norm"] == "layer"]
        return None if sum(changed) == 1 else adds(run, labels)

    picture = drawn(played(outcome, axes=AXES), "ablation")
    table = picture.table
    assert table["change"].tolist()[1:] == [
        "target: on → off",
        "norm: none → layer\nlr: 0.0001 → 0.001",
    ]
    assert table["gain"].tolist()[1:] == pytest.approx([0.1, 0.7])
    assert table["compared"].tolist() == [0, 1, 0] and table["possible"].tolist() == [0, 3, 2]
    said = words(picture)
    assert "(not run one by one)" in said
    assert "so several go together" in said
    assert "step by step, 1 of 3, 0 of 2 were run" in said


def test_what_a_change_switches_on_goes_with_it(played):
    axes = {
        "optimizer": {"kind": "choice", "values": ["sgd", "adam"], "default": "sgd"},
        "eps": {"kind": "float", "values": [1e-8, 1e-4], "when": {"optimizer": "adam"}},
        "lr": {"kind": "float", "values": [1e-4, 1e-3], "default": 1e-4},
    }

    def outcome(run, labels):
        value = labels["lr"] * 100 + (labels.get("eps") == 1e-4) + 0.1 * run.seed
        return "complete", [(40, {"return": value})]

    table = drawn(played(outcome, axes=axes), "ablation").table
    assert table["change"].tolist()[1:] == [
        "optimizer: sgd → adam\neps: – → 0.0001",
        "lr: 0.0001 → 0.001",
    ]
    assert table["compared"].tolist() == table["possible"].tolist() == [0, 2, 1]


def test_minimised_where_the_space_says_so(played):
    def loses(run, labels):
        _, [(step, at)] = adds(run, labels)
        return "complete", [(step, {"return": -at["return"]})]

    table = drawn(played(loses, axes=AXES, direction="minimize"), "ablation").table
    assert table["gain"].tolist()[1:] == pytest.approx([0.5, 0.2, 0.1]), "better is a gain"


def test_another_metric_on_the_path_of_the_score(played):
    def outcome(run, labels):
        _, [(step, at)] = adds(run, labels)
        return "complete", [(step, at | {"loss": float(labels["lr"])})]

    table = drawn(played(outcome, axes=AXES), "ablation", metric="loss").table
    assert table["point"].tolist() == pytest.approx([1e-4, 1e-3, 1e-3, 1e-3])


def test_one_seed_has_no_intervals(played):
    picture = drawn(played(adds, axes=AXES, seeds=1), "ablation")
    assert picture.table[["low", "gain low", "gain high"]].isna().all(axis=None)
    assert "interval unknown: fewer than 5 seeds" in words(picture)
    assert "+0.50" in words(picture) and "[" not in words(picture)


def test_a_reference_that_failed_has_no_path(played):
    def outcome(run, labels):
        return ("failed", []) if run.trial == 0 else adds(run, labels)

    picture = drawn(played(outcome, axes=AXES), "ablation")
    assert picture.table["point"].isna().all()
    assert "No path from the defaults: that configuration is not complete" in words(picture)


def test_without_defaults_the_first_trial_is_the_reference(played):
    axes = {name: {**axis, "default": None} for name, axis in AXES.items()}
    picture = drawn(played(adds, axes=axes), "ablation")
    assert len(picture.table) == 4
    assert "From the first trial (none of all defaults was planned) to" in words(picture)


def test_the_best_may_be_the_reference(played):
    study = played(lambda run, labels: ("complete", [(40, {"return": 1.0})]), axes=AXES)
    picture = drawn(study, "ablation")
    assert picture.table["change"].tolist() == ["reference"]
    assert "the reference is itself the best configuration" in words(picture)


def test_a_path_of_many_axes_is_found_at_once():
    """Of 2 to the power of 12 subsets nothing between was run: one step of all changes."""
    codes = np.array([[0] * 12, [1] * 12, [0] * 11 + [2]])
    (step,) = path(codes, np.array([0.0, 2.0, 1.0]), 0, 1, np.full(12, -1))
    assert (step.row, step.changed) == (1, tuple(range(12)))
    assert (step.compared, step.possible) == (0, 12)
