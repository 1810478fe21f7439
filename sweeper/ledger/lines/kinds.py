"""The kinds of ledger lines, one class each, and the only code that converts them from and to JSON.

Keys that a class does not know are passed over, and lines of a kind that nobody knows become
`UnknownLine`: a ledger may be written by an older or a newer revision. Lines about an attempt name
its run, generation (`gen`), attempt (`att`) and their own number within the attempt (`seq`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NamedTuple, Self

from sweeper.ledger.lines.header import WorkerHeader

Json = dict[str, Any]
"""A line as JSON holds it."""


@dataclass(frozen=True, slots=True)
class HeaderLine:
    """The first line of a ledger file: its format, and who writes it."""

    format: int
    header: WorkerHeader

    @classmethod
    def of_json(cls, body: Mapping[str, Any]) -> Self:
        """The line that `body` holds."""
        return cls(body["format"], WorkerHeader.of_json(body))


@dataclass(frozen=True, slots=True)
class CloseLine:
    """The last line of a ledger file: its worker left."""

    @classmethod
    def of_json(cls, body: Mapping[str, Any]) -> Self:
        """The line that `body` holds."""
        return cls()

    def to_json(self) -> Json:
        """The line as JSON."""
        return {"kind": "close"}


@dataclass(frozen=True, slots=True)
class SkipLine:
    """How many saves a worker has left out so far."""

    saves: int

    @classmethod
    def of_json(cls, body: Mapping[str, Any]) -> Self:
        """The line that `body` holds."""
        return cls(body["saves"])

    def to_json(self) -> Json:
        """The line as JSON."""
        return {"kind": "skip", "saves": self.saves}


@dataclass(frozen=True, slots=True)
class JudgedLine:
    """What a pruner said of a trial at a step."""

    trial: int
    lives: int
    """How often the runs that judge the trial had been opened again, together."""
    step: int
    value: float
    prune: bool
    attributes: Mapping[str, Any]
    """What the pruner keeps in Optuna's attributes of the trial."""
    seeds: int | None = None
    """By how many of its first seeds the trial was judged; older lines do not say."""

    @classmethod
    def of_json(cls, body: Mapping[str, Any]) -> Self:
        """The line that `body` holds."""
        return cls(
            body["trial"],
            body["lives"],
            body["step"],
            body["value"],
            body["prune"],
            body.get("attributes", {}),
            body.get("seeds"),
        )

    def to_json(self) -> Json:
        """The line as JSON."""
        return {
            "kind": "judged",
            "trial": self.trial,
            "lives": self.lives,
            "step": self.step,
            "value": self.value,
            "prune": self.prune,
            "attributes": self.attributes,
            "seeds": self.seeds,
        }


@dataclass(frozen=True, slots=True)
class UnknownLine:
    """A line of a kind that this revision does not know; it changes nothing."""

    kind: str


@dataclass(frozen=True, slots=True)
class AttemptLine:
    """A line about an attempt at a run, other than a report."""

    run: str
    generation: int
    attempt: int
    sequence: int

    def to_json(self) -> Json:
        """The line as JSON."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class ClaimLine(AttemptLine):
    """A worker takes a run: the next attempt begins."""

    worker: str
    supersedes: int | None
    """The last sequence of the attempt before that counts; `None` for the first attempt."""
    excused: bool
    """Whether the attempt before died with its job, which was pushed out or cancelled."""
    step: int
    """The step that it resumes from."""
    file: str | None
    """The checkpoint that it resumes from; `None` where it begins anew."""
    time: float | None = None

    @classmethod
    def of_json(cls, body: Mapping[str, Any]) -> Self:
        """The line that `body` holds."""
        return cls(
            *_attempt(body),
            body["worker"],
            body["supersedes"],
            bool(body.get("excused")),
            body["step"],
            body["file"],
            body.get("time"),
        )

    def to_json(self) -> Json:
        """The line as JSON."""
        return _about(
            "claim",
            self,
            worker=self.worker,
            supersedes=self.supersedes,
            excused=self.excused,
            step=self.step,
            file=self.file,
            **_given(time=self.time),
        )


@dataclass(frozen=True, slots=True)
class StartLine(AttemptLine):
    """A run is stepped from now on, in a pack of `pack` members."""

    pack: int

    @classmethod
    def of_json(cls, body: Mapping[str, Any]) -> Self:
        """The line that `body` holds."""
        return cls(*_attempt(body), body["pack"])

    def to_json(self) -> Json:
        """The line as JSON."""
        return _about("start", self, pack=self.pack)


class ReportLine(NamedTuple):
    """Metrics of a run at a step.

    Most lines of a ledger are reports: a dataclass would make reading it half as slow again.
    """

    run: str
    generation: int
    attempt: int
    sequence: int
    step: int
    metrics: dict[str, float]

    def to_json(self) -> Json:
        """The line as JSON."""
        return _about("report", self, step=self.step, metrics=self.metrics)


_REPORT = itemgetter("run", "gen", "att", "seq", "step", "metrics")


@dataclass(frozen=True, slots=True)
class CheckpointLine(AttemptLine):
    """A run's state was saved at a step, to a file of that name."""

    step: int
    file: str

    @classmethod
    def of_json(cls, body: Mapping[str, Any]) -> Self:
        """The line that `body` holds."""
        return cls(*_attempt(body), body["step"], body["file"])

    def to_json(self) -> Json:
        """The line as JSON."""
        return _about("checkpoint", self, step=self.step, file=self.file)


