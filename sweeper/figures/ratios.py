"""Several metrics along one axis as a table, and each as a multiple of its first value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sweeper.figures.drawing import line_panels, style, text_layout
from sweeper.figures.drawing.picture import Picture
from sweeper.results.analyses import several_metrics
from sweeper.results.axis import Axis, visible
from sweeper.results.data import VALUE, Data
from sweeper.results.estimates import averaged, estimate, uneven_note
from sweeper.results.published import numbers as published
from sweeper.results.slices.pooling import pooled
from sweeper.results.tables import number_text, table_text
from sweeper.space.figure_rules import SD
from sweeper.text import canonical

_PUBLISHED = "0.25"


def draw(data: Data, *, x: str | None = None, metric: str | list[str] | None = None) -> Picture:
    """A line a metric: its average at each value of `x`, divided by that at the first of them.

    Bars are the averages' intervals, divided likewise; open marks are the ratios of numbers that
    are published. The text is a table of the metrics in their own units, ± the standard deviation
    of single runs, and below it one of the ratios.
    """
    across = data.axis(x or data.first([]) or next(iter(data.axes)))
    metrics = several_metrics.names(data, metric)
    lines = Axis("metric", tuple(metrics), numeric=False, own=True) if metrics[1:] else None
    parts = [_of_metric(data, across, name, place) for place, name in enumerate(metrics)]
    table, runs = (pd.concat([part[k] for part in parts], ignore_index=True) for k in range(2))
    table = table.join(_published(data, across), on=["metric", across.column])
    said = line_panels.points_note(table) + _note(data, across, table)
    said += uneven_note(data, averaged(runs), [across.name], "point")
    first = table["(line)"] == 0
    caption = data.caption(int(table.loc[first, "n"].sum()), [across.name], said)
    grid, panel = line_panels.grid(across, lines, None, caption)
    ax = grid.axes[0, 0]
    line_panels.paint(ax, table, runs, across, lines)
    line_panels.frame(ax, across, panel, 0)
    _published_marks(ax, table, across, lines)
    label = f"multiple of that at {_first(across)}"
    label = label if lines else f"{data.value_label(metrics[0], [across.name])}, {label}"
    ax.set_ylabel(text_layout.folded(label, panel.height, text_layout.BASE_PT))
    width = grid.figure.get_figwidth()
    style.legend(grid.figure, lines, width, joined=line_panels.joined(across))
    return Picture(grid.figure, visible(table), "\n".join(_text(across, table)), caption)


def _of_metric(
    data: Data, across: Axis, metric: str, place: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row a value of x: `value`, `sd`, and as multiples point, low and high; and the runs."""
    runs = pooled(data, [across]).table(metric)
    table = line_panels.points(data, runs, across, None, None)
    spread = table[["(at)"]].copy()
    estimate(spread, runs, data.how, SD)
    value = table["point"].to_numpy(float)
    unit = value[0] if value[0] and np.isfinite(value[0]) else np.nan
    ends = np.sort(table[["low", "high"]].to_numpy(float) / unit, axis=1)
    table = table.assign(point=value / unit, low=ends[:, 0], high=ends[:, 1])
    table["metric"], table["value"], table["(line)"] = metric, value, place
    table["sd"] = spread["high"] - spread["point"]
    cell = runs["(cell)"] + place * len(table)
    return table, runs.assign(**{VALUE: runs[VALUE] / unit, "(cell)": cell})


def _published(data: Data, across: Axis) -> pd.DataFrame:
    """By metric and label of x what is published, and as a multiple of that at the first label.

    Nothing where x does not name the configurations, or there are several numbers of one.
    """
    known = published.of_space(data.origin.space)
    axes = [name for name in known if name not in published.Number.model_fields]
    known = known[known["our_task"].isin(list(data.tasks)) & (axes == [across.name])]
    named = {canonical(label): label for label in across.known}
    labels = known[across.name].map(named) if len(known) else known["task"]
    found = pd.DataFrame({"metric": known["metric"], across.column: labels.astype(object)})
    found = found.assign(published=known["value"], source=known["source"]).dropna()
    found = found.set_index(["metric", across.column])
    found = found if found.index.is_unique else found.iloc[:0]
    first = found[found.index.get_level_values(1) == across.labels[0]].droplevel(1)["published"]
    units = found.index.get_level_values(0).map(first.to_dict()).to_numpy(float)
    return found.assign(published_ratio=found["published"] / units)


def _first(across: Axis) -> str:
    return f"{across.title} = {number_text.texts(across)[0]}"


def _note(data: Data, across: Axis, table: pd.DataFrame) -> str:
    """What a caption says of ratios, and of those that are published."""
    said = f". Each average as a multiple of that at {_first(across)}, intervals likewise"
    sources = ", ".join(table["source"].dropna().unique())
    return said + (f". Open marks: published in {sources}" if sources else "")


def _published_marks(ax: Axes, table: pd.DataFrame, across: Axis, lines: Axis | None) -> None:
    for line, own in line_panels.beside(table, across, lines):
        ax.plot(
            own["(at)"],
            own["published_ratio"],
            marker=style.look(lines, line).marker,
            linestyle="none",
            markerfacecolor="white",
            markersize=4.2,
            color=_PUBLISHED,
            zorder=2,
        )


def _text(across: Axis, table: pd.DataFrame) -> Iterator[str]:
    """The metrics in their own units, and below these as multiples, published ones in brackets."""
    columns = number_text.texts(across)
    yield from _rows(across.title, columns, table, _measured)
    yield ""
    known = table["published_ratio"].notna().any()
    of = f"multiples of {_first(across)}" + (" (published)" if known else "")
    yield from _rows(of, columns, table, _multiple)


def _rows(
    title: str, columns: list[str], table: pd.DataFrame, cell: Callable[[Mapping[Any, Any]], str]
) -> Iterator[str]:
    rows = [
        [str(metric), *(cell(row) for row in own.to_dict("records"))]
        for metric, own in table.groupby("metric", sort=False)
    ]
    return table_text.aligned([[title, *columns], *rows])


def _measured(row: Mapping[Any, Any]) -> str:
    if not np.isfinite(row["value"]):
        return table_text.DIVERGED if row["n"] else table_text.NOTHING
    places = number_text.decimals([row["value"]])
    spread = f" ± {number_text.fixed(row['sd'], places)}" if np.isfinite(row["sd"]) else ""
    return number_text.fixed(row["value"], places) + spread


def _multiple(row: Mapping[Any, Any]) -> str:
    ours = f"{row['point']:.2f}" if np.isfinite(row["point"]) else table_text.NOTHING
    theirs = row["published_ratio"]
    return ours + (f" ({theirs:.2f})" if np.isfinite(theirs) else "")
