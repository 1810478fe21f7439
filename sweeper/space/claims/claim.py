"""A claim of a space, and the rule of the key `claims`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator

from sweeper.errors import Invalid, shown
from sweeper.schema.base_model import Section, validated
from sweeper.schema.rules import Text, accepts, each_of, mapping, one_of, study_name, text
from sweeper.score import AT
from sweeper.space import figure_rules
from sweeper.space.claims.statement import FORM, Statement, parse


@accepts({"type": "string", "pattern": "[<>]"})
def statement_rule(value: Any) -> str:
    """A statement, as text."""
    if not isinstance(value, str):
        raise Invalid(f"must be a statement, {FORM}, but got {shown(value)}")
    return str(parse(text(value)))


@accepts({"type": ["string", "array", "object"]})
def where_rule(value: Any) -> tuple[str, ...]:
    """Conditions on runs, as figures take them; none is no condition."""
    return () if value in ([], ()) else tuple(figure_rules.conditions(value))


class Claim(Section):
    """What a study is expected to show, and who says so."""

    claim: Annotated[str, BeforeValidator(statement_rule)]
    """The statement, as in `claim: score(sn.layers=sn[-2]) > score(sn.layers=none) by 0.05`."""
    source: Text | None = None
    """Who claims it, and where, as in `source: Gogianu et al. 2021, Fig. 4`."""
    at: Annotated[str, BeforeValidator(one_of(*AT))] | None = None
    """Which point of a learning curve a run's value is, where it is another than the score's."""
    where: Annotated[tuple[str, ...], BeforeValidator(where_rule)] = ()
    """The part of the study that it is about, as in `where: task=minatar/breakout`."""
    pool: Annotated[str, BeforeValidator(figure_rules.pooling)] = "all"
    """Whether a side is of `all` its configurations, or of the `best` one."""

    @property
    def question(self) -> dict[str, Any]:
        """All of it but who claims it."""
        return self.model_dump(exclude={"source"})

    @property
    def part(self) -> str:
        """What it is about beside what it says, in words."""
        where = f"where {' and '.join(self.where)}" if self.where else ""
        best = "the best configuration of each side" if self.pool == "best" else ""
        at = f"at {self.at}" if self.at is not None else ""
        return ", ".join(part for part in (where, best, at) if part)

    @property
    def statement(self) -> Statement:
        """What it says."""
        return parse(self.claim)


@accepts({"$ref": "#/definitions/claims"})
def claims_rule(value: Any) -> dict[str, Claim]:
    """Statements by the name of the claim, or mappings of a statement and more."""
    found = mapping(value)
    for name in found:
        try:
            study_name(name)
        except Invalid as error:
            raise Invalid(f"is no name: it {error.message}", (name,)) from error
    return each_of(_claim, found)


def _claim(value: Any) -> Claim:
    return validated(Claim, {"claim": value} if isinstance(value, str) else value)
