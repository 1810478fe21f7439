"""The verdicts on the claims of a study's space."""

from __future__ import annotations

import itertools
import math
from collections.abc import Container, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from types import MappingProxyType
from typing import Any

from sweeper.errors import Invalid, NothingToShow, SweeperError
from sweeper.ledger.state import LedgerState
from sweeper.planning.checks import claims as checks
from sweeper.results.data import Data
from sweeper.results.verdicts.paired import Compared, compared
from sweeper.results.verdicts.quantities import sides
from sweeper.schema.base_model import validated
from sweeper.space.claims.claim import Claim
from sweeper.stats import MIN_SEEDS
from sweeper.stats.verdicts import UNDECIDED, Judged, holm
from sweeper.study.study import Study
from sweeper.text import counted

REGISTERED, EXPLORATORY = "registered", "exploratory"


@dataclass(frozen=True)
class Verdict:
    """What a study says of a claim; numbers are NaN where they are unknown."""

    name: str
    claim: str
    part: str
    """What it is about beside what it says: conditions, the best configurations, an `at`."""
    source: str | None
    status: str
    """`registered` where it stood in the plan before the first run ended, else `exploratory`."""
    verdict: str
    """`supported`, `refuted` or `undecided`."""
    level: float
    """The confidence of its interval, by Holm's correction."""
    left: float = math.nan
    right: float = math.nan
    difference: float = math.nan
    """The left side less the right one."""
    low: float = math.nan
    high: float = math.nan
    p: float = math.nan
    """After Holm's correction."""
    runs: int = 0
    """How many runs stand behind it: those of complete configurations that have a value."""
    planned: int = 0
    """How many runs its configurations have."""
    seeds: int = 0
    """The fewest seeds of a task."""
    seeds_needed: int | None = None
    """How many of a task would decide it if the difference stays as it is; `None` where it is
    decided, and where a thousand would not do."""
    why: str = ""
    """Why it is undecided; empty where it is decided."""

    @property
    def says(self) -> str:
        """The claim, and what it is about."""
        return f"{self.claim}, {self.part}" if self.part else self.claim

    def as_json(self) -> dict[str, Any]:
        """All of it as plain data, null for what is unknown."""
        plain = asdict(self)
        return {
            key: None if isinstance(one, float) and not math.isfinite(one) else one
            for key, one in plain.items()
        }


def asked(text: str, known: Container[str] = ()) -> dict[str, Claim]:
    """A claim that is made now, by a name that is none of `known`.

    `SweeperError` where it says nothing.
    """
    names = (f"asked{count or ''}" for count in itertools.count())
    try:
        return {
            next(name for name in names if name not in known): validated(Claim, {"claim": text})
        }
    except Invalid as error:
        raise SweeperError(f"claim {error.message}") from error


def verdicts(
    study: Study,
    ledger_state: LedgerState | None = None,
    more: Mapping[str, Claim] = MappingProxyType({}),
) -> list[Verdict]:
    """The verdicts on all claims of the space of `study`, and on `more`, as its ledger has it.

    Holm's correction is over those that were registered, those that were taken away since too; for
    an exploratory one over all, so that it changes no verdict on those that stood before.
    `SweeperError` where one of `more` is about what the study does not have.
    """
    claims = {**study.space.claims, **more}
    if not claims:
        return []
    data = Data.of(study, ledger_state)
    for claim in more.values():
        with suppress(NothingToShow):
            sides(study, data, claim)
        _check(study, claim)
    found = {name: _compared(study, data, claim) for name, claim in claims.items()}
    registered = [name for name in claims if name not in more and study.registered(name)]
    gone = study.withdrawn
    judged = _judged(found, list(claims), gone) | _judged(found, registered, gone)
    return [
        _verdict(name, claim, found[name], judged[name], registered=name in registered)
        for name, claim in claims.items()
    ]


def _check(study: Study, claim: Claim) -> None:
    """Raises `SweeperError` for a claim about values that no axis has, runs or none."""
    space = study.space.model_copy(update={"claims": {"": claim}, "changed": ()})
    try:
        checks.checked(space, [], study.plan.expansion)
    except Invalid as error:
        raise SweeperError(f"claim {error.each[0].message}") from error


def _compared(study: Study, data: Data, claim: Claim) -> Compared | str:
    """A claim as the runs have it, or why nothing is known of it."""
    try:
        return compared(claim, sides(study, data, claim))
    except SweeperError as error:
        return str(error)


def _judged(found: dict[str, Compared | str], names: Sequence[str], gone: int) -> dict[str, Judged]:
    own = [found[name] for name in names]
    differences = [one.difference if isinstance(one, Compared) else None for one in own]
    return dict(zip(names, holm([*differences, *[None] * gone]), strict=False))


def _verdict(
    name: str, claim: Claim, found: Compared | str, judged: Judged, *, registered: bool
) -> Verdict:
    status = REGISTERED if registered else EXPLORATORY
    made = Verdict(
        name, claim.claim, claim.part, claim.source, status, judged.verdict, 1 - judged.alpha
    )
    if isinstance(found, str):
        return replace(made, why=found)
    own, seeds = found.difference, min(found.difference.seeds)
    made = replace(
        made,
        left=found.left,
        right=found.right,
        difference=found.left - found.right,
        runs=found.runs,
        planned=found.planned,
        seeds=seeds,
    )
    if not own.known:
        why = f"{counted(seeds, 'seed')} of a task: an interval needs {MIN_SEEDS}"
        return replace(made, seeds_needed=MIN_SEEDS, why=why)
    if math.isfinite(made.difference):
        sign = 1 if claim.statement.larger else -1
        ends = [sign * (end + claim.statement.by) for end in own.interval(made.level)]
        if all(map(math.isfinite, ends)):
            made = replace(made, low=min(ends), high=max(ends))
    if judged.verdict != UNDECIDED:
        return replace(made, p=judged.p)
    needed = own.seeds_needed(judged.alpha)
    return replace(made, p=judged.p, seeds_needed=needed, why=_undecided(needed))


def _undecided(needed: int | None) -> str:
    if needed is None:
        return "the two are so alike that a thousand seeds would not tell them apart"
    return f"about {needed} seeds a task would decide it, if the difference stays as it is"
