"""The sections of a space, such as tasks, scores and limits, and the rules within each."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, model_validator

from sweeper.errors import Invalid, shown
from sweeper.schema.base_model import Section, validated
from sweeper.schema.rules import (
    Number,
    Positive,
    Text,
    accepts,
    each_of,
    mapping,
    one_of,
    positive,
)
from sweeper.schema.yaml_text import NUMBER, scalar
from sweeper.score import Bound


def _ordered(low: float, high: float) -> None:
    if low >= high:
        also = "where smaller is better, too: then 0 is best"
        raise Invalid(f"needs low < high, but got low={low:g} and high={high:g} ({also})")
    if not math.isfinite(high - low):
        raise Invalid(f"needs a finite high - low, but got low={low:g} and high={high:g}")


ENDS = ("low", "high")
"""The keys of a task that a reference may give."""


_LATER_KNOWN: Any = None
"""What an end of a task is until its reference is asked, which `planning.check` does."""


class Task(Section):
    """The scores of a task that count as 0 and as 1, and its budget.

    Both scores are needed where no `score.reference` gives them.
    """

    low: Number = _LATER_KNOWN
    """The score that counts as 0, as in `low: 0.5`; that of `score.reference` by default."""
    high: Number = _LATER_KNOWN
    """The score that counts as 1, as in `high: 14`; that of `score.reference` by default."""
    steps: Positive | None = None
    """Environment steps of a run on this task, where they are others than the space's."""

    @property
    def unknown(self) -> list[str]:
        """The ends that the space does not say."""
        return [name for name in ENDS if getattr(self, name) is None]

    def between(self, low: float, high: float) -> Task:
        """The task with these ends where the space does not say its own."""
        known = zip(ENDS, (low, high), strict=True)
        return validated(
            Task, {**dict(self), **{name: end for name, end in known if name in self.unknown}}
        )

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if not self.unknown:
            _ordered(self.low, self.high)
        return self


_LATER = {"unfinished", "streams"}
"""Keys of `evaluation` that came later than studies that still count."""


class Evaluation(Section):
    """How often and how long agents are evaluated: the `Evaluation` of trainables."""

    every: Positive
    """Environment steps from one evaluation to the next, as in `every: 125000`."""
    episodes: Positive | None = None
    """Episodes of one evaluation, as in `episodes: 10`; or else `steps`."""
    steps: Positive | None = None
    """Environment steps of one evaluation, as in `steps: 125000`; or else `episodes`."""
    cap: Positive = 10_000
    """The most environment steps of one episode, as in `cap: 2000`."""
    unfinished: Annotated[str, BeforeValidator(one_of("drop", "count"))] = "drop"
    """What becomes of episodes that `steps` leave unfinished: they are left out of the mean, unless
    none came to its end, or their returns so far `count`."""
    streams: Positive | None = None
    """Copies of the environment that share `steps`, as in `streams: 1` for one long stream of
    episodes; by default steps // cap, at least 1 and at most 16."""

    def identity(self) -> dict[str, Any]:
        """What tells runs and studies apart: `_LATER` keys only where they are not their defaults.

        Those begun before there were any have none.
        """
        late = self.model_dump(include=_LATER, exclude_defaults=True)
        return {**self.model_dump(exclude=_LATER), **late}

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if self.episodes is None and self.steps is None:
            raise Invalid("needs either episodes or steps: how long one evaluation is")
        if self.episodes is not None and self.steps is not None:
            raise Invalid("takes either episodes or steps, but got both")
        if self.episodes is not None and (self.streams or self.unfinished != "drop"):
            given = "unfinished" if self.streams is None else "streams"
            rule = "takes streams and unfinished with steps, not with episodes"
            raise Invalid(f"{rule}, but got episodes and {given}")
        if self.streams is not None and self.steps is not None and self.streams > self.steps:
            raise Invalid(f"needs streams <= steps, but got {self.streams} and {self.steps}")
        return self


class Rule(Section):
    """How a run's reports become one number, and a trial's runs one value."""

    metric: Text
    """The metric that is scored, as in `metric: return`."""
    at: Annotated[str, BeforeValidator(one_of("final", "max", "auc"))] = "final"
    """Which of a run's reports count: the last, the best, or the area under all: `at: max`."""
    aggregate: Annotated[str, BeforeValidator(one_of("iqm", "mean", "median", "task_median"))] = (
        "iqm"
    )
    """How a trial's runs become one value, as in `aggregate: mean`; `task_median` is the median
    over tasks of the mean over a task's seeds."""


