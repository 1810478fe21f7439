"""Losses around the weights of runs, as contours and in 3-D: a panel a configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize

from sweeper.errors import NothingToShow, SweeperError
from sweeper.figures.drawing import style, text_layout
from sweeper.figures.drawing.picture import Picture
from sweeper.files.arrays import Arrays
from sweeper.results.axis import TASK, visible
from sweeper.results.data import VALUE, Data
from sweeper.results.tables import number_text
from sweeper.text import counted, few

_MOST_PANELS = 8
_HEIGHT_IN = 1.95
_DECADES = 100.0
"""Colours and heights are logarithmic where the largest is so many times the smallest."""
_LEVELS = 12
_LABEL = "loss / half the variance of its targets"


@dataclass(frozen=True)
class _Panel:
    """One surface, and what stands above it."""

    title: str
    run: pd.Series
    n: int
    """Among so many runs its score is the median."""
    arrays: Arrays

    @property
    def heights(self) -> Any:
        """The losses [rows of y, columns of x] along the first pair of directions, by the scale."""
        return self.arrays["losses"][0] / float(self.arrays["scale"])


def draw(data: Data, *, facet: str | None = None) -> Picture:
    """A panel a configuration on a task, or a value of `facet`: contours, and the same in 3-D.

    It shows the run whose score is the median of the panel's runs, of two the smaller one, along
    the first of its pairs of directions. Losses are shown by half the variance of their targets:
    1 is the loss of the best constant. Colours, contours and heights are the same in all panels,
    and logarithmic where losses span two decades. The CSV has a row a point.
    """
    names = [facet] if facet else data.varied
    data.choice.check_few(facet=facet)
    panels, flat = _panels(data, names, facet)
    norm = _norm(panels)
    said = _said(data, panels, norm)
    said += f". Left out: {counted(flat, 'run')} without a scale or a finite loss" if flat else ""
    caption = data.caption(len(panels), [*data.varied, *names], said)
    columns = 1 if len(panels) == 1 else 2
    rows = style.rows_for(len(panels), columns)
    row = style.row_in(rows, _HEIGHT_IN)
    width = style.column_in() if columns == 1 else style.page_in()
    grid = style.panels(rows, 2 * columns, width, rows * row + 0.6, caption)
    for number, pair in enumerate(grid.axes.reshape(-1, 2)):
        if number >= len(panels):
            for ax in pair:
                ax.set_axis_off()
            continue
        _contours(pair[0], panels[number], norm)
        solid = grid.figure.add_subplot(pair[1].get_subplotspec(), projection="3d")
        pair[1].remove()
        _solid(solid, panels[number], norm)
        room = width / columns - 0.3
        pair[0].set_title(_title(data, panels[number], room), loc="left", x=-0.1)
    _colour_bar(grid, norm)
    table = pd.concat([_rows(data, panel, names) for panel in panels], ignore_index=True)
    return Picture(grid.figure, visible(table), caption=caption)


def _panels(data: Data, names: list[str], facet: str | None) -> tuple[list[_Panel], int]:
    """The panels, and how many runs keep a surface that cannot be drawn.

    `NothingToShow` where no other is kept, `SweeperError` where there are many panels.
    """
    table = data.table(data.tables.metric)
    table = table[np.isfinite(table[VALUE].to_numpy(float))]
    columns = [data.axis(name).column for name in names]
    groups = table.groupby(columns, sort=False, observed=True, dropna=False) if columns else None
    found, flat = [], 0
    for _, own in groups if groups is not None else [((), table)]:
        ranked = own.sort_values([VALUE, "seed"], kind="stable")
        kept = {name: data.kept(str(name)) for name in ranked["run"]}
        ranked = ranked[[_is_surface(kept[name]) for name in ranked["run"]]]
        drawable = [_is_drawable(kept[name]) for name in ranked["run"]]
        flat += len(ranked) - sum(drawable)
        ranked = ranked[drawable]
        if len(ranked):
            run = ranked.iloc[(len(ranked) - 1) // 2]
            arrays = kept[run["run"]]
            assert arrays is not None
            found.append(_Panel(_named(data, run, names), run, len(ranked), arrays))
    if not found:
        raise NothingToShow(
            f"surface has nothing to show: no run of {data.name} that has ended keeps a surface "
            "whose scale is above 0, as those of analysis: loss_surface do where targets differ"
        )
    if len(found) > _MOST_PANELS:
        way = "facet=" if facet is None else "another facet"
        raise SweeperError(
            f"surface shows at most {_MOST_PANELS} panels, but here are {len(found)}: {way} takes "
            "an axis of fewer values, and where=, top= or trial= a part of the study"
        )
    return found, flat


def _is_surface(arrays: Arrays | None) -> bool:
    """Whether these are the arrays of a surface."""
    return arrays is not None and {"losses", "x", "y", "scale"} <= set(arrays)


def _is_drawable(arrays: Arrays | None) -> bool:
    """Whether a surface has a scale, and a loss that is finite."""
    assert arrays is not None
    scale = np.asarray(arrays["scale"])
    known = scale.size == 1 and 0.0 < float(scale.item()) < np.inf
    return known and bool(np.isfinite(arrays["losses"][0]).any())


def _named(data: Data, run: pd.Series, names: list[str]) -> str:
    """What a run's configuration is called, by these axes."""
    parts = []
    for name in names:
        axis = data.axis(name)
        text = number_text.texts(axis)[int(axis.codes(pd.DataFrame([run]))[0])]
        parts.append(text if name == TASK else f"{axis.title} = {text}")
    return ", ".join(parts)


