"""Conditions on runs: what they choose, what is refused, and what an empty part says."""

from __future__ import annotations

import numpy as np
import pytest

from sweeper.errors import NothingToShow, SweeperError
from sweeper.results.slices.conditions import chosen, conditions
from sweeper.results.slices.part import Part
from tests.helpers.cases import each
from tests.helpers.figures import whole

AXES = {
    "optimizer.lr": {"kind": "float", "values": [1e-5, 1e-4, 1e-3]},
    "sn.layers": {"kind": "choice", "values": ["none", "sn[-2]", "sn[-2,-3]", "a, b=c"]},
    "units": {"kind": "int", "values": [-64, 64], "when": {"sn.layers": "none"}},
}
SPACE = {
    "axes": AXES,
    "tasks": {name: {"low": 0.0, "high": 2.0} for name in ("minatar/breakout", "line")},
    "seeds": 2,
    "derived": {"network.width": "1000000 * optimizer.lr"},
    "by_task": {"line": {"gamma": 0.5}, "minatar/breakout": {"gamma": 0.25}},
}


@pytest.fixture
def study(played):
    return played(whole, **SPACE)


def left(study, *words):
    """For each run that is left its trial's labels, task and seed."""
    mask = chosen(study, conditions(study, words))
    runs = [run for run, kept in zip(study.plan.runs, mask, strict=True) if kept]
    return [(study.plan.trials[run.trial].labels, run.task, run.seed) for run in runs]


@each(
    "words, share",
    [
        (["optimizer.lr=1e-3"], {("optimizer.lr", 1e-3)}),
        (["optimizer.lr=0.001"], {("optimizer.lr", 1e-3)}),
        (["optimizer.lr=1e-5,1e-3"], {("optimizer.lr", 1e-5), ("optimizer.lr", 1e-3)}),
        (["optimizer.lr=1e-4..1e-3"], {("optimizer.lr", 1e-4), ("optimizer.lr", 1e-3)}),
        (["optimizer.lr=1e-4.."], {("optimizer.lr", 1e-4), ("optimizer.lr", 1e-3)}),
        (["optimizer.lr=..1e-5"], {("optimizer.lr", 1e-5)}),
        (["optimizer.lr=..1e-5,1e-3"], {("optimizer.lr", 1e-5), ("optimizer.lr", 1e-3)}),
        (["sn.layers=sn[-2,-3]"], {("sn.layers", "sn[-2,-3]")}),
        (["sn.layers=sn[-2,-3],none"], {("sn.layers", "sn[-2,-3]"), ("sn.layers", "none")}),
        (["sn.layers=none,sn[-2,-3]"], {("sn.layers", "sn[-2,-3]"), ("sn.layers", "none")}),
        (["sn.layers=a, b=c"], {("sn.layers", "a, b=c")}),
        (["sn.layers=a, b=c,none"], {("sn.layers", "a, b=c"), ("sn.layers", "none")}),
        (["units=-64"], {("units", -64)}),
        (["units=-100..-1"], {("units", -64)}),
        (["network.width=10"], {("optimizer.lr", 1e-5)}),
        (["network.width=99..101"], {("optimizer.lr", 1e-4)}),
    ],
)
def test_values_and_ranges_of_axes_and_derived_parameters(study, words, share):
    (name,) = {name for name, _ in share}
    found = left(study, *words)
    assert {labels.get(name) for labels, _, _ in found} == {label for _, label in share}
    planned = [study.plan.trials[run.trial].labels.get(name) for run in study.plan.runs]
    assert len(found) == sum(planned.count(label) for _, label in share), "no run of them is lost"


def test_tasks_seeds_trials_and_parameters_by_task(study):
    assert {task for _, task, _ in left(study, "task=minatar/breakout")} == {"minatar/breakout"}
    assert {seed for _, _, seed in left(study, "seed=1..5")} == {1}
    assert len(left(study, "trial=0,2..3")) == 3 * 2 * 2
    assert {task for _, task, _ in left(study, "gamma=0.5")} == {"line"}


def test_what_is_absent_can_be_named(study):
    found = left(study, "units=absent")
    assert found and all("units" not in labels for labels, _, _ in found)


