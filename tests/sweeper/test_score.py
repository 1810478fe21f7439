"""A run's value, its normalised score, and a trial's value."""

from __future__ import annotations

import math

import pytest

from sweeper.score import aggregate, at_name, normalise, run_value, worst

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
    assert run_value(CURVE, at, 30) == value


@pytest.mark.parametrize(
    ("at", "value"),
    # held at 5 from step 30 to 50: (40 + 60 + 100) / 40
    [("final", 5.0), ("max", 7.0), ("auc", 5.0)],
)
def test_points_that_are_not_finite_are_passed_over(at, value):
    points = [*CURVE, (40, math.nan), (45, math.inf)]
    assert run_value(points, at, 50) == value


def test_area_weighs_the_held_end():
    # 1 to 3 over 10 steps, then 3 for 30 steps: (20 + 90) / 40
    assert run_value([(10, 1.0), (20, 3.0)], "auc", 50) == 2.75
    assert run_value([(50, 3.0)], "auc", 50) == 3.0


@pytest.mark.parametrize("at", ["final", "max", "auc"])
def test_without_a_finite_point_there_is_no_value(at):
    assert math.isnan(run_value([], at, 50))
    assert math.isnan(run_value([(10, math.nan)], at, 50))


def test_where_smaller_is_better_the_best_point_is_the_smallest():
    assert run_value(CURVE, "max", 30, minimise=True) == 1.0
    assert run_value(CURVE, "final", 30, minimise=True) == run_value(CURVE, "final", 30)
    assert run_value(CURVE, "auc", 30, minimise=True) == run_value(CURVE, "auc", 30)
    assert (at_name("max", minimise=True), at_name("max", minimise=False)) == ("min", "max")


@pytest.mark.parametrize("minimise", [False, True])
def test_a_diverged_run_is_worse_than_every_number(minimise):
    sign = -1.0 if minimise else 1.0
    lost = worst(minimise=minimise)
    assert sign * lost < sign * (-sign * 1e300)
    assert aggregate([lost, 1.0, 2.0, 3.0, 4.0], "iqm") == pytest.approx(3.0 if minimise else 2.0)
    assert math.isnan(aggregate([lost, lost, 2.0, 3.0, 4.0], "iqm"))
    assert math.isnan(aggregate([lost, 1.0], "iqm")), "below 4 runs it is the mean"
    assert math.isnan(aggregate([lost, *range(99)], "mean"))
    assert aggregate([lost, 1.0, 2.0], "median") == (2.0 if minimise else 1.0)


def test_points_beyond_the_horizon_do_not_count():
    assert run_value(CURVE, "max", 10) == 1.0


def test_of_two_points_at_one_step_the_last_written_is_final():
    assert run_value([(20, 9.0), (10, 5.0), (20, 2.0)], "final", 20) == 2.0
    assert run_value([(20, 9.0), (20, 2.0)], "auc", 20) == 2.0
    assert run_value([(20, 9.0), (20, 2.0)], "max", 20) == 9.0


def test_normalised():
    assert [normalise(value, 1.0, 5.0) for value in (1.0, 5.0, 3.0, 7.0)] == [0, 1, 0.5, 1.5]


@pytest.mark.parametrize(("how", "value"), [("iqm", 6.5), ("mean", 6.5), ("median", 6.5)])
def test_aggregate_of_1_to_12(how, value):
    assert aggregate(range(1, 13), how) == value


def test_the_median_of_task_means_is_taken_over_tasks():
    """Not over runs: their median is 3, and each task counts once however many seeds it has."""
    scores, tasks = [1.0, 30.0, 2.0, 3.0, 4.0, 8.0], ["a", "b", "c", "a", "b", "a"]
    assert aggregate(scores, "task_median", tasks) == 4.0  # of 4, 17 and 2
    assert aggregate(scores[:3], "task_median", tasks[:3]) == 2.0, "one seed: the median of games"
    assert aggregate(scores, "task_median") == aggregate(scores, "mean") == 8.0, "of one task"
    assert aggregate([-math.inf, *scores[1:]], "task_median", tasks) == 2.0
    assert math.isnan(aggregate([1.0, 2.0, -math.inf], "task_median", ["a", "b", "b"]))


def test_the_iqm_drops_a_quarter_at_each_end():
    scores = [-1000.0, -900, -800, 4, 5, 6, 7, 8, 9, 900, 1000, 1100]
    assert aggregate(scores, "iqm") == 6.5
    assert aggregate([1.0, 2.0, 9.0], "iqm") == 4.0, "below 4 runs it is the mean"
    assert aggregate([0.0, 1.0, 2.0, 3.0, 100.0], "iqm") == 2.0
