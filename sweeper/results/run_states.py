"""How runs ended, as figures and tables count them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sweeper.errors import Nothing
from sweeper.ledger.run_record import SCORED, UNSCORED
from sweeper.results.data import Data


def ends(runs: pd.DataFrame, cells: int) -> dict[str, Any]:
    """Runs of each cell by how they ended; `runs` has its cell in `(cell)`."""
    states = {
        "scored": SCORED,
        "nan": ("nan",),
        "failed": UNSCORED,
        "pruned": ("pruned",),
        "missing": ("open", "running"),
    }
    return {
        name: np.bincount(runs.loc[runs["state"].isin(own), "(cell)"], minlength=cells)
        for name, own in states.items()
    }


def scored(data: Data, name: str) -> None:
    """`Nothing` for what is called `name` where no run has ended with a score."""
    states = data.runs["state"]
    if states.isin(SCORED).any():
        return
    ended = {"failed": states.isin(UNSCORED).sum(), "pruned": (states == "pruned").sum()}
    open_runs = len(states) - sum(ended.values())
    counts = [f"{count} {state}" for state, count in {**ended, "open": open_runs}.items() if count]
    raise Nothing(
        f"{name} has nothing to show: no run of {data.name} has finished with a score "
        f"({', '.join(counts)})"
    )
