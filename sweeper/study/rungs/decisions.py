"""Decisions on further seeds, one file each: `trials/0.rung`, `trials/1.rung`, …

A decision follows from the scores of runs that have ended alone. Its file is written whole and then
linked: whose comes first has decided, and who is not first reads it. So all workers plan the same
runs, and what was decided stays so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from sweeper.errors import SweeperError
from sweeper.files.atomic import link_first, patiently
from sweeper.ledger.lines.encoding import encode, read_planned
from sweeper.ledger.reader import listed
from sweeper.paths import StudyPaths
from sweeper.planning.plan import Plan, Run


@dataclass(frozen=True)
class Decision:
    """Which trials of a rung go on to the next."""

    seeds: int
    """The seeds of the rung: all were compared by these."""
    best: int
    """The trial with the best mean."""
    going_on: Sequence[int]
    to: int
    """How many seeds they get in all."""
    ended: Mapping[int, float]
    """The trials that are worse than the best or break a bound; the p values of this as chance."""

    @classmethod
    def of_json(cls, body: Mapping[str, Any]) -> Self:
        """The decision that a file holds."""
        return cls(
            int(body["seeds"]),
            int(body["best"]),
            [int(trial) for trial in body["going_on"]],
            int(body["to"]),
            {int(trial): float(p) for trial, p in body["ended"].items()},
        )

    def to_json(self) -> dict[str, Any]:
        """The decision as a file holds it."""
        return vars(self) | {"ended": {str(trial): p for trial, p in self.ended.items()}}


def record(paths: StudyPaths, number: int, decision: Decision) -> bool:
    """Writes decision `number`; returns whether no other worker has decided before."""
    data = encode(decision.to_json())
    return patiently(lambda: link_first(paths.rung(number), data), paths.trials)


def follow(paths: StudyPaths, plan: Plan) -> list[Run]:
    """Adds to `plan` the runs that were decided since, and returns them."""
    new: list[Run] = []
    while plan.space.rungs and (decision := read(paths, plan.decisions)) is not None:
        new += plan.decide(decision.to, decision.going_on, decision.ended)
    return new


def check(paths: StudyPaths, plan: Plan) -> None:
    """`SweeperError` where a decision is missing that others follow."""
    made = sum(name.endswith(".rung") for name in listed(paths.trials))
    if made > plan.decisions:
        raise SweeperError(
            f"{paths.rung(plan.decisions)} is missing: which trials got further seeds then "
            "is lost; restore it, or run the space under another name (name=…)"
        )


def read(paths: StudyPaths, number: int) -> Decision | None:
    """Decision `number`; `None` where nobody has made it."""
    return read_planned(paths.rung(number), Decision.of_json, "which trials got further seeds")
