"""The path from the reference configuration to the best one, an axis at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sweeper.score import Array


@dataclass(frozen=True)
class Step:
    """From one configuration to the next; both were run."""

    first: int
    """The row of the configuration that it starts from."""
    row: int
    """The row of the one that it leads to."""
    changed: tuple[int, ...]
    """The columns of the axes that it changes."""
    compared: int
    """How many configurations were run that differ from the first in one change, as `row` does; 0
    where there is none, and `row` differs in several."""
    possible: int
    """How many there could have been."""


def path(
    codes: npt.NDArray[np.int_], values: Array, start: int, end: int, missing: Array
) -> list[Step]:
    """The steps from row `start` to row `end` of `codes` [configurations × axes].

    `values` [configurations] are NaN where one is not complete; larger is better. An axis counts
    as no change of its own where it is inactive, its code that of `missing` [axes], at either end.
    """
    first, last = codes[start], codes[end]
    differ = first != last
    counted = differ & (first != missing) & (last != missing)
    between = ((codes == first) | (codes == last)).all(axis=1) & ~np.isnan(values)
    changed = (codes == last) & differ
    sizes = (changed & counted).sum(axis=1)
    steps: list[Step] = []
    here = start
    while here != end:
        further = between & (changed >= changed[here]).all(axis=1)
        further &= (changed != changed[here]).any(axis=1)
        nearest = sizes[further].min()
        rows = np.flatnonzero(further & (sizes == nearest))
        best = int(rows[np.argmax(values[rows])])
        new = tuple(np.flatnonzero(changed[best] & ~changed[here]).tolist())
        compared = len(rows) if nearest <= sizes[here] + 1 else 0
        steps.append(Step(here, best, new, compared, int(counted.sum() - sizes[here])))
        here = best
    return steps
