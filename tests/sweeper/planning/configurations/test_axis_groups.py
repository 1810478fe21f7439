"""Axes under conditions and in zip groups: what a grid holds, in which order."""

from __future__ import annotations

import pytest

from sweeper.errors import SweeperError
from sweeper.planning.plan import Plan
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


def test_an_inactive_axis_sets_nothing_and_is_absent(space):
    made = space(axes={"optimizer": OPTIMIZER, "optimizer.momentum": MOMENTUM})
    assert labels(made) == [
        (("optimizer", "adam"),),
        (("optimizer", "sgd"), ("optimizer.momentum", 0.0)),
        (("optimizer", "sgd"), ("optimizer.momentum", 0.9)),
    ]
    assert params(made, "optimizer.momentum") == [(0.0,), (0.0,), (0.9,)]
    plan = Plan(made, load_trainable(made))
    assert [trial.values for trial in plan.trials] == [
        {"optimizer": "adam"},
        {"optimizer": "sgd", "optimizer.momentum": 0.0},
        {"optimizer": "sgd", "optimizer.momentum": 0.9},
    ]
    assert [trial.number for trial in plan.trials] == [0, 1, 2]


def test_conditions_hold_at_any_depth_and_an_axis_stands_behind_what_it_depends_on(space):
    made = space(
        axes={
            "optimizer.eps": EPS | {"when": {"optimizer.momentum": 0.9}},
            "loss": {"kind": "choice", "values": ["mse", "huber"]},
            "optimizer.momentum": MOMENTUM,
            "optimizer": OPTIMIZER,
        }
    )
    assert expansion(made).axes == ("loss", "optimizer", "optimizer.momentum", "optimizer.eps")
    found = [dict(chosen) for chosen in labels(made)]
    assert [chosen.get("optimizer.eps") for chosen in found] == [None, None, 1e-4, 1e-2] * 2
    assert [chosen["loss"] for chosen in found] == ["mse"] * 4 + ["huber"] * 4


SMALL = {"kind": "choice", "values": {"small": {"units": 96}, "wide": {"units": 480}}}


@pytest.mark.parametrize(
    ("axes", "when", "active"),
    [
        ({"network": SMALL}, {"network": "small"}, [1, 0]),
        ({"network": SMALL}, {"network": ["small", "wide"]}, [1, 1]),
        ({"norm": NORM}, {"norm": "group"}, [0, 1, 1]),
        ({"norm": NORM}, {"norm": "group[48]"}, [0, 0, 1]),
        ({"norm": NORM}, {"norm": ["none", "group[8]"]}, [1, 1, 0]),
        ({"network.units": UNITS}, {"network.units": "96"}, [0, 1, 0]),
        ({"network.convs": {"kind": "choice", "values": [[16], [16, 16]]}},
         {"network.convs": [[16, 16]]}, [0, 1]),
        ({"body": {"kind": "shape", "values": [[1, 2], [2, 1]]}}, {"body": "2x1"}, [0, 1]),
        ({"clip": {"kind": "choice", "values": [False, True]}}, {"clip": True}, [0, 1]),
        ({"network": SMALL, "loss": {"kind": "choice", "values": ["mse", "huber"]}},
         {"loss": "huber", "network": "wide"}, [0, 0, 0, 1]),
    ],
)  # fmt: skip
def test_a_condition_names_labels_or_values_one_or_several(space, axes, when, active):
    rate = {"optimizer.lr": {"kind": "float", "values": [1e-3], "when": when}}
    fixed = {} if {"network", "network.units", "body"} & set(axes) else {"network.units": 96}
    keys = {"agent": None, "function": "f.py:train", "evaluation": None} if "body" in axes else {}
    found = labels(space(axes=rate | axes, fixed=fixed, **keys))
    assert [int("optimizer.lr" in dict(chosen)) for chosen in found] == active


def test_zipped_axes_move_together_where_the_first_stands(space):
    made = space(
        axes={
            "optimizer.lr": {"kind": "float", "values": [1e-3, 1e-4]},
            "network.hidden": {"kind": "choice", "values": [32, 64, 99]},
            "loss": {"kind": "choice", "values": ["mse", "huber"]},
            "network.units": UNITS,
        },
        zip=[["network.units", "network.hidden"]],
    )
    assert expansion(made).axes == ("optimizer.lr", "loss", "network.units", "network.hidden")
    assert params(made, "optimizer.lr", "loss", "network.units", "network.hidden")[:4] == [
        (1e-3, "mse", 64, 32),
        (1e-3, "mse", 96, 64),
        (1e-3, "mse", 128, 99),
        (1e-3, "huber", 64, 32),
    ]
    assert len(labels(made)) == 12


def test_a_zip_group_is_active_as_its_first_axis_is(space):
    made = space(
        axes={
            "optimizer": OPTIMIZER,
            "optimizer.momentum": MOMENTUM,
            "optimizer.lr": {"kind": "float", "values": [1e-3, 1e-4]},
            "clip": {"kind": "choice", "values": [True, False], "when": {"optimizer.lr": 1e-4}},
        },
        zip=[["optimizer.momentum", "optimizer.lr"]],
    )
    assert [dict(chosen) for chosen in labels(made)] == [
        {"optimizer": "adam"},
        {"optimizer": "sgd", "optimizer.momentum": 0.0, "optimizer.lr": 1e-3},
        {"optimizer": "sgd", "optimizer.momentum": 0.9, "optimizer.lr": 1e-4, "clip": "true"},
        {"optimizer": "sgd", "optimizer.momentum": 0.9, "optimizer.lr": 1e-4, "clip": "false"},
    ]


def test_axes_that_exclude_each_other_may_set_the_same_parameter(space):
    def body(units, optimizer):
        values = {f"w{n}": {"units": n} for n in units}
        return {"kind": "choice", "values": values, "when": {"optimizer": optimizer}}

    first = body([64, 128], "adam")
    made = space(axes={"optimizer": OPTIMIZER, "network": first})
    assert params(made, "network.units") == [(64,), (128,), (64,)]
    shape = {"kind": "int", "values": [32], "when": {"optimizer": "sgd"}}
    made = space(axes={"optimizer": OPTIMIZER, "network": first, "network.units": shape})
    assert params(made, "network.units") == [(64,), (128,), (32,)]
    with pytest.raises(SweeperError) as caught:
        space(
            "axes.network.units.when.optimizer=[adam,sgd]",
            axes={"optimizer": OPTIMIZER, "network": first, "network.units": shape},
        )
    assert str(caught.value).endswith(
        "axes.network.units sets network.units, which axes.network sets too"
    )
