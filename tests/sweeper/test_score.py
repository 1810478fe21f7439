"""A run's value, its normalised score, and a trial's value."""

from __future__ import annotations

import math

import pytest

from sweeper.score import aggregate, normalise, run_value

CURVE = [(30, 5.0), (10, 1.0), (20, 7.0)]


@pytest.mark.parametrize(
    ("at", "value"),
    [
        ("final", 5.0),
        ("max", 7.0),
        # (1 + 7) / 2 · 10 + (7 + 5) / 2 · 10, over the 20 steps from 10 to 30
        ("auc", 5.0),
    ],
)
def test_value_of_a_whole_curve(at, value):
    assert run_value(CURVE, at, 30, worst=-1.0) == value


@pytest.mark.parametrize(
    ("at", "value"),
    # held at 5 from step 30 to 50: (40 + 60 + 100) / 40
    [("final", 5.0), ("max", 7.0), ("auc", 5.0)],
)
def test_a_diverged_run_keeps_its_last_finite_point_to_the_horizon(at, value):
    points = [*CURVE, (40, math.nan), (45, math.inf)]
    assert run_value(points, at, 50, worst=-1.0) == value


def test_area_weighs_the_held_end():
    # 1 to 3 over 10 steps, then 3 for 30 steps: (20 + 90) / 40
    assert run_value([(10, 1.0), (20, 3.0)], "auc", 50, worst=0.0) == 2.75
    assert run_value([(50, 3.0)], "auc", 50, worst=0.0) == 3.0


@pytest.mark.parametrize("at", ["final", "max", "auc"])
def test_diverged_before_its_first_evaluation_is_worth_the_worst(at):
    assert run_value([], at, 50, worst=-1.0) == -1.0
    assert run_value([(10, math.nan)], at, 50, worst=-1.0) == -1.0


def test_points_beyond_the_horizon_do_not_count():
    assert run_value(CURVE, "max", 10, worst=0.0) == 1.0


def test_of_two_points_at_one_step_the_last_written_is_final():
    assert run_value([(20, 9.0), (10, 5.0), (20, 2.0)], "final", 20, worst=0.0) == 2.0
    assert run_value([(20, 9.0), (20, 2.0)], "auc", 20, worst=0.0) == 2.0
    assert run_value([(20, 9.0), (20, 2.0)], "max", 20, worst=0.0) == 9.0


def test_normalised():
    assert [normalise(value, 1.0, 5.0) for value in (1.0, 5.0, 3.0, 7.0)] == [0, 1, 0.5, 1.5]


@pytest.mark.parametrize(("how", "value"), [("iqm", 6.5), ("mean", 6.5), ("median", 6.5)])
def test_aggregate_of_1_to_12(how, value):
    assert aggregate(range(1, 13), how) == value


def test_the_iqm_drops_a_quarter_at_each_end():
    scores = [-1000.0, -900, -800, 4, 5, 6, 7, 8, 9, 900, 1000, 1100]
    assert aggregate(scores, "iqm") == 6.5
    assert aggregate([1.0, 2.0, 9.0], "iqm") == 4.0, "below 4 runs it is the mean"
    assert aggregate([0.0, 1.0, 2.0, 3.0, 100.0], "iqm") == 2.0
