"""The claims of a space: how far each difference lies on the claimed side, with its interval."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from sweeper.errors import NothingToShow
from sweeper.figures.drawing import style, text_layout
from sweeper.figures.drawing.picture import Picture
from sweeper.results.captions import Caption
from sweeper.results.data import Data
from sweeper.results.verdicts import verdict_text
from sweeper.results.verdicts.verdicts import EXPLORATORY, Verdict
from sweeper.space.claims.statement import BEST, OF_AXES, SCORE, USABLE, Quantity, Statement, parse
from sweeper.stats.verdicts import REFUTED, SUPPORTED, UNDECIDED

_DIRECTION = "a bar right of 0 supports a claim, one left of 0 refutes it; 0 is just what it says"
_FROM_ZERO = "a bar that begins at 0 supports a claim with <= or >= of counted values, too"
_NO_BAR = "A mark without a bar: its interval is unknown"
_SEEDS = "Beside a verdict: n, the seeds of a task"
_ROW_IN = 0.3
_AROUND_IN = 0.42
"""The height of what stands below the axes of a panel."""

_LABEL = 0.38
"""What is claimed takes so much of the width."""

_BESIDE_IN = 1.4
"""What verdicts beside the axes take of it."""

_LEGEND_IN = 0.2


@dataclass(frozen=True)
class _Row:
    """A claim as it is drawn: what is above 0 speaks for it."""

    verdict: Verdict
    statement: Statement

    def favour(self, difference: float) -> float:
        """How far a difference of left and right lies on the claimed side."""
        return (difference if self.statement.larger else -difference) - self.statement.by

    @property
    def ends(self) -> tuple[float, float]:
        """Its interval."""
        low, high = sorted(map(self.favour, (self.verdict.low, self.verdict.high)))
        return low, high


def draw(data: Data) -> Picture:
    """A row a claim, a panel a unit: the difference that the claim is about, counted from what it
    says (0), to the right in its favour.

    Bars are intervals at the confidence that Holm's correction over all claims asks for: a claim is
    supported where its bar lies right of 0, and refuted where it lies left. Marks of claims that
    came after the first run had ended are open. The text is a table of the verdicts.
    """
    found = list(data.verdicts())
    if not found:
        raise NothingToShow(f"claims has nothing to show: the space of {data.name} makes none")
    if not any(one.runs for one in found):
        data.check_scored("claims")
    rows = [_Row(one, parse(one.claim)) for one in found]
    panels = [*_panels(rows)]
    heights = [_ROW_IN * len(own) + _AROUND_IN for own in panels]
    parts = [*_notes(data.name, rows), *verdict_text.notes(found)]
    caption = Caption(". ".join(parts) + ".", parts)
    ratios = {"height_ratios": heights}
    total = sum(heights) + _LEGEND_IN
    grid = style.panels(len(panels), 1, style.page_in(), total, caption, gridspec_kw=ratios)
    for ax, own in zip(grid.axes.flat, panels, strict=True):
        _paint(ax, own)
        unit = _unit(data, own[0].statement.left)
        inches = (1 - _LABEL) * style.page_in() - _BESIDE_IN
        ax.set_xlabel(text_layout.folded(f"in favour: {unit}", inches, text_layout.BASE_PT))
    _legend(grid, found)
    return Picture(grid.figure, verdict_text.frame(found), verdict_text.plain(found), caption)


def _notes(study: str, rows: Sequence[_Row]) -> Iterator[str]:
    """What must be known to read the bars and what stands beside them."""
    claimed = [row.statement for row in rows]
    counted = any(one.or_equal and one.left.name in OF_AXES for one in claimed)
    yield f"{study}: {_DIRECTION}" + (f"; {_FROM_ZERO}" if counted else "")
    if any(row.verdict.seeds for row in rows):
        yield _SEEDS
    drawn = (row.verdict for row in rows if math.isfinite(row.verdict.difference))
    if any(math.isnan(one.low) for one in drawn):
        yield _NO_BAR


def _panels(rows: Sequence[_Row]) -> Iterator[list[_Row]]:
    """The rows by their unit, in the order of the claims."""
    units: dict[tuple[str, str | None], list[_Row]] = {}
    for row in rows:
        left = row.statement.left
        units.setdefault((left.name, left.axis), []).append(row)
    yield from units.values()


def _unit(data: Data, quantity: Quantity) -> str:
    if quantity.name == USABLE:
        return f"usable values of {quantity.axis}"
    if quantity.name == BEST:
        return f"{quantity.axis} with the best score"
    return data.value_label(None if quantity.name == SCORE else quantity.name, [])


def _colours() -> dict[str, Any]:
    palette = sns.color_palette("colorblind")
    return {SUPPORTED: palette[0], REFUTED: palette[3], UNDECIDED: style.NEUTRAL}


def _paint(ax: Axes, rows: Sequence[_Row]) -> None:
    colours, places = _colours(), np.arange(len(rows))
    ax.axvline(0, color="0.3", linewidth=0.8)
    for place, row in zip(places, rows, strict=True):
        own = row.verdict
        colour = colours[own.verdict]
        if not math.isfinite(own.difference):
            lost = "diverged" if own.runs else "no complete runs"
            at = ax.get_yaxis_transform()
            ax.text(0.5, float(place), lost, color=colour, ha="center", va="center", transform=at)
            continue
        if not math.isnan(own.low):
            ax.hlines(place, *row.ends, color=colour, linewidth=1.4)
            ax.plot(row.ends, [place] * 2, "|", color=colour, markersize=5)
        inside = "white" if own.status == EXPLORATORY else colour
        look: dict[str, Any] = {"markersize": 4.5, "markerfacecolor": inside, "color": colour}
        ax.plot(row.favour(own.difference), place, "o", **look)
    size = text_layout.SMALL_PT
    inches = _LABEL * style.page_in()
    labels = [text_layout.folded(row.verdict.says, inches, size) for row in rows]
    ax.set_yticks(places, labels)
    beside = ax.secondary_yaxis("right")
    beside.set_yticks(places, [_told(row.verdict) for row in rows])
    beside.spines[:].set_visible(False)
    for one in (ax, beside):
        one.tick_params(axis="y", length=0)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.margins(x=0.08)
    sns.despine(ax=ax, left=True)


def _told(one: Verdict) -> str:
    """The verdict, how many seeds it rests on, and how many would decide it."""
    told = f"{one.verdict}, n = {one.seeds}" if one.seeds else one.verdict
    return f"{told} ({one.seeds_needed} needed)" if one.seeds_needed is not None else told


def _legend(grid: style.Panels, found: Sequence[Verdict]) -> None:
    """Says what the open marks are, where there are any."""
    if not any(one.status == EXPLORATORY for one in found):
        return
    look: dict[str, Any] = {"color": "0.3", "linestyle": "none", "marker": "o", "markersize": 4.5}
    handles = [Line2D([], [], markerfacecolor=inside, **look) for inside in ("0.3", "white")]
    names = ["registered before the first run ended", "exploratory"]
    grid.figure.legend(handles, names, loc="outside upper center", ncols=2, frameon=False)
