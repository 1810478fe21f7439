"""A drawn figure with the table behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Picture:
    """A drawn figure and the numbers behind it."""

    figure: Figure
    table: pd.DataFrame
    text: str = ""
    """What its command prints besides the files' names; it is written beside the table."""
    caption: str = ""
    """All that must be known to read it; it is written beside the table, with the text before."""
