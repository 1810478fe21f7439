"""The interface of a learner to its pack: P agents that act, learn, measure and are saved."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from agents.diagnostics.diagnosable import Diagnosable
from agents.replay.buffer import Replay
from agents.shape import Shape

if TYPE_CHECKING:
    import torch

    from agents.contract import Run, State
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")


class PackLearner(Diagnosable):
    """P agents of one signature that learn together."""

    metrics: ClassVar[Sequence[str]]
    """The names of what is reported, in this order."""
    errors: torch.Tensor | None = None
    """The critics' errors [P, B] in the last update, where priorities drew its batch."""

    predicts: bool = False
    """Whether something of it predicts the next observation, also where episodes terminate."""

    @abstractmethod
    def __init__(self, runs: Sequence[Run], shape: Shape, device: str) -> None:
        """Agents with blank tensors; `initialise` or `load` fills them."""

    @abstractmethod
    def initialise(self) -> None:
        """Initialises all learned state from every member's own streams."""

    @abstractmethod
    def act(self, observations: np.ndarray, step: int) -> np.ndarray:
        """Returns training actions [P, E] on observations [P, E, ...] before the step `step`.

        Numbers have an axis more, [P, E, A]; so below.
        """

    @abstractmethod
    def evaluate(self, observations: np.ndarray, draws: np.ndarray) -> np.ndarray:
        """Returns evaluation actions [P, E] on observations [P, E, ...], by draws [P, 2 E]."""

    @abstractmethod
    def learn(self, replay: Replay, step: int) -> None:
        """Does the updates that are due after `step` steps of each environment."""

    def is_behind(self, step: int) -> bool:
        """Returns whether the updates due after `step` steps are not all done.

        The environment then stands still, and `learn` is called again, until they are.
        """
        return False

    @abstractmethod
    def measured(self, row: int, step: int) -> dict[str, float]:
        """Returns metrics since the last `reset_metrics`, those that exist."""

    @abstractmethod
    def reset_metrics(self) -> None:
        """Resets the running means of metrics."""

    @abstractmethod
    def acting(self) -> list[tuple[str, torch.Tensor, Sequence[int]]]:
        """Returns the tensors that acting needs, under names of their own."""

    def finite(self) -> np.ndarray:
        """Returns whether all of a member's numbers are finite, [P]."""
        fine = [t.detach().flatten(1).isfinite().all(1) for _, t, _ in self.tensors()]
        return torch.stack(fine).all(0).cpu().numpy()

    def save(self, row: int) -> State:
        """Returns one member's learned state."""
        counts = {name: np.array(count) for name, count in self.counters.items()}
        return _member(self.tensors(), row) | counts

    def weights(self, row: int) -> State:
        """Returns what a member acts with: parameters and, where normalised, vectors u and v."""
        return _member(self.acting(), row)

    def load_weights(self, row: int, weights: State) -> None:
        """Puts back what `weights` returned; then the member acts as it did.

        Raises ValueError where these are weights of another network.
        """
        own = {name: t for name, t, rows in self.acting() if row in rows}
        sizes = {name: tuple(tensor.shape[1:]) for name, tensor in own.items()}
        given = {name: value.shape for name, value in weights.items()}
        if given != sizes:
            other = sorted(n for n in {*given, *sizes} if given.get(n) != sizes.get(n))
            raise ValueError(f"these weights are of another network: they differ in {other[0]}")
        with torch.no_grad():
            for name, tensor in own.items():
                tensor[row] = torch.from_numpy(weights[name])

    def load(self, row: int, state: State) -> None:
        """Puts back what `save` returned."""
        with torch.no_grad():
            for name, tensor, rows in self.tensors():
                if row in rows:
                    tensor[row] = torch.from_numpy(state[name])
        self.counters = {name: int(state[name]) for name in self.counters}


def _member(tensors: list[tuple[str, torch.Tensor, Sequence[int]]], row: int) -> State:
    """One member's part of `tensors`, as arrays without the member axis."""
    return {
        name: tensor.detach()[row].cpu().numpy().copy()
        for name, tensor, rows in tensors
        if row in rows
    }
