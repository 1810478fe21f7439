"""What each axis kind makes of its keys."""

from __future__ import annotations

import pytest

from sweeper.errors import Invalid
from sweeper.schema.base_model import validated
from sweeper.space.axes import Network
from sweeper.space.axes import choice as choices
from sweeper.space.axes import float as floats
from sweeper.space.axes import int as ints
from sweeper.space.axes import layers as layer_sets
from sweeper.space.axes import normal as normals
from sweeper.text import canonical
from tests.helpers.cases import each


def choice(values):
    return validated(choices.Axis, {"kind": "choice", "values": values})


def floating(**keys):
    return validated(floats.Axis, {"kind": "float", **keys})


def normal(**keys):
    return validated(normals.Axis, {"kind": "normal", **keys})


def layers(depth=4, **keys):
    axis = validated(layer_sets.Axis, {"kind": "layers", **keys})
    return axis.resolved("sn.layers", lambda: Network(depth, "network a on b"))


def labels(axis, name="x"):
    return [point.label for point in axis.points(name)]


def refused(make, message, path=()):
    with pytest.raises(Invalid) as caught:
        make()
    assert message in caught.value.message
    assert caught.value.path == path


@each(
    "value, text",
    [
        (1, "1"),
        (1.0, "1"),
        (-0.0, "0"),
        (1e-5, "1e-5"),
        (3.125e-4, "0.0003125"),
        (1e22, "1e+22"),
        (True, "true"),
        (None, "null"),
        ("x", "x"),
        ([1, 2.0], "[1,2]"),
        ({"b": 1, "a": [2]}, "{a:[2],b:1}"),
        (float("inf"), "inf"),
    ],
)
def test_canonical_text(value, text):
    assert canonical(value) == text


def test_choice_of_scalars_and_lists():
    assert labels(choice(["adam", True, [16, 16]])) == ["adam", "true", "[16,16]"]
    assert choice([[16, 16]]).points("convs")[0].params == {"convs": (16, 16)}


def test_null_is_a_value_of_a_choice():
    assert labels(choice([None, 1, "x", [None, 2]])) == ["null", "1", "x", "[null,2]"]
    first, last = choice([None, 1]).points("limit")
    assert (first.value, first.params, last.params) == (None, {"limit": None}, {"limit": 1})
    assert choice({"none": None, "n": "normal"}).points("noise")[0].params == {"noise": None}
    assert choice({"a": {"x": None}}).points("n")[0].params == {"n.x": None}


def test_a_choice_of_nested_lists():
    axis = choice({"split": [[64, 64], [32]], "shared": [64]})
    assert labels(axis) == ["split", "shared"]
    assert axis.points("net")[0].params == {"net": ((64, 64), (32,))}
    assert labels(choice([[[16, 16], [8]], [[16]]])) == ["[[16,16],[8]]", "[[16]]"]
    refused(lambda: choice([[[1]], [[1.0]]]), "repeats [[1]]", ("values", 1))


def test_choice_of_numbers_is_numeric():
    assert labels(choice([8, 16])) == [8, 16]


def test_choice_with_labels():
    axis = choice({"24/128": {"convs": [24], "hidden": 128}, "plain": 3})
    first, second = axis.points("network")
    assert first.label == "24/128" and second.label == "plain"
    assert first.params == {"network.convs": (24,), "network.hidden": 128}
    assert second.params == {"network": 3}


def test_choices_that_are_refused():
    refused(lambda: choice([]), "must hold at least one value", ("values",))
    refused(lambda: choice({}), "must hold at least one value", ("values",))
    refused(lambda: choice("a"), "must be a list, but got 'a'", ("values",))
    refused(lambda: choice([1, 1.0]), "repeats 1, which stands at [0] already", ("values", 1))
    refused(lambda: choice([1, "1"]), "looks in figures like values[0]", ("values", 1))
    refused(lambda: choice([[1], [1.0]]), "repeats [1]", ("values", 1))
    refused(lambda: choice([{"a": 1}]), "must be a number, text, true, false", ("values", 0))
    refused(lambda: choice([[{}]]), "must be a number, text, true, false", ("values", 0, 0))
    refused(lambda: choice([None, "null"]), "looks in figures", ("values", 1))
    refused(lambda: choice({"a": None, "b": None}), "has the same value as 'a'", ("values", "b"))
    refused(lambda: choice([float("nan")]), "must be a finite number", ("values", 0))
    refused(lambda: choice({"a": {}}), "must set at least one parameter", ("values", "a"))
    refused(lambda: choice({"": 1}), "one is empty", ("values",))
    refused(lambda: choice({"a": 1, "b": 1.0}), "has the same value as 'a'", ("values", "b"))


def test_float_values():
    assert labels(floating(values=[1e-5, "1e-3", 2])) == [1e-5, 1e-3, 2.0]


