"""Words become options and overrides; overrides replace values at dotted paths."""

from __future__ import annotations

import copy

import pytest

from sweeper.errors import Invalid, SweeperError
from sweeper.schema.document import Document
from sweeper.space.overrides import Override, apply, parse_words, scale_overrides
from tests.helpers.cases import each

OPTIONS = ("scale", "name", "workers")


def test_words_are_options_or_overrides():
    words = ["scale=smoke", "seeds=3", "axes.optimizer.lr.values=[1e-4,1e-3]", "loss=a=b"]
    options, overrides = parse_words(words[:3], OPTIONS)
    assert options == {"scale": "smoke"}
    assert [(override.key, override.value) for override in overrides] == [
        ("seeds", 3),
        ("axes.optimizer.lr.values", [1e-4, 1e-3]),
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e6", 1e6),
        ("off", "off"),
        ("true", True),
        ("null", None),
        ("{low: 0, high: 1}", {"low": 0, "high": 1}),
        ("'3'", "3"),
        ("a=b", "a=b"),
        ("none", "none"),
    ],
)
def test_values_follow_the_files_rules(text, value):
    (override,) = parse_words([f"fixed.x={text}"], OPTIONS)[1]
    assert override.value == value and type(override.value) is type(value)


@each(
    "words, message",
    [
        (["smoke"], "words are key=value, but 'smoke' has no '='"),
        (["scal"], "words are key=value, but 'scal' has no '=' (did you mean 'scale'?)"),
        (["=3"], "has no whole key before the '='"),
        (["axes..values=3"], "has no whole key before the '='"),
        (["name="], "name= needs a value"),
        (["name=  "], "name= needs a value"),
        (["seeds="], "seeds= needs a value"),
        (["seeds=1", "seeds=2"], "seeds= is given twice"),
        (["scale=a", "scale=b"], "scale= is given twice"),
        (["sead=3"], "unknown option or key of the space 'sead' (did you mean 'seeds'?); valid: s"),
        (["worker=3"], "unknown option or key of the space 'worker' (did you mean 'workers'?)"),
        (["scales.laptop.seeds=3"], "unknown option or key of the space 'scales.laptop.seeds'"),
        (["seeds=[1"], "seeds=[1: this is not valid YAML"),
        (["seeds=!!int 3"], "seeds=!!int 3: tags are refused"),
        (["seeds={a: 1, a: 2}"], "the key a is there twice"),
    ],
)
def test_words_that_are_refused(words, message):
    with pytest.raises(SweeperError) as caught:
        parse_words(words, OPTIONS)
    assert message in str(caught.value)


def test_commands_without_a_space_take_options_only():
    with pytest.raises(SweeperError, match="unknown option 'seeds'; valid: study"):
        parse_words(["seeds=3"], ["study"], keys=())


SPACE = {
    "seeds": 2,
    "evaluation": None,
    "score": {"metric": "return"},
    "fixed": {"optimizer.beta1": 0.9},
    "axes": {
        "optimizer.lr": {"kind": "float", "values": [1, 2]},
        "sn": {"kind": "choice", "values": {"a.b": {"x.y": 1}}},
        "sn.layers": {"kind": "layers", "sets": ["none"]},
    },
    "tasks": {"minatar/breakout": {"low": 0, "high": 1}},
}


@each(
    "key, path",
    [
        ("seeds", ["seeds"]),
        ("steps", ["steps"]),
        ("axes.optimizer.lr.values", ["axes", "optimizer.lr", "values"]),
        ("axes.optimizer.lr.count", ["axes", "optimizer.lr", "count"]),
        ("axes.optimizer.lr", ["axes", "optimizer.lr"]),
        ("axes.optimizer.eps", ["axes", "optimizer.eps"]),
        ("axes.sn.layers.sets", ["axes", "sn.layers", "sets"]),
        ("axes.sn.values.a.b.x.y", ["axes", "sn", "values", "a.b", "x.y"]),
        ("axes.sn.values.a.b.new.one", ["axes", "sn", "values", "a.b", "new.one"]),
        ("fixed.optimizer.beta1", ["fixed", "optimizer.beta1"]),
        ("fixed.optimizer.beta2", ["fixed", "optimizer.beta2"]),
        ("tasks.minatar/breakout.low", ["tasks", "minatar/breakout", "low"]),
        ("tasks.minatar/asterix", ["tasks", "minatar/asterix"]),
        ("score.at", ["score", "at"]),
        ("evaluation.every", ["evaluation", "every"]),
        ("limits.deaths", ["limits", "deaths"]),
    ],
)
def test_a_path_finds_keys_with_dots(key, path):
    document = Document("x.yaml", copy.deepcopy(SPACE))
    apply(document, Override(key, "new"))
    found = document.data
    for part in path:
        found = found[part]
    assert found == "new"


