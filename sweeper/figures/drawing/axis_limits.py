"""Limits and scales of y axes; limits that cut off extreme bounds, and the arrows there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from sweeper.figures.drawing import frame
from sweeper.results.tables import number_text


def focus(points: Any, bounds: Any) -> tuple[float, float] | None:
    """Limits without the `bounds` that would squeeze all `points` together; `None` if none would.

    All points stay, and what lies within three interquartile ranges of the middle half.
    """
    values = np.concatenate([points, bounds])
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    first, third = np.percentile(values, [25, 75])
    reach = 3 * (third - first)
    least = min(np.nanmin(points), max(values.min(), first - reach))
    most = max(np.nanmax(points), min(values.max(), third + reach))
    margin = 0.06 * (most - least)
    whole = least <= values.min() and most >= values.max()
    return None if whole else (float(least - margin), float(most + margin))


def divided(groups: Any, values: Any) -> set[int]:
    """The groups of panels that have another y axis than a linear one, as is asked for.

    `groups` says of which each of `values` is. A logarithmic axis has only positive ones; bounds of
    theirs that are not go beyond its end.
    """
    asked = frame.current().yscale
    least = pd.Series(np.asarray(values, float)).groupby(np.asarray(groups, int)).min()
    fits = least > 0 if asked == "log" else least.notna() & (asked != "linear")
    return {int(group) for group in least.index[fits]}


def divide(ax: Axes) -> None:
    """Gives a panel the y axis that is asked for, and limits that fit it."""
    asked = frame.current().yscale
    ax.set_yscale(asked, **({"linthresh": 1.0} if asked == "symlog" else {}))
    ax.autoscale_view(scalex=False)


def label_logarithmic(axis: Any) -> None:
    """Puts ticks with labels along a logarithmic axis of a panel, whose ends stay."""
    ticks = number_text.symlog_ticks if axis.get_scale() == "symlog" else number_text.log_ticks
    axis.set_ticks(*ticks(*sorted(axis.get_view_interval())))
    axis.set_minor_locator(NullLocator())


def limits(table: Any) -> dict[int, tuple[float, float]]:
    """The limits of y, from `focus`, in those panels of a table of points whose bands are cut.

    None is where single runs are asked for, or a scale that presses nothing together.
    """
    asked = frame.current().ylim
    if asked is not None:
        return {int(number): asked for number in table["(panel)"].unique()}
    if frame.current().runs or frame.current().yscale == "symlog":
        return {}
    found = {
        int(number): focus(own["point"], own[["low", "high"]].to_numpy().ravel())
        for number, own in table.groupby("(panel)")
    }
    return {number: limits for number, limits in found.items() if limits is not None}


def cut_off(table: Any, limits: dict[int, tuple[float, float]], called: tuple[str, str]) -> str:
    """What a caption says of the bands that leave the axis in these panels: one, or several."""
    count, furthest = 0, (np.inf, -np.inf)
    for number, (low, high) in limits.items():
        own = table[table["(panel)"] == number]
        below, above = own["low"][own["low"] < low], own["high"][own["high"] > high]
        count += len(below.index.union(above.index))
        furthest = (
            min(furthest[0], below.min() if len(below) else np.inf),
            max(furthest[1], above.max() if len(above) else -np.inf),
        )
    if not count:
        return ""
    ends = " and ".join(number_text.one(end) for end in furthest if np.isfinite(end))
    one, several = called
    what = f"{one} is" if count == 1 else f"{count} {several} are"
    return f". {what} cut off at the axis, where arrows stand: the furthest end at {ends}"


def arrows(ax: Axes, at: Any, own: Any, colour: Any) -> None:
    """Marks the places `at` of the rows in `own` whose intervals leave the y axis of `ax`."""
    low, high = ax.get_ylim()
    for gone, y, marker in ((own["low"] < low, low, 7), (own["high"] > high, high, 6)):
        if not gone.any():
            continue
        (marks,) = ax.plot(
            at[gone],
            np.full(int(gone.sum()), y),
            marker=marker,
            color=colour,
            markersize=3.5,
            markeredgewidth=0,
            linestyle="none",
            clip_on=False,
            zorder=6,
            gid="cut off",
        )
        marks.set_in_layout(False)
