"""Score against a size: a panel a depth, a line a set of normalised layers, with 95 % bands."""

from __future__ import annotations

from sweeper.figures.drawing import axis_limits, line_panels, style, text_layout
from sweeper.figures.drawing.picture import Picture
from sweeper.results.axis import numbered, visible
from sweeper.results.data import Data
from sweeper.results.estimates import averaged, bands_called, uneven_note, with_band
from sweeper.results.slices.pooling import pooled
from sweeper.space.figure_options import MOST


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

    Without options x is the axis that has the largest whole numbers, such as a width, `facet`
    the next one, such as a depth, and `hue` the first of the others. All panels have one y axis,
    so that they can be compared, but for those of tasks in a metric's own unit. Tasks that differ
    in a number, as `navigation/5`, may stand along x.
    """
    x, hue, facet = _chosen(data, x, hue, facet)
    across = numbered(data.axis(x))
    hues, panels = (data.axis(name) if name else None for name in (hue, facet))
    runs = pooled(data, [across, hues, panels]).table(metric)
    table = line_panels.points(data, runs, across, hues, panels)
    shared = line_panels.shared(metric, panels)
    grouped = table.assign(**{"(panel)": 0}) if shared else table
    limits = axis_limits.limits(grouped)
    shown = [name for name in (x, hue, facet) if name]
    said = line_panels.points_note(table, data) + uneven_note(data, averaged(runs), shown, "point")
    said += axis_limits.cut_off(grouped, limits, bands_called(data))
    caption = data.caption(int(table["n"].sum()), shown, said)
    grid, panel = line_panels.grid(across, hues, panels, caption, sharey=shared)
    label = text_layout.folded(data.value_label(metric, shown), panel.height, text_layout.BASE_PT)
    for number, ax in enumerate(grid.axes.flat):
        if number >= panel.count:
            ax.set_axis_off()
            continue
        line_panels.paint(ax, table[table["(panel)"] == number], runs, across, hues)
        line_panels.frame(ax, across, panel, number)
        ax.set_ylabel(label if number % panel.columns == 0 else "")
        if panels is not None:
            ax.set_title(style.panel_title(panels, number, grid))
    line_panels.divide(grid.axes.flat, grouped, runs, limits)
    for number, ax in enumerate(grid.axes.flat[: panel.count]):
        line_panels.finish(ax, table[table["(panel)"] == number], across, hues)
    style.legend(grid.figure, hues, grid.figure.get_figwidth(), joined=line_panels.joined(across))
    return Picture(grid.figure, visible(with_band(data, table)), caption=caption)


def _chosen(
    data: Data, x: str | None, hue: str | None, facet: str | None
) -> tuple[str, str | None, str | None]:
    data.choice.check_distinct(x=x, hue=hue, facet=facet)
    hue, facet = data.choice.with_study(hue, facet, given=[x])
    taken = {x, hue, facet}
    sizes = sorted(
        (name for name in data.choice.independent if data.axes[name].whole and name not in taken),
        key=lambda name: -max(data.axes[name].known),
    )
    if x is None:
        free = data.first([hue, facet], numeric=True) or next(iter(data.axes))
        x = sizes.pop(0) if sizes else free
    depths = [name for name in sizes if len(data.axes[name].labels) <= MOST["facet"]]
    facet = facet or next(iter(depths), None)
    hue = hue or data.first([x, facet], most=MOST["hue"])
    data.choice.check_distinct(x=x, hue=hue, facet=facet)
    data.choice.check_few(hue=hue, facet=facet)
    return x, hue, facet
