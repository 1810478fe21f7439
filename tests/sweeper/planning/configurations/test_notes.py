"""Notes on a plan: formulas over axes that are switched off, and text that may mislead."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from sweeper.cli import command_line
from sweeper.errors import SweeperError
from sweeper.planning.configurations import notes
from sweeper.planning.plan import Plan
from sweeper.trainable.loading import load_trainable
from tests.helpers import function_space
from tests.helpers.paths import FAKE_AGENT

AXES = {
    "opt": {"kind": "choice", "values": ["adam", "sgd"]},
    "lr_adam": {"kind": "float", "values": [1e-5, 1e-4], "when": {"opt": "adam"}},
    "lr_sgd": {"kind": "float", "values": [1e-2, 1e-1, 1.0], "when": {"opt": "sgd"}},
}
BRANCH = "lr_adam if opt == 'adam' else lr_sgd"


@pytest.fixture
def planned(tmp_path: Path) -> Callable[..., Plan]:
    """The plan of a space of a function with these axes, further keys replaced."""

    def make(**keys: Any) -> Plan:
        space = function_space.loaded(tmp_path, **{"axes": AXES, **keys})
        return Plan(space, load_trainable(space))

    return make


def values(plan: Plan, name: str) -> list[Any]:
    return [run.params.get(name) for run in plan.runs]


@pytest.mark.parametrize(
    "text",
    [
        BRANCH,
        "lr_sgd if opt == 'sgd' else lr_adam",
        "lr_adam if opt == 'adam' and lr_adam > 0 else lr_sgd",
        "lr_adam if not opt == 'sgd' else lr_sgd if opt == 'sgd' or lr_adam > 1 else 7",
    ],
)
def test_of_a_derived_parameter_only_the_branch_taken_is_evaluated(
    planned: Callable[..., Plan], text: str
) -> None:
    plan = planned(derived={"lr": text})
    assert values(plan, "lr") == [1e-5, 1e-4, 1e-2, 1e-1, 1.0]
    assert list(notes.lines(plan)) == []


def test_a_parameter_that_some_trials_lack_is_told_with_the_reason(
    planned: Callable[..., Plan],
) -> None:
    plan = planned(derived={"lr": "min(lr_adam, 1)", "twice": "2 * lr"})
    assert values(plan, "twice") == [2e-5, 2e-4, None, None, None]
    assert list(notes.lines(plan)) == [
        "derived.lr is not set in 3 of 5 trials, where lr_adam is switched off: "
        "opt=sgd, lr_sgd=0.01",
        "derived.twice is not set in 3 of 5 trials, where lr is not set either: "
        "opt=sgd, lr_sgd=0.01",
    ]


def test_a_parameter_that_no_trial_has_is_told(planned: Callable[..., Plan]) -> None:
    told = list(notes.lines(planned(derived={"lr": "min(lr_adam, lr_sgd)"})))
    assert [line.partition(":")[0] for line in told] == [
        "derived.lr is not set in 2 of 5 trials, where lr_sgd is switched off",
        "derived.lr is not set in 3 of 5 trials, where lr_adam is switched off",
    ]


def test_where_a_sampler_chooses_the_share_is_told(planned: Callable[..., Plan]) -> None:
    plan = planned(derived={"lr": "lr_adam * 2"}, sampler="tpe", trials=4)
    (line,) = notes.lines(plan)
    share = int(line.partition(" % of the trials")[0].rpartition("about ")[2])
    assert line.startswith("derived.lr is not set in about ") and 20 < share < 80


def test_an_agent_keeps_its_default_and_is_told(planned: Callable[..., Plan]) -> None:
    plan = planned(
        function=None,
        agent=f"{FAKE_AGENT}:Rich",
        axes={
            "optimizer": {"kind": "choice", "values": ["adam", "sgd"]},
            "norm": {
                "kind": "norm",
                "values": ["none", "group"],
                "groups": [8],
                "when": {"optimizer": "adam"},
            },
        },
        derived={"limit": "norm.groups + 1", "network.hidden": "len(norm)"},
        tasks={"minatar/breakout": {"low": 0, "high": 1}},
        evaluation={"every": 1, "episodes": 1},
        score={"metric": "return"},
    )
    assert list(notes.lines(plan)) == [
        "derived.limit keeps its default null in 2 of 3 trials, where norm.groups has no value: "
        "optimizer=adam, norm=none",
        "derived.network.hidden keeps its default 128 in 1 of 3 trials, where norm is switched "
        "off: optimizer=sgd",
    ]


def test_a_constraint_holds_where_what_decides_it_is_switched_off(
    planned: Callable[..., Plan],
) -> None:
    dropping = {"invalid": "drop"}
    for text, left in {
        "lr_adam < 1e-4": 4,
        "opt == 'sgd' or lr_adam < 1e-4": 4,
        "lr_sgd < 0.5 if opt == 'sgd' else lr_adam < 1e-4": 3,
        "opt == 'sgd' and lr_sgd < 0.5": 2,
    }.items():
        plan = planned(constraints=[text], **dropping)
        assert len(plan.trials) == left, text
        assert list(notes.lines(plan)) == []


def test_a_constraint_that_is_never_checked_is_told(planned: Callable[..., Plan]) -> None:
    plan = planned(constraints=["lr_adam < lr_sgd", "lr_sgd > 0"])
    assert len(plan.trials) == 5
    assert list(notes.lines(plan)) == [
        "constraints[0] is never checked: lr_sgd is switched off or lr_adam is switched off",
    ]


def test_a_condition_on_a_derived_parameter_says_what_to_name(
    planned: Callable[..., Plan],
) -> None:
    momentum = {"kind": "float", "values": [0.9], "when": {"lr": 0.1}}
    with pytest.raises(SweeperError) as caught:
        planned(axes={**AXES, "momentum": momentum}, derived={"lr": BRANCH})
    assert str(caught.value).endswith(
        "axes.momentum.when.lr must be an axis, but is derived: name the axes that it is computed "
        "from"
    )


def test_switches_that_are_text_are_told(planned: Callable[..., Plan]) -> None:
    axes = {
        "sticky": {"kind": "choice", "values": ["Yes", "no", "often"]},
        "size": {"kind": "choice", "values": ["small"]},
        "centered": {"kind": "choice", "values": [True, False]},
    }
    plan = planned(axes=axes, fixed={"bias": "off", "note": "none", "clip": "None"})
    assert list(notes.lines(plan)) == [
        "axes.sticky is text: Yes, no; for truth values write true and false",
        "fixed.bias is text: off; for truth values write true and false",
        "fixed.clip is text: None; for no value write null",
    ]
    assert values(plan, "sticky")[0] == "Yes"


def test_an_axis_that_no_configuration_has_is_told(planned: Callable[..., Plan]) -> None:
    nest = {"kind": "choice", "values": [True, False], "when": {"opt": "sgd"}}
    axes = {
        "opt": {"kind": "choice", "values": ["adam", "sgd"]},
        "nest": nest,
        "w": {"kind": "int", "values": [7, 8], "when": {"opt": "adam", "nest": True}},
    }
    plan = planned(axes=axes)
    assert len(plan.trials) == 3
    assert list(notes.lines(plan)) == ["axes.w is never on: no configuration is as its when says"]


def test_plan_and_run_tell_the_notes(
    planned: Callable[..., Plan],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    planned(derived={"lr": "lr_adam"}, axes={**AXES, "lr_sgd": {**AXES["lr_sgd"], "values": [1]}})
    monkeypatch.chdir(tmp_path)
    for words in (["plan", "x.yaml"], ["run", "x.yaml", "dispatch=inline"]):
        with suppress(SystemExit):
            command_line.main(words)
        said = capsys.readouterr().out
        assert "derived.lr is not set in 1 of 3 trials, where lr_adam is switched off: " in said


@pytest.mark.parametrize("number", [1, 1.0])
def test_what_several_blocks_hold_is_told_and_counted_once(
    planned: Callable[..., Plan], number: float
) -> None:
    blocks = [{"name": "a", "fixed": {"x": 1}}, {"fixed": {"x": number}}, {"fixed": {"x": 1.5}}]
    plan = planned(axes={}, blocks=blocks)
    assert [trial.labels["block"] for trial in plan.trials] == ["a", "3"]
    (note,) = notes.lines(plan)
    assert note == "blocks a and 2 both hold 1 configuration: it counts once, in a"


def test_equal_blocks_under_a_sampler_are_told(planned: Callable[..., Plan]) -> None:
    axes = {"x": {"kind": "int", "values": [1, 2, 3, 4]}}
    blocks = {"one": {}, "two": {}, "three": {"fixed": {"y": 1}}}
    plan = planned(axes=axes, blocks=blocks, sampler="random", trials=4)
    (note,) = notes.lines(plan)
    assert note.startswith("blocks one and two hold the same: each configuration is drawn")


@pytest.mark.parametrize("sampler", ["random", "qmc"])
def test_blocks_that_overlap_in_part_under_a_sampler_are_told(
    planned: Callable[..., Plan], sampler: str
) -> None:
    """Half of what is drawn for either block, and nothing of the third."""
    blocks = {
        "low": {"axes": {"x": {"kind": "int", "values": [1, 2]}}},
        "high": {"axes": {"x": {"kind": "float", "values": [2.0, 3.0]}}},
        "fixed": {"fixed": {"x": 9}},
    }
    axes = {"y": {"kind": "float", "low": 0, "high": 1}}
    plan = planned(axes=axes, blocks=blocks, sampler=sampler, trials=64)
    (note,) = notes.lines(plan)
    share = int(note.partition(" both hold about ")[2].partition(" %")[0])
    assert note.startswith("blocks low and high both hold") and 20 <= share <= 45
    assert note.endswith(
        "each configuration is drawn for one of them, so that they cannot be compared"
    )


def test_blocks_of_which_one_holds_what_the_other_fixes_overlap(
    planned: Callable[..., Plan],
) -> None:
    blocks = {
        "any": {"axes": {"x": {"kind": "int", "low": 0, "high": 3}}},
        "two": {"fixed": {"x": 2}},
    }
    axes = {"y": {"kind": "float", "low": 0, "high": 1}}
    (note,) = notes.lines(planned(axes=axes, blocks=blocks, sampler="random", trials=16))
    assert note.startswith("blocks any and two both hold about ")