def _norm(panels: list[_Panel]) -> Normalize:
    """What colours and heights stand for, in all panels."""
    every = np.concatenate([panel.heights.ravel() for panel in panels])
    every = every[np.isfinite(every)]
    least, most = float(every.min()), float(every.max())
    if least > 0 and most / least >= _DECADES:
        return LogNorm(least, most)
    return Normalize(least, most if most > least else least + 1.0)


def _contours(ax: Axes, panel: _Panel, norm: Normalize) -> None:
    """The surface from above: contours at the same levels in all panels, and a cross at theta."""
    assert norm.vmin is not None and norm.vmax is not None
    spaced = np.geomspace if isinstance(norm, LogNorm) else np.linspace
    levels = spaced(norm.vmin, norm.vmax, _LEVELS + 1)
    levels[0], levels[-1] = norm.vmin, norm.vmax
    x, y = panel.arrays["x"], panel.arrays["y"]
    heights = np.ma.masked_invalid(panel.heights)
    ax.contourf(x, y, heights, levels, cmap=style.COLOURS, norm=norm)
    ax.contour(x, y, heights, levels, colors="white", linewidths=0.3, linestyles="solid")
    ax.plot(0, 0, marker="+", color="white", markersize=5, markeredgewidth=0.8)
    ax.set_facecolor(style.GREY)
    ax.set_aspect("equal")
    ax.set_xlabel("x, along d", labelpad=1)
    ax.set_ylabel("y, along e", labelpad=0)


def _solid(ax: Any, panel: _Panel, norm: Normalize) -> None:
    """The surface in three dimensions, as high as it is bright."""
    logarithmic = isinstance(norm, LogNorm)
    seen = np.where(np.isfinite(panel.heights), panel.heights, np.nan)
    height = np.log10(seen) if logarithmic else seen
    x, y = np.meshgrid(panel.arrays["x"], panel.arrays["y"])
    shades = mpl.colormaps[style.COLOURS](norm(seen))
    look = {"rcount": 60, "ccount": 60, "linewidth": 0.1, "edgecolor": (1, 1, 1, 0.25)}
    ax.plot_surface(x, y, height, facecolors=shades, shade=False, **look)
    ends = np.array([norm.vmin, norm.vmax], float)
    ax.set_zlim(*(np.log10(ends) if logarithmic else ends))
    if logarithmic:
        low, high = np.log10(ends)
        step = max(1, int(np.ceil((np.floor(high) - np.ceil(low)) / 4)))
        powers = np.arange(np.ceil(low), high + 1e-9, step)
        ax.set_zticks(powers, [number_text.power(10.0**power) for power in powers])
    else:
        ax.zaxis.set_major_locator(mpl.ticker.MaxNLocator(4))
    ax.set_xticks([panel.arrays["x"][0], 0, panel.arrays["x"][-1]])
    ax.set_yticks([panel.arrays["y"][0], 0, panel.arrays["y"][-1]])
    ax.tick_params(pad=-3, labelsize=text_layout.TINY_PT)
    ax.set_xlabel("x", labelpad=-9)
    ax.set_ylabel("y", labelpad=-9)
    ax.patch.set_visible(False)  # it would lie on the title beside it
    ax.view_init(elev=28, azim=-55)
    ax.set_box_aspect((1, 1, 0.75), zoom=1.0)


