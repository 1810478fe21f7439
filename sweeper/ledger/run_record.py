"""The record of one run: its attempts, and which lines and reports of each attempt count.

Of several attempts the claim of attempt n + 1 tells how much of attempt n counts: its lines up to
the accepted sequence, its reports up to the step that was resumed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from sweeper.ledger.lines.kinds import (
    AttemptLine,
    CheckpointLine,
    ClaimLine,
    EndLine,
    ReleaseLine,
    StartLine,
)

ENDS = ("complete", "pruned", "nan", "failed", "oom", "timeout", "lost")
"""The states in which a run has ended."""

SCORED = ("complete", "nan")
"""Ends of a run that count: with its score, or as diverged, which is worse than any score."""

UNSCORED = ("failed", "oom", "timeout", "lost")
"""Ends of a run that fail its trial: it is never averaged over the others."""

UNENDED = ("open", "running")
"""The states in which a run has not ended."""

PAUSED = "paused"
"""The state of a run that stopped at a pruner's step, and goes on from there if it is promoted."""

STATES = (*UNENDED, PAUSED, *ENDS)
"""All states of a run."""

REOPENED = "reopened"
"""Why attempt 0 of a new generation was given up: it only opened the run again."""

Point = tuple[int, dict[str, float]]
"""A report: the step and its metrics."""


@dataclass(frozen=True)
class CheckpointRecord:
    """A saved state: the file's name, its step and the ledger sequence that named it."""

    file: str
    step: int
    sequence: int


@dataclass
class Attempt:
    """One worker's hold on a run, as far as its lines are known."""

    worker: str
    resumed: int = 0
    supersedes: int | None = None
    """The last sequence of the attempt before that counts; `None` for the first attempt."""
    excuses: bool = False
    """Whether the attempt before died with its job, which was pushed out or cancelled."""
    pack: int = 0
    """Members of the pack in which it was last stepped; 0 before its first step."""
    sequence: int = -1
    step: int = 0
    began: float | None = None
    checkpoint: CheckpointRecord | None = None
    reports: dict[int, Point] = field(default_factory=dict)
    released: str | None = None
    """Why its worker gave it up: `stopped`, `split`, `memory`, `raised`, `reopened`, `paused`, or
    `None`."""
    cap: int | None = None
    """The largest pack that may try this run next."""
    error: str | None = None
    given_up: float | None = None
    """When it was given up (seconds since the epoch); nobody knows when a killed one ended."""
    stateful: bool = False
    """Whether it resumed from a saved state."""

    @property
    def seconds(self) -> float:
        """How long it was held, where it is known when that began and when it was given up."""
        if self.began is None or self.given_up is None:
            return 0.0
        return self.given_up - self.began

    def report(self, sequence: int, step: int, metrics: dict[str, float]) -> None:
        """Takes a report of its own in."""
        self.reports[sequence] = (step, metrics)
        if sequence > self.sequence:
            self.sequence = sequence
        if step > self.step:
            self.step = step

    @property
    def continues(self) -> float:
        """Up to which step the reports of earlier attempts count.

        Without a saved state it began anew, or, as a function may, went on from files of its own:
        then what it reported first tells where; of that step it may report only what was missing.
        Who died before the first report says nothing.
        """
        if self.stateful:
            return self.resumed
        return min((step for step, _ in self.reports.values()), default=math.inf)

    def accepted(self, sequence: int | None) -> dict[int, dict[str, float]]:
        """Its reports up to `sequence` (all where `None`) by step; what was written last counts."""
        points: dict[int, dict[str, float]] = {}
        for number, (step, metrics) in sorted(self.reports.items()):
            if sequence is None or number <= sequence:
                points[step] = points.get(step, {}) | metrics
        return points


