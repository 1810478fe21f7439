"""The importance of each axis by PED-ANOVA, with intervals over seeds."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sweeper.results.axis import TASK, Binned, binned
from sweeper.results.data import VALUE, Data
from sweeper.results.estimates import complete
from sweeper.score import STATISTICS, Array
from sweeper.stats import MIN_SEEDS
from sweeper.stats.bootstrap import percentiles

if TYPE_CHECKING:
    import optuna
    from optuna.distributions import BaseDistribution

_RESAMPLES = (25, 200)
_CELLS = 6e5
"""Trials × axes × resamples, about: Optuna reads every parameter of every trial anew each time."""

_TOP = 0.1
_TOP_TRIALS = 5
"""Optuna asks for at least 5 trials among the best, which are the best tenth by default."""


@dataclass(frozen=True)
class Importance:
    """The importances of a study's axes by PED-ANOVA (Watanabe et al. 2023), with intervals."""

    table: pd.DataFrame
    """One row an axis, the most important first: axis, point, low, high, n, in how many trials it
    was active, and the highest and the lowest place that it may have; `(title)` is what figures
    call it."""
    trials: int
    """Complete trials all of whose runs have a value."""
    runs: int
    best: int | None
    """How many of the trials count as the best; `None` where none stands out."""
    resamples: int
    """How often seeds were drawn anew for the intervals."""


def importance(data: Data, metric: str | None) -> Importance:
    """The importances of the axes of `data` by the score, or by `metric`.

    Intervals resample the seeds within each task, the same for all trials, and judge all trials
    anew: noise that this adds makes axes look more alike, so that a large point may lie near the
    upper end, and percentiles are not widened. They are unknown with fewer than `MIN_SEEDS` seeds.
    """
    runs = complete(data.table(metric))
    numbers, scores = _scores(runs)
    names = data.choice.independent
    minimise = bool(data.minimised(metric))
    table = _table(data, names, runs[runs["trial"].isin(numbers)], scores, minimise=minimise)
    best = best_of(_losses(_averages(data, scores), minimise))
    resamples = _resamples(len(scores), max(1, int(table["low"].notna().sum())))
    return Importance(table, len(scores), scores.size, best, resamples)


def shares(study: optuna.Study, names: list[str], losses: Array) -> Array:
    """Shares of the axes `names` in the importance of being among the best trials.

    `losses` [trials] are those of the trials in `study`, smaller is better. All shares are 0 where
    no axis tells good trials from others, and NaN where there are no best ones.
    """
    from optuna.importance import PedAnovaImportanceEvaluator

    best = best_of(losses)
    if best is None:
        return np.full(len(names), np.nan)
    evaluator = PedAnovaImportanceEvaluator(target_quantile=best / len(losses))
    with warnings.catch_warnings():  # that a target is minimised; few trials in a regime
        warnings.simplefilter("ignore")
        found = evaluator.evaluate(study, names, target=lambda trial: losses[trial.number])
    heights = np.array([found[name] for name in names])
    total = heights.sum()
    return np.asarray(heights / total if total > 0 else np.zeros(len(names)))


