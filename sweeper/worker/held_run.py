"""Runs from a worker's side: candidates that it may claim, its attempts at runs, and their ends."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sweeper.ledger.run_record import Point
from sweeper.planning.plan import Run
from sweeper.trainable.contract import State
from sweeper.worker.checkpoints.checkpoint import BestEvaluation, LoadedCheckpoint, SavedCheckpoint
from sweeper.worker.checkpoints.checkpoint_store import Place


@dataclass(frozen=True)
class Candidate:
    """An open run, with the state that a new attempt resumes from, linked under our name."""

    run: Run
    step: int
    loaded: LoadedCheckpoint | None = None
    excused: bool = False
    """Whether the attempt before was its job's to end, as by preemption, not the run's."""


@dataclass(frozen=True)
class RunEnd:
    """How a run ended: its state, its score (normalised) and its value (the metric's unit)."""

    state: str
    step: int
    score: float | None = None
    value: float | None = None
    error: str | None = None
    also: list[float] | None = None
    """The further scores, normalised, where the space has several; then what it reported last of
    each metric that a constraint bounds."""


@dataclass
class HeldRun:
    """This worker's attempt at a run."""

    run: Run
    generation: int
    attempt: int
    resumed: int
    before: list[Point]
    """Reports of earlier attempts."""
    spent_s: float = 0.0
    """For how long earlier attempts trained it, as far as that is known."""
    began: float = field(default_factory=time.monotonic)
    state: State | None = None
    """What it resumes from, until its pack has begun."""
    saved: SavedCheckpoint | None = None
    """Its newest checkpoint."""
    best: BestEvaluation | None = None
    """Its best evaluation, where the space keeps that one's weights."""
    weights: State | Callable[[], State] | None = None
    """What is kept of it when it ends, or what gives that once it is to be written: it is large."""
    points: list[Point] = field(default_factory=list)
    sequence: int = 1

    @property
    def place(self) -> Place:
        """Run, generation and attempt."""
        return self.run.id, self.generation, self.attempt

    @property
    def curve(self) -> list[Point]:
        """All reports that count: earlier ones up to where this attempt went on, and its own."""
        first = min((step for step, _ in self.points), default=math.inf)
        limit = self.resumed if self.resumed else first
        points: dict[int, dict[str, float]] = {}
        for step, metrics in [*(point for point in self.before if point[0] <= limit), *self.points]:
            points[step] = points.get(step, {}) | metrics
        return list(points.items())

    def take(self, step: int, metrics: Mapping[str, float]) -> Point | None:
        """Takes in a report and returns the point that counts of it, or `None` where none does.

        A report beyond the run's last step, as of a rollout that ends there, counts as one at that
        step: of each metric the first that lies at or beyond it.
        """
        last = self.run.steps
        if step > last:
            there = {name for at, known in self.points if at == last for name in known}
            metrics = {name: value for name, value in metrics.items() if name not in there}
        if not metrics:
            return None
        point = (min(step, last), dict(metrics))
        self.points.append(point)
        return point

    @property
    def step(self) -> int:
        """Environment steps done, as far as reported."""
        return max((step for step, _ in self.points), default=self.resumed)

    @property
    def trained_s(self) -> float:
        """For how long it has been trained, in all attempts."""
        return self.spent_s + time.monotonic() - self.began

    def next_line(self) -> tuple[str, int, int, int]:
        """Run, generation, attempt and sequence of its next ledger line."""
        number, self.sequence = self.sequence, self.sequence + 1
        return self.run.id, self.generation, self.attempt, number