@dataclass
class RunRecord:
    """All that the ledger knows of a run in its newest generation."""

    run: str
    generation: int = 0
    tries: dict[int, Attempt] = field(default_factory=dict)
    end: EndLine | None = None
    ended: float | None = None

    def whole(self, runs: dict[str, RunRecord]) -> RunRecord:
        """The record to change: itself; one that a snapshot knows takes a whole one's place."""
        return self

    @property
    def last(self) -> int:
        """The number of the newest attempt; -1 before the first."""
        return max(self.tries, default=-1)

    @property
    def state(self) -> str:
        """One of `STATES`; `running` says nothing of whether its worker is alive."""
        if self.end is not None:
            return self.end.state
        released = self.tries[self.last].released if self.tries else ""
        if released is None:
            return "running"
        return PAUSED if released == PAUSED else "open"

    @property
    def settled(self) -> bool:
        """Whether it has ended, or paused."""
        return self.end is not None or self.state == PAUSED

    @property
    def attempts(self) -> int:
        """How many attempts began."""
        return sum(attempt.released != REOPENED for attempt in self.tries.values())

    @property
    def worker(self) -> str | None:
        """Who holds it, or held it last."""
        return self.tries[self.last].worker if self.tries else None

    @property
    def score(self) -> float | None:
        """The normalised score of an ended run."""
        return None if self.end is None else self.end.score

    @property
    def value(self) -> float | None:
        """The score of an ended run in the metric's own unit."""
        return None if self.end is None else self.end.value

    @property
    def also(self) -> Sequence[float] | None:
        """The further scores of an ended run, normalised, where the space has several."""
        return None if self.end is None else self.end.also

    @property
    def error(self) -> str | None:
        """The traceback that ended it, or the last one seen."""
        errors = [attempt.error for _, attempt in sorted(self.tries.items()) if attempt.error]
        if self.end is not None and self.end.error:
            errors.append(self.end.error)
        return errors[-1] if errors else None

    @property
    def started(self) -> float | None:
        """When its first attempt began, in seconds since the epoch by that worker's clock."""
        times = [attempt.began for attempt in self.tries.values() if attempt.began is not None]
        return min(times, default=None)

    @property
    def step(self) -> int:
        """Environment steps done that count."""
        if self.end is not None:
            return self.end.step
        return max((attempt.step for attempt in self.tries.values()), default=0)

    @property
    def reports(self) -> list[Point]:
        """The reports that count, by step."""
        points: dict[int, dict[str, float]] = {}
        sequence = None if self.end is None else self.end.sequence
        limit = math.inf
        for number in range(self.last, -1, -1):
            attempt = self.tries.get(number)
            if attempt is None:
                sequence = None
                continue
            for step, metrics in attempt.accepted(sequence).items():
                if step <= limit:
                    points[step] = metrics | points.get(step, {})
            sequence, limit = attempt.supersedes, min(limit, attempt.continues)
        return sorted(points.items())

    @property
    def resume_from(self) -> CheckpointRecord | None:
        """The saved state that the next attempt begins with."""
        return self.tries[self.last].checkpoint if self.tries else None

    @property
    def deaths(self) -> int:
        """Attempts that died while stepped alone and got no further than those before them.

        Those that ended with their job, pushed out by others or cancelled, do not count.
        """
        return len(self._deaths)

    @property
    def died_in_vain(self) -> bool:
        """Whether the newest attempt is one of these `deaths`, once its worker is dead."""
        return self.last in self._deaths

    @property
    def _deaths(self) -> list[int]:
        found, best = [], 0
        for number, attempt in sorted(self.tries.items()):
            following = self.tries.get(number + 1)
            excused = following is not None and following.excuses
            alone = attempt.released is None and attempt.pack == 1
            if alone and attempt.step <= best and not excused:
                found.append(number)
            best = max(best, attempt.step)
        return found

    @property
    def failures(self) -> int:
        """Attempts that raised while alone in their pack."""
        return sum(attempt.released == "raised" for attempt in self.tries.values())

    @property
    def cap(self) -> int | None:
        """The largest pack that may try it next: half the one that died or raised."""
        if not self.tries:
            return None
        attempt = self.tries[self.last]
        if attempt.released is None and attempt.pack:
            return max(1, attempt.pack // 2)
        return attempt.cap


def apply(attempt: Attempt, line: AttemptLine) -> None:
    """Updates `attempt` with a line of its own."""
    sequence = line.sequence
    attempt.sequence = max(attempt.sequence, sequence)
    match line:
        case ClaimLine():
            _claim(attempt, line)
        case StartLine():
            attempt.pack = line.pack
        case CheckpointLine():
            _checkpoint(attempt, CheckpointRecord(line.file, line.step, sequence))
        case ReleaseLine():
            attempt.released, attempt.cap, attempt.error = line.reason, line.cap, line.error
            attempt.given_up = line.time


def _claim(attempt: Attempt, line: ClaimLine) -> None:
    attempt.worker = line.worker
    attempt.resumed = line.step
    attempt.step = max(attempt.step, attempt.resumed)
    attempt.supersedes = line.supersedes
    attempt.excuses = line.excused
    attempt.began = line.time
    attempt.stateful = line.file is not None
    if line.file is not None:
        _checkpoint(attempt, CheckpointRecord(line.file, line.step, line.sequence))


def _checkpoint(attempt: Attempt, saved: CheckpointRecord) -> None:
    if attempt.checkpoint is None or attempt.checkpoint.sequence <= saved.sequence:
        attempt.checkpoint = saved
    attempt.step = max(attempt.step, saved.step)
