"""Point estimates and intervals over tasks × seeds; knows nothing of frames or figures.

The shape everywhere is runs × tasks: column t holds the scores of task t, one row a run (a seed,
or a configuration under a seed), NaN where a task has fewer runs. A *cell* is what one estimate
speaks of, such as a cell of a heat map; strata are the tasks: a resample draws within each task.
"""

from sweeper.stats.bootstrap import LEVEL, MIN_SEEDS, RESAMPLES
from sweeper.stats.hyperparameters import usable_range
from sweeper.stats.intervals import Cells, Estimate, cells, difference, estimate, points

__all__ = [
    "LEVEL",
    "MIN_SEEDS",
    "RESAMPLES",
    "Cells",
    "Estimate",
    "cells",
    "difference",
    "estimate",
    "points",
    "usable_range",
]
