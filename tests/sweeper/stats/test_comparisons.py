"""Differences, probability of improvement, rank correlation: by hand, plainly, by others."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import mannwhitneyu, spearmanr

from sweeper import stats
from tests.helpers import plain_statistics


@pytest.fixture
def rng():
    return np.random.default_rng(1)


@pytest.fixture(scope="module")
def pair():
    """Two configurations of 2 tasks, one of 9 runs and one of 6; some runs tie."""
    rng = np.random.default_rng(0)
    return rng.normal(0.4, 1, size=(9, 2)).round(1), rng.normal(0, 1, size=(6, 2)).round(1)


def tasks(scores):
    return [column[~np.isnan(column)].tolist() for column in np.asarray(scores).T]


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


def test_difference_of_nothing_has_no_point(rng):
    found = stats.difference(np.full((5, 2), np.nan), np.zeros((5, 2)), "iqm", rng)
    assert np.isnan(found.point) and found.low is None and found.n == 0


@pytest.mark.parametrize("how", ["iqm", "mean"])
def test_difference_is_that_of_plain_python(how, rng):
    first = rng.normal(1, 1, size=(9, 2))
    second = first * 0.5 + rng.normal(size=(9, 2))
    value = getattr(plain_statistics, how)

    def gained(pairs):
        return value([[a for a, _ in task] for task in pairs]) - value(
            [[b for _, b in task] for task in pairs]
        )

    pairs = [[*zip(*task, strict=True)] for task in zip(first.T, second.T, strict=True)]
    found = stats.difference(first, second, how, rng)
    assert found.point == pytest.approx(gained(pairs), abs=1e-12)
    assert plain_statistics.close(found, plain_statistics.bootstrap(gained, pairs))


def test_improvement_by_hand(rng):
    """Task 0: of the pairs of (1, 3) and (1, 2, 4), 2 won, 1 tied, of 6. Task 1: all won."""
    first = [[1.0, 5.0], [3.0, 6.0], [np.nan, np.nan]]
    second = [[1.0, 0.0], [2.0, 0.0], [4.0, np.nan]]
    found = stats.improvement(first, second, rng)
    assert found.point == pytest.approx((2.5 / 6 + 1) / 2, abs=1e-12)
    assert (found.low, found.high, found.n) == (None, None, 9)


def test_improvement_is_that_of_plain_python_and_of_mann_and_whitney(pair, rng):
    found = stats.improvement(*pair, rng)
    plain = [tasks(side) for side in pair]
    assert found.point == pytest.approx(plain_statistics.improvement(*plain), abs=1e-12)
    u = mannwhitneyu(*pair, axis=0).statistic / (9 * 6)
    assert found.point == pytest.approx(u.mean(), abs=1e-12)
    assert plain_statistics.close(
        found, plain_statistics.bootstrap(plain_statistics.improvement, *plain)
    )
    assert found.n == 30


def test_improvement_is_rliables(pair, rng):
    metrics = pytest.importorskip("rliable.metrics", reason="rliable is not installed")
    theirs = metrics.probability_of_improvement(*pair)
    assert stats.improvement(*pair, rng).point == pytest.approx(theirs, abs=1e-12)


def test_both_directions_add_up_to_1(pair, rng):
    one, two = stats.improvement(*pair, rng), stats.improvement(*pair[::-1], rng)
    assert one.point + two.point == pytest.approx(1, abs=1e-12)
    assert plain_statistics.close(one, (1 - two.high, 1 - two.low, (two.high - two.low) / 4))
    assert stats.improvement(pair[0], pair[0], rng).point == pytest.approx(0.5, abs=1e-12)


def test_improvement_sees_only_the_order(pair, rng):
    found = stats.improvement(*pair, np.random.default_rng(2))
    moved = stats.improvement(*(np.exp(side + 3)[::-1] for side in pair), np.random.default_rng(2))
    assert moved.point == pytest.approx(found.point, abs=1e-12)


def test_improvement_where_a_side_lacks_a_task(pair, rng):
    first, second = (np.array(side) for side in pair)
    first[:, 1] = np.nan
    found = stats.improvement(first, second, rng)
    assert found.point == stats.improvement(first[:, :1], second[:, :1], rng).point
    assert found.low is None
    first, second[:, 0] = np.array(pair[0]), np.nan
    first[:, 1] = np.nan
    assert np.isnan(stats.improvement(first, second, rng).point)


def test_improvement_of_other_tasks_is_refused(pair, rng):
    with pytest.raises(ValueError, match="both must have the same tasks, but there are 2 and 1"):
        stats.improvement(pair[0], pair[1][:, :1], rng)


def test_spearman_by_hand(rng):
    """Ranks 1 2 3 4 and 1 3 2 4: 1 − 6 · 2 / (4 · 15) = 0.8; the other task is reversed."""
    first = [[1.0, 1.0], [2.0, 2.0], [30.0, 3.0], [400.0, 4.0]]
    second = [[0.1, 9.0], [0.3, 8.0], [0.2, 7.0], [0.4, 6.0]]
    found = stats.spearman(first, second, rng)
    assert found.point == pytest.approx((0.8 - 1) / 2, abs=1e-12)
    assert (found.low, found.high, found.n) == (None, None, 8)


def correlated():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(12, 2))
    return x, (x + rng.normal(size=(12, 2))).round(0)


def test_spearman_is_scipys(rng):
    x, y = correlated()
    each = [spearmanr(*task).statistic for task in zip(x.T, y.T, strict=True)]
    assert stats.spearman(x, y, rng).point == pytest.approx(np.mean(each), abs=1e-12)


def test_interval_of_spearman_is_that_of_plain_python(rng):
    x, y = correlated()

    def mean(pairs):
        return np.mean([spearmanr(*np.transpose(task)).statistic for task in pairs])

    plain = [[*zip(*task, strict=True)] for task in zip(x.T, y.T, strict=True)]
    found = stats.spearman(x, y, rng)
    assert plain_statistics.close(found, plain_statistics.bootstrap(mean, plain, repeats=600))
    assert found.low < found.point < found.high


def test_spearman_sees_only_the_order(rng):
    x, y = correlated()
    found = stats.spearman(x, y, rng).point
    order = np.random.default_rng(3).permutation(12)
    assert stats.spearman(np.exp(x[order]) + 3, y[order], rng).point == pytest.approx(found)
    assert stats.spearman(y, x, rng).point == pytest.approx(found)
    assert stats.spearman(x, -y, rng).point == pytest.approx(-found)


def test_spearman_of_a_constant_is_unknown_and_left_out(rng):
    x, y = correlated()
    flat = np.ones_like(x)
    found = stats.spearman(x, flat, rng)
    assert np.isnan(found.point) and found.low is None and found.n == 0
    flat[:, 0] = y[:, 0]
    half = stats.spearman(x, flat, rng)
    assert half.point == pytest.approx(spearmanr(x[:, 0], y[:, 0]).statistic)
    assert half.low is None and half.n == 12, "one task tells nothing"


def test_spearman_leaves_out_broken_pairs(rng):
    x, y = correlated()
    x[0, 0] = y[1, 0] = np.nan
    found = stats.spearman(x[:, :1], y[:, :1], rng)
    assert found.point == pytest.approx(spearmanr(x[2:, 0], y[2:, 0]).statistic)
    assert found.n == 10
    x[:] = np.nan
    assert np.isnan(stats.spearman(x, y, rng).point)


def test_resamples_in_which_a_side_is_constant_are_left_out(rng):
    """Of two values among 5 runs about a third of all resamples has one alone."""
    found = stats.spearman(np.arange(5.0)[:, None], [[0.0], [0], [0], [0], [1]], rng)
    assert -1 <= found.low <= found.point <= found.high <= 1


def test_clustered_spearman_takes_a_cluster_for_one_draw_however_many_pairs_it_has(rng):
    x, y = rng.normal(size=(2, 30))
    y += 0.5 * x
    alone = stats.clustered_spearman(x, y, np.arange(30), np.random.default_rng(1))
    assert alone.point == pytest.approx(spearmanr(x, y).statistic, abs=1e-12)
    tenfold = (np.repeat(one, 10) for one in (x, y, np.arange(30)))
    repeated = stats.clustered_spearman(*tenfold, np.random.default_rng(1))
    assert (repeated.n, alone.n) == (300, 30)
    for name in ("point", "low", "high"):
        assert getattr(repeated, name) == pytest.approx(getattr(alone, name), abs=1e-12)
    assert alone.low < alone.point < alone.high


def test_interval_of_clustered_spearman_is_that_of_plain_python():
    x, y = (side.round(1) for side in np.random.default_rng(2).normal(size=(2, 24)))
    clusters = np.arange(24) // 3 % 7  # one of them is of six pairs
    found = stats.clustered_spearman(x, y, clusters, np.random.default_rng(1))
    draws, rng = [], np.random.default_rng(5)
    for _ in range(1000):
        some = np.concatenate([np.flatnonzero(clusters == one) for one in rng.integers(7, size=7)])
        draws.append(spearmanr(x[some], y[some]).statistic)
    by, ends = plain_statistics.widening([7]), np.percentile(draws, [2.5, 97.5])
    wide = np.clip(found.point + by * (ends - found.point), -1, 1)
    assert (found.low, found.high) == pytest.approx(wide, abs=0.09)


def test_clustered_spearman_leaves_out_what_lacks_a_side_and_doubts_few_clusters(rng):
    x, y = np.arange(8.0), np.arange(8.0)
    y[3] = np.nan
    found = stats.clustered_spearman(x, y, np.arange(8) // 2, rng)
    assert (found.point, found.low, found.n) == (1.0, None, 7), "four clusters are too few"
    assert np.isnan(stats.clustered_spearman(x, np.zeros(8), np.arange(8), rng).point)
    assert stats.clustered_spearman([], [], [], rng).n == 0
