"""How much each axis matters: PED-ANOVA's importances, with intervals over seeds."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from sweeper.figures.drawing import style, text_layout
from sweeper.results.axis import TASK, Binned, binned, visible
from sweeper.results.data import VALUE, Data, Picture
from sweeper.results.estimates import complete, interval_text
from sweeper.score import STATISTICS, Array
from sweeper.stats import LEVEL, MIN_SEEDS

if TYPE_CHECKING:
    import optuna
    from optuna.distributions import BaseDistribution

_RESAMPLES = (25, 200)
_CELLS = 6e5
"""Trials × axes × resamples, about: Optuna reads every parameter of every trial anew each time."""

_TOP = 0.1
_TOP_TRIALS = 5
"""Optuna asks for at least 5 trials among the best, which are the best tenth by default."""

_ROW_IN = 0.19
_LABEL_IN = 1.3


def draw(data: Data, *, metric: str | None = None) -> Picture:
    """A bar an axis, longest first: its share of what all axes tell about which configurations are
    among the best (PED-ANOVA, Watanabe et al. 2023, by Optuna's evaluator).

    Many numbers that a sampler drew count as numbers, everything else as categories: texts, layer
    sets, shapes, and also the numbers of a grid, whose few values Optuna's density would widen by
    how many trials there are, so that an axis without effect looked important. An axis not always
    active counts by the trials in which it is (conditional PED-ANOVA). Of axes that move together
    the first stands for all. Intervals resample the seeds within each task, the same for all
    trials, and judge all trials anew: noise that this adds makes axes look more alike, so that a
    large point may lie near the upper end. They are unknown with fewer than 5 seeds.
    """
    runs = complete(data.table(metric))
    numbers, scores = _scores(runs)
    names = data.chosen
    table = _table(data, names, runs[runs["trial"].isin(numbers)], scores)
    losses = _losses(data, _averages(data, scores))
    caption = data.caption(scores.size, data.varied, _said(table, len(scores), best_of(losses)))
    height = _ROW_IN * max(3, len(names)) + 0.35
    grid = style.panels(1, 1, style.COLUMN_IN, height, caption)
    _panel(grid.axes.flat[0], table, len(scores))
    return Picture(grid.figure, visible(table))


def importances(study: optuna.Study, names: list[str], losses: Array) -> Array:
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
    """The values [trials] of scores [trials × …]."""
    if not len(scores):
        return np.zeros(0)
    return np.asarray(STATISTICS[data.how](scores.reshape(len(scores), -1)))


def _losses(data: Data, values: Array) -> Array:
    return values if data.minimise else -values


def _scores(runs: pd.DataFrame) -> tuple[Array, Array]:
    """The trials all of whose runs have a value, and these [trials × tasks × seeds]."""
    lacking = runs.loc[runs[VALUE].isna(), "trial"]
    runs = runs[~runs["trial"].isin(lacking)].sort_values(["trial", TASK, "seed"])
    tasks, seeds = runs[TASK].nunique(), runs["seed"].nunique()
    values = runs[VALUE].to_numpy(float).reshape(-1, max(1, tasks), max(1, seeds))
    return runs["trial"].unique(), values


def _table(data: Data, names: list[str], runs: pd.DataFrame, scores: Array) -> pd.DataFrame:
    """One row an axis: its importance, its interval, and in how many trials it was active."""
    rows = runs.drop_duplicates("trial").sort_values("trial")
    active = [int(rows[data.axes[name].column].notna().sum()) for name in names]
    table = pd.DataFrame({"axis": names, "point": np.nan, "low": np.nan, "high": np.nan})
    table = table.assign(n=scores.size, trials=active, **{"(title)": data.titles(names)})
    known = [name for name, count in zip(names, active, strict=True) if count]
    chosen = table["axis"].isin(known)
    if len(rows) < 2 or not known:
        return table
    study = _study(data, known, rows)

    def judged(part: Array) -> Array:
        return importances(study, known, _losses(data, _averages(data, part)))

    point = table.loc[chosen, "point"] = judged(scores)
    if scores.shape[2] >= MIN_SEEDS and not np.isnan(point).any():
        drawn = np.array([judged(part) for part in _resampled(scores, len(known))])
        drawn = drawn[~np.isnan(drawn).any(axis=1)]
        tail = 50 * (1 - LEVEL)
        table.loc[chosen, "low"], table.loc[chosen, "high"] = np.percentile(
            drawn, [tail, 100 - tail], axis=0
        )
    return table.sort_values("point", ascending=False, kind="stable", ignore_index=True)


def _resamples(trials: int, axes: int) -> int:
    return int(np.clip(_CELLS / (trials * axes), *_RESAMPLES))


def _resampled(scores: Array, axes: int) -> Any:
    """The scores [trials × tasks · seeds] of seeds drawn anew within each task."""
    rng = np.random.default_rng(0)
    trials, tasks, seeds = scores.shape
    for _ in range(_resamples(trials, axes)):
        drawn = rng.integers(seeds, size=(tasks, seeds))
        yield scores[:, np.arange(tasks)[:, None], drawn].reshape(trials, -1)


def _study(data: Data, names: list[str], rows: pd.DataFrame) -> optuna.Study:
    """An Optuna study of these trials, one a row, all of value 0."""
    import optuna

    distributions = {name: _distribution(data, name) for name in names}
    labels = {name: rows[data.axes[name].column].tolist() for name in names}
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        study = optuna.create_study()
        study.add_trials(
            optuna.create_trial(
                value=0.0,
                params=(params := {name: label for name, label in own if not pd.isna(label)}),
                distributions={name: distributions[name] for name in params},
            )
            for own in ([(name, labels[name][row]) for name in names] for row in range(len(rows)))
        )
    finally:
        optuna.logging.set_verbosity(verbosity)
    for trial in study.get_trials(deepcopy=False):  # one object each, or all are compared in depth
        trial.distributions = {name: distributions[name] for name in trial.params}
    return study


def _distribution(data: Data, name: str) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution

    axis = data.axes[name]
    many = isinstance(binned(axis), Binned)
    return data.distribution(name) if many else CategoricalDistribution(axis.known)


def _panel(ax: Axes, table: pd.DataFrame, trials: int) -> None:
    known = table[table["point"].notna()]
    if known.empty:
        why = (
            "nothing to tell apart" if trials > 1 else "fewer than two configurations are complete"
        )
        style.empty(ax, why)
        ax.set_xticks([])
        return
    rows = np.arange(len(known))
    ax.barh(rows, known["point"], height=0.62, color=style.colours(None)[0], alpha=0.75)
    ax.hlines(rows, known["low"], known["high"], color="0.1", linewidth=0.9)
    for bound in ("low", "high"):
        ax.plot(known[bound], rows, "|", color="0.1", markersize=4, markeredgewidth=0.9)
    texts = [text_layout.cut(name, _LABEL_IN, text_layout.SMALL_PT) for name in known["(title)"]]
    ax.set_yticks(rows, texts)
    ax.set_ylim(len(known) - 0.4, -0.6)
    ax.set_xlim(0, None)
    ax.set_xlabel("share of all importance")
    sns.despine(ax=ax)
    ax.tick_params(axis="y", length=0)


def _said(table: pd.DataFrame, count: int, best: int | None) -> str:
    if table["point"].isna().all():
        tie = count > 1 and best is None and bool((table["trials"] > 0).any())
        why = ". More than half of all configurations share the best score" if tie else ""
        return f"no importance is known{why}"
    known = int(table["low"].notna().sum())
    said = [
        f"PED-ANOVA: what tells the best {best} of {count} complete configurations from all of "
        "them, as shares of the sum",
        interval_text(known, int(table["point"].notna().sum())),
    ]
    if known:
        said[-1] += f", {_resamples(count, known)} resamples of the seeds"
    if not table["point"].any():
        said.append("no axis tells them apart")
    partly = table.loc[table["trials"].between(1, count - 1), "(title)"]
    if len(partly):
        said.append(f"not always active, judged where they are: {', '.join(partly)}")
    lacking = table.loc[table["trials"] == 0, "(title)"]
    if len(lacking):
        said.append(f"never active in a complete configuration: {', '.join(lacking)}")
    return ". ".join(part[0].upper() + part[1:] for part in said)
