"""Intervals in words, for messages, tables and captions."""

from __future__ import annotations

import math
from collections.abc import Callable

from sweeper.stats import FEW_COVER, FEW_SEEDS

PERCENTILES = "95 % stratified bootstrap intervals over seeds"
INTERVALS = f"{PERCENTILES}, widened for their number"

NO_SPREAD = "no spread"
"""What is said instead of an interval where all resamples agree: it is not known to be certain."""


BANDS = {
    "percentile": (
        "95 % percentile intervals",
        "95 % percentiles of a stratified bootstrap over seeds, not widened for their number",
    ),
    "se": ("± SE", "± standard error, sd(n − 1)/√n, of all runs of a point"),
    "sd": ("± sd", "± standard deviation, with n − 1, of all runs of a point"),
}
"""What bands are called that are others than intervals, in a figure and in its caption."""


def bands(band: str, how: str) -> str:
    """What a caption says of bands but intervals, around points of the statistic `how`."""
    said = f"bands: {BANDS[band][1]}"
    every = band == "percentile" or how == "mean"
    return said if every else f"{said}, also of those that the IQM leaves out"


def has_no_width(low: float, high: float) -> bool:
    """Whether an interval has no width but that of rounding, as where all scores are equal."""
    return math.isclose(low, high, rel_tol=1e-6, abs_tol=1e-12)


def bounds(low: float | None, high: float | None, text: Callable[[float], str]) -> str:
    """An interval in words: one without width is none, as all resamples agreed."""
    if low is None or high is None or math.isnan(low):
        return "interval unknown"
    return NO_SPREAD if has_no_width(low, high) else f"{text(low)} to {text(high)}"


def writer(low: float | None, high: float | None) -> Callable[[float], str]:
    """How a number with this interval is written: to two digits of the interval's width.

    To four digits of its own where the interval is unknown or has no width.
    """
    if low is None or high is None or math.isnan(low) or has_no_width(low, high):
        return "{:.4g}".format
    places = 1 - math.floor(math.log10(high - low))
    if places <= 6 and max(abs(low), abs(high)) < 1e6:
        return f"{{:z.{max(0, places)}f}}".format
    digits = places + 1 + math.floor(math.log10(max(abs(low), abs(high))))
    return f"{{:z.{max(2, digits)}g}}".format


def measured(value: float, low: float | None, high: float | None, *also: str) -> str:
    """`0.81 (0.72 to 0.90)`: a value and its interval, and what else is to be said of it."""
    text = writer(low, high)
    return f"{text(value)} ({', '.join([bounds(low, high, text), *also])})"


def coverage(seeds: int) -> str:
    """What intervals of so many seeds are worth, where that is less than they promise."""
    if seeds >= FEW_SEEDS:
        return ""
    least, most = (round(100 * share) for share in FEW_COVER)
    return f"intervals of fewer than {FEW_SEEDS} seeds cover {least} to {most} %"
