"""The contract with an analysis, and with whoever finds the weights that it is of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sweeper.trainable.contract import Pack, Parameter, RunSpec, State, Trainable

SCORE = "source_score"
"""The metric that is the score of the source run."""

STEP = "source_step"
"""The metric that is the step of the source run from which its weights are."""


@dataclass(frozen=True)
class KeptRun:
    """A run of another study and the weights that were kept of it."""

    run: RunSpec
    weights: State
    step: int
    """The step after which the agent had these weights."""
    score: float
    state: State | None = None
    """The whole state in which it ended, where that was kept and is needed."""


@dataclass(frozen=True)
class Source:
    """What an analysis is given: a run, its weights, and its own parameters."""

    run: RunSpec
    weights: State
    params: Mapping[str, Any]
    state: State | None = None


class Sources(Protocol):
    """Finds the run of another study that a run of an analysis is of."""

    def find(self, run: RunSpec) -> KeptRun | str:
        """That run and its weights, or why there are none."""


class Sizes(Protocol):
    """Bytes that a pack of an analysis takes."""

    @property
    def member(self) -> int:
        """Of each member."""

    @property
    def once(self) -> int:
        """Whatever the number of members."""


class Analysis(Protocol):
    """The class that a file of `agents/analyses/` defines; none of it but a call imports torch.

    It may have besides `pack`, how many members train best together; `needs_state`, true where it
    looks at the whole state of a run (`checkpoint.keep: state`); and `keeps_weights`, true where
    its packs have `weights`: arrays that stay of each member, for figures.
    """

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """Its own parameters, which stand under `fixed`; no agent has one of such a name."""

    @property
    def metrics(self) -> Sequence[str]:
        """What it reports."""

    def check(self, learner: Trainable) -> None:
        """Raises `ValueError` where runs of this agent cannot be analysed."""

    def steps(self, params: Mapping[str, Any]) -> int:
        """How many steps an analysis takes, in which progress is told.

        Raises `ValueError` where the parameters do not fit each other.
        """

    def sizes(
        self,
        learner: Trainable,
        run_params: Mapping[str, Any],
        task: str,
        params: Mapping[str, Any],
    ) -> Sizes:
        """How much memory a pack takes on a CPU."""

    def __call__(
        self,
        learner: Trainable,
        sources: Sequence[Source],
        states: list[State | None],
        device: str,
    ) -> Pack:
        """Begins the analysis of runs of one signature, each from its state."""
