"""What a space says of its figures and what is refused."""

from __future__ import annotations

import pytest

from sweeper.errors import Invalid
from sweeper.space import figure_rules
from tests.helpers import function_space
from tests.helpers.cases import each
from tests.helpers.spaces import edited, loaded, message, write

METRICS = (
    "figures[0].curves.metric[1] must be a metric, but got 'los' (did you mean 'loss'?); "
    "valid: return, loss"
)


def test_curves_take_several_metrics(tmp_path):
    space = loaded(tmp_path, "figures=[{curves: {metric: [return, loss]}}]")
    assert space.figures[0].options["metric"] == ["return", "loss"]


def test_an_unknown_metric_of_a_list_is_answered_with_its_line(tmp_path):
    figure = "seeds: 2\nfigures:\n- curves:\n    metric:\n    - return\n    - los"
    assert f"x.yaml:22: {METRICS}" in message(edited(tmp_path, ("seeds: 2", figure)))


@each(
    "figure, expected",
    [
        ("{heatmap: {metric: [return, loss]}}", "heatmap.metric must be one metric, but got the"),
        ("{sensitivity: {metric: [loss]}}", "sensitivity.metric must be one metric, but got the"),
        ("{curves: {metric: [loss, loss]}}", "curves.metric[1] repeats loss, which stands at [0]"),
        ("{curves: {metric: []}}", "curves.metric takes 1 to 4 metrics, but got 0"),
        ("{curves: {metric: [a, b, c, d, e]}}", "curves.metric takes 1 to 4 metrics, but got 5"),
        ("{scatter: {metric: [a, b, c]}}", "scatter.metric takes 1 to 2 metrics, but got 3"),
        ("{sensitivity: {facet: tas}}", "sensitivity.facet must be an axis, but got 'tas'"),
        (
            "{heatmap: {where: optimiser.lr=1}}",
            "heatmap.where names 'optimiser.lr', which is no axis",
        ),
        (
            "{heatmap: {where: {sn.layers: nope}}}",
            "heatmap.where asks for sn.layers=nope (did you mean 'none'?); valid: none, sn[-2,-3]",
        ),
        ("{heatmap: {where: x}}", "heatmap.where must be conditions, as in optimizer.lr=1e-3"),
        ("{heatmap: {top: 0}}", "heatmap.top must be a whole number from 1, but got 0"),
        ("{importance: {top: 3}}", "importance.top does not go with importance, which needs all"),
        ("{heatmap: {ylim: 0..1}}", "heatmap.ylim does not go with heatmap"),
        ("{curves: {width: wide}}", "curves.width must be column, page or 2 to 20 inches"),
        ("{curves: {hue: trial}}", "curves.hue must be an axis, but got 'trial'"),
        ("{heatmap: {x: [network]}}", "heatmap.x must be an axis, but got the list ['network']"),
    ],
)
def test_options_that_are_refused(tmp_path, figure, expected):
    assert f"figures[0].{expected}" in message(write(tmp_path), f"figures=[{figure}]")


def test_a_space_may_ask_for_a_part_and_for_a_look(tmp_path):
    options = "{top: 3, hue: trial, width: page, caption: false, ylim: [0, 1], title: best}"
    space = loaded(tmp_path, f"figures=[{{curves: {options}}}, {{heatmap: {{where: seed=4}}}}]")
    assert space.figures[0].options["ylim"] == [0, 1]


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ([0.1, 0.1 + 0.2], "lr=0.3"),
        ([1, 2], "lr=1.0"),
        (["a,b", "c"], "lr=a,b"),
        ([[64, 64], [32]], "lr=[64,64]"),
        ([None, "d"], "lr=null"),
    ],
)
def test_a_value_may_be_asked_for_as_a_figure_takes_it(tmp_path, values, where):
    axes = {"lr": {"kind": "choice", "values": values}}
    space = function_space.loaded(tmp_path, axes=axes, figures=[{"curves": {"where": where}}])
    assert space.figures[0].options["where"] == where


def test_values_of_conditions_are_written_as_yaml_has_them():
    where = {"arch": None, "clip": [None, 0.5], "on": True, "lr": 1e-5}
    assert figure_rules.conditions(where) == [
        "arch=null",
        "clip=null,0.5",
        "on=true",
        "lr=1e-5",
    ]


@pytest.mark.parametrize("value", ["lr>0.1", ["seed=0", "lr <= 0.1"], "lr != 3"])
def test_conditions_as_other_languages_write_them_are_told_how(value):
    with pytest.raises(Invalid, match=r"has no (>|<=|!=); (ranges are|name the values)"):
        figure_rules.conditions(value)
