"""Sweeps of W&B as spaces: what is searched is what was meant, and what is lost is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeper.converting.source import converted
from tests.helpers.cases import each
from tests.helpers.converted_space import axes, loaded, told
from tests.helpers.wandb_sweep import HEAD, of

RANGES = {
    "lr: {min: 0.0001, max: 0.1}": {"kind": "float", "low": 0.0001, "high": 0.1},
    "lr: {min: 1, max: 8}": {"kind": "int", "low": 1, "high": 8},
    "lr: {distribution: uniform, min: 1, max: 8}": {"kind": "float", "low": 1, "high": 8},
    "lr: {distribution: int_uniform, min: 2, max: 6}": {"kind": "int", "low": 2, "high": 6},
    "lr: {distribution: q_uniform, min: 0, max: 0.7, q: 0.1}": {
        "kind": "float", "low": 0.0, "high": 0.7, "step": 0.1,
    },
    "lr: {distribution: q_uniform, min: 8, max: 64, q: 8}": {
        "kind": "int", "low": 8, "high": 64, "step": 8,
    },
    "lr: {distribution: q_uniform, min: 8, max: 64}": {"kind": "int", "low": 8, "high": 64},
    "lr: {distribution: log_uniform_values, min: 1.0e-5, max: 0.1}": {
        "kind": "float", "low": 1e-5, "high": 0.1, "log": True,
    },
    "lr: {distribution: log_uniform, min: -2, max: 0}": {
        "kind": "float", "low": 0.1353352832366127, "high": 1.0, "log": True,
    },
    "lr: {distribution: inv_log_uniform, min: 0, max: 2}": {
        "kind": "float", "low": 0.1353352832366127, "high": 1.0, "log": True,
    },
    "lr: {distribution: inv_log_uniform_values, min: 0.5, max: 2}": {
        "kind": "float", "low": 0.5, "high": 2.0, "log": True,
    },
    "lr: {distribution: q_log_uniform_values, min: 32, max: 256, q: 8}": {
        "kind": "int", "low": 32, "high": 256, "log": True, "step": 8,
    },
    "lr: {distribution: normal, mu: 1, sigma: 0.2}": {"kind": "normal", "mean": 1.0, "sd": 0.2},
    "lr: {mu: 3}": {"kind": "normal", "mean": 3.0, "sd": 1.0},
    "lr: {values: [0.1, 0.2]}": {"kind": "float", "values": [0.1, 0.2]},
    "lr: {values: [16, 32]}": {"kind": "int", "values": [16, 32]},
    "lr: {distribution: categorical, values: [relu, tanh, null]}": {
        "kind": "choice", "values": ["relu", "tanh", None],
    },
    "lr: {values: [[64, 64], [256]]}": {"kind": "choice", "values": [[64, 64], [256]]},
    'lr: {values: [1, "1", ""]}': {
        "kind": "choice", "values": {"1": 1, "text 1": "1", "text": ""},
    },
    "lr: {values: [no, true, 1.5]}": {"kind": "choice", "values": [False, True, 1.5]},
    'lr: {values: [010, 0b11, 1:30, 0x1F]}': {"kind": "int", "values": [8, 3, 90, 31]},
    'lr: {values: ["010", 08, "on", "1:30"]}': {
        "kind": "choice", "values": ["010", "08", "on", "1:30"],
    },
}  # fmt: skip


@each("parameter", RANGES)
def test_a_parameter_is_the_axis_that_draws_the_same(tmp_path: Path, parameter: str) -> None:
    draft, space = of(tmp_path, parameter)
    assert axes(space) == {"lr": RANGES[parameter]}
    python_s = any(word in parameter for word in ("null", "true"))
    assert [key for key in told(draft) if key != "run_cap"] == ["lr"] * python_s
    assert space.command == ("python", "train.py", "--lr={lr}")
    assert space.direction == "minimize" and space.score.metric == "loss"


CHANGED = {
    "x: {values: [1e-4, 3e-4, 1.0e-3]}": (
        {"x": {"kind": "float", "values": [1e-4, 3e-4, 1e-3]}}, {}, ["1e-4, 3e-4"],
    ),
    "x: {values: [2020-01-01, a]}": (
        {"x": {"kind": "choice", "values": ["2020-01-01", "a"]}}, {}, ["2020-01-01"],
    ),
    "x: {values: [on, off]}": ({"x": {"kind": "choice", "values": [True, False]}}, {}, ["x"]),
    "x: {distribution: q_uniform, min: 0.04, max: 0.96, q: 0.1}": (
        {"x": {"kind": "float", "low": 0.0, "high": 1.0, "step": 0.1}}, {}, ["x"],
    ),
    "x: {distribution: q_log_uniform, min: 0, max: 5.545, q: 4}": (
        {"x": {"kind": "int", "low": 4, "high": 256, "log": True, "step": 4}}, {}, ["x", "x"],
    ),
    "x: {distribution: int_uniform, min: 0.5, max: 3.5}": (
        {"x": {"kind": "int", "low": 1, "high": 3}}, {}, ["x"],
    ),
    "x: {distribution: log_normal, mu: -7, sigma: 1}": (
        {"x_drawn": {"kind": "normal", "mean": -7.0, "sd": 1.0, "helper": True}},
        {"derived": {"x": "2.718281828459045 ** x_drawn"}}, [],
    ),
    "x: {distribution: q_normal, mu: 10, sigma: 2, q: 2}": (
        {"x_drawn": {"kind": "normal", "mean": 10.0, "sd": 2.0, "helper": True}},
        {"derived": {"x": "round(x_drawn / 2) * 2"}}, [],
    ),
    "x: {distribution: beta, a: 2, b: 5}": (
        {"x": {"kind": "float", "low": 0.0, "high": 1.0}}, {}, ["x"],
    ),
    "x: {values: [adam, sgd, null], probabilities: [0.7, 0.2, 0.1]}": (
        {"x_drawn": {"kind": "float", "low": 0.0, "high": 1.0, "helper": True}},
        {"derived": {"x": "'adam' if x_drawn < 0.7 else 'sgd' if x_drawn < 0.9 else null"}}, [],
    ),
    "x: {values: [a, b, a, .nan]}": (
        {"x": {"kind": "choice", "values": ["a", "b", "nan"]}}, {}, ["x", "x"],
    ),
    "x: {values: [{a: 1}, {b: [2]}]}": (
        {"x": {"kind": "choice", "values": ['{"a": 1}', '{"b": [2]}']}}, {}, ["x", "x"],
    ),
    "steps: {values: [1, 2]}": (
        {"steps_value": {"kind": "int", "values": [1, 2]}},
        {"command": ("python", "train.py", "--steps={steps_value}")}, ["steps"],
    ),
    "seed: {values: [3, 4]}": ({}, {"seeds": (3, 4), "trials": None}, ["seed", "method"]),
    "seed: {value: 7}": ({}, {"seeds": (7,)}, ["method"]),
    "seed: {min: 0, max: 100}": ({}, {"seeds": (0,)}, ["seed", "method"]),
    "x: {value: 5}": ({}, {"fixed": {"x": 5}, "trials": None}, ["method"]),
    "x: {distribution: constant, value: null}": ({}, {"fixed": {"x": None}}, ["method"]),
    "x: {min: 2, max: 2}": ({}, {"fixed": {"x": 2}}, ["method"]),
    "o: {parameters: {lr: {values: [1, 2]}, deep: {parameters: {n: {value: 3}}}}}": (
        {"o.lr": {"kind": "int", "values": [1, 2]}},
        {
            "fixed": {"o.deep.n": 3},
            "command": ("python", "train.py", "--o.lr={o.lr}", "--o.deep.n={o.deep.n}"),
        },
        ["o"],
    ),
}  # fmt: skip


@each("parameter", CHANGED)
def test_what_changes_is_told(tmp_path: Path, parameter: str) -> None:
    expected, keys, lost = CHANGED[parameter]
    draft, space = of(tmp_path, parameter)
    assert axes(space) == expected
    assert {key: getattr(space, key) for key in keys} == keys
    lost = [*lost, "x"] if parameter.endswith("value: null}") else lost
    assert sorted(key for key in told(draft) if key != "run_cap") == sorted(lost)
    head = [line for line in draft.text().splitlines() if line.startswith("# - ")]
    assert head == [f"# - {line}" for line in draft.lost]


NORMAL = {
    "{distribution: normal, mu: 1, sigma: 0.2}": {"kind": "float", "low": 0.4, "high": 1.6},
    "{distribution: q_normal, mu: 10, sigma: 2, q: 2}": {
        "kind": "int", "low": 4, "high": 16, "step": 2,
    },
    "{distribution: log_normal, mu: 0, sigma: 1}": {
        "kind": "float", "low": 0.049787068367863944, "high": 20.085536923187668, "log": True,
    },
}  # fmt: skip


@pytest.mark.parametrize("keys", NORMAL)
def test_a_sampler_that_learns_gets_a_range_for_a_normal_distribution(
    tmp_path: Path, keys: str
) -> None:
    draft, space = of(tmp_path, f"x: {keys}", "bayes")
    assert axes(space) == {"x": NORMAL[keys]}
    assert told(draft) == ["x", "method"]
    assert space.sampler.name == "tpe" and space.trials == 3


def test_a_grid_is_whole_and_its_ranges_have_points(tmp_path: Path) -> None:
    parameters = (
        "a: {values: [1, 2]}\n  b: {min: 0, max: 3}\n  c: {min: 0.0, max: 1.0}\n"
        "  d: {distribution: q_log_uniform_values, min: 1, max: 4, q: 1}\n"
        "  e: {values: [x, y], probabilities: [0.5, 0.5]}\n  f: {distribution: normal}"
    )
    draft, space = of(tmp_path, parameters, "grid")
    assert space.sampler.name == "grid" and space.trials is None
    assert told(draft) == ["e.probabilities", "c", "d", "f", "run_cap"]
    assert [len(axis.points(name)) for name, axis in space.axes.items()] == [2, 4, 5, 3, 2, 5]


def test_no_more_trials_are_asked_for_than_there_are(tmp_path: Path) -> None:
    draft, space = of(
        tmp_path, "a: {values: [1, 2]}\n  b: {values: [x, y, z]}", more="run_cap: 9\n"
    )
    assert space.trials == 6 and told(draft) == ["run_cap"]
    draft, space = of(tmp_path, "a: {min: 0.0, max: 1.0}", more="")
    assert space.trials == 50 and told(draft) == ["run_cap"]


@pytest.mark.parametrize(
    ("parameters", "steps"),
    [
        ("steps: {value: 30}", 30),
        ("max_steps: {value: 30}\n  total_timesteps: {value: 1e6}", 30),
        ("total_timesteps: {value: 1e6}", 1_000_000),
        ("num_steps: {values: [7]}", 7),
        ("epochs: {value: 30}", 100),
        ("steps: {values: [30, 60]}", 100),
        ("steps: {value: true}", 100),
        ("steps: {value: 0.5}", 100),
    ],
)
def test_the_program_s_steps_are_those_of_the_space(
    tmp_path: Path, parameters: str, steps: int
) -> None:
    draft, space = of(tmp_path, f"lr: {{values: [1, 2]}}\n  {parameters}", "grid", "")
    assert space.steps == steps
    told_of = [line for line in draft.invented if line.startswith("steps: 100")]
    assert len(told_of) == (steps == 100)


def test_a_pruner_s_steps_are_not_fewer_than_it_needs(tmp_path: Path) -> None:
    more = "early_terminate: {type: hyperband, max_iter: 27, s: 2}\nrun_cap: 2\n"
    for value, steps in ((20, 27), (90, 90)):
        lines = f"lr: {{values: [1, 2]}}\n  steps: {{value: {value}}}"
        assert of(tmp_path, lines, more=more)[1].steps == steps


def test_hyperband_counts_the_steps_of_runs(tmp_path: Path) -> None:
    more = "early_terminate: {type: hyperband, max_iter: 27, s: 2, eta: 3, strict: true}\n"
    draft, space = of(tmp_path, "a: {min: 0.0, max: 1.0}", more=more)
    options = {"min_resource": 3, "reduction_factor": 3, "max_resource": 27}
    assert (space.pruner.name, space.pruner.options, space.steps) == ("hyperband", options, 27)
    assert "early_terminate.strict" in told(draft)
    more = "early_terminate: {type: hyperband, min_iter: 5}\n"
    _, space = of(tmp_path, "a: {min: 0.0, max: 1.0}", more=more)
    assert space.pruner.options == {"min_resource": 5, "reduction_factor": 3}


def test_every_other_key_is_told_or_kept(tmp_path: Path) -> None:
    more = (
        "name: Möbius / 1\ndescription: |\n  tries\n  things\nproject: p\nentity: e\nfoo: 1\n"
        "controller: {type: local}\n"
    )
    draft, space = of(tmp_path, "a: {values: [1, 2], note: x}", more=more)
    assert (space.study, space.note) == ("M_bius_1", "tries things")
    lost = ["name", "project", "entity", "foo", "controller", "a.note", "run_cap"]
    assert told(draft) == lost


def test_a_sweep_without_a_metric_gets_one_that_is_told(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("program: train.py\nmethod: grid\nparameters: {a: {value: 1}}")
    draft = converted(str(tmp_path / "s.yaml"))
    assert told(draft) == ["metric"]
    assert loaded(draft, tmp_path).score.metric == "loss"


def test_a_misspelled_key_of_the_metric_is_told_with_the_one_that_may_be_meant(
    tmp_path: Path,
) -> None:
    text = HEAD.format(method="grid").replace("goal: minimize", "gaol: maximize, impute: worst")
    (tmp_path / "s.yaml").write_text(f"{text}  a: {{value: 1}}\n")
    draft = converted(str(tmp_path / "s.yaml"))
    assert loaded(draft, tmp_path).direction == "minimize"
    misspelled, impute = draft.lost
    assert misspelled.startswith(
        "metric.gaol: is no key that W&B documents (did you mean 'goal'?); valid: name, goal"
    )
    assert impute.startswith("metric.impute: has no place in a space")
    assert draft.invented[0] == "direction: minimize, as W&B does (direction=maximize)"


def test_a_metric_s_name_and_target_are_kept_and_told(tmp_path: Path) -> None:
    text = HEAD.format(method="grid").replace("name: loss,", "name: eval/return, target: 1,")
    (tmp_path / "s.yaml").write_text(f"{text}  a: {{value: 1}}\n")
    draft = converted(str(tmp_path / "s.yaml"))
    assert loaded(draft, tmp_path).score.metric == "eval/return"
    assert told(draft) == ["metric.target"] and '**{"eval/return": …}' in draft.text()
