"""Factors by which intervals of few seeds are widened."""

from __future__ import annotations

import numpy as np
import pytest

from sweeper.stats.widening import stretch


def test_many_seeds_need_no_widening_and_few_the_more():
    for how in ("iqm", "median", "mean"):
        few, some, many = (stretch.factor([n], how) for n in (5, 10, 100_000))
        assert few > some > many and many == pytest.approx(1, abs=1e-4)
    assert stretch.factor([5]) > stretch.factor([5] * 5) > stretch.factor([20] * 5) > 1


def test_bounds_move_from_the_point_as_far_as_they_may():
    point, low, high = np.array([1.0, 0.5, 0.0]), np.array([0.0, 0.6, 0.0]), np.array([2.0, 1, 0])
    found = stretch.stretched(point, (low, high), 1.5, (-0.25, 2.25))
    np.testing.assert_allclose(found[0], [-0.25, 0.6, 0.0], err_msg="one lies above its point")
    np.testing.assert_allclose(found[1], [2.25, 1.25, 0.0])
