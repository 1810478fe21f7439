"""The colours of values: one rule for all figures, in which the better is the darker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from sweeper.figures.drawing.style import COLOURS


@dataclass(frozen=True)
class Shades:
    """The colours of values in cells and lines: the better the darker, or else the larger."""

    norm: Normalize
    colours: str
    beyond: int
    """How many values are worse than the worst that has a colour of its own."""
    better: str
    """Which values are better: `higher` or `lower`; or nothing where nobody knows."""

    @property
    def extend(self) -> Literal["neither", "min", "max"]:
        """The end of the colour bar beyond which there are values."""
        if not self.beyond:
            return "neither"
        return "max" if self.better == "lower" else "min"

    def of(self, values: Any) -> Any:
        """The colours of values."""
        return mpl.colormaps[self.colours](self.norm(values))

    def said(self, what: str) -> str:
        """What a caption says of colours, of values in things called `what`."""
        also = ", and better," if self.better else ""
        text = f"the {self.better or 'higher'}{also} the darker"
        if not self.beyond:
            return text
        end, reference = ("above 1", "high") if self.better == "lower" else ("below 0", "low")
        return f"{text}; all {end}, the {reference} reference, alike ({self.beyond} {what})"


def shades_of(points: Any, *, smaller: bool | None, scored: bool) -> Shades:
    """The colours of `points`; of normalised scores all worse than the reference may look alike.

    `smaller` values are better or not, or nobody knows. The colours end at the reference where the
    worst value would leave a fifth of them or less to the others.
    """
    colours = COLOURS if smaller else f"{COLOURS}_r"
    better = "" if smaller is None else "lower" if smaller else "higher"
    values = np.asarray(points, float)
    values = values[np.isfinite(values)]
    if not len(values):
        return Shades(Normalize(-0.02, 1.02), colours, 0, better)
    low, high = float(values.min()), float(values.max())
    beyond = 0
    if scored and not smaller and low < -0.25 * high < 0:
        low, beyond = 0.0, int((values < 0).sum())
    elif scored and smaller and high - 1 > 0.25 * (1 - low) > 0:
        high, beyond = 1.0, int((values > 1).sum())
    margin = 0.02 * (high - low) or 0.05 * abs(high) or 0.5
    ends = (low if low == 0 else low - margin, high if beyond and smaller else high + margin)
    return Shades(Normalize(*ends), colours, beyond, better)


def colour_bar(
    figure: Figure, axes: Sequence[Axes], shades: Shades, label: str, **options: Any
) -> None:
    """The colours at the right of `axes`; `options` are those of `Figure.colorbar`."""
    mappable = ScalarMappable(shades.norm, shades.colours)
    bar = figure.colorbar(mappable, ax=list(axes), extend=shades.extend, fraction=0.06, **options)
    bar.set_label(label)
    bar.outline.set_linewidth(0.4)
