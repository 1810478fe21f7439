"""Parameters that there are beside some values of others alone, as epsilon is no number of SGD."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from sweeper.cli.commands.agents import agent
from sweeper.errors import SweeperError
from sweeper.planning.configurations import notes
from sweeper.planning.loading import load
from sweeper.planning.plan import Plan, Run
from sweeper.study.study import Study
from sweeper.trainable.contract import Parameter
from sweeper.trainable.frozen import FrozenParameter
from sweeper.trainable.loading import load_trainable, trained_by
from tests.helpers.command import call

TASK = "navigation/2"
SGD = {"optimizer.kind": "sgd"}
KINDS = {"kind": "choice", "values": ["adam", "sgd"]}
EPS = {"kind": "float", "values": [1e-4, 1e-3]}
SPACE: dict[str, Any] = {
    "study": "kinds",
    "agent": "ddpg",
    "fixed": {"warmup_steps": 20, "actor.units": 8, "critic.units": 8, "replay.capacity": 100},
    "tasks": {TASK: {"low": -100, "high": 0}},
    "seeds": 1,
    "steps": 40,
    "evaluation": {"every": 40, "episodes": 1, "cap": 20},
    "score": {"metric": "return"},
    "figures": [],
}


def written(folder: Path, fixed: dict[str, Any], **keys: Any) -> Path:
    space = SPACE | {"fixed": SPACE["fixed"] | fixed} | keys
    file = folder / "x.yaml"
    file.write_text(yaml.safe_dump(space, sort_keys=False))
    return file


def planned(folder: Path, fixed: dict[str, Any] | None = None, **keys: Any) -> Plan:
    space = load(written(folder, fixed or {}, **keys))
    return Plan(space, load_trainable(space))


def own(run: Run) -> dict[str, Any]:
    """What a run says of its optimiser beside schedules."""
    names = ("kind", "eps", "beta1", "beta2", "alpha")
    found = {name: run.params.get(f"optimizer.{name}") for name in names}
    return {name: value for name, value in found.items() if value is not None}


ADAM = {"kind": "adam", "eps": 1e-8, "beta1": 0.9, "beta2": 0.999}
SGD_OWN = {"kind": "sgd"}


def test_a_default_counts_beside_what_it_belongs_to(tmp_path: Path) -> None:
    assert [own(run) for run in planned(tmp_path).runs] == [ADAM]
    assert [own(run) for run in planned(tmp_path, SGD).runs] == [{"kind": "sgd"}]
    (run,) = planned(tmp_path, {"optimizer.kind": "rmsprop", "optimizer.eps": 0.1}).runs
    assert own(run) == {"kind": "rmsprop", "eps": 0.1, "alpha": 0.95}


def test_an_axis_of_some_kinds_alone_needs_a_when(tmp_path: Path) -> None:
    axes = {"optimizer.kind": KINDS, "optimizer.eps": EPS | {"when": {"optimizer.kind": "adam"}}}
    runs = planned(tmp_path, axes=axes).runs
    assert [own(run) for run in runs] == [
        ADAM | {"eps": 1e-4},
        ADAM | {"eps": 1e-3},
        {"kind": "sgd"},
    ]
    axes["optimizer.eps"] = EPS
    with pytest.raises(SweeperError, match=r"axes.optimizer.eps cannot be .*kind is sgd"):
        planned(tmp_path, axes=axes)
    assert len(planned(tmp_path, axes=axes, invalid="drop").runs) == 2


def test_a_variant_sets_what_belongs_together(tmp_path: Path) -> None:
    values = {
        "a": {"optimizer.kind": "adam", "optimizer.eps": 0.5},
        "b": {"optimizer.kind": "sgd"},
        "c": {"optimizer.alpha": 0.5, "optimizer.kind": "rmsprop"},
    }
    plan = planned(tmp_path, axes={"way": {"kind": "variant", "values": values}})
    assert [own(run) for run in plan.runs] == [
        ADAM | {"eps": 0.5},
        {"kind": "sgd"},
        {"kind": "rmsprop", "eps": 1e-8, "alpha": 0.5},
    ]


def test_formulas_choose_kinds_and_know_only_what_there_is(tmp_path: Path) -> None:
    axes = {"k": {"kind": "int", "values": [0, 1], "helper": True}}
    kind = "'adam' if k < 1 else 'rmsprop'"
    (first, second) = planned(tmp_path, axes=axes, derived={"optimizer.kind": kind}).runs
    assert own(first) == ADAM and own(second) == {"kind": "rmsprop", "eps": 1e-8, "alpha": 0.95}
    derived = {"actor.lr": "0.01 * optimizer.alpha", "optimizer.eps": "2 * optimizer.alpha"}
    plan = planned(tmp_path, axes={"optimizer.kind": KINDS}, derived=derived)
    assert [own(run) for run in plan.runs] == [ADAM, {"kind": "sgd"}]
    told = list(notes.lines(plan))
    assert "derived.actor.lr keeps its default 0.0003 in 2 of 2 trials" in told[0]
    assert "optimizer.alpha has no value" in told[0]


def test_each_task_may_have_its_kind(tmp_path: Path) -> None:
    tasks = SPACE["tasks"] | {"navigation/3": {"low": -100, "high": 0}}
    runs = planned(tmp_path, tasks=tasks, by_task={"navigation/3": SGD}).runs
    assert [own(run) for run in runs] == [ADAM, {"kind": "sgd"}]
    there = {"navigation/3": {"optimizer.kind": "rmsprop"}}
    runs = planned(tmp_path, SGD, tasks=tasks, by_task=there).runs
    assert [own(run) for run in runs] == [
        {"kind": "sgd"},
        {"kind": "rmsprop", "eps": 1e-8, "alpha": 0.95},
    ]


SPLIT = {
    "axes": {"axes": {"optimizer.kind": KINDS}},
    "blocks": {"blocks": {"adam": {}, "sgd": {"fixed": SGD}}},
    "random": {"axes": {"optimizer.kind": KINDS}, "sampler": "random", "trials": 2},
    "two agents": {
        "agent": ["ddpg", "td3"],
        "axes": {"agent": {"kind": "choice", "values": ["ddpg", "td3"]}, "optimizer.kind": KINDS},
    },
}


@pytest.mark.parametrize("keys", SPLIT.values(), ids=SPLIT)
def test_what_a_task_sets_is_left_out_where_it_is_no_parameter(
    tmp_path: Path, keys: dict[str, Any]
) -> None:
    runs = planned(tmp_path, **keys, by_task={TASK: {"optimizer.eps": 0.1}}).runs
    found = [own(run) for run in runs]
    assert {one["kind"] for one in found} == {"adam", "sgd"}
    assert all(one == (ADAM | {"eps": 0.1} if "eps" in one else SGD_OWN) for one in found)
    assert all(("eps" in one) == (one["kind"] == "adam") for one in found)


LISTED = {
    "fixed": ({"critic.units": [8], "critic.layers": 2}, {}),
    "an axis": (
        {"critic.units": [8]},
        {"axes": {"critic.layers": {"kind": "int", "values": [1, 2]}}},
    ),
    "derived": ({"critic.units": [8]}, {"derived": {"critic.layers": "actor.layers"}}),
    "by task": ({"critic.units": [8]}, {"by_task": {TASK: {"critic.layers": 2}}}),
    "blocks": ({"critic.units": [8]}, {"blocks": {"a": {}, "b": {"fixed": {"critic.layers": 2}}}}),
    "two agents": (
        {"critic.units": [8], "critic.layers": 2},
        {
            "agent": ["ddpg", "td3"],
            "axes": {"agent": {"kind": "choice", "values": ["ddpg", "td3"]}},
        },
    ),
}


@pytest.mark.parametrize(("fixed", "keys"), LISTED.values(), ids=LISTED)
def test_a_number_of_layers_that_is_given_is_that_of_the_widths(
    tmp_path: Path, fixed: dict[str, Any], keys: dict[str, Any]
) -> None:
    """Also where it is the default's, which without a word would not count."""
    rule = r"critic.units must list a number for each of critic.layers=2, got \[8\]: leave critic.l"
    with pytest.raises(SweeperError, match=rule):
        planned(tmp_path, fixed, **keys)


