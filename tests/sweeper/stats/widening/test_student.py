"""Student's distribution, beside scipy's."""

from __future__ import annotations

import pytest
from scipy.stats import t

from sweeper.stats.widening import student


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 5, 8, 9, 19, 40, 99, 1001, 5001, 1_000_000])
def test_tails_and_quantiles_are_scipy_s(freedom: int) -> None:
    for at in (0.0, 0.1, 1.0, 2.5, 6.0):
        expected = 2 * t.sf(at, freedom)
        assert student.tails(at, freedom) == pytest.approx(expected, rel=1e-5, abs=1e-9)
        assert student.tails(-at, freedom) == student.tails(at, freedom)
    for level in (0.5, 0.95, 0.995, 0.9999):
        expected = t.ppf((1 + level) / 2, freedom)
        assert student.quantile(level, freedom) == pytest.approx(expected, rel=1e-6)
    assert student.tails(float("inf"), freedom) == 0
