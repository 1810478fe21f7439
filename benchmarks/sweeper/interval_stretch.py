"""The factors of `stretch.MEASURED`: how far intervals of few seeds are widened.

    python -m benchmarks.sweeper.interval_stretch [repeats=10000] [most=30]

Prints, by statistic and seeds, the factor with which percentile intervals hold the truth of normal
scores in 95 of 100 experiments of one task, with Student's beside it, which is right for means.
"""

from __future__ import annotations

import sys

import numpy as np
from scipy.stats import norm

from benchmarks.sweeper.interval_coverage import needed, one_sided
from sweeper.stats.bootstrap import LEVEL, MIN_SEEDS, RESAMPLES
from sweeper.stats.widening.stretch import MEASURED, factor


def main(repeats: str = "10000", most: str = "30") -> None:
    for how in MEASURED:
        for seeds in range(MIN_SEEDS, int(most) + 1):
            found, _ = needed(one_sided(how), norm(), seeds, 1, int(repeats), RESAMPLES)
            by = float(np.quantile(found, LEVEL))
            print(f"{how} {seeds}: {by:.2f} (Student's: {factor([seeds]):.2f})", flush=True)


if __name__ == "__main__":
    main(**dict(word.split("=", 1) for word in sys.argv[1:]))
