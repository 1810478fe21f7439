"""Axes of one name in several blocks, whatever their kinds, as figures and exports take them."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from sweeper import lookup
from sweeper.errors import SweeperError
from sweeper.planning.configurations.sequences import at
from sweeper.results.axis import axis_of
from sweeper.results.export import optuna_storage
from sweeper.space.blocks.parts import JoinedAxis
from tests.helpers.cases import each
from tests.helpers.constructed_study import constructed
from tests.helpers.figures import drawn
from tests.helpers.function_space import loaded

KINDS: dict[str, dict[str, Any]] = {
    "by ratio": {"kind": "float", "low": 1e-5, "high": 0.1, "log": True},
    "below 0": {"kind": "float", "low": -1, "high": 1},
    "by steps": {"kind": "float", "low": 0, "high": 1, "step": 0.1},
    "floats": {"kind": "float", "values": [0, 0.1]},
    "ints": {"kind": "int", "values": [1, 2]},
    "ints by ratio": {"kind": "int", "low": 1, "high": 64, "log": True},
    "ints by steps": {"kind": "int", "low": -3, "high": 9, "step": 3},
    "normal": {"kind": "normal", "mean": 0, "sd": 1},
    "null": {"kind": "choice", "values": [None, 0.5, "a"]},
    "switch": {"kind": "choice", "values": [True, False]},
    "labelled": {"kind": "choice", "values": {"s": {"u": 1}, "l": {"u": 2}}},
    "layers": {"kind": "layers", "sets": ["none", -1, [-1, -2]]},
}


def made(keys: dict[str, Any]) -> Any:
    return lookup.find("sweeper.space.axes", keys["kind"]).model_validate(keys)


AXES = {name: made(keys) for name, keys in KINDS.items()}


@each("one, two", [*product(KINDS, KINDS)])
def test_a_joined_axis_holds_what_each_block_draws(one: str, two: str) -> None:
    axes = (AXES[one], AXES[two])
    labels = []
    for axis in axes:
        over = axis.distribution("x")
        labels += [axis.nearest(axis.quantile(share) or at(over, share)) for share in (0.1, 0.9)]
    joined = JoinedAxis("x", axes)
    whole = joined.distribution("x", labels)
    for label in labels:
        frozen = optuna.create_trial(value=0, params={"x": label}, distributions={"x": whole})
        assert frozen.params == {"x": label}
    assert not joined.log or min(joined.ends or (0,)) > 0


def test_the_range_of_a_joined_axis_is_by_ratio_only_above_zero() -> None:
    ratio = AXES["by ratio"]
    whole = JoinedAxis("x", (ratio, AXES["ints"])).distribution("x")
    assert whole == FloatDistribution(1e-5, 2, log=True)
    whole = JoinedAxis("x", (ratio, AXES["floats"])).distribution("x")
    assert whole == FloatDistribution(0, 0.1)
    whole = JoinedAxis("x", (AXES["ints by ratio"], AXES["ints"])).distribution("x")
    assert whole == IntDistribution(1, 64, log=True)
    whole = JoinedAxis("x", (ratio, AXES["null"])).distribution("x", [0.01])
    assert whole == CategoricalDistribution((1e-5, 0.1, "null", "0.5", "a", 0.01))


def test_a_random_study_of_rates_by_ratio_and_zero_ends_with_figures(tmp_path: Path) -> None:
    study = constructed(
        tmp_path,
        {
            "study": "rates",
            "function": "file.py:train",
            "sampler": "random",
            "trials": 8,
            "blocks": {
                "logs": {"axes": {"lr": KINDS["by ratio"]}},
                "zero": {"axes": {"lr": KINDS["floats"], "z": KINDS["ints"]}},
            },
            "tasks": {"any": {"low": 0, "high": 1}},
            "seeds": 1,
            "steps": 1,
            "score": {"metric": "value"},
        },
        lambda run, labels: ("complete", [(1, {"value": 0.5})]),
    )
    where = optuna_storage.write(study, study.ledger_state())
    assert "optuna" in where
    axis = axis_of("lr", study)
    assert axis.drawn and not axis.log and axis.known[0] == 0.0
    assert drawn(study, "sensitivity").table is not None


def test_counted_points_are_refused_in_any_block_that_a_sampler_draws_from(tmp_path: Path) -> None:
    counted = {"kind": "float", "low": 0, "high": 1, "count": 3}
    blocks = {"a": {"axes": {"x": KINDS["below 0"]}}, "b": {"axes": {"x": counted}}}
    with pytest.raises(SweeperError, match=r"blocks\.b\.axes\.x\.count must go: points are"):
        loaded(tmp_path, sampler="random", trials=4, blocks=blocks)
