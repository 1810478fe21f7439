"""Axes that stay a grid while a sampler draws the others: each draw with every value of theirs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sweeper.errors import SweeperError
from sweeper.planning.plan import Plan
from sweeper.space.digest import differences, digest
from sweeper.space.space import Space
from sweeper.trainable.loading import load_trainable
from tests.helpers import function_space

AXES = {
    "lr": {"kind": "float", "low": 1e-5, "high": 1e-1, "log": True, "count": 5, "grid": True},
    "dropout": {"kind": "float", "low": 0.0, "high": 0.7},
}


@pytest.fixture
def loaded(tmp_path: Path) -> Callable[..., Space]:
    """A space of a function with these axes, further keys replaced."""

    def make(**keys: Any) -> Space:
        given = {"axes": AXES, "sampler": {"random": {"seed": 3}}, "trials": 15, **keys}
        return function_space.loaded(tmp_path, **given)

    return make


def pairs(space: Space) -> list[tuple[Any, ...]]:
    plan = Plan(space, load_trainable(space))
    return [tuple(trial.labels.values()) for trial in plan.trials]


@pytest.mark.parametrize("sampler", ["random", "qmc"])
def test_each_draw_is_tried_with_all_cells(loaded: Callable[..., Space], sampler: str) -> None:
    space = loaded(sampler=sampler)
    found = pairs(space)
    assert [lr for lr, _ in found] == [1e-5, 1e-4, 1e-3, 1e-2, 1e-1] * 3
    drawn = [dropout for _, dropout in found]
    assert len(set(drawn)) == 3 and [drawn[n] for n in (0, 5, 10)] == list(dict.fromkeys(drawn))
    assert pairs(loaded(sampler=sampler, trials=20))[:15] == found
    assert digest(Space.parse(json.loads(json.dumps(space.dump())))) == digest(space)


def test_the_digest_tells_which_axes_are_a_grid(loaded: Callable[..., Space]) -> None:
    listed = {"kind": "int", "values": [1, 2]}
    drawn = loaded(axes={"a": listed, "x": AXES["dropout"]}, trials=4)
    gridded = loaded(axes={"a": {**listed, "grid": True}, "x": AXES["dropout"]}, trials=4)
    assert list(differences(drawn, gridded).values()) == ["gridded: nothing there, [a] now"]


def test_switched_off_axes_of_the_grid_are_tried_once(loaded: Callable[..., Space]) -> None:
    axes = {
        "opt": {"kind": "choice", "values": ["adam", "sgd"], "grid": True},
        "eps": {"kind": "float", "values": [1e-8, 1e-4], "when": {"opt": "adam"}, "grid": True},
        "x": AXES["dropout"],
    }
    assert [row[:-1] for row in pairs(loaded(axes=axes, trials=6))] == [
        *[("adam", 1e-8), ("adam", 1e-4), ("sgd",)] * 2,
    ]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            {"trials": 12},
            "trials must be a multiple of 5, the combinations of lr that each draw is",
        ),
        ({"sampler": "tpe"}, "axes.lr.grid must go: tpe chooses all axes, random and qmc need not"),
        ({"sampler": "grid", "trials": None}, "axes.lr.grid must go: all axes are a grid"),
        ({"axes": {"lr": AXES["lr"]}}, "axes.lr.grid must go: all axes are a grid"),
        (
            {"axes": {"lr": {**AXES["lr"], "count": None}, "x": AXES["dropout"]}},
            "axes.lr needs a count of points for a grid",
        ),
        (
            {"axes": {"lr": AXES["lr"], "x": {**AXES["dropout"], "count": 2}}},
            "axes.x.count must go: points are counted for a grid",
        ),
    ],
)
def test_what_is_refused(loaded: Callable[..., Space], keys: dict[str, Any], message: str) -> None:
    with pytest.raises(SweeperError, match=message):
        loaded(**keys)


def test_a_grid_with_a_range_says_how_to_draw_it(loaded: Callable[..., Space]) -> None:
    axes = {"lr": {**AXES["lr"], "grid": False}, "dropout": AXES["dropout"]}
    with pytest.raises(SweeperError, match=r"axes.dropout needs a count .*grid: true on axes that"):
        loaded(axes=axes, sampler="grid", trials=None)
