"""How much each axis matters: PED-ANOVA's importances, with intervals over seeds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from sweeper.figures.drawing import style, text_layout
from sweeper.figures.drawing.picture import Picture
from sweeper.results.analyses.importance import Importance, importance
from sweeper.results.axis import visible
from sweeper.results.captions import interval_text
from sweeper.results.data import Data
from sweeper.text import counted

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
    large point may lie near the upper end. They are unknown with fewer than `MIN_SEEDS` seeds.
    """
    found = importance(data, metric)
    caption = data.caption(found.runs, data.varied, _note(found))
    height = _ROW_IN * max(3, len(found.table)) + 0.35
    grid = style.panels(1, 1, style.COLUMN_IN, height, caption)
    _panel(grid.axes.flat[0], found.table, found.trials)
    return Picture(grid.figure, visible(found.table))


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


def _note(found: Importance) -> str:
    table, count, best = found.table, found.trials, found.best
    if table["point"].isna().all():
        tie = count > 1 and best is None and bool((table["trials"] > 0).any())
        why = ". More than half of all configurations share the best score" if tie else ""
        return f"no importance is known{why}"
    known = int(table["low"].notna().sum())
    said = [
        f"PED-ANOVA: what tells the best {best} of {counted(count, 'complete configuration')} from "
        "all of them, as shares of the sum",
        interval_text(known, int(table["point"].notna().sum())),
    ]
    if known:
        said[-1] += f", {found.resamples} resamples of the seeds"
    if not table["point"].any():
        said.append("no axis tells them apart")
    partly = table.loc[table["trials"].between(1, count - 1), "(title)"]
    if len(partly):
        said.append(f"not always active, judged where they are: {', '.join(partly)}")
    lacking = table.loc[table["trials"] == 0, "(title)"]
    if len(lacking):
        said.append(f"never active in a complete configuration: {', '.join(lacking)}")
    return ". ".join(part[0].upper() + part[1:] for part in said)
