"""Runs by two metrics: a dot a run, a panel a task, and how the two correlate."""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from sweeper.errors import SweeperError
from sweeper.figures.drawing import axis_limits, frame, style, text_layout
from sweeper.figures.drawing.picture import Picture
from sweeper.results.analyses.several_metrics import X, Y, correlations, dots
from sweeper.results.axis import TASK, Axis, visible
from sweeper.results.data import Data
from sweeper.results.tables.wording import bounds
from sweeper.space.figure_options import MOST
from sweeper.stats import MIN_SEEDS, RESAMPLES
from sweeper.text import counted

_HEIGHT_IN = 2.2
_DECADES = 100.0
"""Positive values are shown by their logarithm where the largest is so many times the smallest."""


def draw(
    data: Data,
    *,
    hue: str | None = None,
    facet: str | None = None,
    metric: str | list[str] | None = None,
) -> Picture:
    """A dot a run: its value by the first of two metrics along x, by the second along y.

    Of one metric x is that and y the score; without any, x is the first metric that was reported
    beside the one that is scored. Colours and marks are the values of `hue`. A panel is a value of
    `facet`, by default a task, with Spearman's rank correlation of its dots; its 95 % interval is
    of resampled configurations, each with the runs under all its seeds. Metrics whose values are
    positive and span two decades are shown by their logarithm. The CSV has a row a panel, and then
    a row a dot.
    """
    hue, facet = _chosen(data, hue, facet)
    metrics = _metrics(data, metric)
    hues, panels = (data.axis(name) if name else None for name in (hue, facet))
    table = dots(data, metrics, (panels, hues))
    found = correlations(table, panels)
    shown = [name for name in (hue, facet) if name]
    caption = data.caption(len(table), [*data.varied, *shown], _said(data, table, found))
    count = len(panels.labels) if panels else 1
    columns = style.beside(count)
    rows = style.rows_for(count, columns)
    width = style.column_in() if count == 1 else style.page_in()
    row = style.row_in(rows, _HEIGHT_IN)
    height = rows * row + style.legend_in(hues, width) + 0.1
    grid = style.panels(rows, columns, width, height, caption)
    for number, ax in enumerate(grid.axes.flat):
        if number >= count:
            ax.set_axis_off()
            continue
        _panel(ax, table[table["(panel)"] == number], hues, metrics)
        title = [style.panel_title(panels, number, grid)] if panels else []
        ax.set_title("\n".join([*title, *_correlation(found.iloc[number])]))
        up = _label(data, metrics[1])
        first = number % columns == 0
        ax.set_ylabel(text_layout.folded(up, row - 0.5, text_layout.BASE_PT) if first else "")
        if number + columns >= count:
            style.x_label(ax, _label(data, metrics[0]), grid)
    style.legend(grid.figure, hues, grid.figure.get_figwidth(), joined=False)
    names = {X: metrics[0] or "score", Y: metrics[1] or "score"}
    if names[X] == names[Y]:
        names[Y] = f"normalised {names[Y]}"
    every = pd.concat([found, table.rename(columns=names)], ignore_index=True)
    kept = dict.fromkeys(("n", "trial", "seed"), "Int64")
    return Picture(grid.figure, visible(every.astype(kept)), caption=caption)


def _chosen(data: Data, hue: str | None, facet: str | None) -> tuple[str | None, str | None]:
    data.choice.check_distinct(hue=hue, facet=facet)
    if facet is None and hue != TASK and len(data.axes[TASK].labels) > 1:
        facet = TASK
    hue = hue or data.first([facet], most=MOST["hue"])
    data.choice.check_few(hue=hue, facet=facet)
    return hue, facet


def _metrics(data: Data, metric: str | list[str] | None) -> tuple[str | None, str | None]:
    """The metrics along x and y, `None` for the score; `SweeperError` for more than two."""
    scored = data.tables.metric
    if metric is None:
        others = (name for name in data.tables.metrics if name.removeprefix("metric ") != scored)
        return next(others, scored), None
    names = [metric] if isinstance(metric, str) else list(metric)
    if not 1 <= len(names) <= 2 or len(set(names)) < len(names):
        raise SweeperError(
            f"metric takes two different metrics, along x and along y, but got {', '.join(names)}"
        )
    return names[0], names[1] if len(names) > 1 else None


def _panel(
    ax: Axes, table: pd.DataFrame, hues: Axis | None, metrics: tuple[str | None, str | None]
) -> None:
    sns.despine(ax=ax)
    if table.empty:
        style.empty(ax, "no run has both values")
        ax.set_xticks([])
        return
    for line, own in table.groupby("(line)"):
        look = style.look(hues, int(line))  # type: ignore[arg-type]
        ax.plot(
            own[X],
            own[Y],
            color=look.colour,
            marker=look.marker,
            linestyle="none",
            markersize=3.5 if len(table) <= 200 else 2.0,
            markeredgecolor="white",
            markeredgewidth=0.3,
            alpha=0.8,
        )
    if metrics[0] is not None and _spans_decades(table[X]):
        ax.set_xscale("log")
    if metrics[1] is not None and _spans_decades(table[Y]):
        ax.set_yscale("log")
    asked = frame.current()
    if asked.xlim is not None:
        ax.set_xlim(asked.xlim)
    if asked.ylim is not None:
        ax.set_ylim(asked.ylim)
    for axis in (ax.xaxis, ax.yaxis):
        if axis.get_scale() == "log":
            axis_limits.label_logarithmic(axis)


def _spans_decades(values: pd.Series) -> bool:
    least, most = float(values.min()), float(values.max())
    return least > 0 and most / least >= _DECADES


def _label(data: Data, metric: str | None) -> str:
    if metric is None:
        return f"normalised {data.tables.metric}, {data.captions.taken(None)}"
    return metric


def _correlation(found: pd.Series) -> list[str]:
    """What stands above a panel of its correlation; nothing where it is unknown."""
    if np.isnan(found["point"]):
        return []
    said = f"ρ = {found['point']:.2f}"
    if not np.isnan(found["low"]):
        said += f" ({bounds(found['low'], found['high'], '{:.2f}'.format)})"
    return [said.replace("-", "−")]


def _said(data: Data, table: pd.DataFrame, found: pd.DataFrame) -> str:
    """What a caption says of dots, correlations and their intervals."""
    if table.empty:
        return "no run has both values"
    said = "a dot a run; ρ: Spearman's rank correlation"
    if found["low"].notna().any():
        said += (
            f", in brackets 95 % of {RESAMPLES:,} resamples of configurations, each with all its "
            "runs"
        )
    elif found["point"].notna().any():
        said += f", interval unknown: fewer than {MIN_SEEDS} configurations"
    ended = int(data.runs["state"].isin(("complete", "nan")).sum())
    if ended > len(table):
        said += f". Without a dot, as it lacks a number: {counted(ended - len(table), 'run')}"
    return said
