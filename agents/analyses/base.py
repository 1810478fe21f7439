"""What analyses are made of: a run and its kept weights, and a greedy policy that plays."""

from __future__ import annotations

import math
import time
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

from agents.contract import Report, Run, State
from agents.envs import tasks
from agents.envs.settings import Settings
from agents.parameter import Parameter
from agents.training.evaluation import Evaluation
from agents.training.pack_learner import PackLearner
from agents.training.playing import Some

if TYPE_CHECKING:
    import torch
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")

SECONDS = 0.5
"""For how long a pack plays at a time."""


class Source(Protocol):
    """A run whose weights were kept, and what its analysis is asked for."""

    @property
    def run(self) -> Run:
        """The run that was trained; `params` are complete."""

    @property
    def weights(self) -> State:
        """What its agent acted with."""

    @property
    def state(self) -> State | None:
        """The whole state in which the run ended, where the analysis needs it and it was kept."""

    @property
    def params(self) -> Mapping[str, Any]:
        """The parameters of the analysis, complete."""


@dataclass(frozen=True)
class Sizes:
    """Bytes that a pack takes: of each member, and once."""

    member: int
    once: int


class GreedyPlay:
    """P members whose greedy policies play `states` states each; an analysis looks at every one.

    A subclass states `name`, which its streams are keyed by, and `metrics`, and implements `visit`
    and `found`. What it adds up over states are arrays [P] in `sums`, which checkpoints hold.
    """

    name: ClassVar[str]
    pack: ClassVar[int] = 4
    """How many members train best together: passes of several small networks cost one call."""
    parameters: ClassVar[Mapping[str, Parameter]] = {
        "states": Parameter(int, 100_000, low=1),
        "copies": Parameter(int, 16, low=1, high=1024),
    }
    """How many states are visited, and in how many copies of the environment in lockstep."""
    metrics: ClassVar[Sequence[str]]
    sums: ClassVar[Sequence[str]] = ()
    """The names of what is kept of all states that were visited."""

    @classmethod
    def check(cls, learner: type[PackLearner]) -> None:
        """Raises ValueError where the learner has no critic over choices."""
        if getattr(learner, "continuous", True) or "critic" not in learner.networks:
            raise ValueError(
                f"{cls.name} needs an agent with a critic over choices, as dqn: the greedy action "
                "is the one with the largest Q"
            )

    @classmethod
    def steps(cls, params: Mapping[str, Any]) -> int:
        """Returns how many steps an analysis takes: a step a state."""
        return int(params["states"])

    @classmethod
    def sizes(
        cls, learner: Any, run_params: Mapping[str, Any], task: str, params: Mapping[str, Any]
    ) -> Sizes:
        """Returns about how many bytes a pack takes on a CPU, beside what torch itself does."""
        complete = learner.complete(run_params)
        found = learner.sizes(complete, learner.shape_of(complete, task))
        pass_of_one = 4 * found.passes // complete["batch_size"]
        copies = params["copies"] * (2 * pass_of_one + tasks.bytes_each(task))
        return Sizes(16 * (found.trained + found.targets) + copies, learner.passes_bytes)

    def __init__(
        self,
        learner: type[PackLearner],
        sources: Sequence[Source],
        states: list[State | None],
        device: str,
    ) -> None:
        """Begins, or goes on from states of one step."""
        self.progress = 0
        self._class, self._sources, self.device = learner, list(sources), device
        if torch.device(device).type == "cpu":
            torch.set_num_threads(1)
        self._build(list(range(len(sources))))
        for row, state in enumerate(states):
            if state is not None:
                self._load(row, state)

    @property
    def step(self) -> int:
        """How many states each member has visited."""
        return self._states - int(self._play.left.sum(axis=1).max()) if self.members else 0

    def advance(self) -> list[Report]:
        """Plays for about half a second; returns the members that are done."""
        if not self.members:
            return []
        self.progress += self._play.advance(self._act, time.monotonic() + SECONDS)
        broken = self._play.broken
        if broken.any() or self._play.done:
            ended = range(len(self.members)) if self._play.done else np.flatnonzero(broken)
            reports = [self._report(int(row), bool(broken[row])) for row in ended]
            self.drop([report.member for report in reports])
            return reports
        return []

    def save(self, member: int) -> State:
        """Returns where a member is; one that goes on from it equals the uninterrupted one."""
        row = self.members.index(member)
        kept = {f"sum.{name}": np.array(total[row]) for name, total in self.totals.items()}
        return self._play.save(row) | kept

    def drop(self, members: Iterable[int]) -> None:
        """Gives up members; the others go on untouched."""
        gone = set(members)
        kept = [member for member in self.members if member not in gone]
        if kept == self.members:
            return
        states = [self.save(member) for member in kept]
        self._build(kept)
        for row, state in enumerate(states):
            self._load(row, state)

    @abstractmethod
    def visit(self, observations: np.ndarray, live: np.ndarray) -> np.ndarray:
        """Looks at states [P, E, ...], of which those that are `live` [P, E] count.

        Returns the greedy actions there, [P, E].
        """

    @abstractmethod
    def found(self) -> dict[str, np.ndarray]:
        """Returns each metric but `return`, [P], once all states were visited."""

    def _act(self, observations: np.ndarray, draws: np.ndarray) -> np.ndarray:
        return self.visit(observations, self._play.left > 0)

    def _report(self, row: int, broken: bool) -> Report:
        if broken:
            return Report(self.members[row], self._states, {}, done=True, diverged=True)
        values = {name: float(found[row]) for name, found in self.found().items()}
        metrics = {**values, "return": float(np.mean(self._play.returns(row)))}
        finite = all(map(math.isfinite, metrics.values()))
        return Report(self.members[row], self._states, metrics if finite else {}, True, not finite)

    def _build(self, members: list[int]) -> None:
        """Agents with their weights, at the beginning of the play."""
        self.members = members
        if not members:
            return
        sources = [self._sources[member] for member in members]
        runs, first = [source.run for source in sources], sources[0]
        settings = Settings.of(first.run.params)
        shape = tasks.shape(first.run.task, settings)
        self.learner = self._class(runs, shape, self.device)
        self.learner.initialise()
        for row, source in enumerate(sources):
            self.learner.load_weights(row, source.weights)
        self.high = shape.high
        self._states = self.steps(first.params)
        copies = min(first.params["copies"], self._states)
        schedule = Some(None, first.run.evaluation.cap, steps=self._states, streams=copies)
        self._play = Evaluation(
            [run.task for run in runs],
            [run.seed for run in runs],
            schedule,
            self.name,
            settings=settings,
        )
        self.totals = {name: np.zeros(len(members)) for name in self.sums}
        """What is kept of all states by name, [P] each."""

    def _load(self, row: int, state: State) -> None:
        self._play.load(row, state)
        for name, total in self.totals.items():
            total[row] = state[f"sum.{name}"]
