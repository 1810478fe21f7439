"""What a space's digest covers, and how two spaces differ."""

from __future__ import annotations

import json

import pytest

from sweeper.planning.plan import Plan
from sweeper.space.digest import differences, digest
from sweeper.space.space import Space
from sweeper.trainable.loading import load_trainable
from tests.helpers.rich_space import (
    EPS,
    MOMENTUM,
    NORM,
    OPTIMIZER,
    UNITS,
    maker,
)
from tests.helpers.spaces import loaded


@pytest.fixture
def space(tmp_path):
    return maker(tmp_path)


def test_a_frozen_space_is_the_same_space(space):
    made = space(
        axes={
            "optimizer": OPTIMIZER | {"default": "adam"},
            "optimizer.eps": EPS,
            "network.units": UNITS,
            "network.hidden": {"kind": "int", "low": 1, "high": 3},
            "norm": NORM,
        },
        zip=[["network.units", "network.hidden"]],
        derived={"asymmetry.beta": "1 - asymmetry.alpha"},
        constraints=["network.units % norm.groups == 0"],
        invalid="drop",
    )
    again = Space.parse(json.loads(json.dumps(made.dump())))
    assert again == made and digest(again) == digest(made) and again.dump() == made.dump()
    ids = [[run.id for run in Plan(one, load_trainable(one)).runs] for one in (made, again)]
    assert ids[0] == ids[1] and len(set(ids[0])) == 21


def test_the_digest_covers_relations_but_no_default_or_title(space):
    keys = {
        "axes": {
            "optimizer": OPTIMIZER,
            "optimizer.eps": EPS,
            "optimizer.momentum": MOMENTUM | {"when": None},
        },
        "derived": {"asymmetry.beta": "1 - asymmetry.alpha"},
        "constraints": ["optimizer.momentum < 1"],
    }
    made = space(**keys)
    for key in ("optimizer.default=sgd", "optimizer.title=Optimiser"):
        assert digest(space(f"axes.{key}", **keys)) == digest(made)
    for word, line in (
        ("axes.optimizer.eps.when.optimizer=sgd",
         "when.optimizer.eps: {optimizer:[adam]} there, {optimizer:[sgd]} now"),
        ("zip=[[optimizer,optimizer.momentum]]",
         "zip: nothing there, [[optimizer,optimizer.momentum]] now"),
        ("derived.asymmetry.beta=1 - asymmetry.alpha ** 2",
         "derived.asymmetry.beta: 1 - asymmetry.alpha there, 1 - asymmetry.alpha ** 2 now"),
        ("constraints=null", "constraints: [optimizer.momentum < 1] there, nothing now"),
        ("invalid=drop", "invalid: nothing there, drop now"),
    ):  # fmt: skip
        other = space(word, **keys)
        assert digest(other) != digest(made)
        assert list(differences(made, other).values()) == [line]


def test_the_digest_covers_what_changes_results(tmp_path):
    space = loaded(tmp_path)
    for same in (
        "note=x",
        "reference=x",
        "limits.deaths=9",
        "checkpoint.every_s=1",
        "checkpoint.max_gb=1",
        "study=b",
        "axes.optimizer.lr={kind: float, low: 1e-5, high: 1e-3, count: 2}",
    ):
        assert digest(loaded(tmp_path, same)) == digest(space), same
    for other in (
        "seeds=3",
        "steps=999",
        "fixed.loss=mse",
        "axes.optimizer.lr.values=[1e-5]",
        "score.at=max",
        "direction=minimize",
        "evaluation.episodes=6",
        "tasks.minatar/breakout.high=21",
    ):
        assert digest(loaded(tmp_path, other)) != digest(space), other


def test_the_difference_says_what_changed(tmp_path):
    space = loaded(tmp_path)
    assert differences(space, space) == {}
    other = loaded(tmp_path, "seeds=1", "axes.optimizer.lr.values=[1e-5]", "score.at=max")
    assert list(differences(space, other).values()) == [
        "axes.optimizer.lr: [1e-5,0.001] there, [1e-5] now",
        "seeds: [4,7] there, [0] now",
        "score.at: final there, max now",
    ]


def test_keys_of_evaluations_that_came_later_count_where_they_are_given(space):
    """Studies and runs that are older than they are keep their digests and ids."""
    steps = {"every": 50, "steps": 40}
    plain = space(evaluation=steps)
    assert '"evaluation": {"cap": 10000, "episodes": null, "every": 50, "steps": 40}' in json.dumps(
        {"evaluation": plain.evaluation.identity()}, sort_keys=True
    )
    ids = {}
    for given in ({}, {"unfinished": "drop"}, {"unfinished": "count"}, {"streams": 1}):
        made = space(evaluation={**steps, **given})
        run = Plan(made, load_trainable(made)).runs[0]
        ids.setdefault((digest(made), run.id), []).append(given)
    assert list(ids.values()) == [
        [{}, {"unfinished": "drop"}],
        [{"unfinished": "count"}],
        [{"streams": 1}],
    ]
    (line,) = differences(plain, space(evaluation={**steps, "streams": 1})).values()
    assert line == "evaluation.streams: nothing there, 1 now"
