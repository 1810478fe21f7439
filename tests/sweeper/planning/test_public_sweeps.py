"""Sweeps after those of public repositories: what each plans, or how it is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from sweeper.errors import SweeperError
from sweeper.planning.loading import load
from sweeper.planning.plan import Plan
from sweeper.trainable.loading import load_trainable
from tests.helpers.function_space import loaded


def planned(folder: Path, axes: str, **keys: Any) -> list[dict[str, Any]]:
    """The parameters of each trial, in their order."""
    space = loaded(folder, axes=yaml.safe_load(axes), **keys)
    return [dict(run.params) for run in Plan(space, load_trainable(space)).runs]


def test_a_range_of_ten_thousand_numbers_is_drawn_from(tmp_path: Path) -> None:
    found = planned(
        tmp_path,
        "learning_starts: {kind: int, low: 0, high: 10000}",
        sampler={"random": {"seed": 0}},
        trials=4,
    )
    assert [one["learning_starts"] for one in found][1:] == [2698, 409, 165]


def test_draws_by_steps_are_multiples_of_them(tmp_path: Path) -> None:
    axes = (
        "batch_size: {kind: int, low: 32, high: 256, log: true, step: 8}\n"
        "dropout: {kind: float, low: 0, high: 0.7, step: 0.1}\n"
    )
    found = planned(tmp_path, axes, sampler="random", trials=40)
    assert {one["batch_size"] % 8 for one in found} == {0}
    assert {one["dropout"] for one in found} <= {0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7}


def test_the_values_of_one_parameter_may_depend_on_another(tmp_path: Path) -> None:
    axes = (
        "opt: {kind: choice, values: [adam, sgd]}\n"
        "lr_adam: {kind: float, values: [0.00001, 0.0001], when: {opt: adam}}\n"
        "lr_sgd: {kind: float, values: [0.01, 0.1, 1.0], when: {opt: sgd}}\n"
    )
    found = planned(tmp_path, axes, derived={"lr": "lr_adam if opt == 'adam' else lr_sgd"})
    assert [(one["opt"], one["lr"]) for one in found] == [
        *(("adam", lr) for lr in (1e-5, 1e-4)),
        *(("sgd", lr) for lr in (0.01, 0.1, 1.0)),
    ]


def test_a_null_among_choices_reaches_the_function_and_switches_axes_off(tmp_path: Path) -> None:
    axes = (
        "noise_type: {kind: choice, values: {ou: ornstein-uhlenbeck, n: normal, none: null}}\n"
        "noise_std: {kind: float, values: [0.1, 0.2], when: {noise_type: [normal]}}\n"
        "one_minus_gamma: {kind: float, values: [0.25]}\n"
        "train_freq: {kind: choice, values: [8]}\n"
    )
    derived = {"gamma": "1 - one_minus_gamma", "batch": "min(16, train_freq * 8)"}
    found = planned(tmp_path, axes, derived=derived)
    assert [(one["noise_type"], one.get("noise_std")) for one in found] == [
        *(("ornstein-uhlenbeck", None), ("normal", 0.1), ("normal", 0.2), (None, None)),
    ]
    assert {(one["gamma"], one["batch"]) for one in found} == {(0.75, 16)}


def test_words_of_older_yaml_are_text_and_merges_keep_what_they_override(tmp_path: Path) -> None:
    loaded(tmp_path)
    text = (tmp_path / "x.yaml").read_text().replace("axes: {}", "axes: AXES")
    axes = (
        "{a: &base {kind: float, low: 0.1, high: 1.0, count: 2}, b: {<<: *base, count: 3}, "
        "sticky: {kind: choice, values: [yes, no, on, off]}, "
        "centered: {kind: choice, values: [True, False]}}"
    )
    (tmp_path / "x.yaml").write_text(text.replace("AXES", axes))
    space = load(tmp_path / "x.yaml")
    trials = Plan(space, load_trainable(space)).runs
    assert len(trials) == 2 * 3 * 4 * 2
    assert [*dict.fromkeys(one.params["b"] for one in trials)] == [0.1, 0.55, 1.0]
    assert [*dict.fromkeys(one.params["sticky"] for one in trials)] == ["yes", "no", "on", "off"]
    assert {one.params["centered"] for one in trials} == {True, False}


def test_a_grid_over_some_axes_and_draws_of_others_is_refused_with_what_works(
    tmp_path: Path,
) -> None:
    rate = "learning_rate: {kind: float, low: 0.00001, high: 0.1, log: true, count: 5GRID}\n"
    axes = f"{rate}dropout: {{kind: float, low: 0.0, high: 0.7}}\n"
    with pytest.raises(SweeperError) as refused:
        planned(tmp_path, axes.replace("GRID", ""), figures=["curves"])
    assert str(refused.value).splitlines() == [
        f"{tmp_path / 'x.yaml'}:10: axes.dropout needs a count of points for a grid; or a sampler "
        "that draws from it, as in sampler: random (with grid: true on axes that stay a grid)"
    ]
    found = planned(tmp_path, axes.replace("GRID", ", grid: true"), sampler="random", trials=10)
    assert [one["learning_rate"] for one in found] == [1e-5, 1e-4, 1e-3, 1e-2, 1e-1] * 2
    assert len({one["dropout"] for one in found}) == 2


def test_a_parameter_of_one_task_is_told_its_key(tmp_path: Path) -> None:
    axes = "gamma: {kind: float, values: [0.99, 0.9999], when: {task: any}}"
    with pytest.raises(SweeperError, match=r"by_task: \{TASK: \{gamma: 0.99\}\}"):
        planned(tmp_path, axes)
    axes = "x: {kind: int, values: [1, 2]}"
    assert len(planned(tmp_path, axes, by_task={"any": {"gamma": 0.99}})) == 2


def test_a_figure_may_show_the_whole_of_a_sampler_s_range_by_ratio(tmp_path: Path) -> None:
    axes = {
        "lr": {"kind": "float", "low": 1e-5, "high": 1e-1, "log": True},
        "net": {"kind": "choice", "values": ["s", "m"]},
    }
    figures = [{"sensitivity": {"x": "lr", "hue": "net"}}, {"heatmap": {"x": "lr", "y": "net"}}]
    more = {"sampler": {"tpe": {"seed": 0}}, "trials": 60, "figures": figures}
    space = loaded(tmp_path, axes=axes, **more)
    assert [figure.name for figure in space.figures] == ["sensitivity", "heatmap"]