@pytest.mark.parametrize(
    "words",
    [
        ["optimizer.lr=1e-3,1e-4,sn.layers=sn[-2,-3],seed=0"],
        ["optimizer.lr=1e-3,1e-4", "sn.layers=sn[-2,-3]", "seed=0"],
        ["seed=0", "sn.layers=sn[-2,-3],optimizer.lr=1e-4.."],
    ],
)
def test_all_conditions_hold_in_one_word_or_in_several(study, words):
    found = left(study, *words)
    assert len(found) == 2 * 1 * 2
    assert {labels["sn.layers"] for labels, _, _ in found} == {"sn[-2,-3]"}
    assert {seed for _, _, seed in found} == {0}


@each(
    "word, message",
    [
        ("lr=1e-3", r"'lr' is no axis .* \(did you mean 'optimizer.lr'\?\); valid: optimizer.lr"),
        ("optimiser.lr=1", r"'optimiser.lr' is no axis or .*\(did you mean 'optimizer.lr'\?\)"),
        ("sn.layers=1..2", "is a range, but sn.layers has texts: none, "),
        ("optimizer.lr=1e-3,optimizer.lr=1e-4", "twice; give it once: optimizer.lr=1e-3,1e-4"),
        (
            "optimizer.lr>=1e-3",
            "where has no >=; ranges are low..high, .* as in optimizer.lr=1e-3..",
        ),
        ("optimizer.lr > 1e-3", "where has no >; ranges are .* as in optimizer.lr=1e-3\\.\\.$"),
        ("seed=0,optimizer.lr<1", "where has no <; ranges are .* as in optimizer.lr=\\.\\.1$"),
        (
            "optimizer.lr!=1",
            "where has no !=; name the values that are wanted, as in optimizer.lr=",
        ),
        ("seed==1", "where has no ==; ranges are .* as in seed=1$"),
        (
            "optimizer.lr",
            "where needs a value of optimizer.lr, or a range, as in optimizer.lr=1e-5",
        ),
        ("seed=0,tsk=line", r"'tsk' is no axis or parameter .*\(did you mean 'task'\?\)"),
        ("optimizer.lr=1e-3..1e-5", "goes down; write optimizer.lr=1e-5..1e-3"),
        ("seed=1..0", "but seed=1..0 goes down; write seed=0..1"),
        ("trial=1..0", "but trial=1..0 goes down; write trial=0..1"),
        ("optimizer.lr=3..1", "but optimizer.lr=3..1 goes down; write optimizer.lr=1..3"),
    ],
)
def test_what_does_not_exist_is_refused_with_what_does(study, word, message):
    with pytest.raises(SweeperError, match=message) as raised:
        conditions(study, [word])
    assert raised.value.exit_code == 2


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("optimizer.lr=5e-3", "optimizer.lr of played is never '5e-3'.*valid: 1e-5, 0.0001, 0.001"),
        ("optimizer.lr=1e-3,x", "optimizer.lr of played is never 'x'"),
        ("sn.layers=sn[-3]", r"never 'sn\[-3\]' \(did you mean 'sn\[-2\]'\?\)"),
        ("task=breakout", r"task of played is never 'breakout' \(did you mean 'minatar/breakout'"),
        ("units=null", "units of played is never 'null'"),
        ("seed=7", "seed of played is never '7'; valid: 0, 1"),
    ],
)
def test_a_value_that_no_run_has_leaves_an_empty_part(study, word, message):
    with pytest.raises(NothingToShow, match=message) as raised:
        conditions(study, [word])
    assert raised.value.exit_code == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["optimizer.lr=1..2"], "no run of played has optimizer.lr=1..2; there is optimizer.lr=1e"),
        (
            ["sn.layers=sn[-2]", "units=64"],
            r"has sn.layers=sn\[-2\] and units=64; there is sn.layers=none where units=64; "
            r"there is units=absent where sn.layers=sn\[-2\]$",
        ),
    ],
)
def test_an_empty_part_says_what_there_is(study, words, message):
    with pytest.raises(NothingToShow, match=message) as raised:
        Part.of(study, {"where": words})
    assert raised.value.exit_code == 1


def test_trials_by_number_must_be_planned_and_left_by_the_conditions(study):
    with pytest.raises(SweeperError, match=r"trials \(0 to 14\), but got 15"):
        Part.of(study, {"trial": [15]})
    number = next(t.number for t in study.plan.trials if t.labels["sn.layers"] == "none")
    with pytest.raises(NothingToShow, match="no run of trial 0 of played is one where sn"):
        Part.of(study, {"trial": [number], "where": ["sn.layers=sn[-2]"]})


