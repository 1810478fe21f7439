"""The interface of a learner to diagnostics: networks, values, and updates that are rolled back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

from agents import lookup
from agents.parameter import Parameter
from agents.replay.batch import Batch
from agents.replay.buffer import Replay

if TYPE_CHECKING:
    import torch

    from agents.features.base import BaseFeatures
    from agents.networks.network import Network
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")

PARAMETERS: Mapping[str, Parameter] = {
    "diagnostics": Parameter(tuple, ()),
    "diagnostics.every": Parameter(int, 10_000, low=2),
    "diagnostics.samples": Parameter(int, 2_048, low=1),
}
"""Of every learner: which diagnostics, how many steps lie between, on how many of the replay."""


@dataclass(frozen=True)
class LossGradients:
    """The loss [P] of a network in an update, and its gradients [P C, ...]."""

    loss: torch.Tensor
    gradients: Sequence[torch.Tensor]


class UpdateWatcher(Protocol):
    """An observer of updates."""

    def record(self, name: str, loss: torch.Tensor, gradients: Sequence[torch.Tensor]) -> None:
        """Records the loss [P] and the gradients [P C, ...] of an update of the network `name`."""


class Diagnosable(ABC):
    """The part of a learner that diagnostics use; it has `PARAMETERS` beside its own."""

    parameters: ClassVar[Mapping[str, Parameter]]
    networks: ClassVar[Sequence[str]]
    """The networks that learn; the one that gives values of actions is `critic`."""
    recorded: dict[str, LossGradients] | None = None
    """Losses and gradients by network while an update is probed, else `None`."""
    watching_updates: Sequence[UpdateWatcher] = ()
    """What is told of every update of a network that is not undone."""
    n_step: int = 1
    """How many steps of rewards the targets of an update add up."""
    features: BaseFeatures | None = None
    """What is learned beside and read in the place of states, if anything."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.parameters = {**getattr(cls, "parameters", {}), **PARAMETERS}

    @classmethod
    def diagnosed(cls, params: Mapping[str, Any]) -> list[str]:
        """Returns the metrics that `diagnostics` add.

        Raises ValueError where it names what is no diagnostic.
        """
        asked = params.get("diagnostics", ())
        if len(set(asked)) != len(asked):
            raise ValueError(f"diagnostics must not name one twice, got {list(asked)}")
        try:
            found = [lookup.find("diagnostics", str(name)) for name in asked]
        except ValueError as error:
            raise ValueError(f"diagnostics: {error}") from error
        return [metric for diagnostic in found for metric in diagnostic.metrics(cls.networks)]

    @abstractmethod
    def network(self, name: str) -> Network:
        """Returns the P networks `name`, of each member's several the first."""

    @abstractmethod
    def network_inputs(self, name: str, batch: Batch) -> torch.Tensor:
        """Returns what the network `name` reads of a batch, [P, B, ...]."""

    @abstractmethod
    def q_values(self, observations: np.ndarray, actions: np.ndarray) -> np.ndarray:
        """Returns Q(s, a) [P, E] of observations [P, E, ...] and actions that `evaluate` gave.

        Of several critics it is the first; no power iteration.
        """

    def log_pi(self, batch: Batch, step: int) -> torch.Tensor | None:
        """Returns log pi(a|s) [P, B] of an action a ~ pi in each state, by the draws of `step`.

        `None` where the policy has no density.
        """
        return None

    def sample(self, replay: Replay, draws: np.ndarray) -> Batch:
        """Returns the transitions of an update, chosen by 32-bit `draws` [P, B]."""
        return replay.sample(draws)

    @abstractmethod
    def update_from(self, batch: Batch, step: int) -> None:
        """Updates all networks from `batch`, with the draws of `step`."""

    @abstractmethod
    def tensors(self) -> list[tuple[str, torch.Tensor, Sequence[int]]]:
        """Returns all learned state: (name, tensor [P, ...], rows of the members that have it)."""

    @property
    @abstractmethod
    def counters(self) -> dict[str, int]:
        """Counts in a checkpoint that are equal for all members, those of `updates` among them."""

    @counters.setter
    @abstractmethod
    def counters(self, counters: dict[str, int]) -> None: ...

    def record_loss(self, name: str, loss: torch.Tensor, gradients: Sequence[torch.Tensor]) -> None:
        """Tells what measures updates of the loss [P] and the raw gradients of the network `name`.

        To be called at every update, before anything scales the gradients.
        """
        if self.recorded is not None:
            self.recorded[name] = LossGradients(loss.detach(), gradients)
            return
        for watcher in self.watching_updates:
            watcher.record(name, loss, gradients)

    def probe_update(self, batch: Batch, step: int) -> dict[str, LossGradients]:
        """Returns loss and gradients of every network in an update from `batch`, which is undone.

        It is undone by putting back what a checkpoint holds, which is all that a learner knows.
        """
        copies = [(t.detach(), t.detach().clone()) for _, t, _ in self.tensors()]
        counters = self.counters
        self.recorded = {}
        self.update_from(batch, step)
        found, self.recorded = self.recorded, None
        for tensor, before in copies:
            tensor.copy_(before)
        self.counters = counters
        return found