def test_layers_that_nobody_gives_are_as_many_as_the_widths(tmp_path: Path) -> None:
    (run,) = planned(tmp_path, {"critic.units": [8, 8, 8]}).runs
    assert trained_by(["ddpg"]).layers(run.params, TASK) == 4
    assert len(planned(tmp_path, {"critic.units": [8, 8], "critic.layers": 2}).runs) == 1


@pytest.mark.parametrize(
    ("fixed", "keys", "told"),
    [
        (SGD | {"optimizer.eps": 0.1}, {}, "x.yaml:9: fixed.optimizer.eps "),
        (SGD, {"axes": {"optimizer.eps": EPS}}, "x.yaml:23: axes.optimizer.eps "),
        (SGD, {"by_task": {TASK: {"optimizer.eps": 0.1}}}, "by_task.navigation/2.optimizer.eps "),
        ({}, {"by_task": {TASK: SGD | {"optimizer.eps": 0.1}}}, "by_task.navigation/2.opti"),
        (SGD, {"derived": {"optimizer.eps": "actor.lr"}}, "derived.optimizer.eps "),
        ({}, {"blocks": {"a": {}, "b": {"fixed": SGD | {"optimizer.eps": 1}}}}, "blocks.b.fixed.o"),
        ({"optimizer.eps": 0.1}, {"blocks": {"a": {}, "b": {"fixed": SGD}}}, "fixed.optimizer.eps"),
        (
            SGD,
            {
                "axes": {"optimizer.eps": {"kind": "float", "low": 0.1, "high": 0.9}},
                "sampler": "random",
                "trials": 3,
            },
            "axes.optimizer.eps ",
        ),
        (SGD | {"optimizer.eps": 0.1}, {"agent": ["ddpg", "td3"], "axes": {
            "agent": {"kind": "choice", "values": ["ddpg", "td3"]}}}, "fixed.optimizer.eps "),
    ],
)  # fmt: skip
def test_what_is_given_elsewhere_is_refused_where_it_stands(
    tmp_path: Path, fixed: dict[str, Any], keys: dict[str, Any], told: str
) -> None:
    with pytest.raises(SweeperError) as raised:
        planned(tmp_path, fixed, **keys)
    (line,) = str(raised.value).splitlines()
    assert told in line
    rule = (
        "optimizer.eps is a parameter of optimizer.kind=adam or rmsprop, and optimizer.kind is sgd"
    )
    assert rule in line


