"""Configurations that a sampler's study begins with: run first, once, and counted."""

from __future__ import annotations

import json
import shutil

import pytest

from sweeper.cli.commands import asked
from sweeper.errors import SweeperError
from sweeper.space import samplers
from sweeper.study.study import Study
from sweeper.study.versions import growth
from tests.helpers.advised_study import CHOICES, RANGES, maker, work
from tests.helpers.cases import each

SAMPLERS = [name for name in samplers.SAMPLERS if name != "grid"]
ENTRIES = [{"lr": 0.5, "size": 2}, {"size": 7.5}]


@pytest.fixture
def make(tmp_path):
    return maker(tmp_path)


def labels(found):
    return [dict(trial.labels) for trial in found.plan.trials]


@each("sampler", SAMPLERS)
def test_every_sampler_begins_with_them_and_they_count(make, sampler):
    keys = {"sampler": sampler, "trials": 6, "seeds": 1, "enqueue": ENTRIES}
    found, again = (work(make(name=sampler + name, **keys)) for name in "ab")
    assert found.ended and len(found.plan.trials) == 6
    assert labels(found)[0] == {"lr": 0.5, "size": 2.0}
    assert labels(found)[1]["size"] == 7.5 and 1e-5 <= labels(found)[1]["lr"] <= 1.0
    assert labels(found) == labels(again)
    assert len({json.dumps(one) for one in labels(found)}) == 6


@each("sampler", ["random", "qmc"])
def test_a_sequence_goes_on_behind_them_as_without(make, sampler):
    keys = {"sampler": sampler, "trials": 5}
    plain, begun = (
        make(name=sampler + name, enqueue=begun, **keys)
        for name, begun in (("a", []), ("b", ENTRIES))
    )
    assert labels(begun)[2:] == labels(plain)[:3]


@each("sampler", ["tpe", "random"])
def test_a_study_that_goes_on_anywhere_takes_each_once(make, sampler):
    keys = {"sampler": sampler, "trials": 5, "seeds": 1, "enqueue": ENTRIES}
    calm = work(make(name=f"{sampler}calm", **keys))
    for planned in range(1, 5):
        broken = make(name=f"{sampler}{planned}", **keys)
        if sampler == "tpe":
            shutil.copytree(calm.paths.trials, broken.paths.trials, dirs_exist_ok=True)
            for file in broken.paths.trials.iterdir():
                if int(file.name) >= planned:
                    file.unlink()
        found = work(broken)
        assert found.plan.enqueued == ({0, 1} if sampler == "tpe" else set())
        assert labels(found)[:2] == labels(calm)[:2] and len(found.plan.trials) == 5


@each("sampler", ["tpe", "random", "cmaes"])
def test_a_study_grows_by_further_ones(make, sampler):
    keys = {"sampler": sampler, "seeds": 1, "name": sampler}
    begun = work(make(trials=4, enqueue=ENTRIES, **keys))
    more = [*ENTRIES, {"lr": 0.25, "size": 3.0}]
    grown = make(trials=6, enqueue=more, extend=True, **keys)
    found = work(grown)
    assert labels(found)[:4] == labels(begun) and len(found.plan.trials) == 6
    assert labels(found)[4] == {"lr": 0.25, "size": 3.0}
    assert found.ended and Study.open(found.folder).plan.due == 0


def test_one_that_has_been_run_is_not_run_again(make):
    keys = {"sampler": "tpe", "seeds": 1, "axes": CHOICES}
    begun = work(make(trials=4, **keys))
    more = [labels(begun)[2]]
    found = work(make(trials=6, enqueue=more, extend=True, **keys))
    assert len({json.dumps(one) for one in labels(found)}) == len(found.plan.trials) == 6


@each("enqueue, trials", [(ENTRIES[:1], 6), (ENTRIES[::-1], 6), ([*ENTRIES, {"size": 3}], 4)])
def test_other_growth_is_refused(make, enqueue, trials):
    """Fewer, in another order, or more without more trials."""
    make(trials=4, enqueue=ENTRIES)
    with pytest.raises(SweeperError, match="as many more entries of enqueue at its end"):
        make(trials=trials, enqueue=enqueue, extend=True)


def test_a_partial_one_that_is_all_there_is_passed_over(make):
    axes = {"lr": {"kind": "float", "values": [0.1, 0.2]}, "size": CHOICES["size"]}
    keys = {"seeds": 1, "axes": axes, "sampler": {"tpe": {"n_startup_trials": 9}}}
    entries = [{"lr": 0.1, "size": 1}, {"lr": 0.1, "size": 3}, {"lr": 0.1, "size": 5}, {"lr": 0.1}]
    found = work(make(trials=6, enqueue=entries, **keys))
    assert len(found.plan.trials) == 6 and found.plan.enqueued == {0, 1, 2}


