"""Configurations that are worse than the best, by a few paired seeds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import polygamma

from sweeper.stats.choosing.race import _inverse_trigamma, behind, beyond

RNG = np.random.default_rng(0)


def test_what_is_far_worse_is_told_apart_by_two_seeds_of_many() -> None:
    values = RNG.normal(0, 1, (12, 2)) + np.where(np.arange(12) < 2, 100, 0)[:, None]
    best, found = behind(values)
    assert best < 2 and (found[2:] < 1e-4).all() and found[1 - best] > 0.05 and found[best] == 1


def test_easy_seeds_change_nothing() -> None:
    values = RNG.normal(0, 1, (8, 5)) + np.arange(8)[:, None]
    easier = values + RNG.normal(0, 100, 5)
    assert behind(values)[0] == behind(easier)[0]
    np.testing.assert_allclose(behind(values)[1], behind(easier)[1], rtol=1e-6, atol=1e-12)


def test_the_unit_changes_nothing() -> None:
    values = RNG.normal(0, 1, (6, 3)) + np.arange(6)[:, None]
    np.testing.assert_allclose(
        behind(values)[1], behind(1e3 * values - 7)[1], rtol=1e-6, atol=1e-12
    )


@pytest.mark.parametrize("seeds", [2, 3, 10])
@pytest.mark.parametrize("spread", [0.0, 1.0])
def test_one_that_is_as_good_is_seldom_behind(seeds: int, spread: float) -> None:
    rng, wrong, studies = np.random.default_rng(seeds), 0, 300
    for _ in range(studies):
        scales = np.exp(spread * rng.normal(size=(8, 1)) / 2)
        wrong += behind(scales * rng.normal(size=(8, seeds)))[1][0] < 0.05
    assert wrong <= 0.05 * studies + 2 * np.sqrt(0.05 * 0.95 * studies)


def test_scores_without_any_spread_are_told_apart_exactly() -> None:
    best, found = behind(np.repeat([[1.0], [2.0], [2.0]], 2, axis=1))
    assert best == 1 and found.tolist() == [0, 1, 1]


def test_a_row_that_scored_alike_by_chance_is_not_certain() -> None:
    values = RNG.normal(0, 1, (10, 2))
    values[3] = values[3].max() + 1e-6
    found = behind(values)[1]
    assert (found > 1e-4).all()


def test_one_configuration_is_the_best() -> None:
    assert behind(np.array([[3.0, 4.0]]))[0] == 0
    assert behind(np.array([[3.0, 4.0]]))[1].tolist() == [1]


@pytest.mark.parametrize("value", [1e-3, 0.3, 1.0, 5.0, 1e3])
def test_trigamma_is_inverted(value: float) -> None:
    assert polygamma(1, _inverse_trigamma(value)) == pytest.approx(value, rel=1e-8)


def test_the_best_is_one_of_those_that_may_be() -> None:
    values = np.array([[9.0, 9.1, 9.2], [1.1, 1.3, 1.2], [1.1, 1.0, 1.2], [-9.0, -9.2, -9.1]])
    best, found = behind(values, np.array([False, True, True, True]))
    assert best == 1 and found[0] == 1 and found[3] < 0.01
    best, found = behind(values, np.zeros(4, bool))
    assert (found == 1).all()
    assert behind(values, np.ones(4, bool))[0] == behind(values)[0] == 0


def test_a_bound_is_surely_broken_where_seeds_say_so_beside_the_spread_of_all() -> None:
    excess = RNG.normal([[20.0], [0.5], [-20.0]] * 4, 1.0, (12, 3))
    excess[11] = np.inf, 1.0, 1.0
    found = beyond(excess)
    assert (found[[0, 3, 6, 9]] < 0.05).all() and (found[[1, 4, 2, 5, 8, 11]] > 0.5).all()
    assert beyond(np.array([[1.0, 1.0], [-1.0, -1.0]])).tolist() == [0.0, 1.0], "no number varies"
    assert beyond(np.full((2, 2), np.inf)).tolist() == [1.0, 1.0]


def test_seeds_that_agree_by_chance_are_not_sure() -> None:
    """Of a metric that is 0 or 1, two of two seeds say little."""
    wrong = 0
    for _ in range(400):
        excess = (RNG.random((8, 2)) < 0.4) - 0.5
        wrong += bool((beyond(excess) < 0.05).any())
    assert wrong <= 0.05 * 400
