"""Score against one axis: line, 95 % band, the best value, and the range that is usable."""

from __future__ import annotations

import pandas as pd

from sweeper.figures.drawing import axis_limits, line_marks, line_panels, style, text_layout
from sweeper.figures.drawing.picture import Picture
from sweeper.results.analyses.sensitivity import judge
from sweeper.results.axis import Axis, visible
from sweeper.results.data import Data
from sweeper.space.figure_options import MOST
from sweeper.stats import USABLE_SHARE


def draw(
    data: Data,
    *,
    x: str | None = None,
    hue: str | None = None,
    facet: str | None = None,
    metric: str | None = None,
) -> Picture:
    """A line a value of `hue`, a panel a value of `facet`; a point pools all runs of the trials
    with its x, hue and facet.

    The best point of each line is marked with its value of x, and points are open whose interval
    overlaps the best's. Bars at the bottom mark each line's usable range: scores of at least
    low + 0.8 · (best − low), with low the normalised 0 and best the best point of the panel. Where
    a point has fewer than `MIN_SEEDS` seeds its runs are drawn instead of a band.
    """
    x, hue, facet = _chosen(data, x, hue, facet)
    runs = data.table(metric)
    across = data.axis(x)
    hues, panels = (data.axis(name) if name else None for name in (hue, facet))
    table = line_panels.points(data, runs, across, hues, panels)
    ranged = metric is None and not across.drawn
    judge(
        table,
        ranged=ranged,
        ranked=data.minimised(metric) is not None and not across.drawn,
        minimise=bool(data.minimised(metric)),
    )
    shown = [name for name in (x, hue, facet) if name]
    limits = axis_limits.limits(table)
    said = _note(table, across, ranged) + (f". {axis_limits.CUT_OFF}" if limits else "")
    caption = data.caption(int(table["n"].sum()), shown, said)
    grid, panel = line_panels.grid(across, hues, panels, caption)
    label = text_layout.folded(data.value_label(metric, shown), panel.height, text_layout.BASE_PT)
    for number, ax in enumerate(grid.axes.flat):
        if number >= panel.count:
            ax.set_axis_off()
            continue
        own = table[table["(panel)"] == number]
        line_panels.paint(ax, own, runs, across, hues)
        ax.set_ylim(limits.get(number))
        if ranged:
            line_marks.usable(ax, own, hues, data.minimise, panel.height)
        line_panels.frame(ax, across, panel, number)
        line_marks.best(ax, own, across, (panel.width, panel.height))
        ax.set_ylabel(label if number % panel.columns == 0 else "")
        if panels is not None:
            ax.set_title(style.panel_title(panels, number, grid))
    style.legend(grid.figure, hues, grid.figure.get_figwidth())
    return Picture(grid.figure, visible(table))


def _chosen(
    data: Data, x: str | None, hue: str | None, facet: str | None
) -> tuple[str, str | None, str | None]:
    data.choice.check_distinct(x=x, hue=hue, facet=facet)
    x = x or data.first([hue, facet], numeric=True) or next(iter(data.axes))
    hue = hue or data.first([x, facet], most=MOST["hue"])
    data.choice.check_distinct(x=x, hue=hue, facet=facet)
    data.choice.check_few(hue=hue, facet=facet)
    return x, hue, facet


def _note(table: pd.DataFrame, across: Axis, ranged: bool) -> str:
    said = line_panels.points_note(table)
    if table["point"].isna().all():
        return said
    if table["best"].any():
        said += f". Black edge: the best {across.title} of each line"
        if table["tied"].any():
            said += "; open: its interval overlaps the best's, the two cannot be told apart"
        if table.loc[table["best"], "low"].isna().any():
            said += "; without intervals others may be as good"
    if ranged and table["usable"].any():
        one = "the panel's best point" if table["(panel)"].any() else "the best point"
        share = f"{100 * USABLE_SHARE:.0f} % of {one}"
        said += f". Bars: usable range, scores above the dashed line at {share}"
    elif ranged:
        said += ". No value is usable: no score is better than the low reference"
    return said + line_panels.pooled(across)