def test_a_drawn_number_is_found_as_listings_show_it(played):
    axes = {"lr": {"kind": "float", "low": 1e-5, "high": 1e-1, "log": True}}
    study = played(
        lambda run, _: ("complete", [(40, {"return": 1.0})]), axes=axes, sampler="random", trials=20
    )
    drawn = study.plan.trials[3].labels["lr"]
    assert [labels["lr"] for labels, _, _ in left(study, f"lr={drawn:.6g}", "seed=0")] == [drawn]
    with pytest.raises(SweeperError, match=r"or a range within \S+\.\.\S+"):
        conditions(study, ["lr=0.5"])
    assert len(left(study, "lr=1e-5..1e-1")) == len(study.plan.runs)


def test_runs_are_those_of_the_plan_in_its_order(study):
    mask = chosen(study, conditions(study, ["seed=1"]))
    assert np.flatnonzero(mask).tolist() == [
        place for place, run in enumerate(study.plan.runs) if run.seed == 1
    ]


def test_blocks_and_what_they_derive_can_be_named(played):
    blocks = {
        "sgd": {"axes": {"lr": {"kind": "float", "values": [0.1, 1.0]}}},
        "adam": {"fixed": {"eps": 1e-8}, "derived": {"decay": "10 * lr"}},
    }
    axes = {"lr": {"kind": "float", "values": [1e-4, 1e-3]}}
    ended = lambda run, _: ("complete", [(40, {"return": 1.0})])  # noqa: E731
    study = played(ended, axes=axes, blocks=blocks, seeds=2)
    assert {labels["lr"] for labels, _, _ in left(study, "block=sgd")} == {0.1, 1.0}
    assert {labels["lr"] for labels, _, _ in left(study, "lr=..0.01")} == {1e-4, 1e-3}
    assert {labels["lr"] for labels, _, _ in left(study, "decay=0.01")} == {1e-3}
    assert {labels["block"] for labels, _, _ in left(study, "decay=absent")} == {"sgd"}


def test_numbers_that_are_equal_up_to_rounding_are_one_value(played):
    axes = {
        "lr": {"kind": "float", "values": [0.1, 0.02, 0.01]},
        "momentum": {"kind": "float", "values": [0, 0.5, 0.9]},
    }
    study = played(whole_values, axes=axes, derived={"ratio": "lr * (1 - momentum)"}, seeds=2)
    pairs = {(0.01, 0), (0.02, 0.5), (0.1, 0.9)}
    for word in ("ratio=0.01", f"ratio={0.1 * (1 - 0.9)!r}", "ratio=0.01..0.01"):
        found = left(study, word)
        assert {(one["lr"], one["momentum"]) for one, _, _ in found} == pairs, word
        assert len(found) == 3 * 2 * 1
    with pytest.raises(NothingToShow, match=r"valid: 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1$"):
        conditions(study, ["ratio=7"])


def whole_values(run, labels):
    return "complete", [(40, {"return": 1.0})]


def test_whole_numbers_are_never_equal_up_to_rounding(played):
    sizes = {"kind": "int", "values": [10**10, 10**10 + 1]}
    study = played(whole_values, axes={"size": sizes}, derived={"m": "size + 1"}, seeds=1)
    assert [one["size"] for one, _, _ in left(study, "size=10000000001")] == [10**10 + 1]
    assert [one["size"] for one, _, _ in left(study, "m=10000000001")] == [10**10]


def test_null_is_a_value_and_absent_is_none(played):
    axes = {"x": {"kind": "choice", "values": [None, 0.5, 2]}}
    study = played(
        whole_values,
        axes=axes,
        derived={"d": "null if x == null else 10 * x"},
        seeds=1,
    )
    assert {one["x"] for one, _, _ in left(study, "d=null")} == {"null"}
    assert {one["x"] for one, _, _ in left(study, "x=null")} == {"null"}
    assert {one["x"] for one, _, _ in left(study, "d=1..9")} == {"0.5"}, "a range is of numbers"
    with pytest.raises(NothingToShow, match=r"d of played is never 'absent'; valid: 5, 20, null$"):
        conditions(study, ["d=absent"])


def test_conditions_of_which_no_two_go_together_are_told_so(study):
    words = ["sn.layers=sn[-2]", "units=64", "optimizer.lr=1e-5", "network.width=1000"]
    with pytest.raises(NothingToShow, match=r"; nor has any all of them but one$"):
        Part.of(study, {"where": words})
