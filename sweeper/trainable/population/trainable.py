"""An agent whose runs are populations, as something that sweeper can train."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sweeper.trainable.abilities import (
    Diagnosable,
    Film,
    KnowsMoreTasks,
    Played,
    SupportsDescription,
    SupportsLargestPart,
    SupportsMemoryEstimates,
    SupportsPlay,
    SupportsReferences,
    SupportsScratch,
    layers_of,
    shares_packs,
)
from sweeper.trainable.contract import (
    OPEN,
    Pack,
    Parameter,
    RunSpec,
    State,
    Trainable,
    named,
)
from sweeper.trainable.frozen import FrozenParameter
from sweeper.trainable.population.members import member_run, unsigned
from sweeper.trainable.population.pack import PopulationPack
from sweeper.trainable.population.rules import POPULATION, Rules
from sweeper.trainable.population.searched import Number

Params = Mapping[str, Any]


class PopulationTrainable:
    """Trains each run as a population of `agent`; satisfies `Trainable`.

    Its parameters are those of the agent but for what the population searches, and one that
    describes it, whose default is `described`.
    """

    packs = False

    def __init__(self, agent: Trainable, described: Mapping[str, Any]) -> None:
        self.agent, self.described = agent, dict(described)
        self.parameters = self._of_runs(agent.parameters)
        of_agents = getattr(agent, "by_agent", {})
        self.by_agent = {name: self._of_runs(known) for name, known in of_agents.items()}
        self.keeps_weights = bool(getattr(agent, "keeps_weights", False))

    def _of_runs(self, known: Mapping[str, Parameter]) -> dict[str, Parameter]:
        """The parameters of a run, of which its members have those that are `known`."""
        own: Parameter = FrozenParameter(object, self.described, None, None, None, packable=False)
        kept = {name: one for name, one in known.items() if name not in self.described["over"]}
        return {**kept, POPULATION: own}

    @property
    def metrics(self) -> Sequence[str]:
        """The metrics of the agent, which are the leader's, and those that tell of all members."""
        return [*self.agent.metrics, f"{POPULATION}{OPEN}"]

    def diagnosed(self, params: Params) -> Sequence[str]:
        """The metrics that `params` switch on in the agent."""
        if not isinstance(self.agent, Diagnosable):
            return []
        return self.agent.diagnosed(self._member(params))

    def tasks(self) -> Sequence[str]:
        """The names of the agent's tasks."""
        return self.agent.tasks()

    def check_task(self, task: str) -> bool:
        """Whether the agent knows the task besides those that it lists."""
        return isinstance(self.agent, KnowsMoreTasks) and self.agent.check_task(task)

    def check(self, params: Params, task: str) -> None:
        """Raises `ValueError` where the agent refuses a member, or some would share no pack."""
        if not isinstance(params.get(POPULATION), Mapping):
            raise ValueError(f"{POPULATION} is said by the key of the space that is called so")
        first, signature = self._member(params), None
        for name, values in self._tried(params):
            self.agent.check(values, task)
            found = self.agent.signature(values, task)
            if not shares_packs(self.agent, values):
                raise ValueError(
                    "the members of a population train in one pack, but runs with these parameters "
                    "each train alone, as those do whose collectors wait for nobody"
                )
            if signature not in (None, found):
                raise ValueError(
                    f"{name} cannot be searched by a population: {values[name]} and {first[name]} "
                    "cannot train in one pack"
                )
            signature = found

    def _tried(self, params: Params) -> Iterator[tuple[str, dict[str, Any]]]:
        """The parameters of members that differ from the first in one value, and which that is."""
        for name, one in Rules.of_json(params[POPULATION]).over.items():
            for value in one.values or one.ends:
                yield name, self._with(params, {**self._least(params), name: value})

    def _least(self, params: Params) -> dict[str, Number]:
        """The smallest value of each hyperparameter that is searched."""
        return {name: one.ends[0] for name, one in Rules.of_json(params[POPULATION]).over.items()}

    def _member(self, params: Params) -> dict[str, Any]:
        """The parameters of some member."""
        return self._with(params, self._least(params))

    def _with(self, params: Params, values: Params) -> dict[str, Any]:
        """The parameters of a member that has these `values` of what is searched."""
        found = {name: value for name, value in params.items() if name != POPULATION}
        for name, value in values.items():
            known = named(self.agent.parameters, name)
            found[name] = known.kind(value) if known and known.kind in (int, float) else value
        return found

    def layers(self, params: Params, task: str) -> int:
        """The number of layers in the agent's network."""
        return self.agent.layers(self._member(params), task)

    def layers_of(self, parameter: str, params: Params, task: str) -> int:
        """The number of layers in that network of the agent whose layers `parameter` counts."""
        return layers_of(self.agent, parameter, self._member(params), task)

    def signature(self, params: Params, task: str) -> str:
        """The agent's text of a member: runs never share a pack."""
        return self.agent.signature(self._member(params), task)

    def pack_size(self, params: Params, task: str, device: str) -> int:
        """One population."""
        return 1

    def start(self, runs: Sequence[RunSpec], states: list[State | None], device: str) -> Pack:
        """Begins to train one run, a population, from its state."""
        if len(runs) != 1:
            raise ValueError(f"a pack holds one population, but got {len(runs)} of them")
        return PopulationPack(self.agent, runs[0], states.pop(), device, self._with)

    def play(
        self, run: RunSpec, weights: State, step: int, episodes: int | None, film: Film | None
    ) -> Played:
        """Plays with the weights of a leader as the agent does; `ValueError` where that cannot."""
        if not isinstance(self.agent, SupportsPlay):
            raise ValueError("the agent of the population cannot play with weights that were kept")
        rest, member, values = unsigned(weights, Rules.of_json(run.params[POPULATION]))
        its = member_run(run, member, self._with(run.params, values))
        return self.agent.play(its, rest, step, episodes, film)

    def prepare(self) -> None:
        """Imports what training needs."""
        getattr(self.agent, "prepare", lambda: None)()

    def state_bytes(self, params: Params, task: str, steps: int) -> int:
        """The size in bytes of the states of all members; 0 where the agent cannot tell."""
        if not isinstance(self.agent, SupportsMemoryEstimates):
            return 0
        return _size(params) * self.agent.state_bytes(self._member(params), task, steps)

    def pack_bytes(self, params: Params, task: str, steps: int, members: int) -> int:
        """The most bytes of memory that a population takes on a CPU; 0 where nobody can tell.

        That is at a round: the states of all members, the copies, which are half as many at most,
        and the pack that begins from them.
        """
        if not isinstance(self.agent, SupportsMemoryEstimates):
            return 0
        pack = self.agent.pack_bytes(self._member(params), task, steps, _size(params))
        return members * (pack + 3 * self.state_bytes(params, task, steps) // 2)

    def largest_part(self, params: Params, task: str, steps: int) -> tuple[str, int]:
        """What takes most memory of the members; 0 bytes where the agent cannot tell."""
        if not isinstance(self.agent, SupportsLargestPart):
            return "", 0
        name, each = self.agent.largest_part(self._member(params), task, steps)
        return name, _size(params) * each

    def scratch_part(self, params: Params, task: str, steps: int) -> tuple[str, int]:
        """What the members' files in the temporary directory follow from; 0 bytes without any."""
        if not isinstance(self.agent, SupportsScratch):
            return "", 0
        name, each = self.agent.scratch_part(self._member(params), task, steps)
        return name, _size(params) * each

    def on_scratch(self, params: Params) -> Mapping[str, Any]:
        """What to change so that what is large is in files there; empty where nothing does it."""
        if not isinstance(self.agent, SupportsScratch):
            return {}
        return self.agent.on_scratch(self._member(params))

    def describe(self, task: str) -> Mapping[str, str]:
        """Facts about the task, as the agent tells them."""
        return self.agent.describe(task) if isinstance(self.agent, SupportsDescription) else {}

    def references(self, task: str) -> Mapping[str, tuple[float, float]]:
        """Known scores of the task, as the agent tells them."""
        return self.agent.references(task) if isinstance(self.agent, SupportsReferences) else {}


def _size(params: Params) -> int:
    return int(params[POPULATION]["size"])
