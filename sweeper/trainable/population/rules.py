"""The rules of a population: its size, what it searches, and when and how it evolves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from sweeper.trainable.population.searched import Searched

POPULATION = "population"
"""The parameter of a run that describes its population, and the key of a space."""

_OF_ALL = f"{POPULATION}."


def folded(metrics: Iterable[str]) -> list[str]:
    """The names of metrics for a message: all that tell of a population are one, `population.*`."""
    every = (f"{_OF_ALL}*" if name.startswith(_OF_ALL) else name for name in metrics)
    return list(dict.fromkeys(every))


@dataclass(frozen=True)
class Rules:
    """What a run's parameter `population` says; all that its members do follows from it."""

    size: int
    """The number of members."""
    every: int
    """Environment steps from one round to the next."""
    over: Mapping[str, Searched]
    """The hyperparameters that it searches, by name."""
    quantile: float
    """The share of members that count as winners, and as losers."""
    factors: tuple[float, ...]
    """What a hyperparameter is perturbed by, each factor as likely as the others."""
    resample: float
    """The probability that a hyperparameter is drawn afresh in the place of that."""
    frequencies: tuple[int, ...]
    """Of each sub-population the number of rounds from one evolution to the next."""
    metric: str
    """The metric that members are ranked by."""
    minimise: bool
    """Whether small values of it are better."""

    @classmethod
    def of_json(cls, body: Mapping[str, Any]) -> Self:
        """The rules that a run's parameter holds as plain data."""
        return cls(
            body["size"],
            body["every"],
            {name: Searched.of_json(one) for name, one in body["over"].items()},
            body["quantile"],
            tuple(body["perturb"]),
            body["resample"],
            tuple(body["frequencies"]),
            body["metric"],
            body["direction"] == "minimize",
        )

    @property
    def subpopulations(self) -> list[list[int]]:
        """The members of each sub-population, one for each of `frequencies`."""
        each = self.size // len(self.frequencies)
        return [[*range(at * each, (at + 1) * each)] for at in range(len(self.frequencies))]

    @property
    def bracket(self) -> int:
        """How many members of a sub-population count as winners, and as losers."""
        return max(1, int(self.quantile * self.size / len(self.frequencies) + 1e-9))