Direction = Annotated[str, BeforeValidator(one_of("maximize", "minimize"))]


class Objective(Rule):
    """A further score; `low` counts as 0 and `high` as 1, on every task."""

    direction: Direction = "maximize"
    """Which of its values are better, as in `direction: minimize`."""
    low: Number = 0.0
    """The value that counts as 0, as in `low: 0.5`."""
    high: Number = 1.0
    """The value that counts as 1, as in `high: 14`."""

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        _ordered(self.low, self.high)
        return self


_SIGNED = rf"\s*(<=|>=)\s*({NUMBER})\s*"


@accepts(
    {
        "type": "object",
        "additionalProperties": {"type": "string", "pattern": f"^{_SIGNED}$"},
    }
)
def bounds_rule(value: Any) -> dict[str, str]:
    """Metrics, each with the bound that it must keep, as text: `<= 0.2` or `>= 10`."""
    given = mapping(value)
    if "" in given:
        raise Invalid("must name a metric for each bound, but one is empty")
    return each_of(_bound, given)


def _bound(value: Any) -> str:
    found = re.fullmatch(_SIGNED, value) if isinstance(value, str) else None
    if found is None:
        rule = "must be <= or >= and a number, as text, as in '<= 0.2'"
        raise Invalid(f"{rule}, but got {shown(value)}")
    return f"{found[1]} {found[2]}"


class Score(Rule):
    """What is searched for; in a list of several, figures and tables show the first."""

    reference: Text | None = None
    """Scores that what is trained knows of each task, which are its `low` and `high` where the task
    does not say its own: `reference: human` of tasks `atari/…`, where 0 is a random policy and 1 a
    human (papers print that times 100)."""
    constraints: Annotated[dict[str, str], BeforeValidator(bounds_rule)] = {}  # noqa: RUF012
    """Bounds that other metrics must keep: what a trial's runs reported last of each, aggregated as
    the score, as in `constraints: {dead_units: "<= 0.2", seconds: "<= 3600"}`. `tpe`, `gp` and
    `nsgaii` keep to them, and what is best is best of the trials that keep them."""
    also: tuple[Objective, ...] = ()
    """The further scores of a list, as in `score: [{metric: return}, {metric: loss}]`."""

    @property
    def bounds(self) -> tuple[Bound, ...]:
        """The bounds that metrics must keep, in their order."""
        split = ((metric, text.split()) for metric, text in self.constraints.items())
        return tuple(Bound(metric, sign, float(scalar(limit))) for metric, (sign, limit) in split)


class Checkpoint(Section):
    """How often workers save the states of their runs, and what stays of them."""

    every_s: Annotated[float, BeforeValidator(positive)] = 30.0
    """Seconds from one save to the next, as in `every_s: 60`; at least ten times as long as a save
    takes."""
    keep: Annotated[str, BeforeValidator(one_of("none", "final", "best", "state"))] = "none"
    """Weights that stay in the study's `weights/<run>.npz`: those of the end, or of the best
    evaluation by the score's metric; with `state` those of the end and all that the run ended with,
    its other networks and its replay too."""
    max_gb: Annotated[float, BeforeValidator(positive)] = 50.0
    """The most gigabytes (10⁹ bytes) that the study's checkpoints and kept weights may take. A save
    that finds no room is left out and counted; the run goes on."""


class Limits(Section):
    """How often a run may fail before it ends, and what ends or stops for its time."""

    deaths: Positive = 3
    """Deaths of its worker while it was stepped alone and gained nothing, as in `deaths: 5`."""
    failures: Positive = 3
    """Attempts that raised, as in `failures: 1`."""
    same_failure: Positive | None = None
    """Runs that may fail by one cause before the study stops, as in `same_failure: 5`; by default
    10, and only while no run has a score. A cause is the kind of exception and the last line of
    your code."""
    run_hours: Annotated[float, BeforeValidator(positive)] | None = None
    """Hours that a run may be trained, in all its attempts, before it ends as `timeout`, as in
    `run_hours: 12`."""
    hours: Annotated[float, BeforeValidator(positive)] | None = None
    """Hours after which the workers save their runs and leave, as in `hours: 8`; `sweeper run` goes
    on for as long again."""


class Figure(Section):
    """A figure that is drawn when the study ends: its name and what it is asked to show."""

    name: Text
    options: dict[str, Any]
