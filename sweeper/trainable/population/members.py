"""The members of a population between two rounds: their hyperparameters, parents, last scores."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from sweeper.trainable.contract import RunSpec, State
from sweeper.trainable.population.evolution import (
    Params,
    Scores,
    first_generation,
    next_generation,
    ranked,
)
from sweeper.trainable.population.rules import POPULATION, Rules
from sweeper.trainable.several_agents import OwnRun

_OWN = "population"
"""What the names of arrays of a state begin with that are of no member alone."""


@dataclass(frozen=True)
class Members:
    """All members of one population; a round makes new ones of them."""

    params: Sequence[Params]
    """The hyperparameters of each."""
    parents: Sequence[int]
    """Whose state each went on from in the last round; its own number where from its own."""
    scores: Scores
    """What each was last evaluated as."""
    leader: int = 0
    """The member that was best then, and whose metrics the next report tells."""
    round: int = 0
    """How many rounds there have been."""
    reported: int = 0
    """The step of the last report."""

    @classmethod
    def first(cls, rules: Rules, seed: int) -> Self:
        """The members that a run begins with; nobody knows a best one: the first leads."""
        nobody = [None] * rules.size
        return cls(first_generation(rules, seed), range(rules.size), nobody)

    def evaluated(
        self, step: int, metrics: Mapping[int, Mapping[str, float]], rules: Rules
    ) -> Self:
        """The members after a report at `step`, with the `metrics` of those that still train."""
        scores = [metrics.get(one, {}).get(rules.metric) for one in range(rules.size)]
        if all(score is None for score in scores):
            return replace(self, reported=step)
        leader = ranked(scores, rules)[0]
        return replace(self, scores=scores, leader=leader, reported=step)

    def without(self, gone: Sequence[int], rules: Rules, left: Sequence[int]) -> Self:
        """The members after those that are `gone` diverged: the best of those `left` leads."""
        scores = [None if one in gone else score for one, score in enumerate(self.scores)]
        if self.leader not in gone or not left:
            return replace(self, scores=scores)
        return replace(self, scores=scores, leader=next(iter([*ranked(scores, rules), *left])))

    def evolved(self, rules: Rules, seed: int) -> Self:
        """The members after one more round."""
        made = next_generation(self.scores, self.params, rules, seed, self.round + 1)
        parents, params = [one for one, _ in made], [own for _, own in made]
        return replace(self, params=params, parents=parents, round=self.round + 1)

    def told(self, rules: Rules) -> dict[str, float]:
        """The metrics that a report tells of all of them, by name."""
        found: dict[str, float] = {}
        for member, (params, parent, score) in enumerate(
            zip(self.params, self.parents, self.scores, strict=True)
        ):
            found |= {told(name, member): float(value) for name, value in params.items()}
            found[told("parent", member)] = float(parent)
            found |= {} if score is None else {told(rules.metric, member): score}
        return found

    def save(self) -> State:
        """All of it as arrays."""
        scores = [math.nan if score is None else score for score in self.scores]
        numbers = {"leader": self.leader, "round": self.round, "reported": self.reported}
        of_all = {"parents": self.parents, "scores": scores, **numbers}
        state = {f"{_OWN}.{name}": np.array(value) for name, value in of_all.items()}
        for name in self.params[0]:
            state[f"{_OWN}.params.{name}"] = np.array([params[name] for params in self.params])
        return state

    @classmethod
    def load(cls, state: State, rules: Rules) -> Self:
        """The members that `save` gave."""
        columns = {name: state[f"{_OWN}.params.{name}"].tolist() for name in rules.over}
        params = [
            {name: column[member] for name, column in columns.items()}
            for member in range(rules.size)
        ]
        scores = [None if math.isnan(one) else one for one in state[f"{_OWN}.scores"].tolist()]
        parents = state[f"{_OWN}.parents"].tolist()
        leader, rounds, reported = (
            int(state[f"{_OWN}.{name}"]) for name in ("leader", "round", "reported")
        )
        return cls(params, parents, scores, leader, rounds, reported)


def told(what: str, member: int | None = None) -> str:
    """The name of a metric that tells of a population, or of one of its members."""
    return f"{POPULATION}.{what}" if member is None else f"{POPULATION}.{what}.{member}"


def member_run(run: RunSpec, member: int, params: Mapping[str, Any]) -> OwnRun:
    """The run of a member with these parameters; its seed follows from the run's and its number."""
    digest = hashlib.sha256(f"{run.seed}/{POPULATION}/{member}".encode()).digest()
    seed = int.from_bytes(digest[:4], "little")
    return OwnRun(f"{run.id}-{member}", params, run.task, seed, run.steps, run.evaluation)


def named(member: int, state: State) -> State:
    """A member's arrays under names that tell it."""
    return {f"{member}.{name}": array for name, array in state.items()}


def taken(state: State, member: int) -> State:
    """The arrays that `named` gave, taken out of `state`; empty for one that has diverged."""
    prefix = f"{member}."
    return {
        name.removeprefix(prefix): state.pop(name)
        for name in [name for name in state if name.startswith(prefix)]
    }


def signed(member: int, params: Params) -> State:
    """Arrays that tell beside the weights of a member which it is, and its hyperparameters."""
    numbers = {told("leader"): member, **{told(name): own for name, own in params.items()}}
    return {name: np.array(number) for name, number in numbers.items()}


def unsigned(weights: State, rules: Rules) -> tuple[State, int, Params]:
    """The weights without what `signed` gave, the member, and its hyperparameters."""
    rest = dict(weights)
    member = int(rest.pop(told("leader")))
    return rest, member, {name: rest.pop(told(name)).item() for name in rules.over}
