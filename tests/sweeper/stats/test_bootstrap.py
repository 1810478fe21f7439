"""The bootstrap: against scipy, against resamples that are looked at, and by simulation."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from sweeper import stats
from sweeper.score import AVERAGED, STATISTICS
from sweeper.stats import bootstrap


@pytest.fixture
def rng():
    return np.random.default_rng(1)


@pytest.mark.parametrize("how", ["iqm", "mean", "median"])
@pytest.mark.parametrize("n", [5, 7, 12])
def test_coverage_of_the_interval(rng, n, how):
    """Of 1,000 samples of a normal 95 % of the intervals hold its mean, and fewer percentiles."""
    cell, seed = (column.ravel() for column in np.indices((1000, n)))
    values = rng.normal(size=1000 * n)
    held = []
    for stretch in (True, False):
        columns = values, cell, np.zeros_like(cell), seed
        found = stats.cells(*columns, how, np.random.default_rng(2), stretch=stretch)
        held.append(np.mean((found.low <= 0) & (found.high >= 0)))
    assert held[0] == pytest.approx(0.95, abs=0.025) and held[1] < held[0]


@pytest.mark.parametrize("n", [1, 2, 5, 8, 11])
@pytest.mark.parametrize("how", AVERAGED)
def test_every_statistic_is_the_mean_of_some_order_statistics(how, n, rng):
    values = np.sort(rng.normal(size=(3, n)))
    assert STATISTICS[how](values) == pytest.approx(values[:, AVERAGED[how](n)].mean(-1))


@pytest.mark.parametrize("how", AVERAGED)
def test_one_task_is_resampled_without_looking_at_any_resample(how):
    values = np.random.default_rng(1).normal(size=(4, 9))
    drawn = np.random.default_rng(2).integers(9, size=(500, 9))
    resampled = STATISTICS[how](np.sort(values)[:, drawn])
    found = bootstrap.resampled_stratum(values, how, np.random.default_rng(2), 500)
    np.testing.assert_allclose(found, resampled)


@pytest.mark.parametrize("how", AVERAGED)
def test_one_task_has_the_bounds_that_scipy_finds(how):
    """Within Monte-Carlo error: resampled medians are few, so bounds may be one of them apart."""
    values = np.random.default_rng(1).normal(size=(4, 25))
    both = [
        bootstrap.percentiles(draw(np.random.default_rng(2), 20_000))
        for draw in (
            partial(bootstrap.resampled_stratum, values, how),
            partial(bootstrap.resampled, [values], STATISTICS[how]),
        )
    ]
    np.testing.assert_allclose(both[0], both[1], atol=0.03 if how != "median" else 0.15)


def test_means_of_many_runs_are_drawn_in_blocks(rng):
    values = rng.normal(size=(3, 8))
    whole = bootstrap.resampled_means(values, np.random.default_rng(2), 50)
    parts = bootstrap.resampled_means(values, np.random.default_rng(2), 50, at_once=8 * 7)
    np.testing.assert_allclose(parts, whole)


def test_resampled_means_are_those_that_scipy_finds(rng):
    strata = [rng.normal(place, 1, size=(2, 9 + place)) for place in range(3)]
    draws = (
        bootstrap.pooled(strata, "mean", np.random.default_rng(2), 20_000),
        bootstrap.resampled(strata, STATISTICS["mean"], np.random.default_rng(2), 20_000),
    )
    np.testing.assert_allclose(*map(bootstrap.percentiles, draws), atol=0.02)
