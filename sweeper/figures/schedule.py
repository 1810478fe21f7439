"""The hyperparameters that the members of a population had, over the steps of their runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter, MaxNLocator
from matplotlib.transforms import ScaledTranslation

from sweeper.errors import NothingToShow
from sweeper.figures.drawing import axis_limits, style, text_layout
from sweeper.figures.drawing.picture import Picture
from sweeper.results.analyses.schedule import schedules
from sweeper.results.axis import TASK, Axis, visible
from sweeper.results.data import Data
from sweeper.space.figure_options import MOST
from sweeper.text import counted

_HEIGHT_IN = 1.9
_LEGEND_IN, _LINE_IN, _BESIDE = 0.35, 0.15, 6
_THIN: dict[str, Any] = {"linewidth": 0.6, "alpha": 0.55}
_THICK: dict[str, Any] = {"linewidth": 1.8, "drawstyle": "steps-pre", "zorder": 3}
_APART_PT = 1.6
"""So far the lines of seeds stand apart, which would hide each other where values are listed."""
_RATIO = 5.0
"""Positive values are shown by their logarithm where the largest is so many times the smallest."""


def draw(data: Data, *, facet: str | None = None) -> Picture:
    """A panel a hyperparameter that populations search, and a row of panels a value of `facet`.

    By default that is the task, else the first axis with several values. A row shows the runs of
    its best configuration, each seed in a colour. A thin line is a member, and ends where it goes
    on as a copy of another; the thick one is the leader's, whose metrics the run reported. Lines of
    seeds stand a little apart.
    """
    names = list(data.origin.searched)
    if not names:
        raise NothingToShow(
            f"schedule has nothing to show: no run of {data.name} is a population, as those of a "
            "space with population: {size: 16, every: 50000} are"
        )
    data.choice.check_few(facet=facet)
    facet = facet or (TASK if len(data.axes[TASK].labels) > 1 else None)
    facet = facet or data.first([], most=MOST["facet"])
    panels = data.axis(facet) if facet else None
    table = schedules(data, panels)
    if table.empty:
        raise NothingToShow(f"schedule has nothing to show: no run of {data.name} has reported")
    seeds = _seeds(table)
    across = style.beside(len(names))
    deep = style.rows_for(len(names), across)
    labels = len(panels.labels) if panels else 1
    shown = [*data.varied, *([facet] if facet else [])]
    runs = len(table.drop_duplicates(["(panel)", "trial", TASK, "seed"]))
    caption = data.caption(runs, shown, _said(data, table, labels))
    width = style.width_of((labels * deep, across))
    row = style.row_in(labels * deep, _HEIGHT_IN)
    legend = _LEGEND_IN + _LINE_IN * (len(seeds.labels) + 2 > _BESIDE if seeds else 0)
    height = labels * deep * row + legend
    grid = style.panels(labels * deep, across, width, height, caption, sharex=True)
    for number, ax in enumerate(grid.axes.flat):
        label, place = divmod(number, deep * across)
        if place >= len(names):
            ax.set_axis_off()
            continue
        own = table[(table["(panel)"] == label) & (table["hyperparameter"] == names[place])]
        _panel(ax, own, seeds)
        _values(ax, table[table["hyperparameter"] == names[place]]["value"])
        title = style.panel_title(panels, label, grid) if panels else ""
        lowest = number + across >= labels * deep * across or place + across >= len(names)
        _frame(ax, title, data, lowest=lowest and label == labels - 1)
        name = data.origin.searched[names[place]]
        ax.set_ylabel(text_layout.folded(name, row - 0.4, text_layout.BASE_PT))
    _legend(grid, seeds)
    return Picture(grid.figure, visible(table), caption=caption)


def _seeds(table: pd.DataFrame) -> Axis | None:
    """The seeds as what colours tell apart; `None` where there is one, or too many."""
    seeds = sorted(table["seed"].unique().tolist())
    return Axis("seed", tuple(map(str, seeds)), False) if 1 < len(seeds) <= MOST["hue"] else None


def _panel(ax: Axes, table: pd.DataFrame, seeds: Axis | None) -> None:
    if table.empty:
        style.empty(ax, "no run has reported")
        return
    for (_, seed), own in table.groupby([TASK, "seed"], observed=True):
        place = seeds.labels.index(str(seed)) if seeds else 0
        colour = style.look(seeds, place).colour
        thin, thick = own[~own["leads"].astype(bool)], own[own["leads"].astype(bool)]
        up = _APART_PT * (place - (len(seeds.labels) - 1) / 2) / 72 if seeds else 0.0
        at = ax.transData + ScaledTranslation(0, up, ax.figure.dpi_scale_trans)
        begin, end = thin["begin"], thin["end"]
        ax.hlines(thin["value"], begin, end, color=colour, transform=at, **_THIN)
        x = np.concatenate([thick["begin"].to_numpy()[:1], thick["end"].to_numpy()])
        y = np.concatenate([thick["value"].to_numpy()[:1], thick["value"].to_numpy()])
        ax.plot(x, y, color=colour, transform=at, **_THICK)


def _legend(grid: style.Panels, seeds: Axis | None) -> None:
    """What thick and thin lines are, and the seeds' colours."""
    lines = [("leader", "0.15", _THICK), ("member", "0.15", _THIN)]
    for place, seed in enumerate(seeds.labels if seeds else ()):
        lines.append((f"seed {seed}", style.look(seeds, place).colour, _THICK))
    grid.figure.legend(
        [Line2D([], [], color=colour, **look) for _, colour, look in lines],
        [name for name, _, _ in lines],
        loc="outside upper center",
        ncols=min(len(lines), _BESIDE),
        frameon=False,
        handlelength=1.5,
        columnspacing=1.2,
    )


def _values(ax: Axes, values: pd.Series) -> None:
    """The same y axis for all panels of one hyperparameter, logarithmic where it spans much."""
    low, high = float(values.min()), float(values.max())
    if low > 0 and high / low >= _RATIO:
        ax.set_yscale("log")
        edge = (high / low) ** 0.05
        ax.set_ylim(low / edge, high * edge)
        axis_limits.label_logarithmic(ax.yaxis)
        return
    edge = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    ax.set_ylim(low - edge, high + edge)
    ax.ticklabel_format(axis="y", useOffset=False)


def _frame(ax: Axes, title: str, data: Data, *, lowest: bool) -> None:
    ax.set_title(title)
    ax.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    ax.xaxis.set_major_formatter(EngFormatter(sep=""))
    ax.set_xlim(0, data.steps * 1.02)
    ax.xaxis.set_tick_params(labelbottom=lowest)
    ax.set_xlabel(f"{data.origin.step}s" if lowest else "", visible=lowest)
    sns.despine(ax=ax)


def _said(data: Data, table: pd.DataFrame, labels: int) -> str:
    members = counted(int(table["member"].max()) + 1, "member")
    said = (
        f"{members} a run: a thin line ends where a member goes on as a copy of another; the thick "
        "line is the leader's, the member that was best one evaluation before"
    )
    trials = data.runs["trial"].nunique()
    if trials > table["trial"].nunique():
        each = "in each row " if labels > 1 else ""
        said += f". Of {counted(trials, 'configuration')} {each}the best is shown"
    return said
