"""What diagnostics share. `agents/diagnostics/<name>.py` defines class `Diagnostic`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from agents import lookup, streams
from agents.diagnostics.interval import Interval
from agents.replay.batch import Batch
from agents.replay.buffer import Replay

if TYPE_CHECKING:
    import torch

    from agents.contract import Run, State
    from agents.diagnostics.diagnosable import Diagnosable
else:
    from agents.lazy import LazyModule

    torch = LazyModule("torch")

Measures = Mapping[str, np.ndarray]
"""Every member's value [P] of some metrics; what is not finite is not reported."""


class Sample:
    """Transitions of the replay after `step` steps, drawn from streams of their own.

    They are as those of an update are: of as many steps.
    """

    def __init__(
        self, learner: Diagnosable, replay: Replay, seeds: Sequence[int], step: int
    ) -> None:
        self.step = step
        self._learner, self._replay, self._seeds = learner, replay, seeds

    def __call__(self, count: int) -> Batch:
        """Returns `count` transitions of every member, drawn with replacement; repeatable."""
        keys = streams.keys(self._seeds, f"diagnostics/{count}")
        draws = streams.Draws(keys, count, block=1).at(self.step)
        return self._learner.sample(self._replay, draws)


class BaseDiagnostic(ABC):
    """A diagnostic: measures of the P agents of a learner that leave the agents as they were."""

    def __init__(self, learner: Diagnosable, runs: Sequence[Run]) -> None:
        self.learner, self.runs = learner, runs
        self.params: Mapping[str, Any] = runs[0].params

    @classmethod
    @abstractmethod
    def metrics(cls, networks: Sequence[str]) -> Sequence[str]:
        """Returns the names of its measures of learners with these networks, without torch."""


class SampleDiagnostic(BaseDiagnostic):
    """A diagnostic that measures on the replay every `diagnostics.every` steps."""

    @abstractmethod
    def measure(self, sample: Sample) -> Measures:
        """Returns measures of the learner as it is now."""


class UpdateDiagnostic(BaseDiagnostic):
    """A diagnostic that measures one number at every update of every network.

    Every `diagnostics.every` steps the mean and the largest since the last time are reported: the
    mean of a spike is small, its maximum is not.
    """

    measured: ClassVar[str]
    """The name of its measure, `{}` standing for the network, as in `grad_norm_{}`."""

    def __init__(self, learner: Diagnosable, runs: Sequence[Run]) -> None:
        super().__init__(learner, runs)
        device = learner.network(learner.networks[0]).parameters[0].device
        self.interval = Interval(learner.networks, len(runs), device)

    @classmethod
    def metrics(cls, networks: Sequence[str]) -> Sequence[str]:
        """Returns the names of each network's mean and maximum."""
        return [f"{cls.measured.format(n)}_{kind}" for n in networks for kind in ("mean", "max")]

    @abstractmethod
    def of_update(self, loss: torch.Tensor, gradients: Sequence[torch.Tensor]) -> torch.Tensor:
        """Returns the number [P] of an update of one network, from its loss [P] and gradients.

        These are [P C, ...], as autograd gave them: nothing has scaled or clipped them yet.
        """

    def record(self, name: str, loss: torch.Tensor, gradients: Sequence[torch.Tensor]) -> None:
        """Records an update of the network `name`."""
        with torch.no_grad():
            self.interval.add(name, self.of_update(loss.detach(), gradients))

    def found(self) -> Measures:
        """Returns means and maxima since it was last asked; what was not updated has none."""
        values = np.stack(self.interval.found(), axis=2).reshape(len(self.runs), -1)
        return dict(zip(self.metrics(self.learner.networks), values.T, strict=True))


class EvaluationDiagnostic(BaseDiagnostic):
    """A diagnostic that measures on the episodes of evaluations."""

    @abstractmethod
    def begin(self, observations: np.ndarray, actions: np.ndarray) -> None:
        """Begins an evaluation, with its first observations and actions [P, E, ...]."""

    def see(self, observations: np.ndarray, actions: np.ndarray, live: np.ndarray) -> None:
        """Sees the states [P, E, ...] of each step and the actions that are about to be taken.

        Copies that are not `live` [P, E] have finished, and stay where they are.
        """

    @abstractmethod
    def record(self, rewards: np.ndarray, terminals: np.ndarray, over: np.ndarray) -> None:
        """Records a step [P, E]; episodes that are `over` terminated or were truncated."""

    @abstractmethod
    def found(self) -> Measures:
        """Returns measures of the evaluation that has ended."""


class Diagnostics:
    """The diagnostics that a pack's runs ask for; those in `watching` are told of evaluations."""

    def __init__(self, learner: Diagnosable, runs: Sequence[Run]) -> None:
        self._learner = learner
        params = runs[0].params
        names = params["diagnostics"]
        made = {name: lookup.find("diagnostics", name)(learner, runs) for name in names}
        self.watching = [one for one in made.values() if isinstance(one, EvaluationDiagnostic)]
        self._sampling = [one for one in made.values() if isinstance(one, SampleDiagnostic)]
        self._updating = {n: one for n, one in made.items() if isinstance(one, UpdateDiagnostic)}
        learner.watching_updates = tuple(self._updating.values())
        steady = self._sampling or self._updating
        self.every: int | None = params["diagnostics.every"] if steady else None
        self._seeds = [run.seed for run in runs]

    def measure(self, replay: Replay, step: int) -> dict[str, np.ndarray]:
        """Returns all measures on the replay after `step` steps, and of the updates until then.

        To be called once a report: those of updates begin anew.
        """
        sample = Sample(self._learner, replay, self._seeds, step)
        updates = _merged(diagnostic.found() for diagnostic in self._updating.values())
        return _merged(diagnostic.measure(sample) for diagnostic in self._sampling) | updates

    def found(self) -> dict[str, np.ndarray]:
        """Returns all measures of the last evaluation."""
        return _merged(diagnostic.found() for diagnostic in self.watching)

    def save(self, row: int) -> State:
        """Returns a member's part of what updates have been measured to be."""
        return {
            f"{name}.{part}": value
            for name, diagnostic in self._updating.items()
            for part, value in diagnostic.interval.save(row).items()
        }

    def load(self, row: int, state: State) -> None:
        """Puts back what `save` returned."""
        for name, diagnostic in self._updating.items():
            own = {part: state[f"{name}.{part}"] for part in diagnostic.interval.save(row)}
            diagnostic.interval.load(row, own)


def _merged(found: Iterable[Measures]) -> dict[str, np.ndarray]:
    return {name: values for measures in found for name, values in measures.items()}
