"""Ranges of whole numbers that samplers draw from are never written out, however long they are."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from optuna.distributions import FloatDistribution, IntDistribution

from sweeper.errors import SweeperError
from sweeper.ledger.writer import Writer
from sweeper.planning.plan import Plan
from sweeper.space import axes as axis_kinds
from sweeper.space.axes import int as ints
from sweeper.space.digest import differences, digest, essentials
from sweeper.space.samplers import ADAPTIVE
from sweeper.space.space import Space
from sweeper.study import studies
from sweeper.study.sampling.advisor import Advisor
from sweeper.trainable.loading import load_trainable
from tests.helpers import function_space
from tests.helpers.paths import FAKE_AGENT

LONG = {"kind": "int", "low": 0, "high": 99_999}


@pytest.fixture
def loaded(tmp_path: Path) -> Callable[..., Space]:
    """A space of a function over two long ranges, further keys replaced."""

    def make(**keys: Any) -> Space:
        given = {"axes": {"a": LONG, "b": LONG}, "sampler": "random", "trials": 4, **keys}
        return function_space.loaded(tmp_path, **given)

    return make


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """All points of whole-number axes that were made."""
    points: list[object] = []

    def point(*args: Any) -> axis_kinds.Point:
        points.append(args)
        return axis_kinds.Point(*args)

    monkeypatch.setattr(ints, "Point", point)
    yield points


@pytest.mark.parametrize("sampler", ["random", "qmc", "tpe", "gp", "cmaes", "nsgaii"])
def test_a_long_range_is_not_written_out(
    loaded: Callable[..., Space], made: list[object], tmp_path: Path, sampler: str
) -> None:
    space = loaded(sampler=sampler, figures=[{"heatmap": {"x": "a", "y": "b"}}])
    started = studies.start(tmp_path / "study", space)
    if sampler in ADAPTIVE:
        state = started.ledger_state(reports=False)
        Advisor(started, state, Writer(started.paths.ledger, "w", {})).plan(4)
        started.refresh()
    assert len(started.plan.trials) == 4
    studies.start(tmp_path / "study", space)
    assert digest(space) == digest(Space.parse(json.loads(json.dumps(space.dump()))))
    assert len(made) < 5000  # two a draw, a thousand of which are tried


def test_draws_are_those_of_a_written_out_range(loaded: Callable[..., Space]) -> None:
    space = loaded(axes={"a": LONG, "b": {"kind": "int", "low": 2, "high": 11, "step": 3}})
    plan = Plan(space, load_trainable(space))
    found = [(trial.labels["a"], trial.labels["b"]) for trial in plan.trials]
    assert found == [(63696, 5), (4097, 2), (81327, 11), (60663, 8)]


def test_a_condition_on_a_long_range_writes_nothing_out(
    loaded: Callable[..., Space], made: list[object]
) -> None:
    step = {"kind": "int", "low": 0, "high": 80_000, "step": 4}
    more = {"kind": "float", "low": 0, "high": 1, "when": {"a": [4, "8"]}}
    space = loaded(axes={"a": step, "c": more})
    trainable = load_trainable(space)
    expansion = Plan(space, trainable).expansion
    for value, active in {4: True, 8: True, 12: False}.items():
        drawn = expansion.draw(lambda name, *_, value=value: {"a": value, "c": 0.5}[name])
        assert ("c" in drawn.labels) == active
    assert len(made) < 2500
    for value, said in {
        5: "from 0 to 80000 by steps of 4, but got 5",
        80_004: "but got 80004",
    }.items():
        with pytest.raises(SweeperError, match=f"axes.c.when.a must be a value of a: .*{said}"):
            loaded(axes={"a": step, "c": {**more, "when": {"a": value}}})


def test_a_range_that_a_grid_cuts_is_no_condition(loaded: Callable[..., Space]) -> None:
    more = {"kind": "float", "low": 0, "high": 1, "when": {"a": 4}}
    for cut in ({"log": True, "low": 1}, {"count": 3}):
        with pytest.raises(SweeperError, match="a is a range: list its values"):
            loaded(axes={"a": {**LONG, **cut}, "c": more})


def test_depths_of_long_ranges_are_looked_at_at_their_ends(
    loaded: Callable[..., Space], made: list[object]
) -> None:
    keys = {
        "function": None,
        "agent": f"{FAKE_AGENT}:Rich",
        "tasks": {"minatar/breakout": {"low": 0, "high": 1}},
        "evaluation": {"every": 1, "episodes": 1},
        "score": {"metric": "return"},
    }
    layers = {"kind": "layers", "all_subsets": {"max": 1}}
    depth = {"kind": "int", "low": 2, "high": 9000}
    space = loaded(axes={"sn.layers": layers, "network.layers": depth}, **keys)
    assert len(space.axes["sn.layers"].points("sn.layers")) == 4
    assert len(made) < 5000
    odd = {"constraints": ["network.layers % 2 == 1"], "invalid": "drop", **keys}
    short = loaded(axes={"sn.layers": layers, "network.layers": {**depth, "high": 9}}, **odd)
    assert len(short.axes["sn.layers"].points("sn.layers")) == 5
    inside = loaded(axes={"sn.layers": layers, "network.layers": depth}, **odd)
    assert len(inside.axes["sn.layers"].points("sn.layers")) >= 5


def test_a_figure_of_a_range_takes_as_many_values_as_there_are_trials_or_numbers(
    loaded: Callable[..., Space],
) -> None:
    few = {"kind": "int", "low": 1, "high": 3}
    for axes, trials, fits in (
        ({"a": LONG, "b": LONG}, 4, True),
        ({"a": LONG, "b": LONG}, 40, False),
        ({"a": few, "b": LONG}, 40, True),
    ):
        keys = {"axes": axes, "trials": trials, "figures": [{"curves": {"hue": "a"}}]}
        if fits:
            assert loaded(**keys).figures
        else:
            with pytest.raises(SweeperError, match="takes an axis of at most"):
                loaded(**keys)


def test_the_digest_tells_ranges_apart_and_keeps_its_form_for_short_ones(
    loaded: Callable[..., Space],
) -> None:
    """Studies that were begun before hold the numbers of short ranges one by one."""

    def space(**keys: int) -> Space:
        return loaded(axes={"a": {"kind": "int", "low": 0, "high": 8000, **keys}})

    first = space()
    assert differences(first, space(high=8008)) == {
        "axes.a": "axes.a: [{high:8000}] there, [{high:8008}] now"
    }
    assert digest(space(step=2)) != digest(first)
    assert essentials(space(high=2))["axes"] == [
        ["a", [["0", "{a:0}"], ["1", "{a:1}"], ["2", "{a:2}"]]]
    ]
    grid = {"sampler": "grid", "trials": None}
    written = loaded(axes={"a": {"kind": "int", "values": list(range(9))}}, **grid)
    assert digest(written) == digest(
        loaded(axes={"a": {"kind": "int", "low": 0, "high": 8}}, **grid)
    )


def test_a_listed_value_is_found_without_a_search(
    loaded: Callable[..., Space], monkeypatch: pytest.MonkeyPatch
) -> None:
    space = loaded(axes={"a": {"kind": "int", "values": list(range(2000))}})
    expansion = Plan(space, load_trainable(space)).expansion
    calls: list[str] = []
    points = ints.Axis.points
    monkeypatch.setattr(
        ints.Axis, "points", lambda axis, name: calls.append(name) or points(axis, name)
    )
    for value in range(0, 2000, 50):
        assert expansion.draw(lambda *_, value=value: value).labels == {"a": value}
    assert calls == []


def test_gp_sees_long_ranges_without_steps_and_draws_whole_numbers(
    loaded: Callable[..., Space], tmp_path: Path
) -> None:
    """Its search looks at every step of a range, which for 99,999 took three times as long."""
    few = {"kind": "int", "low": 0, "high": 100}
    steps = {"kind": "float", "low": 0, "high": 1, "step": 0.0001}
    started = studies.start(
        tmp_path / "study", loaded(sampler="gp", axes={"a": LONG, "b": few, "c": steps})
    )
    over = started.plan.expansion.distribution
    assert over("a") == FloatDistribution(0, 99_999) and over("c") == FloatDistribution(0, 1)
    assert over("b") == IntDistribution(0, 100)
    advisor = Advisor(started, started.ledger_state(), Writer(started.paths.ledger, "w", {}))
    advisor.plan(4)
    started.refresh()
    for trial, asked in zip(started.plan.trials, advisor.memory.trials(), strict=True):
        assert type(trial.labels["a"]) is int and trial.labels["c"] == round(trial.labels["c"], 4)
        assert asked.params == trial.labels
    other = loaded(sampler="tpe", axes={"a": LONG})
    assert Plan(other, load_trainable(other)).expansion.distribution("a") == IntDistribution(
        0, 99_999
    )
