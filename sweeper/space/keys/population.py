"""The key `population`: how the members of each run copy each other, and what runs are told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, model_validator

from sweeper.errors import Invalid, shown
from sweeper.schema.base_model import Section
from sweeper.schema.rules import (
    Positive,
    accepted,
    accepts,
    distinct,
    each,
    items,
    positive,
    text,
    whole,
)
from sweeper.space.axes import AxisKind

_BESIDE = {"default", "when", "grid", "helper", "title", "count"}
"""The keys of an axis that do not say which values it may have."""


@accepts({"type": "array", "minItems": 1, "items": accepted(text)})
def _names(value: Any) -> tuple[str, ...]:
    names = tuple(each(text, items(value)))
    distinct(names)
    return names


def _share(least: float, most: float) -> Callable[[Any], float]:
    """A rule for numbers from `least` to `most`."""

    def check(value: Any) -> float:
        read = value if isinstance(value, int | float) else None
        if read is None or isinstance(read, bool) or not least <= read <= most:
            rule = f"must be a number from {least:g} to {most:g}"
            raise Invalid(f"{rule}, but got {shown(value)}")
        return float(read)

    return accepts({"type": "number", "minimum": least, "maximum": most})(check)


@accepts({"type": "array", "minItems": 2, "items": accepted(positive)})
def _factors(value: Any) -> tuple[float, ...]:
    factors = tuple(each(positive, items(value)))
    distinct(map(str, factors))
    if len(factors) < 2:
        raise Invalid(f"needs two factors or more, as in [0.8, 1.2], but got {shown(value)}")
    return factors


@accepts({"type": "array", "minItems": 1, "items": accepted(whole(1))})
def _frequencies(value: Any) -> tuple[int, ...]:
    rounds = tuple(each(whole(1), items(value)))
    for place, one in enumerate(rounds):
        if one != 1 if place == 0 else one <= rounds[place - 1]:
            raise Invalid(
                f"must begin with 1 and rise, as in [1, 10, 25, 50], but got {shown(value)}"
            )
    return rounds


class Population(Section):
    """How the members of a population, which each run then is, copy each other."""

    size: Annotated[int, BeforeValidator(whole(4))]
    """How many members train together, as in `size: 16`; with several `frequencies` a multiple of 4
    for each."""
    every: Positive
    """Environment steps from one round to the next, as in `every: 50000`: a multiple of
    `evaluation.every`."""
    over: Annotated[tuple[str, ...] | None, BeforeValidator(_names)] = None
    """The axes that the population searches, as in `over: [optimizer.lr, gamma]`; by default all
    of kind `float`, `int` and `normal` that may differ within a pack."""
    quantile: Annotated[float, BeforeValidator(_share(0.01, 0.5))] = 0.25
    """The share of members that go on as a copy of one of as large a share of the best."""
    perturb: Annotated[tuple[float, ...], BeforeValidator(_factors)] = (0.8, 1.2)
    """What a copy's hyperparameters are multiplied by, one of them each, as in `perturb: [0.8,
    1.25]`; in a list of values it is a neighbour instead."""
    resample: Annotated[float, BeforeValidator(_share(0.0, 1.0))] = 0.25
    """The probability that a copy's hyperparameter is drawn afresh instead."""
    frequencies: Annotated[tuple[int, ...], BeforeValidator(_frequencies)] = (1,)
    """Of each sub-population after how many rounds it evolves: `frequencies: [1, 10, 25, 50]` is
    MF-PBT, and one number population based training."""

    @model_validator(mode="after")
    def _divides(self) -> Self:
        several = len(self.frequencies)
        if several == 1:
            return self
        if self.size % (4 * several):
            raise Invalid(
                f"must be a multiple of {4 * several}, four quarters of {several} sub-populations, "
                f"but got {self.size}",
                ("size",),
            )
        if self.quantile != 0.25:
            rule = "must be 0.25, as several sub-populations are split in quarters"
            raise Invalid(f"{rule}, but got {self.quantile:g}", ("quantile",))
        return self


def described(
    population: Population, searched: Mapping[str, AxisKind], metric: str, direction: str
) -> dict[str, Any]:
    """What a run is told of its population, as plain data: the axes `searched`, and how to rank."""
    told = population.model_dump(mode="json")
    over = {name: searched_keys(axis) for name, axis in searched.items()}
    return {**told, "over": over, "metric": metric, "direction": direction}


def searched_keys(axis: AxisKind) -> dict[str, Any]:
    """The keys of an axis that say what a population searches; a range has both its ends."""
    ends = dict(zip(("low", "high"), axis.ends or (), strict=False))
    given = {**axis.model_dump(mode="json", exclude=_BESIDE), **ends}
    return {key: value for key, value in given.items() if value is not None and value is not False}