@dataclass(frozen=True, slots=True)
class ReleaseLine(AttemptLine):
    """A worker gives a run up, for anybody to take."""

    reason: str
    """`stopped`, `split`, `memory`, `raised` or `reopened`."""
    cap: int | None
    """The largest pack that may try the run next."""
    error: str | None
    time: float | None = None

    @classmethod
    def of_json(cls, body: Mapping[str, Any]) -> Self:
        """The line that `body` holds."""
        return cls(
            *_attempt(body),
            body["reason"],
            body["cap"],
            body.get("error"),
            body.get("time"),
        )

    def to_json(self) -> Json:
        """The line as JSON."""
        given = _given(time=self.time)
        return _about("release", self, reason=self.reason, cap=self.cap, error=self.error, **given)


@dataclass(frozen=True, slots=True)
class EndLine(AttemptLine):
    """How a run ended; `sequence` is the last line of its attempt that counts."""

    state: str
    step: int
    score: float | None = None
    """Normalised."""
    value: float | None = None
    """The score in the metric's own unit."""
    error: str | None = None
    also: Sequence[float] | None = None
    """The further scores, normalised, where the space has several."""
    time: float | None = None

    @classmethod
    def of_json(cls, body: Mapping[str, Any]) -> Self:
        """The line that `body` holds."""
        return cls(
            *_attempt(body),
            body["state"],
            body["step"],
            body.get("score"),
            body.get("value"),
            body.get("error"),
            body.get("also"),
            body.get("time"),
        )

    def to_json(self) -> Json:
        """The line as JSON."""
        return _about(
            "end",
            self,
            state=self.state,
            step=self.step,
            score=self.score,
            value=self.value,
            error=self.error,
            **_given(also=self.also, time=self.time),
        )


RunLine = ReportLine | AttemptLine
"""A line about an attempt at a run."""

LedgerLine = HeaderLine | CloseLine | SkipLine | JudgedLine | UnknownLine | RunLine

_KINDS: dict[str, Callable[[Mapping[str, Any]], LedgerLine]] = {
    "report": lambda body: ReportLine(*_REPORT(body)),
    "claim": ClaimLine.of_json,
    "start": StartLine.of_json,
    "checkpoint": CheckpointLine.of_json,
    "release": ReleaseLine.of_json,
    "end": EndLine.of_json,
    "judged": JudgedLine.of_json,
    "header": HeaderLine.of_json,
    "close": CloseLine.of_json,
    "skip": SkipLine.of_json,
}


def of_json(body: Mapping[str, Any]) -> LedgerLine:
    """The line that `body` holds."""
    kind = body["kind"]
    read = _KINDS.get(kind)
    return UnknownLine(kind) if read is None else read(body)


def all_of_json(bodies: Iterable[Mapping[str, Any]]) -> Iterator[LedgerLine]:
    """`of_json` of many bodies; fast, as reports, the most frequent kind, need no function call."""
    new, values, report = tuple.__new__, _REPORT, ReportLine
    for body in bodies:
        yield new(report, values(body)) if body["kind"] == "report" else of_json(body)


def _attempt(body: Mapping[str, Any]) -> tuple[str, int, int, int]:
    """Run, generation, attempt and sequence, with which every line about an attempt begins."""
    return body["run"], body["gen"], body["att"], body["seq"]


def _about(kind: str, line: RunLine, **fields: Any) -> Json:
    return {
        "kind": kind,
        "run": line.run,
        "gen": line.generation,
        "att": line.attempt,
        "seq": line.sequence,
        **fields,
    }


def _given(**fields: Any) -> Json:
    """Those of `fields` that are not `None`: a line leaves the others out."""
    return {name: value for name, value in fields.items() if value is not None}
