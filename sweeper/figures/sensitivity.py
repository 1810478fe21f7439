"""Score against one axis: line, 95 % band, the best value, and the range that is usable."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from sweeper.figures.drawing import axis_limits, line_marks, line_panels, style, text_layout
from sweeper.figures.drawing.picture import Picture
from sweeper.results.analyses.sensitivity import judge, least_usable
from sweeper.results.axis import TASK, Axis, numbered, visible
from sweeper.results.data import Data
from sweeper.results.estimates import averaged, bands_called, uneven_note, with_band
from sweeper.results.slices.pooling import pooled
from sweeper.results.tables import number_text
from sweeper.space.figure_options import MOST
from sweeper.space.figure_rules import INTERVAL
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
    low + 0.8 · (best − low), with low the normalised 0 and best the best point of the panel; where
    smaller is better, of at most high − 0.8 · (high − best). Where a point has fewer than
    `MIN_SEEDS` seeds its runs are drawn instead of a band. All panels have one y axis, so that they
    can be compared, but for those of tasks in a metric's own unit. Points that lack configurations
    are ringed and are no line's best.
    """
    x, hue, facet = _chosen(data, x, hue, facet)
    across = numbered(data.axis(x))
    hues, panels = (data.axis(name) if name else None for name in (hue, facet))
    runs = pooled(data, [across, hues, panels]).table(metric)
    table = line_panels.points(data, runs, across, hues, panels)
    chosen, better = not across.drawn and across.name != TASK, data.minimised(metric)
    ranged, ranked = metric is None and chosen, better is not None and chosen
    judge(table, ranged=ranged, ranked=ranked, minimise=bool(better))
    table["tied"] &= data.band == INTERVAL
    shown = [name for name in (x, hue, facet) if name]
    shared = line_panels.shared(metric, panels)
    grouped = table.assign(**{"(panel)": 0}) if shared else table
    limits = axis_limits.limits(grouped)
    said = _note(data, table, across, ranged=ranged)
    said += uneven_note(data, averaged(runs), shown, "point") + axis_limits.cut_off(
        grouped, limits, bands_called(data)
    )
    caption = data.caption(int(table["n"].sum()), shown, said)
    grid, panel = line_panels.grid(across, hues, panels, caption, sharey=shared)
    label = text_layout.folded(data.value_label(metric, shown), panel.height, text_layout.BASE_PT)
    parts = [table[table["(panel)"] == number] for number in range(panel.count)]
    drawn = list(zip(grid.axes.flat, parts, strict=False))
    for ax in grid.axes.flat[panel.count :]:
        ax.set_axis_off()
    for number, (ax, own) in enumerate(drawn):
        line_panels.paint(ax, own, runs, across, hues)
        line_panels.frame(ax, across, panel, number)
        ax.set_ylabel(label if number % panel.columns == 0 else "")
        ax.set_title(style.panel_title(panels, number, grid) if panels else "")
        if number in limits:
            ax.set_ylim(limits[number])
    for group in [drawn] if shared else [[one] for one in drawn]:
        _judged(group, across, hues, data.minimise, panel)
    style.legend(grid.figure, hues, grid.figure.get_figwidth(), joined=line_panels.joined(across))
    return Picture(grid.figure, visible(with_band(data, table)), caption=caption)


def _judged(
    panels: list[tuple[Axes, pd.DataFrame]],
    across: Axis,
    hues: Axis | None,
    minimise: bool,
    panel: line_panels.Panel,
) -> None:
    """Draws usable ranges, best values and what leaves the axis in panels that share theirs."""
    line_marks.usable(panels, hues, minimise, joined=line_panels.joined(across))
    for ax, own in panels:
        line_marks.best(ax, own, across, (panel.width, panel.height))
    for ax, own in panels:
        line_panels.finish(ax, own, across, hues)


def _chosen(
    data: Data, x: str | None, hue: str | None, facet: str | None
) -> tuple[str, str | None, str | None]:
    data.choice.check_distinct(x=x, hue=hue, facet=facet)
    hue, facet = data.choice.with_study(hue, facet, given=[x])
    x = x or data.first([hue, facet], numeric=True) or next(iter(data.axes))
    hue = hue or data.first([x, facet], most=MOST["hue"])
    data.choice.check_distinct(x=x, hue=hue, facet=facet)
    data.choice.check_few(hue=hue, facet=facet)
    return x, hue, facet


def _note(data: Data, table: pd.DataFrame, across: Axis, *, ranged: bool) -> str:
    said = line_panels.points_note(table, data)
    if table["point"].isna().all():
        return said
    if table["best"].any():
        said += f". Black edge: the best {across.title} of each line"
        if table["tied"].any():
            said += "; open: its interval overlaps the best's, the two cannot be told apart"
        if data.band != INTERVAL or table.loc[table["best"], "low"].isna().any():
            said += "; without intervals others may be as good"
    return said + (_usable(table, data.minimise) if ranged else "")


def _usable(table: pd.DataFrame, minimise: bool) -> str:
    """What a caption says of usable ranges: from which score on, and what that is."""
    reference = "high" if minimise else "low"
    panels = [own for _, own in table.groupby("(panel)") if own["usable"].any()]
    if not panels:
        return f". No value is usable: no score is better than the {reference} reference"
    ends = sorted(least_usable(own, minimise=minimise) for own in panels)
    places = number_text.decimals(ends)
    texts = dict.fromkeys(number_text.fixed(end, places) for end in (ends[0], ends[-1]))
    one = "the panel's best point" if table["(panel)"].any() else "the best point"
    bound, by = "most" if minimise else "least", " by panel" if len(texts) > 1 else ""
    return (
        f". Bars: usable range, scores of at {bound} {' to '.join(texts)}{by} (dashed where the "
        f"axis reaches it), {100 * USABLE_SHARE:.0f} % of the way from the {reference} reference "
        f"to {one}"
    )
