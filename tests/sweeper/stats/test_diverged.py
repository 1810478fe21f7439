"""Infinite scores, which stand for runs that diverged, in every statistic."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sweeper import stats

SIGNS = pytest.mark.parametrize("sign", [1.0, -1.0], ids=["maximize", "minimize"])


def rng():
    return np.random.default_rng(0)


def pooled(values, how="iqm"):
    """One cell of ten configurations a seed, [configurations × seeds]."""
    values = np.asarray(values, float)
    seeds = np.broadcast_to(np.arange(values.shape[1]), values.shape).ravel()
    zeros = np.zeros(values.size, int)
    return stats.cells(values.ravel(), zeros, zeros, seeds, how, rng())


@SIGNS
def test_an_iqm_leaves_out_what_lies_in_its_worst_quarter(sign):
    scores = sign * np.array([[-math.inf], [1.0], [2.0], [3.0], [4.0]])
    found = stats.estimate(scores, "iqm", rng())
    assert (found.point, found.n) == (2.0 * sign, 5)
    assert (found.low, found.high) == (None, None), "some resamples draw it more than once"
    for how in ("mean", "median"):
        point = stats.estimate(scores, how, rng()).point
        assert math.isnan(point) if how == "mean" else point == 2.0 * sign


@SIGNS
def test_what_it_does_not_leave_out_is_unknown(sign):
    scores = sign * np.array([-math.inf, -math.inf, 2.0, 3.0, 4.0])
    assert math.isnan(stats.estimate(scores[:, None], "iqm", rng()).point)
    assert np.isnan(stats.points(scores, *np.zeros((2, 5), int), "iqm")).all()
    found = stats.cells(scores, np.zeros(5, int), np.zeros(5, int), np.arange(5), "iqm", rng())
    assert np.isnan([found.point, found.low, found.high]).all() and found.n == [5]


@SIGNS
def test_few_among_many_change_an_interval_as_any_other_low_score_does(sign):
    """Of 200 runs one is lost: what it was before does not matter to IQM and interval."""
    values = sign * np.random.default_rng(1).normal(size=(10, 20))
    values[0, 0] = -1e3 * sign
    low = pooled(values)
    values[0, 0] = -math.inf * sign
    lost = pooled(values)
    for part in ("point", "low", "high"):
        assert getattr(lost, part) == pytest.approx(getattr(low, part), abs=1e-9)
    assert np.isnan(pooled(values, "mean").point)


def test_equal_scores_beside_one_are_known():
    """A mean of equal numbers may lie beyond them by rounding."""
    found = stats.estimate(np.array([[-math.inf], *[[0.1]] * 9]), "iqm", rng())
    assert found.point == pytest.approx(0.1)


def test_other_cells_do_not_change():
    values, cell = np.array([-math.inf, *np.arange(9.0)]), np.repeat([0, 1], 5)
    seeds = np.tile(np.arange(5), 2)
    found = stats.cells(values, cell, np.zeros(10, int), seeds, "iqm", rng())
    alone = stats.cells(values[5:], cell[:5], np.zeros(5, int), seeds[5:], "iqm", rng())
    assert [found.point[1], found.low[1], found.high[1]] == pytest.approx(
        [alone.point[0], alone.low[0], alone.high[0]]
    )


def test_profiles_and_probabilities_count_it_as_worse():
    scores = np.array([[-math.inf], [1.0], [2.0], [3.0]])
    taus = np.array([-1e9, 1.5])
    assert stats.score_distribution(scores, taus, rng()).point.tolist() == [0.75, 0.5]
    below = stats.score_distribution(-scores, -taus, rng(), below=True)
    assert below.point.tolist() == [0.75, 0.5]
    lost = np.full((4, 1), -math.inf)
    assert stats.improvement(scores, lost, rng()).point == (3 + 0.5) / 4
    assert stats.improvement(lost, scores, rng()).point == 0.5 / 4
    assert math.isnan(stats.optimality_gap(scores, rng()).point)


def test_differences_beside_it_have_no_interval():
    scores = np.array([[-math.inf], *[[float(n)] for n in range(9)]])
    whole = np.arange(10.0)[:, None]
    for compare in (stats.difference, stats.unpaired_difference):
        found = compare(whole, scores, "iqm", rng())
        assert found.point == pytest.approx(4.5 - 3.5) and found.low is None
        assert math.isnan(compare(np.full((10, 1), -math.inf), whole, "iqm", rng()).point)


def test_a_lead_beside_it_has_no_interval_and_no_share():
    scores = np.arange(30.0).reshape(3, 10, 1)
    scores[0, 0, 0] = -math.inf
    ahead, luck = stats.lead(scores, 2, scores[1], "iqm", rng())
    assert ahead.point == 10.0 and ahead.low is None
    assert math.isnan(luck.point)


def test_sensitivity_leaves_a_setting_out_that_diverged():
    scores = np.random.default_rng(0).normal(size=(4, 6, 2))
    lost = np.concatenate([scores, np.full((1, 6, 2), -math.inf)])
    one, other = (stats.sensitivity(some, rng()) for some in (scores, lost))
    assert one.point == pytest.approx(other.point)


def test_who_is_unbeaten():
    scores = np.array([[1.0, 5.0], [2.0, 4.0], [2.0, 4.0], [1.0, 4.0], [3.0, 1.0]])
    assert stats.unbeaten(scores).tolist() == [True, True, True, False, True]
