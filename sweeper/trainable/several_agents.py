"""Several agents as one trainable, whose parameter `agent` says which of them a run trains."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sweeper.trainable.abilities import (
    Film,
    KnowsMoreTasks,
    Played,
    ReadsRows,
    SupportsDescription,
    SupportsLargestPart,
    SupportsPlay,
    SupportsReferences,
    SupportsScratch,
    layers_of,
    shares_packs,
)
from sweeper.trainable.contract import (
    Evaluation,
    Pack,
    Parameter,
    RunSpec,
    State,
    Trainable,
    completed,
    defaults_of,
    named,
)
from sweeper.trainable.frozen import FrozenParameter

AGENT = "agent"
"""The parameter that names the agent, and the key of a space that lists them."""

ByAgent = Mapping[str, Mapping[str, Parameter]]
"""The parameters of each agent, by its name."""


def own(by_agent: ByAgent, params: Mapping[str, Any]) -> dict[str, Any]:
    """Those of `params` that the agent has which they name, besides its name.

    One that is `None`, as agents have different defaults for it, is that agent's default. Raises
    `ValueError` where they name no agent.
    """
    name = params.get(AGENT)
    if name is None:
        raise ValueError(
            f"needs an agent: one of several, {', '.join(by_agent)}, for an axis or the blocks to "
            "set, as in axes: {agent: {kind: choice, values: […]}}"
        )
    kept = {AGENT: name}
    return kept | completed(by_agent[name], _given(by_agent[name], params))


def joined(by_agent: ByAgent) -> Mapping[str, Parameter]:
    """The parameters of all agents, each once, and that which names the agent.

    One of which two agents say different things has no default and no range here.
    """
    agents = tuple(by_agent)
    found: dict[str, FrozenParameter] = {
        AGENT: FrozenParameter(str, None, None, None, agents, packable=False)
    }
    for parameters in by_agent.values():
        for name, parameter in parameters.items():
            known, one = found.get(name), FrozenParameter.of(parameter)
            found[name] = one if known is None or known == one else _common(known, one)
    return found


def _common(one: FrozenParameter, other: FrozenParameter) -> FrozenParameter:
    numbers = {one.kind, other.kind} == {int, float}
    only = one.only if one.only == other.only else {}
    same = one.kind is other.kind and (one.default, one.only) == (other.default, other.only)
    default = one.default if same else None
    kind, listed = float if numbers else one.kind, one.listed or other.listed
    counted = one.counted_by or other.counted_by
    return FrozenParameter(kind, default, None, None, None, False, only, listed, counted)


@dataclass(frozen=True)
class OwnRun:
    """A run as its agent sees it, with the agent's parameters; satisfies `contract.RunSpec`."""

    id: str
    params: Mapping[str, Any]
    task: str
    seed: int
    steps: int
    evaluation: Evaluation | None


