"""Usable ranges, Φ and d: by hand, in plain Python, and what holds of all sweeps."""

from __future__ import annotations

from itertools import chain, combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweeper import stats
from tests.helpers import plain_statistics

GRID = np.array([[a, b] for a in range(2) for b in range(2)])


@pytest.fixture
def rng():
    return np.random.default_rng(1)


def seeds(means, count=1):
    """Scores [settings × seeds × tasks] of equal seeds."""
    return np.repeat(np.asarray(means, float)[:, None], count, axis=1)


def gamma(scores):
    """Γ as a list a task, in plain Python."""
    found = []
    for task in range(scores.shape[2]):
        low, high = np.nanpercentile(scores[:, :, task], [5, 95])
        found.append([(sum(own) / len(own) - low) / (high - low) for own in scores[:, :, task]])
    return found


def phi(found):
    best = sum(map(max, found)) / len(found)
    return best - max(sum(column) / len(found) for column in zip(*found, strict=True))


def dimension(found, grid, share=0.95):
    """d by trying, for each task, every setting that differs from the best in allowed axes only."""
    averages = [sum(column) for column in zip(*found, strict=True)]
    best = grid[averages.index(max(averages))]
    target = share * sum(map(max, found)) / len(found)
    axes = range(len(best))
    for tuned in chain.from_iterable(combinations(axes, size) for size in range(len(best) + 1)):
        reached = sum(
            max(
                score
                for score, row in zip(task, grid, strict=True)
                if all(row[axis] == best[axis] for axis in axes if axis not in tuned)
            )
            for task in found
        )
        if reached / len(found) >= target - 1e-12:
            return len(tuned)
    return None


def test_by_hand(rng):
    """21 settings: 5th and 95th percentile are the second and the last but one in order.

    Task 0 rises from 0 to 20 and task 1 falls, both of scale 1 … 19. One setting for each task has
    19 / 18 in both; a setting for both always has 10 − 1 over 18 on average.
    """
    rising = np.arange(21.0)
    scores = seeds(np.stack([rising, rising[::-1]], axis=1))
    found = stats.sensitivity(scores, rng)
    assert found.point == pytest.approx(19 / 18 - 9 / 18, abs=1e-12)
    assert (found.low, found.high, found.n) == (None, None, 2)
    assert stats.effective_dimension(scores, np.arange(21)[:, None]) == 1


@pytest.mark.parametrize(
    ("means", "d"),
    [
        ([[0, 0], [1, 1], [2, 2], [3, 3]], 0),  # one setting is best in both tasks
        ([[3, 0], [0, 3], [0, 0], [1, 1]], 1),  # b alone decides
        ([[3, 0], [0, 1], [0, 0], [0, 3]], 2),  # a and b, and neither alone
    ],
)
def test_dimension_by_hand(means, d):
    assert stats.effective_dimension(seeds(means), GRID) == d


def test_one_setting_best_everywhere_costs_nothing(rng):
    scores = np.random.default_rng(0).random((6, 5, 3))
    scores[2] += 2
    found = stats.sensitivity(scores, rng)
    assert (found.point, found.low, found.high, found.n) == (0, 0, 0, 15)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.integers(1, 3), st.integers(1, 3), st.integers(1, 4))
def test_any_sweep(seed, hyperparameters, tasks, runs):
    grid = np.array(list(product(range(3), repeat=hyperparameters)))
    draw = np.random.default_rng(seed)
    scores = draw.normal(size=(len(grid), runs, tasks))
    found = stats.sensitivity(scores, np.random.default_rng(0)).point
    d = stats.effective_dimension(scores, grid)
    assert found == pytest.approx(phi(gamma(scores)), abs=1e-9) and found >= 0
    assert d == dimension(gamma(scores), grid.tolist()) and 0 <= d <= hyperparameters
    order, scale = draw.permutation(len(grid)), draw.uniform(0.5, 3, size=tasks)
    moved = draw.permutation(scores, axis=1)[order] * scale + draw.normal(size=tasks)
    again = stats.sensitivity(moved, np.random.default_rng(0)).point
    assert again == pytest.approx(found, abs=1e-9), "any order, and any scale of a task"
    assert stats.effective_dimension(moved, grid[order]) == d
    if tasks == 1:
        assert found == 0 and d == 0


