"""Holm's correction, p values, intervals and seeds needed, of differences that are made up."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from sweeper.stats import bootstrap
from sweeper.stats.verdicts import Difference, holm

RESAMPLES = 4000


def made(values: np.ndarray, rng: np.random.Generator) -> Difference:
    """The mean of `values` [seeds], as a claim's difference."""
    draws = bootstrap.resampled_means(values, rng, RESAMPLES)
    return Difference(float(values.mean()), draws, (len(values),))


@pytest.mark.parametrize("seeds", [5, 12, 40])
def test_of_means_it_is_the_paired_t_test(seeds: int) -> None:
    rng = np.random.default_rng(seeds)
    for shift in (0.0, 0.5, 1.0):
        values = rng.normal(shift, 1, seeds)
        found, told = made(values, rng), ttest_1samp(values, 0)
        assert found.p() == pytest.approx(told.pvalue, rel=0.25, abs=1e-3)
        low, high = found.interval(0.95)
        interval = told.confidence_interval(0.95)
        assert (low, high) == pytest.approx((interval.low, interval.high), rel=0.1, abs=0.05)


@pytest.mark.parametrize("by_count", [True, False])
def test_zero_lies_outside_the_interval_where_p_is_small(by_count: bool) -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        draws = np.round(rng.normal(rng.uniform(-2, 2), 1, RESAMPLES), 0 if by_count else 9)
        found = Difference(float(np.median(draws)), draws, (10,), by_count=by_count)
        for level in (0.5, 0.95, 0.99):
            low, high = found.interval(level)
            if low > 0 or high < 0:
                assert found.p() <= 1 - level + 1e-3
            elif low < 0 < high:
                assert found.p() >= 1 - level - 1e-3


def test_holm_goes_on_to_the_first_that_is_too_large() -> None:
    spread = np.random.default_rng(0).normal(0, 1, RESAMPLES)

    def one(p: float) -> Difference:
        """A difference with that p value."""
        low, high = 0.0, 50.0
        for _ in range(60):
            middle = (low + high) / 2
            found = Difference(middle, middle + spread, (20,))
            low, high = (middle, high) if found.p() > p else (low, middle)
        return found

    ps = [0.03, 0.001, 0.02, 0.012]
    found = holm([*map(one, ps), None])
    assert [one.verdict for one in found] == [
        "undecided",
        "supported",
        "undecided",
        "supported",
        "undecided",
    ]
    assert [round(1 / one.alpha) for one in found] == [60, 100, 60, 80, 60]
    assert [one.p for one in found[:4]] == pytest.approx([0.06, 0.005, 0.06, 0.048], rel=1e-3)
    assert math.isnan(found[4].p)
    assert holm([]) == []


def test_resamples_that_agree_decide_nothing_by_themselves() -> None:
    """Five seeds that all say the same may be luck: their p value is no 0."""
    same = Difference(0.1, np.full(RESAMPLES, 0.1), (5,))
    assert 0.01 < same.p() < 0.05
    assert same.interval(0.95) == (0.1, 0.1)
    assert [one.verdict for one in holm([same])] == ["supported"]
    assert [one.verdict for one in holm([same] * 5)] == ["undecided"] * 5
    assert Difference(0.1, np.full(RESAMPLES, 0.1), (20,)).p() < 0.01


def test_so_many_seeds_as_it_says_decide_it() -> None:
    spread = np.random.default_rng(0).normal(0, 1, RESAMPLES)
    found = Difference(1.2, 1.2 + spread, (6, 6))
    needed = found.seeds_needed(0.05)
    assert needed is not None and 6 < needed < 40
    assert found.p(needed / 6) <= 0.05 < found.p((needed - 1) / 6)
    assert Difference(0.001, 0.001 + spread, (6, 6)).seeds_needed(0.05) is None


@pytest.mark.parametrize("by_count", [True, False])
def test_equal_sides_are_told_apart_in_five_of_a_hundred_families(by_count: bool) -> None:
    """Of four claims each; the table of docs/measured/claims.md has more."""
    rng, wrong, families = np.random.default_rng(3), 0, 300
    for _ in range(families):
        claims = []
        for _ in range(4):
            values = rng.normal(0, 1, 6)
            draws = bootstrap.resampled_means(values, rng, 1000)
            if by_count:
                values, draws = np.sign(values), np.sign(draws)
            claims.append(Difference(float(values.mean()), draws, (6,), by_count=by_count))
        wrong += any(one.verdict != "undecided" for one in holm(claims))
    assert wrong / families < 0.08
