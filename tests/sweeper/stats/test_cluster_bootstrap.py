"""Cells that pool configurations under the same seeds: seeds are drawn, and all their runs."""

from __future__ import annotations

import numpy as np
import pytest

from sweeper import stats
from sweeper.score import STATISTICS
from sweeper.stats import bootstrap, cluster_bootstrap
from sweeper.stats.widening import stretch
from tests.helpers import plain_statistics

HOWS = pytest.mark.parametrize("how", STATISTICS)


def listed(values, cell=0):
    """What `cells` takes of `values` [configurations × seeds × tasks], NaN where no run is."""
    _, seeds, tasks = np.indices(values.shape)
    held = ~np.isnan(values)
    return values[held], np.full(held.sum(), cell), tasks[held], seeds[held]


def found(values, how, rng=1):
    one = stats.cells(*listed(values), how, np.random.default_rng(rng))
    return stats.Estimate(one.point[0], one.low[0], one.high[0], int(one.n[0]))


@pytest.fixture(scope="module")
def scores():
    """3 configurations × 8 seeds × 2 tasks, most of whose spread is the seeds'; 6 runs lack."""
    draw = np.random.default_rng(0)
    luck, own = draw.normal(size=(1, 8, 2)), draw.normal(size=(3, 8, 2))
    scores = np.array([0.0, 1.0]) + luck + 0.3 * own
    scores[0, :4, 0] = scores[1:, 7, 1] = np.nan
    return scores


@HOWS
@pytest.mark.parametrize("tasks", [1, 3])
def test_one_run_a_seed_is_the_bootstrap_of_runs(how, tasks):
    values = np.random.default_rng(0).normal(size=(1, 7, tasks))
    strata = [values[0, :, task][None] for task in range(tasks)]
    draws = bootstrap.pooled(strata, how, np.random.default_rng(1), bootstrap.RESAMPLES)
    low, high = bootstrap.percentiles(draws)
    one = stats.cells(*listed(values), how, np.random.default_rng(1), stretch=False)
    assert (one.low, one.high) == (low, high)
    by, wide = stretch.factor([7] * tasks, how), found(values, how)
    assert wide.low == pytest.approx(wide.point - by * (wide.point - one.low[0]))
    assert wide.high == pytest.approx(wide.point + by * (one.high[0] - wide.point))


@HOWS
@pytest.mark.parametrize("tasks", [1, 2])
def test_runs_that_stand_twice_under_their_seed_tell_nothing_more(how, tasks):
    """Of 24 and 48 runs a whole number is a quarter, that the IQM drops."""
    values = np.random.default_rng(0).normal(size=(1, 24, tasks))
    one, two = found(values, how), found(np.repeat(values, 2, axis=0), how)
    assert two.point == pytest.approx(one.point, abs=1e-12)
    assert two.high - two.low == pytest.approx(one.high - one.low, rel=0.15)
    singly = stats.estimate(np.repeat(values[0], 2, axis=0), how, np.random.default_rng(1))
    assert singly.high - singly.low < 0.85 * (two.high - two.low), "as of twice as many seeds"
    runs, counts = np.repeat(values[0].T.reshape(1, -1), 2, axis=1), [np.full(24, 2)] * tasks
    draws = cluster_bootstrap.pooled_seeds(runs, counts, how, np.random.default_rng(2), 50)[0]
    rng = np.random.default_rng(2)
    times = np.concatenate([bootstrap.multiplicities(24, rng, 50) for _ in counts], axis=1)
    drawn = [np.split(row, tasks) for row in times]
    plain = [STATISTICS[how](*map(np.repeat, values[0].T, row)) for row in drawn]
    np.testing.assert_allclose(draws, plain, atol=1e-12)


@HOWS
def test_interval_is_that_of_plain_python(how, scores):
    """A task is a list of seeds, and these the lists of their runs."""
    tasks = [[own[~np.isnan(own)].tolist() for own in task.T] for task in np.moveaxis(scores, 2, 0)]

    def again(drawn):
        return getattr(plain_statistics, how)(
            [[run for seed in task for run in seed] for task in drawn]
        )

    one = found(scores, how)
    assert one.n == 42 and one.point == pytest.approx(again(tasks), abs=1e-12)
    assert plain_statistics.close(one, plain_statistics.bootstrap(again, tasks))


