"""What features share: `agents/features/<name>.py` defines class `Features`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from agents import lookup, streams
from agents.parameter import Parameter, of_kinds
from agents.replay.batch import Batch
from agents.replay.buffer import Replay
from agents.shape import Shape

if TYPE_CHECKING:
    import torch

    from agents.contract import Run

KIND = "features.kind"
NONE = "none"
Named = list[tuple[str, "torch.Tensor", Sequence[int]]]
"""(name, tensor [P, ...], members that have it)."""


@dataclass(frozen=True)
class Counts:
    """How many numbers of a member are trained, are of target networks, and are kept by passes."""

    trained: int
    targets: int
    passes: int


class BaseFeatures(ABC):
    """Features of P members that all networks of an agent read in the place of states and actions.

    They learn from a loss of their own, with an optimiser and batches of their own: no gradient of
    the agent's losses changes them. A subclass says what is read, and what an update is.
    """

    parameters: ClassVar[Mapping[str, Parameter]] = {}
    """What it has besides those of all kinds, by whole names, as in `features.units`."""

    @classmethod
    @abstractmethod
    def check(cls, params: Mapping[str, Any], shape: Shape) -> None:
        """Raises ValueError where parameters, which are complete, do not fit each other or a task.

        Observations are vectors.
        """

    @classmethod
    @abstractmethod
    def widths(cls, params: Mapping[str, Any], shape: Shape) -> tuple[int, int]:
        """Returns how many numbers stand for a state, and for a state with an action."""

    @classmethod
    @abstractmethod
    def counts(cls, params: Mapping[str, Any], shape: Shape) -> Counts:
        """Returns how many numbers a member has, without importing torch."""

    @classmethod
    def told(cls, params: Mapping[str, Any], task: str, shape: Shape) -> Any:
        """Returns what depends on the task's name and must be the same in a pack; plain data."""
        return None

    def __init__(
        self,
        runs: Sequence[Run],
        params: Sequence[Mapping[str, Any]],
        shape: Shape,
        device: str,
    ) -> None:
        """Blank networks of `runs`, whose `params` are complete."""
        self.pretrain = int(params[0]["features.pretrain"])
        """How many updates come before the agent's first."""
        self.seeds = [run.seed for run in runs]
        size = int(params[0]["features.batch_size"])
        self._batches = streams.Draws(streams.keys(self.seeds, "features/batches"), size)

    def learn(self, replay: Replay) -> torch.Tensor:
        """Does one update on a batch of its own; returns its loss [P]."""
        return self.update(replay.sample(self._batches.at(self.updates)).flattened())

    @abstractmethod
    def initialise(self) -> None:
        """Initialises all that is learned from every member's own streams."""

    @abstractmethod
    def states(self, observations: torch.Tensor, target: bool = False) -> torch.Tensor:
        """Returns what stands for states, [P, B, S] -> [P, B, numbers], without gradients.

        `target` takes the networks that targets read.
        """

    @abstractmethod
    def pairs(
        self, states: torch.Tensor, actions: torch.Tensor, target: bool = False
    ) -> torch.Tensor:
        """Returns what stands for states, as `states` gave them, with actions [P, B, A].

        Gradients reach the actions alone.
        """

    @abstractmethod
    def update(self, batch: Batch) -> torch.Tensor:
        """Takes a step on transitions of one step, observations [P, B, S]; returns its loss [P]."""

    @abstractmethod
    def tensors(self) -> Named:
        """Returns all that is learned and kept."""

    @abstractmethod
    def acting(self) -> Named:
        """Returns the tensors that `states` needs."""

    @property
    @abstractmethod
    def updates(self) -> int:
        """Updates done, which `update` counts; a checkpoint holds it."""

    @updates.setter
    @abstractmethod
    def updates(self, updates: int) -> None: ...


def find(params: Mapping[str, Any]) -> type[BaseFeatures] | None:
    """Returns the class that `features.kind` names, `None` for none.

    Raises ValueError where it names no features.
    """
    kind = str(params.get(KIND, NONE))
    if kind == NONE:
        return None
    if not lookup.is_file(kind) and kind not in lookup.names("features"):
        raise ValueError(f"{KIND}: {lookup.unknown('features', kind, kinds())}")
    return lookup.derived("features", KIND, kind, BaseFeatures)  # type: ignore[type-abstract]


def kinds() -> list[str]:
    """Returns the valid kinds."""
    return [NONE, *lookup.names("features")]


def check(params: Mapping[str, Any], shape: Shape) -> None:
    """Raises ValueError where features do not fit the task, or their parameters each other."""
    kind = find(params)
    if kind is None:
        return
    if shape.is_image:
        raise ValueError(
            f"{KIND}={params[KIND]} reads vectors, got images {list(shape.observation)}; "
            f"valid for images: {NONE}"
        )
    kind.check(params, shape)


def parameters() -> dict[str, Parameter]:
    """Returns `features.kind` and what each kind has; these belong to it alone."""
    every = {
        "features.batch_size": Parameter(int, 256, low=2),
        "features.pretrain": Parameter(int, 10_000, low=0),
    }
    names = lookup.names("features")
    own = {name: {**every, **lookup.find("features", name).parameters} for name in names}
    return {KIND: Parameter(str, NONE), **of_kinds(KIND, own)}
