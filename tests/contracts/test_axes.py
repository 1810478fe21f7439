"""Every axis kind there is keeps the promises of `sweeper.space.axes.AxisKind`."""

from __future__ import annotations

import inspect
import json
import re

import optuna
import pytest

from sweeper import lookup
from sweeper.errors import Invalid
from sweeper.schema.base_model import validated
from sweeper.schema.yaml_text import parse
from sweeper.space.axes import AxisModel, Network
from tests.helpers.cases import each

EXAMPLES = {
    "choice": [{"values": ["a", True, [1, 2]]}, {"values": {"a": {"x": 1}, "b": {"x": [2]}}}],
    "float": [
        {"values": [1e-5, 1.0]},
        {"low": 1e-5, "high": 1.0, "log": True, "count": 4},
        {"low": -1, "high": 1, "count": 3},
        {"low": 0, "high": 0.7, "step": 0.1},
        {"low": 0.001, "high": 1, "log": True, "step": 0.001, "count": 4},
    ],
    "int": [
        {"values": [256, 64]},
        {"low": 1, "high": 16, "log": True, "count": 5},
        {"low": 2, "high": 8, "step": 3},
        {"low": -1, "high": 1},
        {"low": 0, "high": 9, "count": 3},
        {"low": 32, "high": 256, "log": True, "step": 8, "count": 4},
    ],
    "layers": [{"sets": ["none", [-1], [-3, -2]]}, {"all_subsets": {"max": 2}}],
    "norm": [{"values": ["none", "layer"]}, {"values": ["batch", "group"], "groups": [8, 16]}],
    "shape": [{"units": [128, 256], "layers": [1, 2, 4]}, {"values": [[256, 2], [64, 1]]}],
    "variant": [{"values": {"a": {"x": 1, "y.z": True}, "b": {"x": 1}}}],
}


def examples(kind):
    """Those above, or else the one of the kind's docstring."""
    if kind in EXAMPLES:
        return EXAMPLES[kind]
    said = inspect.getdoc(lookup.find("sweeper.space.axes", kind)) or ""
    found = re.findall(rf"`([\w.]+: {{kind: {kind}, .*}})`", said)
    assert found, f"the docstring of {kind} has no example"
    ((_, keys),) = parse(found[0], "example")[0].items()
    return [{name: value for name, value in keys.items() if name not in ("kind", "default")}]


CASES = [(kind, keys) for kind in lookup.names("sweeper.space.axes") for keys in examples(kind)]


def make(kind, keys):
    axis = validated(lookup.find("sweeper.space.axes", kind), {"kind": kind, **keys})
    return axis.resolved("first.second", lambda: Network(3, "network a on b"))


def test_all_examples_are_of_a_kind():
    assert set(EXAMPLES) <= set(lookup.names("sweeper.space.axes"))


@pytest.mark.parametrize("kind", lookup.names("sweeper.space.axes"))
def test_kinds_are_described_models(kind):
    axis = lookup.find("sweeper.space.axes", kind)
    assert issubclass(axis, AxisModel) and axis.__doc__ and isinstance(axis.structural, bool)
    with pytest.raises(Invalid, match="is an unknown key"):
        validated(axis, {"kind": kind, "nonsense": 1})


@each("kind, keys", CASES)
def test_a_title_is_kept_and_changes_no_point(kind, keys):
    titled = make(kind, keys | {"title": "η"})
    assert titled.model_dump(mode="json", exclude_defaults=True)["title"] == "η"
    assert titled.points("first") == make(kind, keys).points("first")


@each("kind, keys", CASES)
def test_points(kind, keys):
    points = make(kind, keys).points("first.second")
    assert points == make(kind, keys).points("first.second")
    labels = [point.label for point in points]
    assert len(set(labels)) == len(labels) == len({json.dumps(dict(p.params)) for p in points})
    for point in points:
        assert isinstance(point.label, str | int | float)
        own = [name for name in point.params if name.startswith("first.second")]
        assert point.params and (kind == "variant" or own == list(point.params))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["a", "b"], "must be a mapping of labels to parameters"),
        ({"a": 1}, "must be a mapping of parameters"),
        ({"a": {}}, "must set at least one parameter"),
        ({"a": {"x": 1}, "b": {"x": 1}}, "has the same value as 'a'"),
    ],
)
def test_a_variant_is_a_label_and_different_parameters(values, message):
    with pytest.raises(Invalid, match=message):
        make("variant", {"values": values})


def test_a_variant_sets_parameters_by_their_whole_names():
    points = make("variant", EXAMPLES["variant"][0]).points("first.second")
    assert [(p.label, dict(p.params)) for p in points] == [
        ("a", {"x": 1, "y.z": True}),
        ("b", {"x": 1}),
    ]


@each("kind, keys", CASES)
def test_round_trip(kind, keys):
    axis = make(kind, keys)
    data = json.loads(json.dumps(axis.model_dump(mode="json", exclude_defaults=True)))
    again = validated(type(axis), data)
    assert again == axis and again.points("first.second") == axis.points("first.second")


@each("kind, keys", CASES)
def test_optuna_takes_every_label(kind, keys):
    axis = make(kind, keys)
    distribution = axis.distribution("first.second")
    for point in axis.points("first.second"):
        internal = distribution.to_internal_repr(point.label)
        assert distribution._contains(internal)
        assert distribution.to_external_repr(internal) == point.label


@each("kind, keys", CASES)
def test_a_point_is_found_by_the_label_that_optuna_gives(kind, keys):
    axis = make(kind, keys)
    for point in axis.points("first.second"):
        found = axis.point("first.second", json.loads(json.dumps(point.label)))
        assert (found.value, found.label, found.params) == (point.value, point.label, point.params)
    for wrong in ("nonsense", 12345.5, True if kind != "choice" else "truth"):
        with pytest.raises(Invalid, match="must be"):
            axis.point("first.second", wrong)


@each("kind, keys", CASES)
def test_whatever_optuna_draws_is_a_point(kind, keys):
    axis = make(kind, keys)
    distribution = axis.distribution("first.second")
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(0))
    between = 0
    for _ in range(40):
        label = axis.nearest(study.ask({"first.second": distribution}).params["first.second"])
        point = axis.point("first.second", label)
        assert point.label == label and list(point.params.values())
        between += point.label not in [known.label for known in axis.points("first.second")]
    assert between == 0 or axis.ends is not None


@each("kind, keys", CASES)
def test_every_kind_takes_a_default_and_conditions(kind, keys):
    points = make(kind, keys).points("first.second")
    more = {"default": points[-1].label, "when": {"other": ["a", 1]}}
    axis = make(kind, keys | more)
    assert axis.point("first.second", axis.default).label == points[-1].label
    assert axis.when == {"other": ("a", 1)}
    data = json.loads(json.dumps(axis.model_dump(mode="json", exclude_defaults=True)))
    assert validated(type(axis), data) == axis