def test_several_agents_have_what_belongs_to_their_kinds(tmp_path: Path) -> None:
    agents = ["ddpg", "dqn"]
    tasks = {"gym/CartPole-v1": {"low": 0, "high": 1}}
    axes = {"agent": {"kind": "choice", "values": ["dqn"]}, "optimizer.kind": KINDS}
    fixed = {"warmup_steps": 20, "replay.capacity": 100}
    keys = {"agent": agents, "tasks": tasks, "axes": axes}
    runs = planned(tmp_path, fixed, **keys, by_task={}).runs
    assert [own(run) for run in runs] == [ADAM | {"eps": 3.125e-4}, {"kind": "sgd"}]


def test_a_plan_keeps_what_belongs_together(tmp_path: Path) -> None:
    known: Parameter = trained_by(["dqn"]).parameters["optimizer.eps"]
    kept = FrozenParameter.of(known)
    assert kept.only == {"optimizer.kind": ("adam", "rmsprop")}
    assert FrozenParameter.of_json(kept.to_json()) == kept
    widths = FrozenParameter.of(trained_by(["dqn"]).parameters["network.units"])
    assert widths.counted_by == "network.layers"
    assert FrozenParameter.of_json(widths.to_json()) == widths
    assert "only" not in FrozenParameter.of(trained_by(["dqn"]).parameters["gamma"]).to_json()


def test_a_study_trains_each_kind_and_is_read_from_its_plan(tmp_path: Path) -> None:
    kinds = {"kind": "choice", "values": ["adam", "rmsprop", "sgd"]}
    file = written(tmp_path, {}, axes={"optimizer.kind": kinds})
    call("run", f"{file}", f"root={tmp_path}/s", "dispatch=inline")
    study = Study.open(tmp_path / "s" / "kinds")
    assert study.ended
    assert [own(run)["kind"] for run in study.plan.runs] == ["adam", "rmsprop", "sgd"]
    assert all(study.completed(run) == run for run in study.plan.runs)
    assert "optimizer.eps" not in study.plan.runs[2].params


def test_the_command_says_what_belongs_where() -> None:
    lines = {line.split()[1]: line for line in agent("dqn") if line.startswith("* optimizer")}
    assert lines["optimizer.alpha"].endswith(
        "number from 0 to 0.999999, with optimizer.kind=rmsprop"
    )


BEYOND = {"replay.sampler": "prioritised", "replay.epsilon": 0.0}


