"""Point estimates and intervals over tasks × seeds; knows nothing of frames or figures.

The shape everywhere is runs × tasks: column t holds the scores of task t, one row a seed, NaN
where a task has fewer. A *cell* is what one estimate speaks of, such as a cell of a heat map;
strata are the tasks: a resample draws within each task. Where several configurations are pooled,
as in `cells`, several runs stand under one seed: it is seeds that are drawn.

An infinite score stands for a run that diverged, which is worse than every other: shares and ranks
count it as such, an IQM or a median may leave it out with the worst others, and whatever point or
bound it decides is unknown.

A NaN is left out. A task without scores does not enter a point, and leaves its interval unknown,
as fewer than `MIN_SEEDS` seeds in any task do; a point of no scores at all is NaN. The area under
a learning curve is a score: `score.run_value` takes it run by run.
"""

from sweeper.stats.bootstrap import (
    FEW_COVER,
    FEW_SEEDS,
    LEVEL,
    MIN_SEEDS,
    RESAMPLES,
    Cells,
    Estimate,
)
from sweeper.stats.choosing.selection_bias import lead, unpaired_difference
from sweeper.stats.comparisons import (
    clustered_spearman,
    difference,
    improvement,
    spearman,
    unbeaten,
)
from sweeper.stats.hyperparameters import (
    USABLE_SHARE,
    effective_dimension,
    least_usable,
    sensitivity,
    task_averages,
    tuning_curve,
    usable_range,
)
from sweeper.stats.intervals import (
    cells,
    deviations,
    estimate,
    optimality_gap,
    points,
)
from sweeper.stats.performance_profiles import average_score_distribution, score_distribution

__all__ = [
    "FEW_COVER",
    "FEW_SEEDS",
    "LEVEL",
    "MIN_SEEDS",
    "RESAMPLES",
    "USABLE_SHARE",
    "Cells",
    "Estimate",
    "average_score_distribution",
    "cells",
    "clustered_spearman",
    "deviations",
    "difference",
    "effective_dimension",
    "estimate",
    "improvement",
    "lead",
    "least_usable",
    "optimality_gap",
    "points",
    "score_distribution",
    "sensitivity",
    "spearman",
    "task_averages",
    "tuning_curve",
    "unbeaten",
    "unpaired_difference",
    "usable_range",
]
