"""Intervals in words: what they are worth, and where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from sweeper.results.tables.wording import bounds, measured
from tests.helpers.figures import AXES, drawn, whole, words


def test_an_interval_without_width_is_none():
    said = [bounds(low, high, "{:.3g}".format) for low, high in ((0.1, 0.25), (1.0, 1.0))]
    assert said == ["0.1 to 0.25", "no spread"]
    assert bounds(0.3, 0.1 + 0.2, str) == "no spread", "but for rounding"
    assert bounds(None, None, str) == bounds(np.nan, np.nan, str) == "interval unknown"


@pytest.mark.parametrize(("seeds", "said"), [(4, False), (5, True), (9, True), (10, False)])
def test_what_intervals_of_few_seeds_cover_is_said(played, seeds, said):
    text = words(drawn(played(whole, axes=AXES, seeds=seeds), "heatmap"))
    assert ("95 % stratified bootstrap intervals over seeds" in text) == (seeds >= 5)
    assert ("Intervals of fewer than 10 seeds cover 88 to 97 %" in text) == said


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ((0.35062, 0.23951, 0.41482), "0.35 (0.24 to 0.41)"),
        ((0.35062, 0.3481, 0.35302), "0.3506 (0.3481 to 0.3530)"),
        ((5.5, -1.2, 20.4), "6 (-1 to 20)"),
        ((2461.3, 1980.1, 2777.7), "2461 (1980 to 2778)"),
        ((0.0001234, -0.0000001, 0.0002345), "0.00012 (0.00000 to 0.00023)"),
        ((1.234e-9, 1.1e-9, 1.5e-9), "1.23e-09 (1.1e-09 to 1.5e-09)"),
        ((3.21e8, 3.1e8, 3.35e8), "3.21e+08 (3.1e+08 to 3.35e+08)"),
        ((0.123456, None, None), "0.1235 (interval unknown)"),
        ((0.5, 0.5, 0.5), "0.5 (no spread)"),
    ],
)
def test_two_digits_of_the_intervals_width_are_written(found, said):
    assert measured(*found) == said
    assert measured(*found, "5 runs") == f"{said[:-1]}, 5 runs)"
