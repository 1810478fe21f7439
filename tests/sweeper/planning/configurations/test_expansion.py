"""What spaces expand to: formulas, constraints, draws and the reference configuration."""

from __future__ import annotations

import json
import time

import optuna
import pytest

from sweeper.errors import Invalid, SweeperError
from sweeper.planning.configurations.constraints import Rejected
from sweeper.planning.plan import Plan
from sweeper.space.digest import differences, digest
from sweeper.space.space import Space
from sweeper.trainable.loading import load_trainable
from tests.helpers.rich_space import (
    EPS,
    MOMENTUM,
    NORM,
    OPTIMIZER,
    UNITS,
    expansion,
    labels,
    maker,
    params,
)


@pytest.fixture
def space(tmp_path):
    return maker(tmp_path)


def test_derived_parameters(space):
    made = space(
        axes={"asymmetry.alpha": {"kind": "float", "values": [0.2, 0.7]}, "network.units": UNITS},
        derived={
            "asymmetry.beta": "1 - asymmetry.alpha",
            "network.hidden": "2 * network.units",
            "limit": "network.hidden // 4",
        },
    )
    names = ("asymmetry.beta", "network.hidden", "limit")
    assert params(made, *names)[:4] == [
        (0.8, 128, 32),
        (0.8, 192, 48),
        (0.8, 256, 64),
        (1 - 0.7, 128, 32),
    ]


def test_a_derived_parameter_keeps_its_default_where_a_name_is_inactive(space):
    norm = NORM | {"when": {"optimizer": "adam"}, "groups": [8]}
    made = space(
        axes={"optimizer": OPTIMIZER, "norm": norm},
        derived={"limit": "norm.groups + 1", "network.hidden": "len(norm)"},
    )
    assert [dict(chosen).get("norm") for chosen in labels(made)] == ["none", "group[8]", None]
    assert params(made, "limit", "network.hidden") == [(None, 4), (9, 8), (None, 128)]


def test_constraints_drop_and_count(space):
    axes = {"network.units": UNITS, "norm": NORM}
    words = ["constraints=[network.units % norm.groups == 0]", "invalid=drop"]
    made = space(*words, axes=axes)
    grid = expansion(made).grid()
    kept = [(one.params["network.units"], one.labels["norm"]) for one in grid.configurations]
    assert kept == [
        (64, "none"),
        (64, "group[8]"),
        (96, "none"),
        (96, "group[8]"),
        (96, "group[48]"),
        (128, "none"),
        (128, "group[8]"),
    ]
    assert grid.dropped == 2
    plan = Plan(made, load_trainable(made))
    assert [trial.number for trial in plan.trials] == list(range(7)) and len(plan.runs) == 7
    refused_by_the_agent = space("invalid=drop", axes=axes)
    assert labels(refused_by_the_agent) == labels(made)


def test_a_derived_value_out_of_range_is_an_invalid_combination(space):
    axes = {"asymmetry.alpha": {"kind": "float", "values": [0.2, 0.7]}}
    made = space("invalid=drop", axes=axes, derived={"asymmetry.beta": "asymmetry.alpha * 2"})
    assert params(made, "asymmetry.beta") == [(0.4,)]


def test_layer_sets_know_the_networks_that_there_are(space):
    """Depths of inactive, zipped and dropped combinations do not count, derived ones do."""
    layers = {"kind": "layers", "sets": ["none", [-5]]}
    deep = {"kind": "int", "values": [2, 4], "when": {"optimizer": "adam"}}

    def depth(*words, **keys):
        with pytest.raises(SweeperError) as caught:
            space(*words, **{"axes": {"sn.layers": layers} | keys.pop("axes"), **keys})
        return str(caught.value).partition("but ")[2]

    assert depth(axes={"network.layers": deep, "optimizer": OPTIMIZER}) == (
        "network 2 adam on minatar/breakout has 3 layers: -1 to -3"
    )
    only = deep | {"values": [4]}
    assert depth(axes={"network.layers": only, "optimizer": OPTIMIZER}) == (
        "network sgd on minatar/breakout has 3 layers: -1 to -3"
    )
    both = {"network.layers": {"kind": "int", "values": [2, 4]}, "network.units": UNITS}
    small = {"constraints": ["network.layers > 2"], "invalid": "drop"}
    made = space(axes={"sn.layers": layers} | both, **small)
    assert len(labels(made)) == 6
    assert depth(
        axes={"network.units": UNITS}, derived={"network.layers": "network.units // 32"}
    ) == ("network 64 on minatar/breakout has 3 layers: -1 to -3")


