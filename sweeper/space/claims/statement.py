"""The statements of claims: `score(sn.layers=sn[-2]) > score(sn.layers=none)`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sweeper.errors import Invalid, shown
from sweeper.schema.rules import number
from sweeper.text import canonical

SCORE = "score"
"""The quantity that is the score; every other name is a metric's, in its own unit."""

USABLE = "usable"
"""How many values of an axis are usable, as figures of sensitivity mark them."""

BEST = "best"
"""The value of an axis with the best score."""

OF_AXES = (USABLE, BEST)
"""The quantities that are of an axis."""

FORM = "as in score(optimizer.lr=1e-3) > score(optimizer.lr=1e-4)"

_QUANTITY = re.compile(r"(?P<name>[^()<>]*[^()<>\s])\s*\((?P<inside>.*)\)", re.DOTALL)
_BY = re.compile(r"(?P<side>.*\S)\s+by\s+(?P<by>\S+)", re.DOTALL)
_RELATION = re.compile("[<>]=?")


@dataclass(frozen=True)
class Quantity:
    """One side of a statement: `score(sn.layers=none)`, or `usable(optimizer.lr | opt=adam)`."""

    name: str
    """`SCORE`, one of `OF_AXES`, or a metric."""
    axis: str | None = None
    where: str = ""
    """The conditions of the runs that it is of, with commas between; empty for all runs."""

    @property
    def conditions(self) -> list[str]:
        """The conditions, one by one: values may hold commas, too."""
        found: list[str] = []
        for piece in self.where.split(","):
            if "=" in piece or not found:
                found.append(piece.strip())
            else:
                found[-1] += f",{piece}"
        return [one for one in found if one]

    @property
    def plain(self) -> tuple[object, ...]:
        """What it is of, whatever the order of conditions and values, and the way of writing."""
        parts = [one.partition("=") for one in self.conditions]
        where = {(name.strip(), frozenset(map(_plain, text.split(",")))) for name, _, text in parts}
        return self.name, self.axis, frozenset(where)

    def __str__(self) -> str:
        inside = " | ".join(part for part in (self.axis, self.where) if part)
        return f"{self.name}({inside})"


@dataclass(frozen=True)
class Statement:
    """That one quantity is larger or smaller than another, or than a number."""

    left: Quantity
    relation: str
    """`<`, `<=`, `>` or `>=`."""
    right: Quantity | float
    by: float = 0.0
    """By how much at least, in the unit of the two."""

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """Its sides that are no number."""
        return tuple(one for one in (self.left, self.right) if isinstance(one, Quantity))

    @property
    def larger(self) -> bool:
        """Whether it says that the left side is the larger one."""
        return self.relation[0] == ">"

    @property
    def or_equal(self) -> bool:
        """Whether it holds of equal sides, too."""
        return self.relation[1:] == "="

    def __str__(self) -> str:
        right = canonical(self.right) if isinstance(self.right, float) else str(self.right)
        by = f" by {canonical(self.by)}" if self.by else ""
        return f"{self.left} {self.relation} {right}{by}"


def parse(text: str) -> Statement:
    """The statement that `text` makes; raises `Invalid` where it makes none."""
    found = [*_relations(text)]
    if len(found) != 1:
        rule = "must compare two quantities once by >, <, >= or <="
        raise Invalid(f"{rule}, {FORM}, but got {shown(text)}")
    start, relation = found[0]
    left, right, by = _quantity(text[:start]), text[start + len(relation) :], 0.0
    if not isinstance(left, Quantity):
        raise Invalid(f"must have its number on the right, but got {shown(text)}")
    parted = _BY.fullmatch(right.strip())
    if parted is not None and parted["side"].endswith(")"):
        right, by = parted["side"], _margin(parted["by"])
    made = Statement(left, relation, _quantity(right), by)
    _check(made)
    return made


def _relations(text: str) -> Iterator[tuple[int, str]]:
    """The comparisons outside of brackets, each with its place."""
    depth, at = 0, 0
    while at < len(text):
        depth += (text[at] in "([") - (text[at] in ")]")
        relation = _RELATION.match(text, at) if depth == 0 else None
        if relation is not None:
            yield at, relation[0]
        at += len(relation[0]) if relation is not None else 1
    if depth:
        raise Invalid(f"must close every bracket that it opens, but got {shown(text)}")


def _quantity(text: str) -> Quantity | float:
    """A quantity, or a number."""
    text = text.strip()
    found = _QUANTITY.fullmatch(text)
    if found is None:
        try:
            return float(number(text))
        except Invalid as error:
            rule = f"must have a quantity or a number on each side, {FORM}"
            raise Invalid(f"{rule}, but got {shown(text)}") from error
    name, inside = found["name"], found["inside"].strip()
    if name not in OF_AXES:
        return Quantity(name, where=inside)
    axis, _, where = (part.strip() for part in inside.partition("|"))
    if not axis or "=" in axis:
        rule = f"needs an axis and then conditions, as in {name}(optimizer.lr | opt=adam)"
        raise Invalid(f"{rule}, but got {shown(text)}")
    return Quantity(name, axis, where)


def _plain(text: str) -> str:
    """A value as it is written whatever way: 1e-3 and 0.001 are one."""
    try:
        return canonical(float(number(text)))
    except Invalid:
        return text.strip()


def _margin(text: str) -> float:
    found = float(number(text))
    if found < 0:
        raise Invalid(f"must say by at least 0, but got {shown(text)}")
    return found


def _check(made: Statement) -> None:
    """Raises `Invalid` for sides that cannot be told apart or compared."""
    if isinstance(made.right, Quantity) and made.left.plain == made.right.plain:
        raise Invalid(f"must have two sides that differ, but both are {made.left}")
    if not isinstance(made.right, Quantity):
        return
    names = made.left.name, made.right.name
    if names[0] != names[1] and set(names) & {SCORE, *OF_AXES}:
        raise Invalid(f"must compare like with like, but got {names[0]} and {names[1]}")
    if made.left.axis != made.right.axis:
        axes = f"{made.left.axis} and {made.right.axis}"
        raise Invalid(f"must compare {names[0]} of one axis, but got {axes}")
