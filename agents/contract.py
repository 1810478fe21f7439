"""The inputs and outputs of a pack: runs, evaluation schedules and reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

State = dict[str, np.ndarray]


class Run(Protocol):
    """A run of a pack; `params` are complete: every parameter of the learner, by dotted name."""

    @property
    def params(self) -> Mapping[str, Any]:
        """Parameters by dotted name."""

    @property
    def task(self) -> str:
        """Task name."""

    @property
    def seed(self) -> int:
        """Seed of all the run's streams."""

    @property
    def steps(self) -> int:
        """Environment steps to train for."""

    @property
    def evaluation(self) -> Schedule:
        """When and how to evaluate."""


@dataclass(frozen=True)
class Report:
    """The metrics of a member at `step`; `done` says that it is the member's last report."""

    member: int
    step: int
    metrics: Mapping[str, float]
    done: bool = False
    diverged: bool = False


class Schedule(Protocol):
    """When and how to evaluate: exactly one of `episodes` and `steps` is set."""

    @property
    def every(self) -> int:
        """Training steps between evaluations."""

    @property
    def episodes(self) -> int | None:
        """Episodes of one evaluation."""

    @property
    def steps(self) -> int | None:
        """Environment steps of one evaluation, over all its copies."""

    @property
    def cap(self) -> int:
        """Most steps of one episode."""

    @property
    def unfinished(self) -> str:
        """Whether episodes that `steps` leave unfinished `count`, or not: `drop`."""

    @property
    def streams(self) -> int | None:
        """Copies of the environment that share `steps`, or `None` for steps // cap (1 ... 16)."""
