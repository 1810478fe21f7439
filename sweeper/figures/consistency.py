"""Consistency over tasks: what one setting of all hyperparameters loses, and how many must be tuned
for each task."""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from sweeper.figures.drawing import style, text_layout
from sweeper.figures.drawing.picture import Picture
from sweeper.results.analyses.hyperparameters.consistency import Consistency, consistency
from sweeper.results.axis import TASK
from sweeper.results.captions import UNKNOWN
from sweeper.results.data import Data
from sweeper.results.tables.wording import measured
from sweeper.text import counted

_HEIGHT_IN = 2.2
_ROW_IN = 0.24
_LABEL_IN = 1.3
_SHARE = 0.95


def draw(data: Data) -> Picture:
    """Left: the score, on average over tasks, where 0, 1, … all hyperparameters are tuned for each
    task and the others are those of the configuration that is best on average. The dashed line is
    95 % of what the best of each task come to; the effective dimension d is the first number above
    it. Right: in each task the score of the best common configuration (open) and of the task's own
    best.

    After Adkins et al. (2024, arXiv 2412.07165): the 5th and the 95th percentile of a task's scores
    are 0 and 1, and Φ is what the common configuration loses against the best of each task. Of
    complete configurations of a grid on several tasks, by the score.
    """
    data.check_scored("consistency")
    data = data.crossed("consistency")
    found = consistency(data)
    caption = data.caption(found.runs, [TASK, *data.varied], _said(found, len(data.varied)))
    height = max(_HEIGHT_IN, _ROW_IN * len(found.tasks) + 0.8)
    grid = style.panels(1, 2, style.page_in(), height, caption)
    _curve(grid.axes[0, 0], found)
    said = f"Φ = {_loss(found)}, d = {_needed(found, len(data.varied))}"
    grid.axes[0, 0].set_title(said, fontsize=text_layout.SMALL_PT)
    _tasks(grid.axes[0, 1], found.tasks)
    return Picture(grid.figure, _table(found), caption=caption)


def _table(found: Consistency) -> pd.DataFrame:
    """A row a number of tuned hyperparameters, then one a task; Φ and d stand in the first."""
    table = pd.concat([found.tuned, found.tasks], ignore_index=True)
    said = {"phi": found.loss.point, "phi_low": found.loss.low, "phi_high": found.loss.high}
    for name, value in {**said, "effective_dimension": found.needed}.items():
        table.loc[0, name] = np.nan if value is None else float(value)
    return table


def _curve(ax: Axes, found: Consistency) -> None:
    colour = style.colours(None)[0]
    x, y = found.tuned["tuned"].to_numpy(int), found.tuned["point"].to_numpy(float)
    ax.axhline(_SHARE * y[-1], color="0.4", linewidth=0.8, linestyle="--")
    ax.plot(x, y, "o-", color=colour, markersize=4.5, linewidth=1.2)
    if found.needed is not None:
        ax.plot(found.needed, y[found.needed], "o", color=colour, markersize=8, fillstyle="none")
    ax.set_xticks(x)
    ax.set_xlabel("hyperparameters tuned for each task")
    ax.set_ylabel(text_layout.folded("score, on average", _HEIGHT_IN - 0.5, text_layout.BASE_PT))
    sns.despine(ax=ax)


def _tasks(ax: Axes, tasks: pd.DataFrame) -> None:
    rows, colour = np.arange(len(tasks)), style.colours(None)[0]
    ax.hlines(rows, tasks["point"], tasks["best"], color="0.6", linewidth=1.2)
    for column, inside in (("point", "white"), ("best", colour)):
        look = {"color": colour, "markerfacecolor": inside, "markersize": 4.5}
        ax.plot(tasks[column], rows, "o", **look)
    size = text_layout.SMALL_PT
    ax.set_yticks(rows, [text_layout.cut(name, _LABEL_IN, size) for name in tasks[TASK]])
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlabel("score: best common, and own best")
    ax.tick_params(axis="y", length=0)
    sns.despine(ax=ax, left=True)


def _loss(found: Consistency) -> str:
    return measured(found.loss.point, found.loss.low, found.loss.high)


def _needed(found: Consistency, axes: int) -> str:
    return "unknown" if found.needed is None else f"{found.needed} of {axes}"


def _said(found: Consistency, axes: int) -> str:
    unknown = f": {UNKNOWN}" if found.loss.low is None else ", too high with few seeds"
    return (
        f"Φ = {_loss(found)}{unknown}; effective dimension d = {_needed(found, axes)}, of "
        f"{counted(found.trials, 'complete configuration')}; the best common one is trial "
        f"{found.common}. 0 and 1 are the 5th and the 95th percentile of a task's scores"
    )
