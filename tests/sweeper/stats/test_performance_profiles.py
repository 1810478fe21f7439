"""Performance profiles: by hand, in plain Python, and what holds for every profile."""

from __future__ import annotations

import numpy as np
import pytest

from sweeper import stats
from tests.helpers import plain_statistics

TAUS = np.linspace(-0.5, 2.5, 13)
PLAIN = {
    stats.score_distribution: plain_statistics.above,
    stats.average_score_distribution: plain_statistics.tasks_above,
}
EVERY = pytest.mark.parametrize("profile", PLAIN)


@pytest.fixture
def rng():
    return np.random.default_rng(1)


@pytest.fixture(scope="module")
def scores():
    """7 runs × 3 tasks, the first task without its last run."""
    scores = np.random.default_rng(0).normal([0.3, 0.9, 1.2], 0.6, size=(7, 3))
    scores[6, 0] = np.nan
    return scores


def tasks(scores):
    return [column[~np.isnan(column)].tolist() for column in scores.T]


def test_by_hand(rng):
    scores = [[0.0, 0.2], [0.4, 0.6], [0.8, 1.8], [1.0, 3.0]]  # means of the tasks: 0.55, 1.4
    taus = [-1.0, 0.0, 0.5, 1.0, 3.0]
    runs = stats.score_distribution(scores, taus, rng)
    assert runs.point.tolist() == [1.0, 7 / 8, 5 / 8, 2 / 8, 0.0]
    assert np.isnan(runs.low).all() and np.isnan(runs.high).all(), "of 4 seeds"
    assert runs.n.tolist() == [8] * 5
    means = stats.average_score_distribution(scores, taus, rng)
    assert means.point.tolist() == [1.0, 1.0, 1.0, 0.5, 0.0]


def test_the_share_below_is_what_is_not_reached(rng):
    """Where smaller is better; with its band, it is the share above of the negated scores."""
    scores = np.array([3.0, 1.0, 2.0, 2.0, 5.0])[:, None]
    levels = np.array([0.0, 1.0, 2.0, 2.5, 3.0])
    found = stats.score_distribution(scores, levels, rng, below=True)
    assert found.point.tolist() == [0.0, 0.0, 0.2, 0.6, 0.6]
    mirrored = stats.score_distribution(-scores, -levels, np.random.default_rng(1))
    assert mirrored.point.tolist() == found.point.tolist()
    assert abs(mirrored.low - found.low).max() <= 0.2 + 1e-9 and (found.high >= found.point).all()


@EVERY
def test_is_that_of_plain_python(profile, scores, rng):
    found, plain = profile(scores, TAUS, rng), PLAIN[profile]
    for number, tau in enumerate(TAUS):
        assert found.point[number] == pytest.approx(plain(tasks(scores), tau), abs=1e-12)
    for number in range(3, 10, 2):
        low, high, _ = plain_statistics.bootstrap(
            lambda them, n=number: plain(them, TAUS[n]), tasks(scores)
        )
        assert abs(found.low[number] - low) <= 0.06 and abs(found.high[number] - high) <= 0.06
    assert set(found.n) == {20}


@EVERY
def test_falls_from_1_to_0_with_its_bounds(profile, scores, rng):
    taus = np.concatenate([[-99.0], TAUS, [99.0]])
    found = profile(scores, taus, rng)
    for line in (found.point, found.low, found.high):
        assert line[0] == 1 and line[-1] == 0
    assert (np.diff(found.point) <= 1e-12).all()
    assert (found.low <= found.point).all() and (found.point <= found.high).all()


@EVERY
def test_moves_with_the_scores_and_not_with_their_order(profile, scores, rng):
    found = profile(scores, TAUS, rng).point
    shuffled = np.random.default_rng(3).permuted(scores, axis=0)
    assert np.array_equal(profile(shuffled, TAUS, rng).point, found)
    assert np.array_equal(profile(scores + 4, TAUS + 4, rng).point, found)


def test_area_under_a_profile_is_the_optimality_gaps_complement(scores, rng):
    """Of scores in [0, 1] the share above τ integrates to their mean, 1 − gap."""
    scores = np.clip(scores[:4], 0, 1)
    taus = (np.arange(20_000) + 0.5) / 20_000
    area = stats.score_distribution(scores, taus, rng).point.mean()
    assert area == pytest.approx(1 - stats.optimality_gap(scores, rng).point, abs=1e-4)


@EVERY
def test_no_scores(profile, rng):
    found = profile(np.full((3, 2), np.nan), TAUS, rng)
    assert np.isnan(found.point).all() and np.isnan(found.low).all() and not found.n.any()


@EVERY
def test_a_task_without_scores_does_not_enter(profile, scores, rng):
    wider = np.concatenate([scores, np.full((7, 1), np.nan)], axis=1)
    found = profile(wider, TAUS, rng)
    assert np.array_equal(found.point, profile(scores, TAUS, rng).point)
    assert np.isnan(found.high).all()
