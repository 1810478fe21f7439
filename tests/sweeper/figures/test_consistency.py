"""The figure of consistency: what one setting for all tasks loses, and how many must be tuned."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sweeper import figures, stats
from sweeper.errors import NothingToShow
from sweeper.study.study import Study
from tests.helpers.figures import words

Play = Callable[..., Study]
BEST = {"a": (0, 0), "b": (1, 0), "c": (2, 1)}
TASKS = {name: {"low": 0.0, "high": 10.0} for name in BEST}
AXES = {
    "x": {"kind": "int", "values": [0, 1, 2]},
    "y": {"kind": "int", "values": [0, 1]},
}


def went(run: Any, labels: Any) -> Any:
    """Each task has a best x of its own, which matters most, and a best y."""
    x, y = BEST[run.task]
    value = 9 - 3 * abs(labels["x"] - x) - 0.1 * abs(labels["y"] - y) + 0.01 * run.seed
    return "complete", [(40, {"return": value})]


def test_the_curve_rises_from_the_common_setting_to_the_best_of_each(played: Play) -> None:
    picture = figures.picture(played(went, axes=AXES, tasks=TASKS), "consistency", {})
    curve = picture.table["point"][picture.table["tuned"].notna()].to_numpy()
    tasks = picture.table[picture.table["task"].notna()]
    assert (np.diff(curve) >= 0).all() and curve[1] > curve[0] + 0.2
    assert curve[0] == pytest.approx(tasks["point"].mean())
    assert curve[-1] == pytest.approx(tasks["best"].mean())
    first = picture.table.iloc[0]
    assert first["effective_dimension"] == 1.0 and picture.table["phi"].count() == 1
    assert first["phi"] == pytest.approx(curve[-1] - curve[0])
    assert first["phi_low"] <= first["phi"] <= first["phi_high"]
    said = words(picture)
    assert "d = 1 of 2" in said and "hyperparameters tuned for each task" in said


def test_a_common_best_loses_nothing(played: Play) -> None:
    def alike(run: Any, labels: Any) -> Any:
        return "complete", [(40, {"return": 9.0 - labels["x"] + 0.01 * run.seed})]

    picture = figures.picture(played(alike, axes=AXES, tasks=TASKS), "consistency", {})
    assert "Φ = 0 " in words(picture) and "d = 0 of 2" in words(picture)


def test_it_needs_several_tasks(played: Play) -> None:
    def one(run: Any, labels: Any) -> Any:
        return "complete", [(40, {"return": float(labels["x"] + run.seed)})]

    with pytest.raises(NothingToShow, match="2 axes that vary and 1 task"):
        figures.picture(played(one, axes=AXES), "consistency", {})


def test_the_dimension_is_where_the_curve_comes_to_the_share() -> None:
    rng = np.random.default_rng(3)
    settings = np.array([(x, y, z) for x in range(2) for y in range(2) for z in range(2)])
    for _ in range(20):
        scores = rng.random((8, 3, 4))
        gamma, whole = stats.task_averages(scores)
        curve = stats.tuning_curve(gamma, settings[whole])
        d = stats.effective_dimension(scores, settings)
        assert d == np.flatnonzero(curve >= 0.95 * curve[-1] - 1e-12)[0]
        assert curve[0] == pytest.approx(gamma.mean(axis=0).max())
        assert curve[-1] == pytest.approx(gamma.max(axis=1).mean())
