"""What the winner loses under fresh seeds: by hand, in plain Python, and where nothing is told."""

from __future__ import annotations

import numpy as np
import pytest

from sweeper import stats
from sweeper.score import STATISTICS
from tests.helpers import plain_statistics

HOWS = pytest.mark.parametrize("how", STATISTICS)


@pytest.fixture
def rng():
    return np.random.default_rng(1)


@pytest.fixture(scope="module")
def scores():
    """5 trials × 9 seeds × 2 tasks, whose seeds share their luck; trial 3 is the best."""
    draw = np.random.default_rng(0)
    scores = draw.normal([0.0, 1.0], 0.2, (5, 9, 2)) + draw.normal(0, 0.5, (1, 9, 2))
    scores[3] += 2
    return scores


@pytest.fixture(scope="module")
def fresh():
    return np.random.default_rng(5).normal([1.2, 2.2], 0.6, (7, 2))


def tasks(scores):
    return scores.T.tolist()


@HOWS
def test_the_fall_is_that_of_plain_python(how, scores, fresh, rng):
    statistic = getattr(plain_statistics, how)

    def fallen(before, after):
        return statistic(before) - statistic(after)

    sides = tasks(scores[3]), tasks(fresh)
    found = stats.unpaired_difference(scores[3], fresh, how, rng)
    assert found.point == pytest.approx(fallen(*sides)) and found.n == 32
    assert plain_statistics.close(found, plain_statistics.bootstrap(fallen, *sides))


@HOWS
def test_lead_and_share_are_those_of_plain_python(how, scores, fresh, rng):
    """Whole seeds are drawn, of all trials; a task is a list of seeds of the trials' scores."""
    statistic = getattr(plain_statistics, how)

    def values(drawn):
        return [statistic([[seed[n] for seed in task] for task in drawn]) for n in range(5)]

    def ahead(drawn):
        return values(drawn)[3] - np.median(values(drawn))

    def share(drawn, again):
        return min(1, max(0, (values(drawn)[3] - statistic(again)) / ahead(drawn)))

    seeds = [[*scores[..., task].T] for task in range(2)]
    lead, part = stats.lead(scores, 3, fresh, how, rng)
    assert lead.point == pytest.approx(ahead(seeds)) and lead.low > 0
    assert part.point == pytest.approx(share(seeds, tasks(fresh))) and 0 < part.point < 1
    assert plain_statistics.close(lead, plain_statistics.bootstrap(ahead, seeds, repeats=1000))
    assert plain_statistics.close(
        part,
        plain_statistics.bootstrap(share, seeds, tasks(fresh), repeats=1000, seeds=[7, 7]),
    )


def test_by_hand(rng):
    """Trials come to 1, 2 and 5; the winner to 4 again: it loses 1 of its lead of 3."""
    scores = np.array([1.0, 2.0, 5.0])[:, None, None] * np.ones((3, 5, 2))
    lead, share = stats.lead(scores, 2, np.full((5, 2), 4.0), "mean", rng)
    assert lead.point == lead.low == lead.high == 3.0
    assert share.point == share.low == share.high == pytest.approx(1 / 3)
    lost = stats.unpaired_difference(scores[2], np.full((6, 2), 4.0), "mean", rng)
    assert (lost.point, lost.low, lost.high, lost.n) == (1.0, 1.0, 1.0, 22)
    _, more = stats.lead(scores, 2, np.full((5, 2), 6.0), "mean", rng)
    _, less = stats.lead(scores, 2, np.full((5, 2), -9.0), "mean", rng)
    assert (more.point, less.point) == (0.0, 1.0), "at least none, and at most all"


def test_a_share_needs_a_lead_that_is_known(scores, fresh, rng):
    for winner, seeds in ((0, 9), (3, 4)):  # no lead to speak of; too few seeds
        lead, share = stats.lead(scores[:, :seeds], winner, fresh, "mean", rng)
        assert lead.low is None or lead.low <= 0
        assert np.isnan(share.point) and share.low is None
    lead, share = stats.lead(scores, 3, fresh[:4], "mean", rng)
    assert lead.low > 0 and np.isfinite(share.point) and share.low is None, "four fresh seeds"
    lead, share = stats.lead(scores, 3, np.full((1, 2), np.nan), "mean", rng)
    assert lead.low > 0 and np.isnan(share.point), "no fresh score"
    missing = stats.unpaired_difference(scores[3], np.full((1, 2), np.nan), "mean", rng)
    assert np.isnan(missing.point) and missing.low is None and missing.n == 18


def test_many_trials_are_drawn_in_blocks(scores, fresh):
    whole = stats.lead(scores, 3, fresh, "iqm", np.random.default_rng(1))
    parts = stats.lead(scores, 3, fresh, "iqm", np.random.default_rng(1), at_once=5 * 700)
    for one, two in zip(parts, whole, strict=True):
        assert one.point == two.point
        assert plain_statistics.close(one, (two.low, two.high, (two.high - two.low) / 4))
