"""Estimates and intervals: by hand, against scipy, and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import trim_mean

from sweeper import stats
from sweeper.score import AVERAGED, STATISTICS, iqm
from sweeper.stats import bootstrap


@pytest.fixture
def rng():
    return np.random.default_rng(1)


@pytest.mark.parametrize("n", range(1, 25))
def test_iqm_is_scipys_trimmed_mean(rng, n):
    values = rng.normal(size=(3, n, 2))
    assert np.allclose(iqm(values, axis=1), trim_mean(values, 0.25, axis=1))


def test_iqm_of_1_to_12():
    assert iqm(np.arange(1, 13)) == 6.5


def test_interval_contains_the_point_and_shrinks(rng):
    few = stats.estimate(rng.normal(size=(6, 2)), "iqm", rng)
    many = stats.estimate(rng.normal(size=(200, 2)), "iqm", rng)
    for found in (few, many):
        assert found.low < found.point < found.high
    assert many.high - many.low < (few.high - few.low) / 2
    assert (few.n, many.n) == (12, 400)


@pytest.mark.parametrize("seeds", [1, 4])
def test_fewer_than_5_seeds_leave_the_interval_unknown(rng, seeds):
    scores = rng.normal(size=(9, 2))
    scores[seeds:, 1] = np.nan
    found = stats.estimate(scores, "iqm", rng)
    assert (found.low, found.high, found.n) == (None, None, 9 + seeds)
    assert np.isfinite(found.point)


def test_equal_scores_have_an_interval_of_no_width(rng):
    assert stats.estimate(np.full((5, 1), 0.5), "iqm", rng) == stats.Estimate(0.5, 0.5, 0.5, 5)


def test_resampling_stays_within_tasks(rng):
    """Two tasks far apart: drawing across them would make the interval span both."""
    scores = np.array([0.0, 100.0]) + rng.normal(size=(20, 2))
    found = stats.estimate(scores, "mean", rng)
    assert found.high - found.low < 2


def test_difference_is_paired(rng):
    first = rng.normal(size=(8, 2)) * 50
    found = stats.difference(first + 1, first, "mean", rng)
    assert found.point == pytest.approx(1)
    assert found.low == pytest.approx(1) and found.high == pytest.approx(1)
    assert found.n == 16


def test_difference_leaves_out_broken_pairs(rng):
    first, second = rng.normal(size=(6, 1)), rng.normal(size=(6, 1))
    first[0], second[1] = np.nan, np.nan
    found = stats.difference(first, second, "mean", rng)
    assert found.n == 4 and found.low is None
    assert found.point == pytest.approx(float(np.mean(first[2:] - second[2:])))


def test_same_generator_same_interval():
    scores = np.random.default_rng(0).normal(size=(7, 3))
    one, two = (stats.estimate(scores, "iqm", np.random.default_rng(5)) for _ in range(2))
    other = stats.estimate(scores, "iqm", np.random.default_rng(6))
    assert one == two != other


def test_cells_agree_with_estimates_and_ignore_the_order_of_runs(rng):
    """Cell 0: 2 tasks × 6 seeds; cell 1: the same without a seed; cell 2: too few seeds."""
    cell, task, seed = (column.ravel() for column in np.indices((3, 2, 6)))
    values = rng.normal(size=36)
    kept = ~((cell == 1) & (seed == 0)) & ~((cell == 2) & (task == 1) & (seed > 3))
    shuffled = rng.permutation(np.flatnonzero(kept))
    found = stats.cells(
        values[shuffled], cell[shuffled], task[shuffled], seed[shuffled], "iqm", rng
    )
    assert found.n.tolist() == [12, 10, 10]
    for number in range(3):
        assert found.point[number] == pytest.approx(iqm(values[kept & (cell == number)]))
    assert np.isnan(found.low).tolist() == np.isnan(found.high).tolist() == [False, False, True]
    alone = stats.estimate(values[cell == 0].reshape(2, 6).T, "iqm", rng)
    assert found.low[0] == pytest.approx(alone.low, abs=0.15)
    assert found.high[0] == pytest.approx(alone.high, abs=0.15)


def test_repeated_seeds_of_several_configurations_are_no_more_seeds(rng):
    """Six configurations under 2 seeds are 12 runs, but 2 seeds."""
    found = stats.cells(rng.normal(size=12), [0] * 12, [0] * 12, [0, 1] * 6, "iqm", rng)
    assert found.n[0] == 12 and np.isnan(found.low[0])


@pytest.mark.parametrize("how", STATISTICS)
def test_points_are_those_of_cells(rng, how):
    cell = np.array([0, 0, 0, 1, 3, 3])
    values = np.array([1.0, 2.0, 6.0, 5.0, 7.0, 9.0])
    middle = 2.0 if how == "median" else 3.0
    assert np.array_equal(stats.points(values, cell, how), [middle, 5, np.nan, 8], equal_nan=True)


def test_no_runs_no_cells(rng):
    found = stats.cells([], [], [], [], "iqm", rng)
    assert len(found.point) == len(found.low) == len(found.n) == 0


@pytest.mark.parametrize(("n", "coverage"), [(5, 0.89), (12, 0.94)])
def test_coverage_of_the_interval(rng, n, coverage):
    """Of 600 samples of a normal, about as many intervals hold its mean as were measured."""
    repeats = 600
    cell, seed = (column.ravel() for column in np.indices((repeats, n)))
    values = rng.normal(size=repeats * n)
    found = stats.cells(values, cell, np.zeros_like(cell), seed, "iqm", rng)
    covered = np.mean((found.low <= 0) & (found.high >= 0))
    assert covered == pytest.approx(coverage, abs=0.045)


def test_usable_range():
    assert stats.usable_range([0.1, 0.79, 0.8, 1.0, np.nan]).tolist() == [0, 0, 1, 1, 0]
    assert stats.usable_range([2.0, 5.0, 6.0], low=1.0).tolist() == [0, 1, 1]
    assert not stats.usable_range([-1.0, 0.0, -0.2]).any(), "no better than the low reference"
    assert not stats.usable_range([np.nan, np.nan]).any()


def test_usable_range_where_smaller_is_better():
    assert stats.usable_range([0.0, 0.2, 0.21, 1.0], minimise=True).tolist() == [1, 1, 0, 0]


@pytest.mark.parametrize("n", [1, 2, 5, 8, 11])
@pytest.mark.parametrize("how", STATISTICS)
def test_every_statistic_is_the_mean_of_some_order_statistics(how, n, rng):
    values = np.sort(rng.normal(size=(3, n)))
    assert STATISTICS[how](values) == pytest.approx(values[:, AVERAGED[how](n)].mean(-1))


@pytest.mark.parametrize("how", STATISTICS)
def test_one_task_is_resampled_without_looking_at_any_resample(how):
    values = np.random.default_rng(1).normal(size=(4, 9))
    drawn = np.random.default_rng(2).integers(9, size=(500, 9))
    resampled = STATISTICS[how](np.sort(values)[:, drawn])
    found = bootstrap.resampled_stratum([values], how, np.random.default_rng(2), 500)
    np.testing.assert_allclose(found, resampled)


@pytest.mark.parametrize("how", STATISTICS)
def test_one_task_has_the_bounds_that_scipy_finds(how):
    """Within Monte-Carlo error: resampled medians are few, so bounds may be one of them apart."""
    values = np.random.default_rng(1).normal(size=(4, 25))
    both = [
        bootstrap.percentiles(draw([values], how, np.random.default_rng(2), 20_000))
        for draw in (bootstrap.resampled_stratum, bootstrap.resampled)
    ]
    np.testing.assert_allclose(both[0], both[1], atol=0.03 if how != "median" else 0.15)
