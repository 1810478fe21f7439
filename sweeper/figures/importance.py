"""How much each axis matters: PED-ANOVA's importances, with intervals over seeds."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from sweeper.figures.drawing import style, text_layout
from sweeper.figures.drawing.picture import Picture
from sweeper.results.analyses.hyperparameters.importance import Importance, importance
from sweeper.results.axis import visible
from sweeper.results.captions import interval_text
from sweeper.results.data import Data
from sweeper.results.tables.wording import PERCENTILES
from sweeper.text import counted

_ROW_IN = 0.19
_LABEL_IN = 1.3


def draw(data: Data, *, metric: str | None = None) -> Picture:
    """A bar an axis, longest first: its share of what all axes tell about which configurations are
    among the best (PED-ANOVA, Watanabe et al. 2023, by Optuna's evaluator). At the right are the
    places that it may have: two axes are told apart where the interval of their difference lies on
    one side of 0.

    Many numbers that a sampler drew count as numbers, everything else as categories: texts, layer
    sets, shapes, and also the numbers of a grid, whose few values Optuna's density would widen by
    how many trials there are, so that an axis without effect looked important. An axis not always
    active counts by the trials in which it is (conditional PED-ANOVA). Of axes that move together
    the first stands for all. Intervals resample the seeds within each task, the same for all
    trials, and judge all trials anew: noise that this adds makes axes look more alike, so that a
    large point may lie near the upper end. They are unknown with fewer than `MIN_SEEDS` seeds.
    """
    data = data.crossed("importance")
    found = importance(data, metric)
    ranked = metric is None or data.minimised(metric) is not None
    caption = data.caption(found.runs, data.varied, _note(found, None if ranked else metric))
    height = _ROW_IN * (1 + max(3, len(found.table))) + 0.35
    grid = style.panels(1, 1, style.column_in(), height, caption)
    _panel(grid.axes.flat[0], found.table, found.trials)
    style.x_label(grid.axes.flat[0], "share of all importance", grid)
    return Picture(grid.figure, visible(found.table), caption=caption)


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
    clear = (known["first place"] == known["last place"]).to_numpy()
    for some, inside in ((clear, style.colours(None)[0]), (~clear, "white")):
        look = {"color": inside, "edgecolor": style.colours(None)[0], "alpha": 0.75}
        ax.barh(rows[some], known["point"][some], height=0.62, linewidth=0.8, **look)
    ax.hlines(rows, known["low"], known["high"], color="0.1", linewidth=0.9)
    for bound in ("low", "high"):
        ax.plot(known[bound], rows, "|", color="0.1", markersize=4, markeredgewidth=0.9)
    texts = [text_layout.cut(name, _LABEL_IN, text_layout.SMALL_PT) for name in known["(title)"]]
    ax.set_yticks(rows, texts)
    beside = ax.secondary_yaxis("right")
    beside.set_yticks([-0.95, *rows], ["place", *map(_place, known.to_dict("records"))])
    beside.spines[:].set_visible(False)
    beside.tick_params(axis="y", length=0)
    ax.set_ylim(len(known) - 0.4, -1.4)
    ax.set_xlim(0, None)
    sns.despine(ax=ax)
    ax.tick_params(axis="y", length=0)


def _place(own: Mapping[Hashable, Any]) -> str:
    """`1`, or `2 to 4` where an axis cannot be told from others; `?` without intervals."""
    first, last = own["first place"], own["last place"]
    if np.isnan(first):
        return "?"
    return f"{first:g}" if first == last else f"{first:g} to {last:g}"


def _note(found: Importance, metric: str | None) -> str:
    """What a caption says; of a `metric` whose better values are unknown it says `largest`."""
    table, count, best = found.table, found.trials, found.best
    if table["point"].isna().all():
        tie = count > 1 and best is None and bool((table["trials"] > 0).any())
        why = ". More than half of all configurations share the best score" if tie else ""
        return f"no importance is known{why}"
    known = int(table["low"].notna().sum())
    which = f"{best} of {counted(count, 'complete configuration')}"
    which = f"the best {which}" if metric is None else f"the {which} with the largest {metric}"
    said = [
        f"PED-ANOVA: what tells {which} from all of them, as shares of the sum",
        interval_text(known, int(table["point"].notna().sum()), PERCENTILES),
    ]
    if known:
        said[-1] += f", {found.resamples} resamples of the seeds"
    count_known = int(table["point"].notna().sum())
    if not known and count_known > 1:
        said.append("the order of the bars may be chance: no place is known")
    elif (table["first place"] != table["last place"])[table["point"].notna()].any():
        said.append("open: an axis that cannot be told from others, with the places it may have")
    if not table["point"].any():
        said.append("no axis tells them apart")
    partly = table.loc[table["trials"].between(1, count - 1), "(title)"]
    if len(partly):
        said.append(f"not always active, judged where they are: {', '.join(partly)}")
    lacking = table.loc[table["trials"] == 0, "(title)"]
    if len(lacking):
        said.append(f"never active in a complete configuration: {', '.join(lacking)}")
    return ". ".join(part[0].upper() + part[1:] for part in said)