@HOWS
def test_every_resample_is_that_of_the_runs_drawn(how, scores):
    """Looked at: the repeated runs themselves, in small blocks of cells and resamples."""
    sizes = [np.array([1, 2, 3, 3, 1]), np.array([2, 2, 2, 2, 4, 1])]
    values = np.random.default_rng(0).normal(size=(3, 23)).round(1)
    draws = cluster_bootstrap.pooled_seeds(
        values, sizes, how, np.random.default_rng(2), 60, at_once=500
    )
    rng = np.random.default_rng(2)
    times = np.concatenate([bootstrap.multiplicities(n, rng, 60) for n in (5, 6)], axis=1)
    for row, drawn in zip(times, draws.T, strict=True):
        often = np.repeat(row, np.concatenate(sizes))
        parts = [
            np.repeat(own, times, axis=1)
            for own, times in zip(
                np.split(values, [10], axis=1), np.split(often, [10]), strict=True
            )
        ]
        np.testing.assert_allclose(drawn, STATISTICS[how](*parts), atol=1e-12)


@HOWS
def test_neither_order_nor_names_matter(how, scores):
    """Of the rows; and of the seeds, which are others in the second cell."""
    columns = np.concatenate([listed(scores), listed(scores, cell=1)], axis=1)
    columns[3, columns[1] == 1] = 20 - columns[3, columns[1] == 1]
    shuffled = np.random.default_rng(3).permutation(columns, axis=1)
    one, two = (stats.cells(*them, how, np.random.default_rng(1)) for them in (columns, shuffled))
    np.testing.assert_allclose([one.point, one.low, one.high], [two.point, two.low, two.high])
    alone = found(scores, how)
    for place in range(2):
        bounds = one.low[place], one.high[place], (alone.high - alone.low) / 4
        assert plain_statistics.close(alone, bounds)


def test_cells_of_all_patterns_beside_each_other(scores):
    """One run a seed, several, unequal ones, too few seeds: each as if it were alone."""
    every = [scores[2:], scores, scores[1:, :6], scores[:, 4:]]
    columns = np.concatenate([listed(own, cell=n) for n, own in enumerate(every)], axis=1)
    together = stats.cells(*columns, "iqm", np.random.default_rng(1))
    assert np.isnan(together.low).tolist() == [False, False, False, True]
    for place, own in enumerate(every[:3]):
        alone = found(own, "iqm")
        assert together.n[place] == alone.n
        bounds = together.low[place], together.high[place], (alone.high - alone.low) / 4
        assert together.point[place] == alone.point and plain_statistics.close(alone, bounds)


def test_an_interval_is_the_same_whatever_cells_are_beside_it(scores):
    """Cells of one table and the same ones alone in another."""
    every = [scores[1:, :6], scores, scores[2:], scores[2:, ::-1] + 1]
    columns = np.concatenate([listed(own, cell=n) for n, own in enumerate(every)], axis=1)
    together = stats.cells(*columns, "iqm", np.random.default_rng(1))
    for place, own in enumerate(every):
        alone = stats.cells(*listed(own), "iqm", np.random.default_rng(1))
        bounds = together.low[place], together.high[place]
        assert (alone.low[0], alone.high[0]) == pytest.approx(bounds, rel=1e-12)


def test_large_values_of_little_spread_are_told_apart():
    """Many runs are kept in single precision."""
    values = 1e4 + np.random.default_rng(0).normal(size=(4000, 5, 1))
    chosen = np.random.default_rng(0)
    one = stats.cells(*listed(values), "iqm", chosen)
    assert 0.01 < one.high[0] - one.low[0] < 0.2
    assert one.low[0] < one.point[0] < one.high[0]


@pytest.mark.parametrize("below", [False, True])
def test_a_profile_draws_seeds_too(scores, below):
    taus = np.array([-0.5, 0.4, 1.3])
    one = stats.score_distribution(scores, taus, np.random.default_rng(1), below=below)
    tasks = [[own[~np.isnan(own)].tolist() for own in task.T] for task in np.moveaxis(scores, 2, 0)]
    for place, tau in enumerate(taus):

        def again(drawn, tau=tau):
            runs = [run for task in drawn for seed in task for run in seed]
            return np.mean([run < tau if below else run > tau for run in runs])

        low, high, _ = plain_statistics.bootstrap(again, tasks)
        assert one.point[place] == pytest.approx(again(tasks)) and one.n[place] == 42
        assert abs(one.low[place] - low) <= 0.04 and abs(one.high[place] - high) <= 0.04