class SeveralAgents:
    """Trains each run with the agent that its parameters name; satisfies `Trainable`."""

    packs = True

    def __init__(self, agents: Mapping[str, Trainable]) -> None:
        self.agents = dict(agents)
        self.by_agent = {name: one.parameters for name, one in agents.items()}
        self.parameters = joined(self.by_agent)

    @property
    def keeps_weights(self) -> bool:
        """Whether all of them have weights that can be kept."""
        return all(getattr(one, "keeps_weights", False) for one in self.agents.values())

    @property
    def metrics(self) -> Sequence[str]:
        """The names of the metrics that all of them report."""
        first, *others = (one.metrics for one in self.agents.values())
        return [name for name in first if all(name in other for other in others)]

    def diagnosed(self, params: Mapping[str, Any]) -> Sequence[str]:
        """The metrics that `params` switch on in all agents that have such."""
        found = [
            one.diagnosed({**defaults(one), **_given(one.parameters, params)})  # type: ignore[attr-defined]
            for one in self.agents.values()
        ]
        return [name for name in found[0] if all(name in other for other in found[1:])]

    def tasks(self) -> Sequence[str]:
        """The names of the tasks that any of them trains on; empty where any name is accepted."""
        listed = [one.tasks() for one in self.agents.values()]
        if not all(listed):
            return ()
        return list(dict.fromkeys(name for names in listed for name in names))

    def check_task(self, task: str) -> bool:
        """Whether any of them knows the task besides those that it lists."""
        able = [one for one in self.agents.values() if isinstance(one, KnowsMoreTasks)]
        return any(one.check_task(task) for one in able)

    def check(self, params: Mapping[str, Any], task: str) -> None:
        """Raises `ValueError` where the agent cannot train with its parameters on this task."""
        one, kept = self._of(params)
        one.check(kept, task)

    def layers(self, params: Mapping[str, Any], task: str) -> int:
        """The number of layers in the agent's network."""
        one, kept = self._of(params)
        return one.layers(kept, task)

    def layers_of(self, parameter: str, params: Mapping[str, Any], task: str) -> int:
        """The number of layers in that network of the agent whose layers `parameter` counts."""
        one, kept = self._of(params)
        return layers_of(one, parameter, kept, task)

    def signature(self, params: Mapping[str, Any], task: str) -> str:
        """The agent's name, and its text that is equal for all runs that may share a pack."""
        one, kept = self._of(params)
        return json.dumps([params[AGENT], one.packs or kept, one.signature(kept, task)])

    def packs_with(self, params: Mapping[str, Any]) -> bool:
        """Whether several runs with these parameters of their agent may share a pack."""
        return shares_packs(*self._of(params))

    def pack_size(self, params: Mapping[str, Any], task: str, device: str) -> int:
        """The number of members of a pack that trains fastest."""
        one, kept = self._of(params)
        return one.pack_size(kept, task, device) if one.packs else 1

    def start(self, runs: Sequence[RunSpec], states: list[State | None], device: str) -> Pack:
        """Begins to train `runs`, all of one agent, each from its state."""
        one, _ = self._of(runs[0].params)
        return one.start([self._own(run) for run in runs], states, device)

    def play(
        self, run: RunSpec, weights: State, step: int, episodes: int | None, film: Film | None
    ) -> Played:
        """Plays with the weights of a run as its agent does; `ValueError` where that cannot."""
        one, _ = self._of(run.params)
        if not isinstance(one, SupportsPlay):
            raise ValueError(f"{run.params[AGENT]} cannot play with weights that were kept")
        return one.play(self._own(run), weights, step, episodes, film)

    def prepare(self) -> None:
        """Imports what training needs."""
        for one in self.agents.values():
            getattr(one, "prepare", lambda: None)()

    def state_bytes(self, params: Mapping[str, Any], task: str, steps: int) -> int:
        """The size in bytes of a member's saved state; 0 where its agent cannot tell."""
        one, kept = self._of(params)
        tell = getattr(one, "state_bytes", None)
        return int(tell(kept, task, steps)) if tell else 0

    def pack_bytes(self, params: Mapping[str, Any], task: str, steps: int, members: int) -> int:
        """The most bytes of memory that a pack takes on a CPU; 0 where its agent cannot tell."""
        one, kept = self._of(params)
        tell = getattr(one, "pack_bytes", None)
        return int(tell(kept, task, steps, members)) if tell else 0

    def largest_part(self, params: Mapping[str, Any], task: str, steps: int) -> tuple[str, int]:
        """What takes most memory of its agent's large runs; 0 bytes where it cannot tell."""
        one, kept = self._of(params)
        if not isinstance(one, SupportsLargestPart):
            return "", 0
        return one.largest_part(kept, task, steps)

    def reads_rows(self, params: Mapping[str, Any]) -> bool:
        """Whether its agent reads the rows of states by slices."""
        one, kept = self._of(params)
        return isinstance(one, ReadsRows) and one.reads_rows(kept)

    def scratch_part(self, params: Mapping[str, Any], task: str, steps: int) -> tuple[str, int]:
        """What its agent's files in the temporary directory follow from; 0 bytes without any."""
        one, kept = self._of(params)
        return one.scratch_part(kept, task, steps) if isinstance(one, SupportsScratch) else ("", 0)

    def on_scratch(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """What to change so that what is large is in files there; empty where nothing does it."""
        one, kept = self._of(params)
        return one.on_scratch(kept) if isinstance(one, SupportsScratch) else {}

    def describe(self, task: str) -> Mapping[str, str]:
        """Facts about the task, as the first agent tells them that can."""
        able = (one for one in self.agents.values() if isinstance(one, SupportsDescription))
        found = next(able, None)
        return found.describe(task) if found else {}

    def references(self, task: str) -> Mapping[str, tuple[float, float]]:
        """Known scores of the task, as the first agent tells them that can."""
        able = (one for one in self.agents.values() if isinstance(one, SupportsReferences))
        found = next(able, None)
        return found.references(task) if found else {}

    def _of(self, params: Mapping[str, Any]) -> tuple[Trainable, dict[str, Any]]:
        kept = own(self.by_agent, params)
        return self.agents[kept.pop(AGENT)], kept

    def _own(self, run: RunSpec) -> OwnRun:
        _, params = self._of(run.params)
        return OwnRun(run.id, params, run.task, run.seed, run.steps, run.evaluation)


def defaults(agent: Trainable) -> dict[str, Any]:
    """The defaults of an agent's parameters."""
    return defaults_of(agent.parameters)


def _given(known: Mapping[str, Parameter], params: Mapping[str, Any]) -> dict[str, Any]:
    return {n: one for n, one in params.items() if one is not None and named(known, n)}
