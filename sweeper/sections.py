"""The smaller parts of a space, and the rules within each."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BeforeValidator, model_validator

from sweeper.errors import Invalid, shown
from sweeper.section import Section
from sweeper.values import Number, Positive, Text, number, one_of


def _positive(value: Any) -> float:
    read = float(number(value))
    if read <= 0:
        raise Invalid(f"must be a number above 0, but got {shown(value)}")
    return read


class Task(Section):
    """The scores of a task that count as 0 and as 1."""

    low: Number
    high: Number

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low >= self.high:
            raise Invalid(f"needs low < high, but got low={self.low:g} and high={self.high:g}")
        return self


class Evaluation(Section):
    """How often and how long agents are evaluated; satisfies `sweeper.trainable.Evaluation`."""

    every: Positive
    """Environment steps from one evaluation to the next."""
    episodes: Positive | None = None
    steps: Positive | None = None
    cap: Positive = 10_000
    """The most environment steps of one episode."""

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if self.episodes is None and self.steps is None:
            raise Invalid("needs either episodes or steps: how long one evaluation is")
        if self.episodes is not None and self.steps is not None:
            raise Invalid("takes either episodes or steps, but got both")
        return self


class Score(Section):
    """How a run's reports become one number, and a trial's runs one value."""

    metric: Text
    at: Annotated[str, BeforeValidator(one_of("final", "max", "auc"))] = "final"
    aggregate: Annotated[str, BeforeValidator(one_of("iqm", "mean", "median"))] = "iqm"


class Checkpoint(Section):
    """How often workers save the states of their runs."""

    every_s: Annotated[float, BeforeValidator(_positive)] = 30.0


class Limits(Section):
    """How often a run may fail before it ends."""

    deaths: Positive = 3
    """Deaths of its worker while it was stepped alone and gained nothing."""
    failures: Positive = 3
    """Attempts that raised."""


class Figure(Section):
    """A figure that is drawn when the study ends: its name and what it is asked to show."""

    name: Text
    options: dict[str, Any]
