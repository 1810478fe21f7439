"""Numbers beside others: no interval seems to have no width, and no value to be 0, unless it is."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeper.results.tables import number_text
from sweeper.results.tables.wording import has_no_width


@pytest.mark.parametrize(
    ("point", "low", "high", "said"),
    [
        (0.913, 0.67, 1.19, ("0.9", "0.7", "1.2")),
        (0.0274, 0.0235, 0.0331, ("0.03", "0.02", "0.03")),
        (665.1, 664.9, 665.2, ("665.1", "664.9", "665.2")),
        (-1024.0, -1025.0, -1023.0, ("−1024", "−1025", "−1023")),
        (3.0, 3.0, 3.0, ("3", "3", "3")),
        (0.0, 0.0, 0.0, ("0", "0", "0")),
        (0.4, math.nan, math.nan, ("0.4", "nan", "nan")),
        (6.3e7, 5e7, 7e7, ("6.30e+07", "5.00e+07", "7.00e+07")),
    ],
)
def test_beside_a_number_of_millions(point, low, high, said):
    places = number_text.enough(point, low, high, common=0)
    assert tuple(number_text.fixed(value, places) for value in (point, low, high)) == said


@given(st.floats(-1e4, 1e4), st.floats(1e-5, 1e4), st.floats(1e-5, 1e4), st.integers(0, 6))
def test_an_interval_with_a_width_shows_it(point, below, above, common):
    low, high = point - below, point + above
    places = number_text.enough(point, low, high, common)
    assert common <= places <= 6
    texts = [number_text.fixed(value, places) for value in (low, high)]
    assert texts[0] != texts[1] or has_no_width(low, high)


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        (-1100, 1.2, ["−1000", "−100", "−10", "−1", "0", "1"]),
        (-0.5, 3, ["0", "1"]),
        (-1099.5, -1096, ["−1099", "−1098", "−1097", "−1096"]),
        (-2e6, 20, ["−10⁶", "−10⁴", "−10²", "−1", "0", "1"]),
        (-1e300, 1e300, ["−10²²⁸", "−10¹⁵²", "−10⁷⁶", "−1", "0", "1", "10⁷⁶", "10¹⁵²", "10²²⁸"]),
    ],
)
def test_ticks_of_an_axis_that_is_logarithmic_beyond_1(low, high, texts):
    numbers, found = number_text.symlog_ticks(low, high)
    assert found == texts
    assert numbers == sorted(numbers) and low <= numbers[0] and numbers[-1] <= high
