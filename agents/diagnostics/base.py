"""What diagnostics share. `agents/diagnostics/<name>.py` defines class `Diagnostic`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from agents import lookup, streams
from agents.replay.batch import Batch
from agents.replay.buffer import Replay

if TYPE_CHECKING:
    from agents.contract import Run
    from agents.diagnostics.diagnosable import Diagnosable

Measures = Mapping[str, np.ndarray]
"""Every member's value [P] of some metrics; what is not finite is not reported."""


class Sample:
    """Transitions of the replay after `step` steps, drawn from streams of their own."""

    def __init__(self, replay: Replay, seeds: Sequence[int], step: int) -> None:
        self.step = step
        self._replay, self._seeds = replay, seeds

    def __call__(self, count: int) -> Batch:
        """`count` transitions of every member, with replacement; the same ones each time."""
        keys = streams.keys(self._seeds, f"diagnostics/{count}")
        return self._replay.sample(streams.Draws(keys, count, block=1).at(self.step))


class BaseDiagnostic(ABC):
    """Measures of the P agents of a learner, which leave no trace in them."""

    def __init__(self, learner: Diagnosable, runs: Sequence[Run]) -> None:
        self.learner, self.runs = learner, runs
        self.params: Mapping[str, Any] = runs[0].params

    @classmethod
    @abstractmethod
    def metrics(cls, networks: Sequence[str]) -> Sequence[str]:
        """What it measures of learners with these networks; torch is not imported."""


class SampleDiagnostic(BaseDiagnostic):
    """One that looks at transitions of the replay, every `diagnostics.every` steps."""

    @abstractmethod
    def measure(self, sample: Sample) -> Measures:
        """Measures of what the learner knows now."""


class EvaluationDiagnostic(BaseDiagnostic):
    """One that watches evaluations."""

    @abstractmethod
    def begin(self, observations: np.ndarray, actions: np.ndarray) -> None:
        """An evaluation begins with these [P, E, ...]."""

    @abstractmethod
    def record(self, rewards: np.ndarray, terminals: np.ndarray, over: np.ndarray) -> None:
        """A step of it was made, [P, E]; episodes that are `over` terminated or were truncated."""

    @abstractmethod
    def found(self) -> Measures:
        """Measures of the evaluation that has ended."""


class Diagnostics:
    """Those that the runs of a pack ask for; `watching` are told of evaluations."""

    def __init__(self, learner: Diagnosable, runs: Sequence[Run]) -> None:
        params = runs[0].params
        asked = [lookup.find("diagnostics", name)(learner, runs) for name in params["diagnostics"]]
        self.watching = [one for one in asked if isinstance(one, EvaluationDiagnostic)]
        self._sampling = [one for one in asked if isinstance(one, SampleDiagnostic)]
        self.every: int | None = params["diagnostics.every"] if self._sampling else None
        self._seeds = [run.seed for run in runs]

    def measure(self, replay: Replay, step: int) -> dict[str, np.ndarray]:
        """What is measured every `every` steps."""
        sample = Sample(replay, self._seeds, step)
        return _merged(diagnostic.measure(sample) for diagnostic in self._sampling)

    def found(self) -> dict[str, np.ndarray]:
        """What the last evaluation told."""
        return _merged(diagnostic.found() for diagnostic in self.watching)


def _merged(found: Iterable[Measures]) -> dict[str, np.ndarray]:
    return {name: values for measures in found for name, values in measures.items()}
