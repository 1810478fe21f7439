"""Sizes and durations as people read them."""

from __future__ import annotations

import pytest

from sweeper import text


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1 kB"),
        (1_536_000, "1.54 MB"),
        (25e9, "25 GB"),
        (3.2e12, "3.2 TB"),
    ],
)
def test_a_size_has_three_digits(number, said):
    assert text.size(number) == said
    assert text.size(number, "B") == said.replace("bytes", "B")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.4, "less than 1 s"),
        (59, "59 s"),
        (67, "1 min 07 s"),
        (3599.6, "1 h 00 min"),
        (7510, "2 h 05 min"),
        (86_399, "23 h 59 min"),
        (86_400, "1 day 0 h"),
        (100_000, "1 day 3 h"),
        (600_000, "6 days 22 h"),
        (40_000_000, "463 days"),
        (400_000_000, "4,630 days"),
    ],
)
def test_a_duration_has_two_units(seconds, said):
    assert text.duration(seconds) == said


def test_what_is_less_than_a_second_is_not_about_that():
    assert [text.about(seconds) for seconds in (0.4, 67)] == ["less than 1 s", "about 1 min 07 s"]


@pytest.mark.parametrize(("seconds", "said"), [(599, "599 s"), (600, "10 min"), (4000, "67 min")])
def test_a_rough_duration_has_one_unit(seconds, said):
    assert text.rough_duration(seconds) == said
