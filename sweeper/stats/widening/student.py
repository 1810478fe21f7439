"""Student's t distribution for whole degrees of freedom.

scipy has it, too, but a worker that draws its report may have no memory left to load scipy.
"""

from __future__ import annotations

import math
from functools import cache

_MANY = 1000
"""From so many degrees of freedom on it is reckoned from the normal distribution."""


def tails(t: float, freedom: int) -> float:
    """The probability that |T| exceeds |t|, to 5 digits.

    By the finite sums of Abramowitz & Stegun (1964), 26.7.3 and 26.7.4; of many degrees of freedom
    by Wallace's (1959) normal deviate.
    """
    if math.isinf(t):
        return 0.0
    if freedom > _MANY:
        deviate = math.sqrt(freedom * math.log1p(t * t / freedom))
        return math.erfc(deviate * (8 * freedom + 1) / (8 * freedom + 3) / math.sqrt(2))
    angle = math.atan(abs(t) / math.sqrt(freedom))
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = freedom % 2
    term = cosine if odd else 1.0
    total = 0.0 if freedom == 1 else term
    for k in range(2 + odd, freedom - 1, 2):
        term *= (k - 1) / k * cosine * cosine
        total += term
    inside = 2 / math.pi * (angle + sine * total) if odd else sine * total
    return max(0.0, 1 - inside)


@cache
def quantile(level: float, freedom: int) -> float:
    """The t > 0 with a share `level` of the distribution between -t and t."""
    low, high = 0.0, 1.0
    while tails(high, freedom) > 1 - level:
        low, high = high, 2 * high
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if tails(middle, freedom) > 1 - level else (low, middle)
    return high