def test_float_ranges_hold_both_ends():
    assert labels(floating(low=1e-5, high=1e-3, log=True, count=3)) == [1e-05, 0.0001, 0.001]
    assert labels(floating(low=0, high=1, count=5)) == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert labels(floating(low=0.1, high=0.7, count=7))[2] == 0.3


def test_float_ranges_by_steps_hold_each_step_exactly():
    axis = floating(low=0, high=0.7, step=0.1)
    assert labels(axis) == [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
    assert axis.size("x") == 8 and axis.nearest(0.1 + 0.2) == 0.3 and axis.nearest(9) == 0.7
    assert axis.point("x", 0.1 + 0.2).params == {"x": 0.3}
    assert labels(floating(low=-0.3, high=0.3, step=0.3)) == [-0.3, 0, 0.3]
    refused(lambda: axis.point("x", 0.25), "must be from 0 to 0.7 by steps of 0.1, but got 0.25")


def test_steps_of_ranges_by_ratio_are_the_nearest():
    keys = {"kind": "int", "low": 32, "high": 256, "log": True, "step": 8}
    sizes = validated(ints.Axis, keys)
    assert [sizes.nearest(drawn) for drawn in (32, 35, 37, 101, 255, 256)] == [
        *(32, 32, 40, 104, 256, 256)
    ]
    assert sizes.size("x") is None and sizes.point("x", 40).value == 40
    refused(lambda: sizes.point("x", 41), "must be from 32 to 256 by steps of 8, but got 41")
    refused(lambda: sizes.points("x"), "needs a count of points for a grid")
    assert labels(validated(ints.Axis, keys | {"count": 4})) == [32, 64, 128, 256]
    rates = floating(low=0.001, high=1, log=True, step=0.001, count=4)
    assert labels(rates) == [0.001, 0.01, 0.1, 1] and rates.nearest(0.01234) == 0.012


def test_floats_that_are_refused():
    refused(lambda: floating(values=[]), "must hold at least one value", ("values",))
    refused(lambda: floating(values=5), "must be a list, but got 5", ("values",))
    refused(lambda: floating(values=[1, "abc"]), "must be a number, but got 'abc'", ("values", 1))
    refused(lambda: floating(values=[True]), "must be a number, but got true", ("values", 0))
    refused(lambda: floating(values=[float("inf")]), "must be a number", ("values", 0))
    refused(lambda: floating(values=[10**400]), "must be a number", ("values", 0))
    refused(lambda: floating(values=[1, 1.0]), "repeats 1", ("values", 1))
    refused(lambda: floating(), "needs values, or low and high")
    refused(lambda: floating(low=1), "needs values, or low and high")
    refused(lambda: floating(values=[1], low=1), "but got values and low")
    refused(lambda: floating(low=1, high=1, count=2), "needs low < high, but got low=1 and high=1")
    refused(lambda: floating(low=2, high=1), "needs low < high")
    refused(lambda: floating(low=-1e308, high=1e308), "needs a finite high - low, but got low=-1e")
    refused(lambda: floating(low=1e-300, high=1e300, log=True), "needs a finite high / low for a")
    refused(lambda: floating(low=0, high=1, log=True), "needs low > 0 for a log range")
    refused(lambda: floating(low=-1, high=1, log=True), "needs low > 0 for a log range")
    refused(lambda: floating(low="x", high=1), "must be a number, but got 'x'", ("low",))
    refused(lambda: floating(low=0, high=1, log="on"), "must be true or false", ("log",))
    refused(lambda: floating(low=0, high=0.7, step=0.2), "needs steps that lead from low to high")
    refused(lambda: floating(low=0, high=1, step=0.5, count=2), "takes either step or count")
    refused(lambda: floating(low=0, high=1, step=0), "must be a number above 0", ("step",))
    refused(lambda: floating(low=0, high=1, step=1e-6).points("x"), "needs a count of points")
    refused(lambda: floating(values=[1], step=1), "but got values and step")
    refused(lambda: floating(low=0, high=1, count=1), "a whole number of at least 2", ("count",))
    refused(lambda: floating(low=0, high=1, count=10**6), "a count of at most")
    refused(lambda: floating(low=0, high=1).points("x"), "needs a count of points for a grid")
    narrow = floating(low=1, high=1 + 1e-13, count=3)
    refused(lambda: narrow.points("x"), "too narrow")
    refused(lambda: floating(lo=1), "is an unknown key (did you mean 'low'?)", ("lo",))


def test_a_normal_axis_is_drawn_by_its_quantiles():
    axis = normal(mean=1, sd=0.2)
    assert [round(axis.quantile(share), 3) for share in (0.025, 0.5, 0.975)] == [0.608, 1, 1.392]
    assert [round(end, 1) for end in axis.ends] == [-0.2, 2.2] and axis.size("x") is None
    assert labels(normal(mean=0, sd=1, count=3)) == [-0.967421563433, 0, 0.967421563433]
    refused(lambda: axis.points("x"), "needs a count of points for a grid")
    refused(lambda: axis.point("x", 3), "must be from -0.199561 to 2.19956, but got 3")


def test_a_normal_axis_that_is_cut_off_is_truncated_and_not_clipped():
    axis = normal(mean=0, sd=1, low=0)
    assert axis.ends[0] == 0 and round(axis.quantile(0.5), 3) == 0.674
    both = normal(mean=0, sd=1, low=-1, high=1)
    assert both.ends == (-1, 1) and round(both.quantile(0.25), 3) == -0.442
    refused(lambda: normal(mean=0, sd=1, low=9), "needs ends that leave some of the distribution")
    refused(lambda: normal(mean=0, sd=1, low=1, high=1), "but got low=1 and high=1 of mean=0")
    refused(lambda: normal(mean=0, sd=0), "must be a number above 0", ("sd",))
    refused(lambda: normal(mean=0, sd=1, count=10**6), "a count of at most")


def test_layer_sets():
    axis = layers(sets=["none", [-2], [-3, -2]])
    assert labels(axis, "sn.layers") == ["none", "sn[-2]", "sn[-2,-3]"]
    assert layers(sets=["none", -2, [-3, -2]]) == axis
    assert axis.points("sn.layers")[2].params == {"sn.layers": (-2, -3)}
    words = layers(3, sets=["none", "intermediate"])
    assert labels(words, "sn.layers") == ["none", "intermediate"]
    assert words.points("sn.layers")[1].params == {"sn.layers": "intermediate"}


def test_all_subsets_of_the_shallowest_network():
    assert labels(layers(3, all_subsets={"max": 2}), "sn.layers") == [
        "none",
        "sn[-1]",
        "sn[-2]",
        "sn[-3]",
        "sn[-1,-2]",
        "sn[-1,-3]",
        "sn[-2,-3]",
    ]


def test_layer_sets_that_are_refused():
    refused(lambda: layers(), "needs either sets or all_subsets")
    refused(lambda: layers(sets=["none"], all_subsets={"max": 1}), "needs either sets or all_")
    refused(lambda: layers(sets=[]), "must hold at least one value", ("sets",))
    refused(lambda: layers(sets=["some"]), "a layer or a list like [-2,-3]", ("sets", 0))
    refused(lambda: layers(sets=[True]), "must be none, a layer or a list", ("sets", 0))
    refused(lambda: layers(sets=["-2,-3"]), "must be none, a layer or a list", ("sets", 0))
    refused(lambda: layers(sets=[2]), "must count layers from the output", ("sets", 0))
    refused(lambda: layers(sets=[-2, [-2]]), "repeats layers[-2]", ("sets", 1))
    refused(lambda: layers(sets=[[0]]), "must count layers from the output", ("sets", 0, 0))
    refused(lambda: layers(sets=[[-1.5]]), "must be a whole number", ("sets", 0, 0))
    refused(lambda: layers(sets=[[-2, -2]]), "repeats -2", ("sets", 0, 1))
    refused(lambda: layers(sets=[[-2, -3], [-3, -2]]), "repeats layers[-2,-3]", ("sets", 1))
    refused(lambda: layers(sets=["none", []]), "repeats none", ("sets", 1))
    refused(
        lambda: layers(3, sets=["none", [-1, -4]]),
        "names layer -4, but network a on b has 3 layers: -1 to -3",
        ("sets", 1),
    )
    refused(
        lambda: layers(2, sets=["none", "intermediate"]),
        "is intermediate, all layers but the first and the last, but network a on b has 2 layers",
        ("sets", 1),
    )
    refused(lambda: layers(sets=[["intermediate"]]), "must be a whole number", ("sets", 0, 0))
    refused(lambda: layers(all_subsets={"max": 0}), "of at least 1", ("all_subsets", "max"))
    refused(lambda: layers(3, all_subsets={"max": 4}), "must be at most 3", ("all_subsets", "max"))
    refused(lambda: layers(60, all_subsets={"max": 30}), "makes more than", ("all_subsets", "max"))
    refused(lambda: layers(all_subsets=2), "must be a mapping of max", ("all_subsets",))


@pytest.mark.parametrize(
    ("text", "value"), [("null", None), ("true", True), ("1", 1), ("0.5", 0.5), ("[1]", [1])]
)
def test_a_text_that_looks_like_another_value_needs_a_label(text, value):
    with pytest.raises(Invalid, match="looks in figures like values"):
        choice([value, "a", text])
    points = choice({"none": value, "word": text}).points("x")
    assert [point.params["x"] for point in points][1] == text
    with pytest.raises(Invalid, match="repeats"):
        choice([text, text])