@pytest.mark.parametrize(
    ("axis", "told"),
    [
        (
            {"kind": "variant", "values": {"a": {"gamma": 0.9}, "b": BEYOND}},
            "axes.how.values.b.replay.epsilon cannot be trained by agent ddpg, how=b on",
        ),
        (
            {"kind": "variant", "values": {"a": BEYOND, "b": BEYOND | {"gamma": 0.9}}},
            "axes.how.values.a.replay.epsilon cannot be trained by agent ddpg, how=a on",
        ),
    ],
)
def test_what_a_variant_sets_is_refused_where_it_stands(
    tmp_path: Path, axis: dict[str, Any], told: str
) -> None:
    with pytest.raises(SweeperError) as raised:
        planned(tmp_path, {}, axes={"how": axis})
    assert told in str(raised.value)


@pytest.mark.parametrize(
    ("axis", "values", "told"),
    [
        ("replay", {"sampler": "prioritised", "epsilon": 0.0}, "epsilon"),
        ("critic", {"norm.kind": "group", "norm.groups": 3}, "norm.groups"),
        ("critic", {"body": "nobody"}, "body"),
    ],
)
def test_what_a_label_sets_is_refused_where_it_stands(
    tmp_path: Path, axis: str, values: dict[str, Any], told: str
) -> None:
    chosen = {axis: {"kind": "choice", "values": {"plain": {"lr": 1e-3}, "other": values}}}
    if axis == "replay":
        chosen[axis]["values"] = {"plain": {"sampler": "uniform"}, "other": values}
    with pytest.raises(SweeperError, match=rf"axes\.{axis}\.values\.other\.{told} cannot be"):
        planned(tmp_path, {}, axes=chosen)


def test_what_a_task_has_is_refused_before_what_it_overrides(tmp_path: Path) -> None:
    fixed = {"replay.sampler": "prioritised", "replay.epsilon": 1e-6}
    with pytest.raises(SweeperError, match=r"by_task\.navigation/2\.replay\.epsilon cannot be"):
        planned(tmp_path, fixed, by_task={TASK: {"replay.epsilon": 0.0}})


TWO = {"kind": "variant", "values": {"a": {"gamma": 0.9}, "b": BEYOND}}
RANGE = {"kind": "variant", "values": {"a": {"gamma": 0.9}, "b": {"gamma": 5.0}}}
GROUPS = {"critic.norm.kind": "group", "critic.norm.groups": 3}


@pytest.mark.parametrize("axis", [TWO, RANGE], ids=["refused by the agent", "out of its range"])
@pytest.mark.parametrize(
    "keys",
    [
        {"claims": {"c": "score(how=b) > score(how=a)"}},
        {"baseline": {"how": "b"}},
        {"figures": [{"curves": {"where": "how=b"}}]},
        {"zip": [["how", "actor.lr"]]},
        {"axes": {"update_times": {"kind": "int", "values": [1, 2], "when": {"how": "b"}}}},
        {"blocks": {"one": {}, "two": {"fixed": GROUPS | {"critic.norm.groups": 4}}}},
        {"default": "b"},
    ],
    ids=lambda keys: next(iter(keys)),
)
def test_what_names_a_value_that_is_refused_is_not_told_as_well(
    tmp_path: Path, axis: dict[str, Any], keys: dict[str, Any]
) -> None:
    axes = {"how": {**axis, **({"default": "b"} if "default" in keys else {})}}
    if "zip" in keys:
        axes["actor.lr"] = {"kind": "float", "values": [1e-3, 1e-4]}
    others = {key: value for key, value in keys.items() if key not in ("axes", "default")}
    if "blocks" in keys:
        others["blocks"]["one"] = {"axes": axes}
        axes = {}
    with pytest.raises(SweeperError) as raised:
        planned(tmp_path, {}, **others, axes={**axes, **keys.get("axes", {})})
    (line,) = str(raised.value).splitlines()
    assert "axes.how.values.b" in line


def test_a_value_of_a_block_is_told_once(tmp_path: Path) -> None:
    """Without it the default would be refused, a number that nobody wrote."""
    values = {"a": {"gamma": 0.9}, "b": GROUPS}
    one = {"axes": {"how": {"kind": "variant", "values": values}}}
    with pytest.raises(SweeperError) as raised:
        planned(tmp_path, {}, blocks={"one": one, "two": {"fixed": {"gamma": 0.8}}})
    (line,) = str(raised.value).splitlines()
    assert "blocks.one.axes.how.values.b.critic.norm.groups cannot be trained" in line
