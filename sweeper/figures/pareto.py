"""Several scores against each other: the configurations that no other beats in all of them."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from sweeper.errors import NothingToShow
from sweeper.figures.drawing import style, text_layout
from sweeper.figures.drawing.picture import Picture
from sweeper.results.analyses.several_metrics import front_table
from sweeper.results.axis import visible
from sweeper.results.captions import interval_text
from sweeper.results.data import Data
from sweeper.results.run_tables import Scored
from sweeper.score import named
from sweeper.text import counted

_HEIGHT_IN = 2.4
_APART_IN = (0.25, 0.12)
"""So far the numbers of trials stand apart, across and up; of closer ones one alone is written."""

_OTHERS = "0.6"


def draw(data: Data) -> Picture:
    """A panel for every two scores of the space, a mark a complete configuration.

    Coloured are those that no other equals in all scores and exceeds in one (the Pareto front),
    with their trials' numbers where there is room; of two scores a line joins them. Bars are 95 %
    intervals. A configuration without a value by one of the scores has no mark.
    """
    scores = data.tables.scores
    if len(scores) < 2:
        raise NothingToShow(
            f"pareto has nothing to show: {data.name} has one score, {scores[0].name}; a space "
            "has several as in score: [{metric: return}, {metric: loss, direction: minimize}]"
        )
    data.check_scored("pareto")
    table = front_table(data)
    pairs = list(combinations(scores, 2))
    columns = style.beside(len(pairs))
    rows = style.rows_for(len(pairs), columns)
    width = style.column_in() if len(pairs) == 1 else style.page_in()
    caption = data.caption(int(table["n"].sum()), data.varied, _said(data, table))
    height = style.row_in(rows, _HEIGHT_IN)
    grid = style.panels(rows, columns, width, rows * height, caption)
    for number, ax in enumerate(grid.axes.flat):
        if number >= len(pairs):
            ax.set_axis_off()
            continue
        _panel(ax, table, pairs[number], joined=len(scores) == 2)
        _frame(ax, data, table, pairs[number], (grid.each_in - 0.7, height - 0.5))
    return Picture(grid.figure, visible(table), caption=caption)


def _panel(ax: Axes, table: pd.DataFrame, pair: tuple[Scored, Scored], *, joined: bool) -> None:
    if table.empty:
        style.empty(ax, "no configuration is complete")
        ax.set_xticks([])
        return
    names = [score.name for score in pair]
    colour = style.colours(None)[0]
    for front, shade, size in ((False, _OTHERS, 3.0), (True, colour, 5.0)):
        own = table[table["front"] == front].sort_values(f"point {names[0]}")
        x, y = (own[f"point {name}"] for name in names)
        reach = [
            np.abs(own[[f"low {name}", f"high {name}"]].to_numpy().T - own[f"point {name}"].array)
            for name in names
        ]
        line = "-" if front and joined else "none"
        ax.errorbar(
            *(x, y),
            xerr=reach[0],
            yerr=reach[1],
            color=shade,
            marker="o",
            markersize=size,
            linestyle=line,
            linewidth=0.8,
            drawstyle="steps-post" if pair[0].minimise else "steps-pre",
            elinewidth=0.6,
            alpha=1.0 if front else 0.6,
            zorder=3 if front else 2,
        )


def _frame(
    ax: Axes,
    data: Data,
    table: pd.DataFrame,
    pair: tuple[Scored, Scored],
    inches: tuple[float, float],
) -> None:
    """Labels, and the numbers of the trials on the front."""
    sns.despine(ax=ax)
    if table.empty:
        return
    labels = [
        text_layout.folded(_label(data, score), room, text_layout.BASE_PT)
        for score, room in zip(pair, inches, strict=True)
    ]
    ax.set(xlabel=labels[0], ylabel=labels[1])
    limits = np.array([ax.get_xlim(), ax.get_ylim()])
    own = table[table["front"]]
    places = own[[f"point {score.name}" for score in pair]].to_numpy(float)
    shares = (places - limits[:, 0]) / np.diff(limits)[:, 0] * inches
    written: list[tuple[float, float]] = []
    for trial, place, (across, up) in zip(own["trial"], places, shares, strict=True):
        gaps = ((abs(across - x), abs(up - y)) for x, y in written)
        if any(wide < _APART_IN[0] and tall < _APART_IN[1] for wide, tall in gaps):
            continue
        written.append((across, up))
        ax.annotate(
            str(trial),
            (place[0], place[1]),
            (3, 3),
            textcoords="offset points",
            fontsize=text_layout.TINY_PT,
            zorder=4,
        ).set_in_layout(False)


def _label(data: Data, score: Scored) -> str:
    better = "smaller" if score.minimise else "larger"
    taken = data.captions.taken(score.metric, score.at)
    return f"normalised {score.name}, {taken} ({named(score.how)}), {better} is better"


def _said(data: Data, table: pd.DataFrame) -> str:
    if table.empty:
        return "no configuration is complete"
    count, front = len(table), int(table["front"].sum())
    known = [table[f"low {score.name}"].notna() for score in data.tables.scores]
    every = int(np.all(known, axis=0).sum())
    lines = "" if len(data.tables.scores) > 2 else ", joined by steps"
    bounds = ", ".join(map(str, data.tables.bounds))
    of = f" of those that keep {bounds}, where any does," if bounds else ""
    return (
        f"coloured{lines}: {front} of {counted(count, 'complete configuration')} that no other"
        f"{of} beats in all scores, with their trials' numbers; {interval_text(every, count)}"
    )