def test_draws_ask_for_active_axes_alone_and_apply_everything(space):
    made = space(
        axes={
            "optimizer": OPTIMIZER,
            "optimizer.momentum": MOMENTUM | {"values": None, "low": 0, "high": 0.9, "count": 2},
            "network.units": UNITS,
            "network.hidden": {"kind": "choice", "values": [1, 2, 3]},
            "network.layers": {"kind": "int", "low": 1, "high": 8, "log": True, "count": 4},
        },
        zip=[["network.units", "network.hidden"]],
        derived={"asymmetry.beta": "1 - optimizer.momentum"},
        constraints=["network.units * network.layers <= 512"],
        invalid="drop",
    )
    wanted = {
        "optimizer": "sgd",
        "optimizer.momentum": 0.123,
        "network.units": 96,
        "network.layers": 3,
    }
    asked = {}

    def choose(name, distribution, axis):
        asked[name] = distribution
        return wanted[name]

    drawn = expansion(made).draw(choose)
    assert list(asked) == ["optimizer", "optimizer.momentum", "network.units", "network.layers"]
    assert asked["optimizer.momentum"] == optuna.distributions.FloatDistribution(0, 0.9)
    assert asked["network.units"] == optuna.distributions.CategoricalDistribution([64, 96, 128])
    assert asked["network.layers"] == optuna.distributions.IntDistribution(1, 8, log=True)
    assert dict(drawn.labels) == {**wanted, "network.hidden": 2}
    assert drawn.params["asymmetry.beta"] == 1 - 0.123
    assert json.loads(drawn.text)["network.hidden"] == 2
    asked.clear()
    wanted["optimizer"] = "adam"
    assert "optimizer.momentum" not in expansion(made).draw(choose).labels
    assert "optimizer.momentum" not in asked
    wanted["network.layers"] = 8
    with pytest.raises(Rejected, match=r"does not hold for optimizer=adam, network\.units=96"):
        expansion(made).draw(choose)


def test_a_draw_that_is_refused_by_what_is_trained_is_rejected(space):
    made = space("invalid=drop", axes={"norm": NORM, "network.units": UNITS})
    wanted = {"norm": "group[48]", "network.units": 64}
    with pytest.raises(Rejected, match=r"must divide network\.units=64, but got 48"):
        expansion(made).draw(lambda name, *_: wanted[name])


def test_a_range_without_a_count_can_be_drawn_but_has_no_grid(space):
    made = space(axes={"optimizer.lr": {"kind": "float", "low": 1e-5, "high": 1, "count": 2}})
    ranged = made.axes["optimizer.lr"].model_copy(update={"count": None})
    free = expansion(made.model_copy(update={"axes": {"optimizer.lr": ranged}}))
    assert free.draw(lambda *_: 0.5).params["optimizer.lr"] == 0.5
    with pytest.raises(Invalid, match="needs a count of points for a grid"):
        list(free.grid().configurations)


def test_a_sampler_draws_from_ranges_that_have_no_grid(space):
    """Depth, digest and conditions need no points of them."""
    keys = {
        "axes": {
            "optimizer": OPTIMIZER,
            "optimizer.eps": {
                "kind": "float",
                "low": 1e-5,
                "high": 1,
                "when": {"optimizer": "adam"},
            },
            "network.layers": {"kind": "int", "low": 1, "high": 16, "log": True},
            "sn.layers": {"kind": "layers", "sets": ["none", [-2]]},
            "norm": NORM,
        },
        "sampler": "random",
        "trials": 30,
        "invalid": "drop",
    }
    made = space(**keys)
    plan = Plan(made, load_trainable(made))
    assert len(plan.trials) == 30
    for trial in plan.trials:
        assert ("optimizer.eps" in trial.labels) == (trial.labels["optimizer"] == "adam")
        assert trial.labels["norm"] != "group[48]"
    again = Space.parse(json.loads(json.dumps(made.dump())))
    assert again == made and digest(again) == digest(made)
    other = space("axes.network.layers.high=8", **keys)
    assert list(differences(made, other)) == ["axes.network.layers"]


