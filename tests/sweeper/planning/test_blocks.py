"""Blocks: parts of one study with axes and fixed parameters of their own."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from sweeper.errors import SweeperError
from sweeper.planning.configurations import notes
from sweeper.planning.loading import load
from sweeper.planning.plan import Plan
from sweeper.report.page.rerun_command import reruns
from sweeper.results import frames
from sweeper.results.slices.part import Part
from sweeper.space.digest import digest
from sweeper.space.overrides import parse_words
from sweeper.space.space import Space
from sweeper.study import studies
from sweeper.trainable.loading import load_trainable
from tests.helpers.command import call
from tests.helpers.figures import drawn
from tests.helpers.function_space import loaded
from tests.helpers.worked_study import work

RATES = {"kind": "float", "values": [1e-4, 1e-3]}
BLOCKS: dict[str, Any] = {
    "adam": {},
    "sgd": {
        "fixed": {"opt": "sgd"},
        "axes": {
            "lr": {"kind": "float", "values": [1e-2, 0.1]},
            "momentum": {"kind": "float", "values": [0, 0.9]},
        },
    },
    "wide": {"fixed": {"lr": 1e-3}, "axes": {"width": {"kind": "int", "values": [8, 64]}}},
}
SPACE: dict[str, Any] = {
    "fixed": {"opt": "adam", "width": 8},
    "axes": {"lr": RATES},
    "blocks": BLOCKS,
}


def planned(folder: Path, **keys: Any) -> Plan:
    space = loaded(folder, **SPACE | keys)
    return Plan(space, load_trainable(space))


def refused(folder: Path, **keys: Any) -> str:
    with pytest.raises(SweeperError) as raised:
        planned(folder, **keys)
    return str(raised.value)


def test_each_block_has_its_axes_and_what_it_fixes(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    assert [dict(trial.labels) for trial in plan.trials] == [
        {"block": "adam", "lr": 1e-4},
        {"block": "adam", "lr": 1e-3},
        {"block": "sgd", "lr": 1e-2, "momentum": 0.0},
        {"block": "sgd", "lr": 1e-2, "momentum": 0.9},
        {"block": "sgd", "lr": 0.1, "momentum": 0.0},
        {"block": "sgd", "lr": 0.1, "momentum": 0.9},
        {"block": "wide", "width": 64},
    ]
    assert plan.runs_of(3)[0].params == {"opt": "sgd", "width": 8, "lr": 1e-2, "momentum": 0.9}
    assert plan.runs_of(6)[0].params == {"opt": "adam", "lr": 1e-3, "width": 64}


@pytest.mark.parametrize(
    ("word", "path", "value"),
    [
        ("blocks.sgd.axes.lr.values=[0.5]", ("axes", "lr", "values"), [0.5]),
        ("blocks.sgd.fixed.network.units=3", ("fixed", "network.units"), 3),
        ("blocks.adam.fixed.network.units=3", ("fixed", "network.units"), 3),
        ("blocks.adam.derived.half=lr / 2", ("derived", "half"), "lr / 2"),
    ],
)
def test_words_of_the_command_line_change_a_block(
    tmp_path: Path, word: str, path: tuple[str, ...], value: Any
) -> None:
    loaded(tmp_path, **SPACE)
    found = load(tmp_path / "x.yaml", None, parse_words([word], ())[1]).dump()
    found = found["blocks"][word.split(".")[1]]
    for key in path:
        found = found[key]
    assert found == value


def test_a_configuration_of_two_blocks_counts_once(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    texts = [plan.configuration(trial.number).text for trial in plan.trials]
    same = json.dumps({"lr": 1e-3, "opt": "adam", "width": 8}, sort_keys=True)
    assert len(set(texts)) == len(texts) == 7
    assert [json.dumps(json.loads(text), sort_keys=True) for text in texts].count(same) == 1
    said = "blocks adam and wide both hold 1 configuration: it counts once, in adam"
    assert [*notes.lines(plan)] == [said]


def test_a_list_of_blocks_has_names_or_numbers(tmp_path: Path) -> None:
    plan = planned(tmp_path, blocks=[{"fixed": {"opt": "sgd"}}, {"name": "plain"}])
    assert [trial.labels["block"] for trial in plan.trials] == ["1", "1", "plain", "plain"]


def test_formulas_and_groups_of_a_block_are_its_own(tmp_path: Path) -> None:
    blocks = {
        "tied": {
            "axes": {"width": {"kind": "int", "values": [8, 64]}},
            "zip": [["lr", "width"]],
            "derived": {"depth": "width // 8"},
        },
        "some": {"constraints": ["lr > 5e-4"]},
    }
    plan = planned(tmp_path, blocks=blocks, invalid="drop", derived={"half": "lr / 2"})
    assert [dict(trial.labels) for trial in plan.trials] == [
        {"block": "tied", "lr": 1e-4, "width": 8},
        {"block": "tied", "lr": 1e-3, "width": 64},
        {"block": "some", "lr": 1e-3},
    ]
    assert plan.dropped == 1
    params = [plan.configuration(trial).params for trial in range(3)]
    assert [one.get("depth") for one in params] == [1, 8, None]
    assert [one["half"] for one in params] == [5e-5, 5e-4, 5e-4]


def test_layers_are_those_of_each_blocks_network(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(
        "study: demo\nagent: dqn\ntasks: {minatar/breakout: {low: 0, high: 1}}\nseeds: 1\n"
        "steps: 10\nevaluation: {every: 10, episodes: 1}\nscore: {metric: return}\n"
        "axes: {sn.layers: {kind: layers, sets: [none, [-2], [-3]]}}\ninvalid: drop\n"
        "blocks: {flat: {fixed: {network.convs: [16]}}, deep: {fixed: {network.convs: [16, 16]}}}\n"
    )
    space = load(tmp_path / "x.yaml")
    plan = Plan(space, load_trainable(space))
    found = [plan.configuration(trial.number).params for trial in plan.trials]
    assert [(one["network.convs"], one["sn.layers"]) for one in found] == [
        *(((16,), layers) for layers in ((), (-2,), (-3,))),
        *(((16, 16), layers) for layers in ((), (-2,), (-3,))),
    ]


@pytest.mark.parametrize("sampler", ["random", "qmc"])
def test_draws_come_from_all_blocks(tmp_path: Path, sampler: str) -> None:
    ranges = {"lr": {"kind": "float", "low": 1e-5, "high": 1e-1, "log": True}}
    keys = {"sampler": sampler, "trials": 60, "axes": ranges}
    plan = planned(tmp_path, **keys)
    found = [trial.labels["block"] for trial in plan.trials]
    assert {name: found.count(name) > 0 for name in BLOCKS} == dict.fromkeys(BLOCKS, True)
    assert found.count("adam") > 10 and found.count("wide") <= 2
    assert [t.labels for t in planned(tmp_path, **keys | {"trials": 20}).trials] == [
        trial.labels for trial in plan.trials[:20]
    ]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (
            {"blocks": {"a": {"axes": {"lr": {"kind": "float", "values": ["x"]}}}}},
            "blocks.a.axes.lr.values[0] must be a number, but got 'x'",
        ),
        ({"blocks": {"a": {"fix": {"lr": 1}}}}, "blocks.a.fix is an unknown key (did you mean 'f"),
        ({"blocks": {"a": {"constraints": ["lr > y"]}}}, "blocks.a.constraints[0] names 'y'"),
        ({"blocks": [{"name": "a"}, {"name": "a"}]}, "blocks"),
        ({"blocks": ["a"]}, "blocks[0] must be a mapping, like {fixed: …, axes: …}"),
        ({"axes": {"block": RATES}}, "axes.block is what blocks are called: rename the axis"),
        ({"sampler": "tpe", "trials": 3}, "sampler is tpe, which learns of one set of axes"),
        (
            {
                "sampler": "random",
                "trials": 4,
                "axes": {
                    "lr": {**RATES, "grid": True},
                    "x": {"kind": "float", "low": 0, "high": 1},
                },
            },
            "axes.lr.grid must go: the space has blocks; write a block for each value, with it as",
        ),
        ({"blocks": {"a": {"axes": {"h": {**RATES, "helper": True}}}}}, "blocks.a.axes.h.helper"),
    ],
)
def test_what_is_wrong_in_a_block_is_named_there(
    tmp_path: Path, keys: dict[str, Any], said: str
) -> None:
    assert said in refused(tmp_path, **keys)


def test_every_mistake_of_the_blocks_is_told_at_once(tmp_path: Path) -> None:
    wrong = {"kind": "float", "values": ["x"]}
    message = refused(tmp_path, blocks={"a": {"axes": {"lr": wrong}}, "b": {"axes": {"z": wrong}}})
    assert "blocks.a.axes.lr.values[0]" in message and "blocks.b.axes.z.values[0]" in message


def test_a_frozen_space_with_blocks_is_the_same(tmp_path: Path) -> None:
    space = loaded(tmp_path, **SPACE)
    again = Space.parse(json.loads(json.dumps(space.dump())))
    assert again == space and digest(again) == digest(space)
    other = loaded(tmp_path, **SPACE | {"blocks": BLOCKS | {"adam": {"fixed": {"width": 9}}}})
    assert digest(other) != digest(space)


def test_a_study_grows_by_a_block_and_no_trial_changes_its_number(tmp_path: Path) -> None:
    folder = tmp_path / "studies" / "demo"
    begun = studies.start(folder, loaded(tmp_path, **SPACE))
    more = loaded(tmp_path, **SPACE | {"blocks": BLOCKS | {"big": {"fixed": {"width": 99}}}})
    with pytest.raises(SweeperError, match="let this study grow"):
        studies.start(folder, more)
    grown = studies.start(folder, more, extend=True)
    assert [run.id for run in grown.plan.runs[:7]] == [run.id for run in begun.plan.runs]
    assert [trial.labels["block"] for trial in grown.plan.trials[7:]] == ["big", "big"]
    less = loaded(tmp_path, **SPACE | {"blocks": {"adam": {}}})
    with pytest.raises(SweeperError, match=r"blocks\.sgd: "):
        studies.start(folder, less, extend=True)


def test_tables_and_figures_have_a_column_of_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    space = loaded(tmp_path, **SPACE | {"baseline": {"block": "adam"}})
    done = work(studies.start(tmp_path / "studies" / "demo", space))
    table = frames.runs(done, done.ledger_state())
    assert table["block"].value_counts().to_dict() == {"sgd": 4, "adam": 2, "wide": 1}
    shown = drawn(done, "sensitivity", x="lr", hue="block")
    assert set(shown.table["block"]) == set(BLOCKS)
    for words in (
        ["table"],
        ["heatmap", "x=lr", "y=block"],
        ["best"],
        ["report"],
        ["plan", "x.yaml"],
    ):
        assert call(*words) == 0, words
    capsys.readouterr()


def test_one_trial_of_a_block_is_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = studies.start(tmp_path / "studies" / "demo", loaded(tmp_path, **SPACE))
    for trial, text in reruns(done, [0, 3, 6]).items():
        assert call(*shlex.split(text)[1:], "dispatch=inline") == 0
        again = studies.find(f"demo-trial-{trial}", Path("studies"))
        assert [run.id for run in again.plan.runs] == [run.id for run in done.plan.runs_of(trial)]


def test_a_blocks_zip_does_not_join_what_moves_with_others(tmp_path: Path) -> None:
    axes = {"lr": RATES, "width": RATES}
    block = {"axes": {"depth": RATES}, "zip": [["lr", "depth"]]}
    said = refused(tmp_path, axes=axes, zip=[["lr", "width"]], blocks={"one": block, "two": {}})
    assert "blocks.one.zip[0][0] repeats lr, which moves with others already" in said


def test_an_axis_of_a_block_does_not_depend_on_the_block(tmp_path: Path) -> None:
    axes = {"lr": RATES, "momentum": RATES | {"when": {"block": "sgd"}}}
    said = refused(tmp_path, axes=axes, blocks={"sgd": {}, "adam": {"fixed": {"width": 9}}})
    assert "axes.momentum.when.block is no axis: an axis of one block stands in it" in said


def test_conditions_take_what_a_block_fixes_for_an_axis(tmp_path: Path) -> None:
    figures = [{"curves": {"where": {"width": 8}}}, {"curves": {"where": "lr=1e-3"}}]
    space = loaded(tmp_path, **SPACE, figures=figures)
    study = studies.start(tmp_path / "studies" / "demo", space)

    def chosen(word: str) -> list[str]:
        mask = Part.of(study, {"where": [word]}).mask
        runs = [run for run, one in zip(study.plan.runs, mask, strict=True) if one]
        return [study.plan.trials[run.trial].labels["block"] for run in runs]

    assert chosen("lr=1e-3") == ["adam", "wide"]
    assert chosen("width=8") == ["adam"] * 2 + ["sgd"] * 4
    assert chosen("width=64") == ["wide"]
    assert chosen("momentum=absent") == ["adam"] * 2 + ["wide"]
