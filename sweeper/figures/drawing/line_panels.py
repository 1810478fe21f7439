"""Points along one axis: one line per value of `hue`, one panel per value of `facet`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from sweeper.errors import SweeperError
from sweeper.figures.drawing import axis_limits, line_marks, style, text_layout
from sweeper.figures.drawing import frame as frame_of
from sweeper.results.axis import TASK, Axis
from sweeper.results.captions import interval_text, span
from sweeper.results.data import VALUE, Data
from sweeper.results.estimates import bands_note, estimate
from sweeper.results.tables import number_text

_HEIGHT_IN = 2.2
_ROW_IN = 1.75
_AROUND_IN = 0.7
"""What stands beside the axes of a panel takes so much of its width."""

_EDGE = 0.03
"""Room at both ends of the x axis, as a share of it."""


@dataclass(frozen=True)
class Panel:
    """How panels are arranged, and the size of the axes of one, in inches."""

    count: int
    columns: int
    width: float
    height: float
    places: Any
    """Where along x ticks stand, and `x` what stands at them."""
    x: text_layout.XLabels


def grid(
    across: Axis, lines: Axis | None, panels: Axis | None, caption: str, *, sharey: bool = False
) -> tuple[style.Panels, Panel]:
    """An empty figure of as many panels as there are labels, a column or a page wide."""
    count = len(panels.labels) if panels else 1
    columns = style.beside(count)
    rows = style.rows_for(count, columns)
    page = style.column_in() if count == 1 else style.page_in()
    width = page / columns - _AROUND_IN
    reach = across.places[-1] - across.places[0] + 2 * _edge(across)
    places, texts = number_text.ticks(across)
    inches = (places - across.places[0]) / reach * width
    ticks = text_layout.x_labels(texts, inches, numeric=across.numeric)
    row = _HEIGHT_IN if count == 1 else style.row_in(rows, _ROW_IN)
    height = rows * row + style.legend_in(lines, page) + ticks.height
    made = style.panels(rows, columns, page, height, caption, sharex=True, sharey=sharey)
    return made, Panel(count, columns, width, row - 0.4, places, ticks)


def shared(metric: str | None, panels: Axis | None) -> bool:
    """Whether all panels have one y axis: but those of tasks in a metric's own unit."""
    return metric is None or panels is None or panels.name != TASK


def points(
    data: Data, runs: pd.DataFrame, across: Axis, lines: Axis | None, panels: Axis | None
) -> pd.DataFrame:
    """One row a point, also of those without a run; `(at)` is its place along x.

    Gives `runs` the column `(cell)`, their row.
    """
    axes = (panels, lines, across)
    shape = [len(axis.labels) if axis else 1 for axis in axes]
    panel, line, column = np.indices(shape).reshape(3, -1)
    table = pd.DataFrame({"(panel)": panel, "(line)": line, "(at)": across.places[column]})
    for axis, code in zip(axes, (panel, line, column), strict=True):
        if axis is not None:
            table[axis.column] = [axis.labels[number] for number in code]
    table["(known)"] = column < len(across.known)
    codes = [axis.codes(runs) if axis else np.zeros(len(runs), int) for axis in axes]
    runs["(cell)"] = np.ravel_multi_index(codes, shape)
    estimate(table, runs, data.how, data.band)
    return table


def paint(
    ax: Axes, table: pd.DataFrame, runs: pd.DataFrame, across: Axis, lines: Axis | None
) -> None:
    """The lines of a panel, a little beside each other, so that none hides another."""
    for line, own in beside(table, across, lines):
        look = style.look(lines, line)
        line_marks.line(ax, own, look, joined=joined(across))
        line_marks.lacking(ax, own)
        if "best" in own:
            line_marks.judged(ax, own, look)
        line_marks.runs(ax, own, runs, look)
    line_marks.gaps(ax, table, across)
    if table["point"].isna().all():
        style.empty(ax, "no configuration is complete")


def joined(across: Axis) -> bool:
    """Whether a line may join points along this axis: texts have nothing between them, and where
    a sampler drew the numbers other axes differ, too."""
    return across.numeric and not across.drawn


