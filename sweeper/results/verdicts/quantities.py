"""The quantities of a claim, as the runs of a study have them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sweeper.errors import NothingToShow, SweeperError
from sweeper.ledger.run_record import UNENDED, UNSCORED
from sweeper.results.axis import TASK, Axis
from sweeper.results.axis_choice import ALL
from sweeper.results.data import Data
from sweeper.results.estimates import averaged
from sweeper.results.run_tables import VALUE
from sweeper.results.slices.part import Part
from sweeper.results.slices.pooling import pooled
from sweeper.results.verdicts.paired import Side, cell
from sweeper.space.claims.claim import Claim
from sweeper.space.claims.statement import BEST, OF_AXES, SCORE, USABLE, Quantity
from sweeper.study.study import Study
from sweeper.text import agreed, canonical, counted


def sides(study: Study, data: Data, claim: Claim) -> list[Side]:
    """The quantities of a claim; `NothingToShow` where no configuration of one is complete.

    `SweeperError` for a condition, an axis or a metric that the study does not have.
    """
    return [_side(study, data, claim, one) for one in claim.statement.quantities]


def _side(study: Study, data: Data, claim: Claim, quantity: Quantity) -> Side:
    where = [*claim.where, *([quantity.where] if quantity.where else [])]
    own = Part.of(study, {"where": where, "pool": claim.pool}).data(data, claim.at)
    axis = own.axis(quantity.axis) if quantity.axis is not None else None
    metric = None if quantity.name in (SCORE, *OF_AXES) else quantity.name
    runs = pooled(own, [axis]).table(metric)
    if axis is not None and quantity.name == BEST and not axis.numeric:
        rule = "a claim about the best value needs an axis of numbers"
        raise SweeperError(f"{rule}, but got {axis.name}; of texts compare scores")
    if axis is not None and axis.drawn and quantity.name == USABLE:
        raise NothingToShow(f"a sampler drew the values of {axis.name}: none are listed to count")
    codes = axis.codes(runs) if axis is not None else np.zeros(len(runs), int)
    labels = axis.known if axis is not None else [None]
    used = {label: averaged(runs[codes == place]) for place, label in enumerate(labels)}
    if axis is not None:
        _check_ended(quantity, axis, own.runs)
    cells = {
        label: cell(some[TASK].to_numpy(), some["seed"].to_numpy(), some[VALUE].to_numpy())
        for label, some in used.items()
        if len(some)
    }
    if not cells:
        states = own.runs["state"]
        ended, lost = (int(some.sum()) for some in (~states.isin(UNENDED), states.isin(UNSCORED)))
        failed = f", {lost} without a score" if lost else ""
        raise NothingToShow(
            f"no configuration of {quantity} is complete: of its "
            f"{counted(len(own.runs), 'run')} {ended} {agreed(ended, 'has', 'have')} ended{failed}"
        )
    planned = own.runs if claim.pool == ALL else runs
    return Side(
        quantity,
        tuple(cells),
        [*cells.values()],
        data.how,
        own.minimise if metric is None else bool(own.tables.minimised(metric)),
        frozenset(pd.concat([*used.values()])["run"]),
        frozenset(planned["run"]),
    )


def _check_ended(quantity: Quantity, axis: Axis, runs: pd.DataFrame) -> None:
    """Raises `NothingToShow` while values of an axis are to be compared that have no end yet."""
    codes, open_ = axis.codes(runs), runs["state"].isin(UNENDED).to_numpy()
    if len(runs) and not axis.known:
        raise NothingToShow(f"no configuration of {quantity} has the axis {axis.name}")
    waits = [label for place, label in enumerate(axis.known) if (open_ & (codes == place)).any()]
    if waits:
        first = f"{axis.name}={canonical(waits[0])}"
        raise NothingToShow(f"{quantity} is known when all its runs have ended: {first} has not")