@each("sampler", ["tpe", "random"])
def test_axes_that_depend_and_axes_that_move_together(make, sampler):
    axes = {
        "lr": {"kind": "float", "values": [0.1, 0.2]},
        "size": {"kind": "float", "values": [1.0, 2.0]},
        "opt": {"kind": "choice", "values": ["adam", "sgd"]},
        "momentum": {"kind": "float", "low": 0.1, "high": 0.9, "when": {"opt": "sgd"}},
    }
    entries = [{"momentum": 0.5, "opt": "sgd"}, {"lr": 0.2, "opt": "adam"}]
    keys = {"axes": axes, "zip": [["lr", "size"]], "seeds": 1, "sampler": sampler, "trials": 4}
    found = labels(work(make(name=sampler, enqueue=entries, **keys)))
    assert found[0]["momentum"] == 0.5 and found[0]["opt"] == "sgd"
    assert found[1] == {"lr": 0.2, "size": 2.0, "opt": "adam"}


def test_a_plan_says_how_many_there_are(make):
    lines = list(asked.lines(make(enqueue=ENTRIES).space))
    assert "sampler: tpe (n_startup_trials=3), 8 trials, of them 2 enqueued" in lines


def test_differences_name_what_was_added(make):
    spaces = [make(name="a", enqueue=ENTRIES[:1]).space, make(name="b", enqueue=ENTRIES).space]
    grown, other = growth(spaces[0], spaces[1])
    assert not grown and other[0].startswith("enqueue: ")


WHEN = {
    "opt": {"kind": "choice", "values": ["adam", "sgd"]},
    "momentum": {"kind": "float", "low": 0.1, "high": 0.9, "when": {"opt": "sgd"}},
}
BAD = {
    "no axis": (
        {"enqueue": [{"size": 3}, {"lrr": 1e-3}]},
        "enqueue[1].lrr is no axis (did you mean 'lr'?); valid: lr, size",
    ),
    "a fixed parameter": (
        {"enqueue": [{"batch": 3}], "fixed": {"batch": 32}},
        "enqueue[0].batch is no axis, but fixed at 32; valid: lr, size",
    ),
    "outside a range": (
        {"enqueue": [{"lr": 3.0}]},
        "enqueue[0].lr must be from 1e-05 to 1, but got 3.0",
    ),
    "none of the values": (
        {"enqueue": [{"lr": 1e-3, "size": 4}], "axes": CHOICES},
        "enqueue[0].size must be one of its values, but got 4; valid: 1, 3, 5",
    ),
    "twice": (
        {"enqueue": [{"lr": 1e-3, "size": 4}, {"size": 4.0, "lr": 0.001}]},
        "enqueue[1] repeats enqueue[0]",
    ),
    "a grid": (
        {"enqueue": [{"lr": 1e-3}], "axes": CHOICES, "sampler": "grid", "trials": None},
        "enqueue must go: a grid runs all its configurations, samplers choose",
    ),
    "more than trials": (
        {"enqueue": ENTRIES, "trials": 1},
        "enqueue holds 2 configurations, which count in trials, but trials is 1",
    ),
    "a mapping": (
        {"enqueue": {"lr": 1e-3}},
        "enqueue must be a list of configurations, as in [{lr: 1e-3}], but got",
    ),
    "a number": ({"enqueue": [3]}, "enqueue[0] must say values of axes, as in {lr: 1e-3}, but got"),
    "nothing": ({"enqueue": [{}]}, "enqueue[0] must say values of axes"),
    "what a constraint refuses": (
        {"enqueue": [{"lr": 1e-3, "size": 4}], "constraints": ["size < 3"], "invalid": "drop"},
        "enqueue[0] is no valid configuration: does not hold for lr=0.001, size=4",
    ),
    "what a constraint refuses whatever is drawn": (
        {"enqueue": [{"size": 4}], "constraints": ["size < 3"], "invalid": "drop"},
        "enqueue[0] is no valid configuration whatever the other axes are",
    ),
    "an axis that is off": (
        {"enqueue": [{"momentum": 0.5}], "axes": WHEN},
        "enqueue[0].momentum counts only beside opt: sgd, which must be said",
    ),
    "an axis that moves with another": (
        {
            "enqueue": [{"size": 1}],
            "axes": {"lr": CHOICES["lr"], "size": CHOICES["size"]},
            "zip": [["lr", "size"]],
            "trials": 2,
        },
        "enqueue[0].size must go: it moves with lr, of which a value tells both",
    ),
    "an axis that is a grid": (
        {
            "enqueue": [{"lr": 1e-3}],
            "axes": {"lr": CHOICES["lr"] | {"grid": True}, "size": RANGES["size"]},
            "sampler": "random",
            "trials": 6,
        },
        "enqueue must go: each draw is tried with all values of lr, which is a grid",
    ),
    "blocks": (
        {"enqueue": [{"lr": 1e-3}], "blocks": {"a": {}}, "sampler": "random"},
        "enqueue must go: the space has blocks",
    ),
}


@each("case", BAD)
def test_what_is_wrong_is_told(make, case):
    keys, message = BAD[case]
    with pytest.raises(SweeperError) as error:
        make(**keys)
    assert message in str(error.value)
