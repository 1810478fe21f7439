"""Checks the claims of a space: their axes, values and metrics."""

from __future__ import annotations

from collections.abc import Sequence

from sweeper.errors import Invalid, Mistakes, choices, shown
from sweeper.log import log
from sweeper.planning.checks.figures import check_where
from sweeper.planning.configurations.expansion import Expansion
from sweeper.space.axes._labels import numbers
from sweeper.space.blocks.parts import JoinedAxis, every_axis, parts
from sweeper.space.claims.statement import BEST, OF_AXES, SCORE, Quantity
from sweeper.space.space import Space
from sweeper.trainable.contract import among


def checked(space: Space, metrics: Sequence[str], expansion: Expansion) -> Space:
    """The space; raises `Invalid` for a claim about what no run of it has.

    Where words changed what is run, such claims are left out, which is said. Metrics that only
    running can tell (none of `metrics` then) are left to the evaluation.
    """
    mistakes, left_out = Mistakes(), list[str]()
    for name, claim in space.claims.items():
        own = Mistakes()
        with own.under(name):
            check_where(space, claim.where)
        for quantity in claim.statement.quantities:
            with own.under(name, "claim"):
                _check_name(space, quantity, metrics)
                _check_axis(space, quantity, expansion)
                _check_conditions(space, quantity)
        if own.found and space.changed:
            left_out.append(name)
            log.warning("the claim %s is left out: it %s", name, own.found[0].message)
            continue
        for one in own.found:
            mistakes.add(one)
    mistakes.check()
    kept = {name: one for name, one in space.claims.items() if name not in left_out}
    return space.model_copy(update={"claims": kept}) if left_out else space


def _check_conditions(space: Space, quantity: Quantity) -> None:
    found = quantity.conditions
    lacking = next((one for one in found if "=" not in one), None)
    if lacking is not None:
        rule = "must hold conditions, as in optimizer.lr=1e-3"
        raise Invalid(f"{rule}, but got {shown(lacking)} in {quantity}")
    try:
        check_where(space, found)
    except Invalid as error:
        raise Invalid(error.message) from error


def _check_name(space: Space, quantity: Quantity, metrics: Sequence[str]) -> None:
    known = [SCORE, *OF_AXES, *metrics]
    if metrics and not among(known, quantity.name):
        rule = "must be of the score or a metric, or of usable or best values of an axis"
        raise Invalid(f"{rule}, but got {shown(quantity.name)}{choices(quantity.name, known)}")


def _check_axis(space: Space, quantity: Quantity, expansion: Expansion) -> None:
    """Raises `Invalid` where a quantity of an axis is of none, or is best of one of texts."""
    if quantity.axis is None:
        return
    axes = every_axis(space)
    derived = [name for one in parts(space) for name in one.derived]
    derived += [name for axis in axes for name in expansion.sets(axis)]
    valid = list(dict.fromkeys([*axes, *derived]))
    if quantity.axis not in valid:
        near = choices(quantity.axis, valid)
        raise Invalid(f"must be {quantity.name} of an axis, but got {shown(quantity.axis)}{near}")
    if quantity.name == BEST and quantity.axis in axes and not _has_numbers(space, quantity.axis):
        rule = "must be best of an axis of numbers; of texts compare scores"
        raise Invalid(f"{rule}, but got {shown(quantity.axis)}")


def _has_numbers(space: Space, name: str) -> bool:
    found = every_axis(space)[name]
    axes = found.axes if isinstance(found, JoinedAxis) else [found]
    if any(one.ends is not None for one in axes):
        return True
    return bool(numbers([point.label for one in axes for point in one.points(name)]))