def test_the_reference_is_all_defaults(space):
    axes = {
        "optimizer": OPTIMIZER | {"default": "sgd"},
        "optimizer.eps": EPS,
        "optimizer.momentum": MOMENTUM | {"default": "0.9"},
        "network.layers": {
            "kind": "int",
            "low": 1,
            "high": 8,
            "log": True,
            "count": 4,
            "default": 3,
        },
        "network.units": UNITS | {"default": 96},
        "network.hidden": {"kind": "choice", "values": [32, 64, 99]},
        "norm": NORM | {"default": "group[8]"},
    }
    group = [["network.units", "network.hidden"]]
    made = space("invalid=drop", axes=axes, zip=group)
    assert dict(expansion(made).reference().labels) == {
        "optimizer": "sgd",
        "optimizer.momentum": 0.9,
        "network.layers": 3,
        "network.units": 96,
        "network.hidden": 64,
        "norm": "group[8]",
    }
    assert (
        expansion(space("invalid=drop", "axes.norm.default=null", axes=axes, zip=group)).reference()
        is None
    )
    plain = space(
        "invalid=drop", *(f"axes.{name}.default=null" for name in axes), axes=axes, zip=group
    )
    assert digest(plain) == digest(made)


def test_everything_can_be_overridden(space):
    axes = {"optimizer": OPTIMIZER, "optimizer.eps": EPS, "network.units": UNITS}
    keys = {
        "axes": axes,
        "derived": {"asymmetry.beta": "0.25"},
        "constraints": ["network.units > 64"],
        "invalid": "drop",
    }
    made = space(**keys)
    assert len(labels(made)) == 6
    assert len(labels(space("constraints=null", **keys))) == 9
    assert len(labels(space("constraints=[]", **keys))) == 9
    changed = space("axes.optimizer.eps.when.optimizer=sgd", **keys)
    assert changed.axes["optimizer.eps"].when == {"optimizer": ("sgd",)}
    free = space("axes.optimizer.eps.when=null", **keys)
    assert len(labels(free)) == 8
    assert len(labels(space("axes.optimizer.eps.when.optimizer=null", **keys))) == 8
    more = space("axes.network.units.when.optimizer=adam", "constraints=null", **keys)
    assert len(labels(more)) == 7
    lone = space("derived.asymmetry.beta=null", "derived.limit=network.units - 1", **keys)
    assert lone.derived == {"limit": "network.units - 1"}
    zipped = space("zip=[[optimizer,network.units]]", "axes.network.units.values=[96,128]", **keys)
    assert zipped.zip == (("optimizer", "network.units"),) and len(labels(zipped)) == 3


def test_formulas_and_conditions_cost_little(space):
    """20,000 trials: a hundred thousand expand in about a second more than a plain grid's."""
    rate = {"kind": "float", "low": 1e-5, "high": 1, "log": True, "count": 100}
    each = {"kind": "float", "low": 0, "high": 1, "count": 100}
    rich = {
        "optimizer": OPTIMIZER,
        "optimizer.lr": rate,
        "optimizer.eps": each | {"when": {"optimizer": "adam"}},
        "optimizer.momentum": each | {"when": {"optimizer": "sgd"}},
    }
    formulas = {
        "derived": {"asymmetry.beta": "1 - asymmetry.alpha * optimizer.lr"},
        "constraints": ["optimizer.lr * 2 > optimizer.eps - 2", "optimizer.momentum <= 1"],
    }
    plain = {"optimizer.lr": rate, "optimizer.eps": rate | {"count": 200}}
    times = []
    for keys in ({"axes": plain}, {"axes": rich} | formulas):
        made = expansion(space(**keys))
        before = time.process_time()
        assert sum(1 for _ in made.grid().configurations) == 20_000
        times.append(time.process_time() - before)
    assert times[1] - times[0] < 1