def test_null_takes_a_key_away():
    document = Document("x.yaml", copy.deepcopy(SPACE))
    apply(document, Override("axes.optimizer.lr", None))
    apply(document, Override("fixed.nothing", None))
    assert list(document.data["axes"]) == ["sn", "sn.layers"]
    assert document.data["fixed"] == {"optimizer.beta1": 0.9}


def test_a_parameter_whose_name_goes_on_after_that_of_another():
    document = Document("x.yaml", {"fixed": {"diagnostics": ["a"]}})
    apply(document, Override("fixed.diagnostics.every", 500))
    assert document.data["fixed"] == {"diagnostics": ["a"], "diagnostics.every": 500}
    document = Document("x.yaml", {"fixed": {"diagnostics.every": 500}})
    apply(document, Override("fixed.diagnostics", ["a"]))
    assert document.data["fixed"] == {"diagnostics": ["a"], "diagnostics.every": 500}


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("seeds.low", "seeds is 2, not a mapping, so it has no keys"),
        (
            "axes.optimizer.lr.values.x",
            "axes.optimizer.lr.values is the list [1, 2], not a mapping, so it has no keys",
        ),
        ("score.a.b", "there is no score.a.b in the space"),
    ],
)
def test_paths_that_lead_nowhere(key, message):
    with pytest.raises(SweeperError) as caught:
        apply(Document("x.yaml", copy.deepcopy(SPACE)), Override(key, 3, {(): f"{key}=3"}))
    assert str(caught.value) == f"{key}=3: {message}"


def test_the_place_of_an_overridden_value_is_the_override():
    document = Document("x.yaml", {"seeds": [1, 2]}, {("seeds",): "x:1", ("seeds", 0): "x:1"})
    apply(document, Override("seeds", [3], {(): "seeds=[3]"}))
    assert document.place(("seeds", 0)) == "seeds=[3]"


def test_an_error_about_more_than_was_overridden_names_the_word_too():
    data = {"axes": {"norm": {"values": ["group"], "groups": [2]}}, "seeds": 3}
    places = {("axes", "norm"): "x.yaml:4", ("axes", "norm", "groups"): "x.yaml:5"}
    document = Document("x.yaml", data, {**places, ("seeds",): "x.yaml:6"})
    path = ("axes", "norm")
    assert str(document.error(path, "is bad")) == "x.yaml:4: axes.norm is bad"
    apply(document, Override("axes.norm.groups", [7], {(): "axes.norm.groups=[7]"}))
    told = "x.yaml:4 (with axes.norm.groups=[7]): axes.norm is bad"
    assert str(document.error(path, "is bad")) == told
    assert str(document.error(("seeds",), "is bad")) == "x.yaml:6: seeds is bad"


def test_scales_are_overrides_with_lines():
    data = {"scales": {"smoke": {"seeds": [3]}, "paper": None}}
    places = {("scales", "smoke", "seeds"): "x:7", ("scales", "smoke", "seeds", 0): "x:8"}
    document = Document("x.yaml", data, places)
    assert scale_overrides(document, "paper") == []
    (override,) = scale_overrides(document, "smoke")
    assert override == Override("seeds", [3], {(): "x:7", (0,): "x:8"})


def test_scales_that_are_wrong():
    document = Document("x.yaml", {"scales": {"a": 3, "b": {"sedes": 3}}}, {})
    with pytest.raises(Invalid, match=r"must be a mapping .*but got 3") as caught:
        scale_overrides(document, "a")
    assert caught.value.path == ("scales", "a")
    with pytest.raises(Invalid, match=r"is no key of a space .*'seeds'") as caught:
        scale_overrides(document, "b")
    assert caught.value.path == ("scales", "b", "sedes")


@pytest.mark.parametrize(
    ("key", "value", "path"),
    [
        ("axes.sn.new", {"kind": "float"}, ["axes", "sn.new"]),
        ("axes.sn.layers", {"kind": "choice"}, ["axes", "sn.layers"]),
        ("axes.sn.values.c", {"kind": 1}, ["axes", "sn", "values", "c"]),
        ("axes.sn.when.loss", "huber", ["axes", "sn", "when", "loss"]),
        ("axes.sn.when.network.kind", "huber", ["axes", "sn", "when", "network.kind"]),
        ("axes.sn.when", {"loss": "mse"}, ["axes", "sn", "when"]),
        ("derived.asymmetry.beta", "1 - x", ["derived", "asymmetry.beta"]),
        ("zip", [["a", "b"]], ["zip"]),
        ("constraints", ["a > b"], ["constraints"]),
        ("invalid", "drop", ["invalid"]),
    ],
)
def test_axes_conditions_and_formulas_can_be_added(key, value, path):
    document = Document("x.yaml", copy.deepcopy(SPACE))
    apply(document, Override(key, value))
    found = document.data
    for part in path:
        found = found[part]
    assert found == value