def _title(data: Data, panel: _Panel, room: float) -> str:
    """Its configuration, and which run it is."""
    value = number_text.one(float(panel.run[VALUE]))
    which = f"seed {panel.run['seed']}: {data.tables.metric} {value}"
    if panel.n > 1:
        which += f", median of {panel.n}"
    lines = [panel.title, which] if panel.title else [which]
    return "\n".join(text_layout.cut(line, room, text_layout.BASE_PT) for line in lines)


def _colour_bar(grid: style.Panels, norm: Normalize) -> None:
    figure = grid.figure
    shown = [ax for ax in figure.axes if ax.axison]
    look: dict[str, Any] = {"location": "bottom", "fraction": 0.03, "aspect": 60, "pad": 0.02}
    bar = figure.colorbar(ScalarMappable(norm, style.COLOURS), ax=shown, **look)
    if isinstance(norm, LogNorm):
        assert norm.vmin is not None and norm.vmax is not None
        ticks, labels = number_text.log_ticks(norm.vmin, norm.vmax)
        bar.set_ticks(ticks, labels=labels)
        bar.minorticks_off()
    bar.ax.tick_params(length=2)
    bar.set_label(_LABEL)
    bar.outline.set_linewidth(0.4)


def _said(data: Data, panels: list[_Panel], norm: Normalize) -> str:
    """What a caption says of surfaces: of which run, along what, in which unit and scale."""
    pairs = len(panels[0].arrays["losses"])
    said = "loss of the first critic around its weights, along two random filter-normalised "
    said += "directions d and e" + (f", the first of {pairs} pairs" if pairs > 1 else "")
    said += (
        f". By half the variance of its targets: 1 is the best constant's. {_whose(data, panels)}"
    )
    scale = "logarithmic scale" if isinstance(norm, LogNorm) else "scale"
    same = "in all panels" if len(panels) > 1 else "in colours and heights"
    return f"{said}. The same {scale} {same}"


def _whose(data: Data, panels: list[_Panel]) -> str:
    """Which runs are drawn."""
    if all(panel.n == 1 for panel in panels):
        return "The only run of each panel is drawn" if len(panels) > 1 else "Its only run is drawn"
    each = few(list(dict.fromkeys(counted(panel.n, "run") for panel in panels)))
    return f"Drawn is each panel's run of median {data.tables.metric} (of {each})"


def _rows(data: Data, panel: _Panel, names: list[str]) -> pd.DataFrame:
    """A row a point of a panel."""
    x, y = np.meshgrid(panel.arrays["x"], panel.arrays["y"])
    columns = {data.axis(name).column: panel.run[data.axis(name).column] for name in names}
    losses = panel.arrays["losses"][0]
    return pd.DataFrame(
        {
            TASK: panel.run[TASK],
            **columns,
            "seed": int(panel.run["seed"]),
            "run": str(panel.run["run"]),
            "runs": panel.n,
            data.tables.metric: float(panel.run[VALUE]),
            "x": x.ravel(),
            "y": y.ravel(),
            "loss": losses.ravel(),
            "loss / scale": panel.heights.ravel(),
        }
    )
