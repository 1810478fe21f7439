"""Intervals in words: what they are worth, and where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from sweeper.bounds import bounds
from tests.sweeper.drawing import AXES, drawn, whole, words


def test_an_interval_without_width_is_none():
    said = [bounds(low, high, "{:.3g}".format) for low, high in ((0.1, 0.25), (1.0, 1.0))]
    assert said == ["0.1 to 0.25", "no spread"]
    assert bounds(0.3, 0.1 + 0.2, str) == "no spread", "but for rounding"
    assert bounds(None, None, str) == bounds(np.nan, np.nan, str) == "interval unknown"


@pytest.mark.parametrize(("seeds", "said"), [(4, False), (5, True), (9, True), (10, False)])
def test_what_intervals_of_few_seeds_cover_is_said(played, seeds, said):
    text = words(drawn(played(whole, axes=AXES, seeds=seeds), "heatmap"))
    assert ("95 % stratified bootstrap intervals over seeds" in text) == (seeds >= 5)
    assert ("Intervals of fewer than 10 seeds cover 76 to 95 %" in text) == said
