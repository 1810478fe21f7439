"""How well one setting of hyperparameters does on all tasks, beside one for each of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sweeper import stats
from sweeper.errors import NothingToShow
from sweeper.results import frames
from sweeper.results.axis import TASK
from sweeper.results.data import Data
from sweeper.results.estimates import complete
from sweeper.results.run_tables import VALUE
from sweeper.stats import Estimate
from sweeper.text import agreed, counted

MOST_AXES = 12
"""All sets of hyperparameters are tried: of more there are too many."""


@dataclass(frozen=True)
class Consistency:
    """Scores on the scale on which the 5th and the 95th percentile of a task's are 0 and 1."""

    tuned: pd.DataFrame
    """One row a number of hyperparameters: `tuned`, and the `point` that so many for each task, the
    best ones, bring on average over tasks."""
    tasks: pd.DataFrame
    """One row a task: the `point` of the best common configuration, and the `best` one's."""
    loss: Estimate
    """Φ: what the common configuration loses on average."""
    needed: int | None
    """The effective dimension d; `None` where a task's scores are all alike."""
    common: int
    """The trial that is best on average."""
    trials: int
    runs: int


def consistency(data: Data) -> Consistency:
    """Of the complete trials of a grid (Adkins et al. 2024), by the score.

    `NothingToShow` where there are not two tasks, two complete trials and an axis that all have.
    """
    runs, names = complete(data.table(None)), data.choice.independent
    runs = runs[np.isfinite(runs[VALUE]).groupby(runs["trial"]).transform("all")]
    trials = np.unique(runs["trial"])
    if runs[TASK].nunique() < 2 or len(trials) < 2 or not names or len(names) > MOST_AXES:
        raise NothingToShow(
            "consistency has nothing to show: it compares complete configurations of 1 to "
            f"{MOST_AXES} axes on several tasks; {data.name} has "
            f"{counted(len(trials), 'complete configuration')}, "
            f"{len(names)} {agreed(len(names), 'axis that varies', 'axes that vary')} and "
            f"{counted(runs[TASK].nunique(), 'task')}"
        )
    scores = frames.grid(runs, VALUE) * (-1 if data.minimise else 1)
    first = runs.drop_duplicates("trial").sort_values("trial")
    settings = np.column_stack([data.axes[name].codes(first) for name in names])
    gamma, whole = stats.task_averages(scores)
    curve, common = stats.tuning_curve(gamma, settings[whole]), int(gamma.mean(axis=0).argmax())
    used = [str(task) for task in runs[TASK].cat.categories if (runs[TASK] == task).any()]
    return Consistency(
        pd.DataFrame({"tuned": np.arange(len(curve)), "point": curve}),
        pd.DataFrame({TASK: used, "point": gamma[:, common], "best": gamma.max(axis=1)}),
        stats.sensitivity(scores, np.random.default_rng(0)),
        stats.effective_dimension(scores, settings),
        int(trials[whole][common]),
        len(trials),
        len(runs),
    )
