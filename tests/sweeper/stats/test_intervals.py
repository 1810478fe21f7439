"""Points and intervals of one cell: by hand, in plain Python, by rliable, and where scores lack."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import trim_mean

from sweeper import stats
from sweeper.score import STATISTICS, iqm
from tests.helpers import plain_statistics

HANDS = np.array([[0.0, 0.2], [0.4, 0.6], [0.8, 1.8], [1.0, 3.0]])
"""4 runs × 2 tasks; in order 0, 0.2, 0.4, 0.6, 0.8, 1, 1.8, 3. Means of the tasks: 0.55, 1.4."""

POINTS = {
    "iqm": 0.7,  # of 0.4, 0.6, 0.8, 1
    "mean": 0.975,
    "median": 0.7,
    "optimality_gap": 0.375,  # of 1, 0.8, 0.6, 0.4, 0.2, 0, 0, 0
    "task_median": 0.975,
}


def found(name, scores, seed=1):
    rng = np.random.default_rng(seed)
    if name == "optimality_gap":
        return stats.optimality_gap(scores, rng)
    return stats.estimate(scores, name, rng)


@pytest.fixture
def rng():
    return np.random.default_rng(1)


@pytest.fixture(scope="module")
def scores():
    """8 runs × 3 tasks around 1, the last task without its last two."""
    scores = np.random.default_rng(0).normal([0.5, 0.9, 1.4], [0.2, 0.5, 1.0], size=(8, 3))
    scores[6:, 2] = np.nan
    return scores


def tasks(scores):
    return [column[~np.isnan(column)].tolist() for column in scores.T]


@pytest.mark.parametrize(("name", "point"), POINTS.items())
def test_by_hand(name, point):
    assert found(name, HANDS).point == pytest.approx(point, abs=1e-12)


@pytest.mark.parametrize("name", POINTS)
def test_point_and_interval_are_those_of_plain_python(name, scores):
    statistic = getattr(plain_statistics, name)
    estimate = found(name, scores)
    assert estimate.point == pytest.approx(statistic(tasks(scores)), abs=1e-12)
    assert estimate.n == 22
    assert plain_statistics.close(estimate, plain_statistics.bootstrap(statistic, tasks(scores)))


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("iqm", "iqm"),
        ("mean", "mean"),
        ("task_median", "median"),
        ("optimality_gap", "optimality_gap"),
    ],
)
def test_point_is_rliables(name, theirs, scores):
    """It knows no missing runs, and no median of all runs."""
    metrics = pytest.importorskip("rliable.metrics", reason="rliable is not installed")
    expected = getattr(metrics, f"aggregate_{theirs}")(scores[:6])
    assert found(name, scores[:6]).point == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", POINTS)
def test_the_order_of_runs_does_not_matter(name, scores):
    shuffled = np.random.default_rng(3).permuted(scores, axis=0)
    one, two = found(name, scores), found(name, shuffled)
    assert one.point == pytest.approx(two.point, abs=1e-12)
    assert plain_statistics.close(one, (two.low, two.high, (two.high - two.low) / 4))


@pytest.mark.parametrize("name", ["iqm", "mean", "median", "task_median"])
def test_a_constant_moves_point_and_interval(name, scores):
    one, two = found(name, scores), found(name, scores + 3)
    for bound in ("point", "low", "high"):
        assert getattr(two, bound) == pytest.approx(getattr(one, bound) + 3, abs=1e-12)


def test_optimality_gap_moves_with_gamma_and_clips(scores):
    one, rng = found("optimality_gap", scores), np.random.default_rng(1)
    moved = stats.optimality_gap(scores + 3, rng, gamma=4.0)
    assert moved.point == pytest.approx(one.point, abs=1e-12)
    assert moved.low == pytest.approx(one.low, abs=1e-12)
    assert stats.optimality_gap(scores + 99, rng).point == 0


@pytest.mark.parametrize("name", POINTS)
def test_a_task_without_scores_does_not_enter_and_leaves_the_interval_unknown(name, scores):
    scores = np.concatenate([scores, np.full((8, 1), np.nan)], axis=1)
    estimate = found(name, scores)
    assert estimate.point == found(name, scores[:, :3]).point
    assert (estimate.low, estimate.high, estimate.n) == (None, None, 22)


@pytest.mark.parametrize("name", POINTS)
@pytest.mark.parametrize("shape", [(0, 2), (3, 2)])
def test_no_scores_have_no_point(name, shape):
    estimate = found(name, np.full(shape, np.nan))
    assert np.isnan(estimate.point) and estimate.low is None and estimate.n == 0


@pytest.mark.parametrize("name", POINTS)
def test_one_seed_leaves_the_interval_unknown(name, scores):
    estimate = found(name, scores[:1])
    assert np.isfinite(estimate.point) and estimate.low is None and estimate.high is None


@pytest.mark.parametrize("shape", [(5,), (5, 0), (5, 2, 2)])
def test_another_shape_is_refused(shape):
    with pytest.raises(ValueError, match=r"scores must be \[runs × tasks\], but their shape is"):
        found("iqm", np.zeros(shape))


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
    found = stats.points(values, cell, np.zeros(6, int), how)
    assert np.array_equal(found, [middle, 5, np.nan, 8], equal_nan=True)


def test_the_median_of_task_means_of_many_cells_is_that_of_plain_python(rng):
    """Cells of unlike tasks, seeds and configurations, their rows in any order."""
    columns = [
        (cell, task, seed)
        for cell, sizes in enumerate([(6, 5, 7), (5, 0, 6), (0, 9, 0), (6, 5, 7)])
        for task, seeds in enumerate(sizes)
        for seed in range(seeds)
        for _ in range(1 + (cell > 1))
    ]
    cell, task, seed = rng.permutation(np.array(columns)).T
    values = rng.normal(task, 1.0)
    expected = [
        plain_statistics.task_median(
            [own for t in range(3) if (own := values[(cell == c) & (task == t)].tolist())]
        )
        for c in range(4)
    ]
    found = stats.cells(values, cell, task, seed, "task_median", rng)
    np.testing.assert_allclose(found.point, expected, atol=1e-12)
    np.testing.assert_allclose(stats.points(values, cell, task, "task_median"), expected)
    for place in range(4):
        own = cell == place
        alone = [values[own & (task == t)].tolist() for t in range(3) if (own & (task == t)).any()]
        if place < 2:  # one run a seed
            bounds = plain_statistics.bootstrap(plain_statistics.task_median, alone)
            one = stats.Estimate(found.point[place], found.low[place], found.high[place], 0)
            assert plain_statistics.close(one, bounds)


def test_of_one_task_the_median_of_task_means_is_the_mean(rng):
    values, seeds = rng.normal(size=24), np.arange(24) % 8
    columns = (values, np.zeros(24, int), np.zeros(24, int), seeds)
    one, other = (
        stats.cells(*columns, how, np.random.default_rng(1)) for how in ("task_median", "mean")
    )
    for name in ("point", "low", "high"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), abs=1e-12)


def test_of_one_seed_it_is_the_median_over_tasks_without_an_interval(rng):
    values = np.array([9.0, 1.0, 2.0, 50.0, 3.0])
    found = stats.cells(values, [0] * 5, range(5), [0] * 5, "task_median", rng)
    assert found.point == 3.0 and np.isnan(found.low[0]) and found.n[0] == 5


def test_a_diverged_run_decides_it_only_where_its_task_does(rng):
    """Of three tasks the worst counts for nothing, of two its mean is half of the median."""
    values = rng.normal(size=(3, 6)) + np.array([[0.0], [5.0], [9.0]])
    values[0, 2] = -np.inf
    for tasks, known in ((3, True), (2, False)):
        own = values[:tasks]
        _, task, seed = np.indices((1, *own.shape)).reshape(3, -1)
        one = stats.cells(own.ravel(), 0 * task, task, seed, "task_median", rng)
        whole = stats.estimate(own.T, "task_median", rng)
        assert np.isfinite(one.point[0]) == np.isfinite(whole.point) == known
        assert np.isfinite(one.low[0]) == (whole.low is not None) == known
        if known:
            assert one.point[0] == pytest.approx(own[1].mean())


def test_no_runs_no_cells(rng):
    found = stats.cells([], [], [], [], "iqm", rng)
    assert len(found.point) == len(found.low) == len(found.n) == 0


def test_deviations_are_those_of_a_sample_in_each_cell():
    values = [1.0, 2.0, 6.0, 3.0, 3.5, np.inf, 1.0]
    cell = [0, 0, 0, 1, 1, 2, 2]
    for error, root in ((False, 1.0), (True, None)):
        found = stats.deviations(values, cell, "mean", error=error)
        wanted = [np.std([1, 2, 6], ddof=1) / (root or 3**0.5), 0.5**0.5 / 2 / (root or 2**0.5)]
        assert (found.high - found.point)[:2] == pytest.approx(wanted)
        assert (found.point - found.low)[:2] == pytest.approx(wanted)
        assert found.n.tolist() == [3, 2, 2] and np.isnan(found.low[2])
    assert np.isnan(stats.deviations([1.0], [0], "mean", error=True).low[0])