def test_interval_is_that_of_plain_python(rng):
    """Whole seeds are resampled: the same for all settings, others in each task."""
    scores = np.random.default_rng(0).normal(size=(4, 7, 2))
    scores[0, :, 1] += 1
    scores[1, :, 0] += 1
    low, high = np.percentile(scores, [5, 95], axis=(0, 1))
    scaled = (scores - low) / (high - low)

    def again(tasks):
        return phi([np.mean(task, axis=0).tolist() for task in tasks])

    found = stats.sensitivity(scores, rng)
    assert plain_statistics.close(
        found, plain_statistics.bootstrap(again, [[*scaled[..., t].T] for t in range(2)])
    )


def test_many_settings_are_resampled_in_blocks():
    scores = np.random.default_rng(0).normal(size=(5, 6, 2))
    whole = stats.sensitivity(scores, np.random.default_rng(1))
    parts = stats.sensitivity(scores, np.random.default_rng(1), at_once=900 * 10)
    assert parts.point == whole.point
    assert plain_statistics.close(parts, (whole.low, whole.high, (whole.high - whole.low) / 4))


def test_a_setting_that_lacks_a_score_is_left_out(rng):
    scores = np.random.default_rng(0).normal(size=(4, 5, 2))
    whole = stats.sensitivity(scores, rng)
    longer = np.concatenate([scores, np.full((4, 1, 2), np.nan)], axis=1)
    assert stats.sensitivity(longer, rng).point == whole.point, "a seed that nobody has"
    scores[3] = scores[0] + 99
    scores[3, 2, 1] = np.nan
    found = stats.sensitivity(scores, rng)
    assert found.n == 10 and np.isfinite(found.point)
    seen = [own[:3] for own in gamma(scores)]
    assert found.point == pytest.approx(phi(seen), abs=1e-12), "on the scale of all that was seen"
    assert stats.effective_dimension(scores, GRID) == dimension(seen, GRID[:3].tolist())


def test_equal_scores_tell_nothing(rng):
    scores = np.random.default_rng(0).normal(size=(4, 5, 2))
    scores[..., 1] = 0.5
    found = stats.sensitivity(scores, rng)
    assert np.isnan(found.point) and found.low is None
    assert stats.effective_dimension(scores, GRID) is None


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 0)])
def test_another_shape_is_refused(rng, shape):
    with pytest.raises(ValueError, match=r"must be \[settings × seeds × tasks\]"):
        stats.sensitivity(np.zeros(shape), rng)


def test_no_whole_setting_is_refused(rng):
    scores = np.full((4, 5, 2), np.nan)
    with pytest.raises(ValueError, match="no setting has a score in every task"):
        stats.sensitivity(scores, rng)
    scores[:, :, 0] = 1.0
    with pytest.raises(ValueError, match="no setting has a score in every task"):
        stats.effective_dimension(scores, GRID)


def test_usable_range():
    assert stats.usable_range([0.1, 0.79, 0.8, 1.0, np.nan]).tolist() == [0, 0, 1, 1, 0]
    assert stats.usable_range([2.0, 5.0, 6.0], low=1.0).tolist() == [0, 1, 1]
    assert not stats.usable_range([-1.0, 0.0, -0.2]).any(), "no better than the low reference"
    assert not stats.usable_range([np.nan, np.nan]).any()


def test_usable_range_where_minimised():
    assert stats.usable_range([0.0, 0.2, 0.21, 1.0], minimise=True).tolist() == [1, 1, 0, 0]
