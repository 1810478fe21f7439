"""What is new of a run since a tracker was told of it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from sweeper.ledger.run_record import ENDS, UNSCORED, Point, RunRecord
from sweeper.planning.plan import Run, Trial
from sweeper.space.space import Space
from sweeper.text import canonical, is_number

OWN = "sweeper/"
"""What the names of sweeper's own numbers begin with, so that they are no metric's of a run."""

REPORTED = " (reported)"
"""What follows the name of a metric of a run that would be taken for one of sweeper's own."""

Value = bool | int | float | str


@dataclass(frozen=True)
class Position:
    """How much of a run a tracker shows."""

    generation: int
    edition: int
    """How often it was written anew, as what was shown of it no longer counts."""
    points: int
    """How many of its reports are shown, the first ones."""
    digest: str
    """Of these reports, whether in a snapshot or not."""
    state: str
    mark: int | str | None = None
    """What the tracker finds its place by."""

    def as_json(self) -> dict[str, Any]:
        """What `of_json` takes."""
        return asdict(self)

    @classmethod
    def of_json(cls, body: Mapping[str, Any]) -> Self:
        """What `as_json` gave; raises `TypeError` for anything else."""
        return cls(**body)


@dataclass(frozen=True)
class RunUpdate:
    """A run as it is now, and what is new of it."""

    run: Run
    config: Mapping[str, Value]
    """All that it was told: parameters, the labels of its axes, task, seed and trial."""
    position: Position
    """What is shown of it once this is told."""
    before: Position | None
    """What is shown of it so far and goes on to count; `None` where it begins anew."""
    points: Sequence[Point]
    """All its reports, by step."""
    results: Mapping[str, float]
    """Its scores, once it has ended with some."""
    error: str | None
    """What ended it, where it failed."""
    step: int
    started: float
    until: float
    """When it began and when it ended, in seconds since the epoch; the time now while it has not.
    """

    @property
    def new(self) -> Sequence[Point]:
        """The reports that are not shown yet."""
        return self.points[self.before.points if self.before else 0 :]

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return self.position.state in ENDS

    @property
    def title(self) -> str:
        """What people call it."""
        return f"trial {self.run.trial}, {self.run.task}, seed {self.run.seed}"

    def time_at(self, step: int) -> float:
        """About when it was at `step`: reports have no times, and steps are taken to be alike."""
        share = min(1.0, step / self.step) if self.step else 1.0
        return self.started + share * (self.until - self.started)


def update(
    space: Space,
    run: Run,
    trial: Trial,
    record: RunRecord,
    known: Position | None,
    held: int | None = None,
) -> RunUpdate | None:
    """What is new of a run of which a tracker shows `known`; `None` where nothing is.

    Reports from the step `held` on are left for later.

    A run that was taken over repeats reports that are shown already: until it has reached them
    again nothing is new. Where they differ then, or a new generation began, it begins anew.
    """
    ended = record.end is not None
    edition = known.edition if known else 0
    if known and known.generation == record.generation and known.state in ENDS:
        return None
    if known and known.generation != record.generation:
        known, edition = None, edition + 1
    points = [(step, _numbers(metrics)) for step, metrics in record.reports]
    if held is not None:
        points = [point for point in points if point[0] < held]
    if known and len(points) < known.points and not ended:
        return None
    if known and digest(points[: known.points]) != known.digest:
        known, edition = None, edition + 1
    if known and len(points) == known.points and record.state == known.state:
        return None
    started = record.started or record.ended or time.time()
    until = record.ended if ended and record.ended else time.time()
    return RunUpdate(
        run=run,
        config=config(run, trial),
        position=Position(record.generation, edition, len(points), digest(points), record.state),
        before=known,
        points=points,
        results=results(space, record),
        error=record.error if record.state in (*UNSCORED, "nan") else None,
        step=max(record.step, points[-1][0] if points else 0),
        started=started,
        until=max(started, until),
    )


def digest(points: Sequence[Point]) -> str:
    """16 hex digits that differ where reports do."""
    lines = (
        f"{step} {sorted((k, repr(v)) for k, v in metrics.items())}" for step, metrics in points
    )
    return hashlib.blake2b("\n".join(lines).encode(), digest_size=8).hexdigest()


def config(run: Run, trial: Trial) -> dict[str, Value]:
    """All that a run was told; what is neither number nor text is written as its canonical text."""
    told = {**run.params, **trial.labels, "task": run.task, "seed": run.seed, "trial": run.trial}
    return {
        name: value if isinstance(value, bool | int | float | str) else canonical(value)
        for name, value in told.items()
    }


def results(space: Space, record: RunRecord) -> dict[str, float]:
    """The scores of a run that has ended: normalised, the first in the metric's own unit, too."""
    found = {f"{OWN}score": record.score, f"{OWN}value": record.value}
    if record.also:
        found |= {
            f"{OWN}score {name}": score
            for name, score in zip(space.score_names[1:], record.also, strict=False)
        }
    return {name: float(number) for name, number in found.items() if number is not None}


def _numbers(metrics: Mapping[str, Any]) -> dict[str, float]:
    return {_apart(name): float(value) for name, value in metrics.items() if is_number(value)}


def _apart(name: str) -> str:
    """The name of a metric of a run, which is none of sweeper's own."""
    return f"{name}{REPORTED}" if name.startswith(OWN) else name
