"""A pack of one run that is a population: its members are a pack of their agent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np

from sweeper.trainable.abilities import SupportsWeights
from sweeper.trainable.contract import Pack, Report, RunSpec, State, Trainable
from sweeper.trainable.population.members import Members, member_run, named, signed, taken, told
from sweeper.trainable.population.rules import POPULATION, Rules

Values = Mapping[str, Any]


@dataclass(frozen=True)
class PopulationReport:
    """Satisfies `sweeper.trainable.contract.Report`; its only member is the population."""

    step: int
    metrics: dict[str, float] = field(default_factory=dict)
    done: bool = False
    diverged: bool = False
    member: int = 0


class PopulationPack:
    """One population. At the step of a round its members' pack ends, and one of the next begins.

    A report tells the metrics of the leader: the member that was best one evaluation before, so
    that no noise of this one chose it; at first it is member 0. `with_params` gives the parameters
    of a member from those of the run and the values of what is searched.
    """

    def __init__(
        self,
        agent: Trainable,
        run: RunSpec,
        state: State | None,
        device: str,
        with_params: Callable[[Values, Values], dict[str, Any]],
    ) -> None:
        self._agent, self._run, self._device = agent, run, device
        self._with_params = with_params
        self._rules = rules = Rules.of_json(run.params[POPULATION])
        self._progress = 0
        self._all: list[int] = []
        """The members of the agent's pack, by their places in it."""
        self._live: dict[int, int] = {}
        """Those of them that still train."""
        if state is None:
            self._members = Members.first(rules, run.seed)
            self._begin(dict.fromkeys(range(rules.size)))
        else:
            self._members = Members.load(state, rules)
            self._begin({m: own for m in range(rules.size) if (own := taken(state, m))})
        self._told_by = self._members.leader

    @property
    def step(self) -> int:
        """Environment steps that every member has trained for."""
        return self._pack.step

    @property
    def progress(self) -> int:
        """A number that grows while members train or are evaluated."""
        return self._progress + self._pack.progress

    def advance(self) -> Sequence[Report]:
        """Trains all members for a while; first comes the round that is due, if one is."""
        if self._is_due():
            self._evolve()
        reports = self._pack.advance()
        self._end_diverged([self._live[one.member] for one in reports if one.diverged])
        if not self._live:
            return [PopulationReport(self.step, {}, done=True, diverged=True)]
        fine = [one for one in reports if not one.diverged]
        steps = sorted({report.step for report in fine})
        return [self._told(step, [one for one in fine if one.step == step]) for step in steps]

    def save(self, member: int) -> State | None:
        """The exact states of all members, and what the next round needs to know of them."""
        found = self._members.save()
        for place, own in enumerate(self._all):
            if own in self._live.values():
                state = self._pack.save(place)
                if state is None:
                    return None
                found |= named(own, state)
        return found

    def weights(self, member: int) -> State:
        """The arrays with which the leader acts that the newest report told of, and who that is."""
        pack, leader = cast(SupportsWeights, self._pack), self._told_by
        return pack.weights(self._all.index(leader)) | signed(leader, self._members.params[leader])

    def drop(self, members: Iterable[int]) -> None:
        """Ends the population."""
        if list(members):
            self._pack.drop(list(self._live))
            self._live = {}

    def _begin(self, states: dict[int, State | None]) -> None:
        """Starts the pack of the members that have a state, or that begin."""
        self._all = list(states)
        self._live = dict(enumerate(self._all))
        params = [self._with_params(self._run.params, own) for own in self._members.params]
        runs = [member_run(self._run, member, params[member]) for member in self._all]
        given = [states.pop(member) for member in self._all]
        self._pack: Pack = self._agent.start(runs, given, self._device)

    @property
    def _next_round(self) -> int:
        """The step of the next round."""
        return (self._members.round + 1) * self._rules.every

    def _is_due(self) -> bool:
        """Whether the step of a round has been reported that was not yet."""
        return self._next_round < self._run.steps and self._members.reported >= self._next_round

    def _evolve(self) -> None:
        """Ends the pack of this generation, and begins that of the next."""
        if self.step != self._next_round:
            raise ValueError(
                "a population needs packs that stop where they report, but from step "
                f"{self._next_round} the agent's had gone on to {self.step}"
            )
        self._members = self._members.evolved(self._rules, self._run.seed)
        inherited = self._inherited(self._members.parents)
        self._progress += self._pack.progress
        del self._pack  # before others of its size are made
        self._begin(inherited)

    def _inherited(self, parents: Sequence[int]) -> dict[int, State | None]:
        """The state that each member goes on from; none of one that diverged and has no parent."""
        places = {member: place for place, member in self._live.items()}
        states: dict[int, State] = {}
        found: dict[int, State | None] = {}
        for member, parent in enumerate(parents):
            if parent not in places:
                continue
            if parent in states:  # nobody shares arrays, which packs may go on to change
                found[member] = {name: np.array(one) for name, one in states[parent].items()}
                continue
            state = self._pack.save(places[parent])
            if state is None:
                raise ValueError("a population needs an agent that saves its members' states")
            found[member] = states[parent] = state
        return found

    def _end_diverged(self, gone: Sequence[int]) -> None:
        """Takes in that members diverged: their pack has dropped them."""
        if gone:
            self._live = {place: one for place, one in self._live.items() if one not in gone}
            left = list(self._live.values())
            self._members = self._members.without(gone, self._rules, left)

    def _told(self, step: int, reports: Sequence[Report]) -> PopulationReport:
        """The report of the population at a step, from those of all its members."""
        metrics: dict[int, dict[str, float]] = {}
        for one in reports:  # a member may report of one step in several pieces
            metrics.setdefault(self._live[one.member], {}).update(one.metrics)
        if len(metrics) < len(self._live):
            raise ValueError(
                f"a population needs an agent whose members report together, but at step {step} "
                f"{len(metrics)} of {len(self._live)} did"
            )
        leader = self._told_by = self._members.leader
        self._members = self._members.evaluated(step, metrics, self._rules)
        found = dict(metrics[leader])
        if any(self._rules.metric in one for one in metrics.values()):
            found |= self._members.told(self._rules) | {told("leader"): float(leader)}
        return PopulationReport(step, found, done=any(one.done for one in reports))
