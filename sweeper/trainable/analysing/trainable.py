"""Makes a trainable of an analysis: each of its runs is of one run of another study."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sweeper.trainable.abilities import (
    KnowsMoreTasks,
    SupportsDescription,
    SupportsMemoryEstimates,
    layers_of,
)
from sweeper.trainable.analysing.analysis import (
    SCORE,
    STEP,
    Analysis,
    KeptRun,
    Source,
    Sources,
)
from sweeper.trainable.analysing.pack import AnalysisPack
from sweeper.trainable.contract import Parameter, RunSpec, State, Trainable


class Analysing:
    """Analyses runs of `agent` whose weights were kept; satisfies `Trainable`.

    Its parameters are those of the agent, which its runs carry, and those of the analysis.
    `sources` finds the weights, for those who start runs.
    """

    packs = True

    def __init__(
        self, analysis: Analysis, agent: Trainable, sources: Sources | None = None
    ) -> None:
        self.analysis, self.agent, self._sources = analysis, agent, sources
        self.parameters: Mapping[str, Parameter] = {**agent.parameters, **analysis.parameters}
        self.metrics: Sequence[str] = (*analysis.metrics, SCORE, STEP)
        self.keeps_weights = bool(getattr(analysis, "keeps_weights", False))

    def tasks(self) -> Sequence[str]:
        """The names of the agent's tasks."""
        return self.agent.tasks()

    def check_task(self, task: str) -> bool:
        """Whether the agent knows the task besides those that it lists."""
        return isinstance(self.agent, KnowsMoreTasks) and self.agent.check_task(task)

    def check(self, params: Mapping[str, Any], task: str) -> None:
        """Raises `ValueError` where the agent, or its analysis, refuses these parameters."""
        self.agent.check(self._split(params)[0], task)
        self.analysis.check(self.agent)

    def layers(self, params: Mapping[str, Any], task: str) -> int:
        """The number of layers in the agent's network."""
        return self.agent.layers(self._split(params)[0], task)

    def layers_of(self, parameter: str, params: Mapping[str, Any], task: str) -> int:
        """The number of layers in that network of the agent whose layers `parameter` counts."""
        return layers_of(self.agent, parameter, self._split(params)[0], task)

    def signature(self, params: Mapping[str, Any], task: str) -> str:
        """A text that is equal for runs whose agents, and analyses, are alike."""
        of_run, own = self._split(params)
        return json.dumps([self.agent.signature(of_run, task), own], sort_keys=True)

    def pack_size(self, params: Mapping[str, Any], task: str, device: str) -> int:
        """The number of members of a pack."""
        return int(getattr(self.analysis, "pack", 1))

    def prepare(self) -> None:
        """Imports what the agent needs."""
        if isinstance(self.agent, SupportsMemoryEstimates):
            self.agent.prepare()

    def state_bytes(self, params: Mapping[str, Any], task: str, steps: int) -> int:
        """The size in bytes of a saved state: some sums, and the actions of current episodes."""
        return 100_000

    def pack_bytes(self, params: Mapping[str, Any], task: str, steps: int, members: int) -> int:
        """The most bytes of memory that a pack takes on a CPU."""
        of_run, own = self._split(params)
        sizes = self.analysis.sizes(self.agent, of_run, task, own)
        return sizes.once + members * sizes.member

    def describe(self, task: str) -> Mapping[str, str]:
        """Facts about the task, as the agent tells them."""
        return self.agent.describe(task) if isinstance(self.agent, SupportsDescription) else {}

    def start(
        self, runs: Sequence[RunSpec], states: list[State | None], device: str
    ) -> AnalysisPack:
        """Begins to analyse the runs that `runs` are of; without weights one ends at once."""
        assert self._sources is not None, "an analysis needs the study's folder to run"
        found = [self._sources.find(run) for run in runs]
        kept = [member for member, one in enumerate(found) if not isinstance(one, str)]
        own = [self._split(run.params)[1] for run in runs]
        sources = [
            Source(one.run, one.weights, own[member], one.state)
            for member, one in enumerate(found)
            if not isinstance(one, str)
        ]
        begun = [states[member] for member in kept]
        states.clear()
        pack = self.analysis(self.agent, sources, begun, device) if sources else None
        return AnalysisPack(pack, kept, list(map(_told, found)))

    def _split(self, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The parameters of the run that is analysed, and those of the analysis."""
        own = {name: params[name] for name in self.analysis.parameters if name in params}
        return {name: value for name, value in params.items() if name not in own}, own


def _told(found: KeptRun | str) -> KeptRun | str:
    """What is told of a run, without its arrays: they may be large."""
    return found if isinstance(found, str) else replace(found, weights={}, state=None)