def beside(
    table: pd.DataFrame, across: Axis, lines: Axis | None
) -> Iterator[tuple[int, pd.DataFrame]]:
    """Each line with its points, moved a little along x, more where they are not joined."""
    count = len(lines.labels) if lines else 1
    apart = (0.05 if joined(across) else min(0.12, 0.7 / count)) * across.gap
    for line in range(count):
        own = table[table["(line)"] == line]
        yield line, own.assign(**{"(at)": own["(at)"] + apart * (line - (count - 1) / 2)})


def divide(
    panels: Sequence[Axes],
    table: pd.DataFrame,
    runs: pd.DataFrame,
    limits: Mapping[int, tuple[float, float]],
) -> None:
    """Gives panels the y axes that are asked for, with limits where they have some."""
    values = runs[np.isfinite(runs[VALUE])]
    groups = [table["(panel)"], table["(panel)"][values["(cell)"]]]
    parts = [table["point"], values[VALUE]]
    divided = axis_limits.divided(np.concatenate(groups), np.concatenate(parts))
    for number in divided:
        axis_limits.divide(panels[number])
    for number, own in limits.items():
        panels[number].set_ylim(own)
    for number in divided:
        axis_limits.label_logarithmic(panels[number].yaxis)


def finish(ax: Axes, table: pd.DataFrame, across: Axis, lines: Axis | None) -> None:
    """Marks intervals that leave the axis, once its limits are final."""
    for line, own in beside(table, across, lines):
        axis_limits.arrows(ax, own["(at)"], own, style.look(lines, line).colour)


def frame(ax: Axes, across: Axis, panel: Panel, number: int) -> None:
    """Ticks and label of x: only below the lowest panel of a column."""
    lowest, edge = number + panel.columns >= panel.count, _edge(across)
    style.set_x(ax, panel.places, panel.x)
    ax.set_xlim(_limits(across) or (across.places[0] - edge, across.places[-1] + edge))
    ax.xaxis.set_tick_params(labelbottom=lowest)
    label = text_layout.folded(across.title, panel.width, text_layout.BASE_PT)
    ax.set_xlabel(label if lowest else "", visible=lowest)
    sns.despine(ax=ax)


def _limits(across: Axis) -> tuple[float, float] | None:
    """The limits along x that are asked for, at their places."""
    asked = frame_of.current().xlim
    if asked is None:
        return None
    if not across.numeric or (across.log and asked[0] <= 0):
        what = "texts" if not across.numeric else "powers of ten, which begin above 0"
        raise SweeperError(f"xlim={asked[0]:g}..{asked[1]:g}: {across.name} has {what}")
    low, high = np.log10(asked) if across.log else asked
    return float(low - _EDGE * (high - low)), float(high + _EDGE * (high - low))


def _edge(across: Axis) -> float:
    """The room at both ends of the x axis."""
    return float(max(0.45 * across.gap, _EDGE * (across.places[-1] - across.places[0])))


def points_note(table: pd.DataFrame, data: Data | None = None) -> str:
    """What a caption says of the points: their intervals, their n, what small marks are, gaps.

    With `data`, whose figure may have other bands, it says which.
    """
    known, count = int(table["low"].notna().sum()), int(table["point"].notna().sum())
    if not count:
        return "no configuration is complete"
    bands = interval_text(known, count) if data is None else bands_note(data, known, count)
    text = f"{bands}; n = {span(table['n'])} a point"
    if frame_of.current().runs or (table["low"].isna() & table["point"].notna()).any():
        text += "; small faint marks are single runs"
    lacking = table["point"].notna() & (table["n"] < table["planned"])
    if lacking.any():
        text += (
            ". Ringed: points that lack configurations, which failed or are unfinished, so that "
            "they pool other ones than the points beside them"
        )
    gaps = table[table["point"].isna() & (table["planned"] > 0)]
    diverged = int((gaps["n"] > 0).sum())
    counts = (len(gaps) - diverged, "that are not complete"), (diverged, "that diverged")
    without = ", ".join(f"{number} {words}" for number, words in counts if number)
    parts = text, f"Without a point: {without}" if without else "", frame_of.current().divided
    return ". ".join(part for part in parts if part)