def best_of(losses: Array) -> int | None:
    """How many of the trials [trials] count as the best: a tenth, or five if that is more.

    Of trials that tie all count, or none where more than half would be the best, as where most have
    the lowest score there is. `None` where that leaves nobody.
    """
    trials = len(losses)
    if trials < 2:
        return None
    wanted = math.ceil(min(0.5, max(_TOP, _TOP_TRIALS / trials)) * trials)
    cutoff = np.sort(losses)[wanted - 1]
    within, better = int((losses <= cutoff).sum()), int((losses < cutoff).sum())
    most = max(wanted, trials // 2)
    return within if within <= most else better or None


def _averages(data: Data, scores: Array) -> Array:
    """The values [trials] of scores [trials × tasks × seeds]."""
    if not len(scores):
        return np.zeros(0)
    return np.asarray(STATISTICS[data.how](*np.moveaxis(scores, 1, 0)))


def _losses(values: Array, minimise: bool) -> Array:
    """What is smaller the better a trial is; beyond all others where runs that diverged decide."""
    losses = np.asarray(values if minimise else -values)
    worst = np.max(losses, where=np.isfinite(losses), initial=-np.inf) + 1
    return np.where(np.isinf(losses), worst if np.isfinite(worst) else 0.0, losses)


def _scores(runs: pd.DataFrame) -> tuple[Array, Array]:
    """The trials all of whose runs have a value, and these [trials × tasks × seeds]."""
    lacking = runs.loc[runs[VALUE].isna(), "trial"]
    runs = runs[~runs["trial"].isin(lacking)].sort_values(["trial", TASK, "seed"])
    tasks, seeds = runs[TASK].nunique(), runs["seed"].nunique()
    values = runs[VALUE].to_numpy(float).reshape(-1, max(1, tasks), max(1, seeds))
    return runs["trial"].unique(), values


def _table(
    data: Data, names: list[str], runs: pd.DataFrame, scores: Array, *, minimise: bool
) -> pd.DataFrame:
    """One row an axis: its importance, its interval, and in how many trials it was active."""
    rows = runs.drop_duplicates("trial").sort_values("trial")
    active = [int(rows[data.axes[name].column].notna().sum()) for name in names]
    table = pd.DataFrame({"axis": names, "point": np.nan, "low": np.nan, "high": np.nan})
    table = table.assign(n=scores.size, trials=active, **{"(title)": data.choice.titles(names)})
    table["first place"], table["last place"] = np.nan, np.nan
    known = [name for name, count in zip(names, active, strict=True) if count]
    chosen = table["axis"].isin(known)
    if len(rows) < 2 or not known:
        return table
    study = _study(data, known, rows)

    def judged(part: Array) -> Array:
        return shares(study, known, _losses(_averages(data, part), minimise))

    point = table.loc[chosen, "point"] = judged(scores)
    if scores.shape[2] >= MIN_SEEDS and not np.isnan(point).any():
        drawn = np.array([judged(part) for part in _resampled(scores, len(known))])
        drawn = drawn[~np.isnan(drawn).any(axis=1)]
        table.loc[chosen, "low"], table.loc[chosen, "high"] = percentiles(drawn.T)
        table.loc[chosen, "first place"], table.loc[chosen, "last place"] = places(point, drawn)
    return table.sort_values("point", ascending=False, kind="stable", ignore_index=True)


def places(point: Array, drawn: Array) -> tuple[Array, Array]:
    """The highest and the lowest place that each of the shares `point` [axes] may have.

    `drawn` [resamples × axes] are shares of the same resamples: one stands above another where the
    interval of their difference lies above 0, and the points do not say the contrary.
    """
    apart = np.moveaxis(drawn[:, :, None] - drawn[:, None, :], 0, -1)
    above = (percentiles(apart)[0] > 0) & (point[:, None] > point[None, :])
    return 1 + above.sum(axis=0), len(point) - above.sum(axis=1)


def _resamples(trials: int, axes: int) -> int:
    return int(np.clip(_CELLS / (max(1, trials) * axes), *_RESAMPLES))


def _resampled(scores: Array, axes: int) -> Any:
    """The scores [trials × tasks × seeds] of seeds drawn anew within each task."""
    rng = np.random.default_rng(0)
    _, tasks, seeds = scores.shape
    for _ in range(_resamples(len(scores), axes)):
        drawn = rng.integers(seeds, size=(tasks, seeds))
        yield scores[:, np.arange(tasks)[:, None], drawn]


def _study(data: Data, names: list[str], rows: pd.DataFrame) -> optuna.Study:
    """An Optuna study of these trials, one a row, all of value 0."""
    import optuna

    from sweeper.study.sampling.optuna_memory import quiet

    distributions = {name: _distribution(data, name) for name in names}
    labels = {name: rows[data.axes[name].column].tolist() for name in names}
    with quiet():
        study = optuna.create_study()
        study.add_trials(
            optuna.create_trial(
                value=0.0,
                params=(params := {name: label for name, label in own if not pd.isna(label)}),
                distributions={name: distributions[name] for name in params},
            )
            for own in ([(name, labels[name][row]) for name in names] for row in range(len(rows)))
        )
    for trial in study.get_trials(deepcopy=False):  # one object each, or all are compared in depth
        trial.distributions = {name: distributions[name] for name in trial.params}
    return study


def _distribution(data: Data, name: str) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution

    axis = data.axes[name]
    many = isinstance(binned(axis), Binned)
    return data.choice.distribution(name) if many else CategoricalDistribution(axis.known)
