"""The kinds of ledger lines, one class each, and the only code that converts them from and to JSON.

A line's keys are the names of its class's fields, in their order, but for those in `_SHORT`; a
field with a default may be absent. Keys that a class does not know are passed over, and lines of a
kind that nobody knows become `UnknownLine`: a ledger may be written by an older or a newer
revision.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from functools import partial
from operator import itemgetter
from typing import Any, NamedTuple, Self

from sweeper.ledger.lines.header import WorkerHeader

Json = dict[str, Any]
"""A line as JSON holds it."""

_SHORT = {"generation": "gen", "attempt": "att", "sequence": "seq"}
"""Fields whose keys are shorter than their names."""

_LEFT_OUT = {"also", "time"}
"""Keys that a line leaves out where they hold nothing."""


@functools.cache
def _keys(kind: type) -> tuple[tuple[str, str], ...]:
    """The fields of a class of lines by name, and the key of each."""
    return tuple((one.name, _SHORT.get(one.name, one.name)) for one in fields(kind))


@functools.cache
def _reading(kind: type) -> tuple[Callable[[Any], Any], tuple[tuple[str, Any], ...]]:
    """What takes the values of all keys that must be there; the others, with what they default to.

    `itemgetter` is quickest, but of a single key it takes no sequence.
    """
    needed, others = [], []
    for one, (_, key) in zip(fields(kind), _keys(kind), strict=True):
        if one.default_factory is not MISSING:
            others.append((key, one.default_factory()))
        elif one.default is not MISSING:
            others.append((key, one.default))
        else:
            needed.append(key)
    return (itemgetter(*needed) if len(needed) > 1 else partial(_each, needed)), tuple(others)


def _each(keys: Sequence[str], body: Mapping[str, Any]) -> list[Any]:
    return [body[key] for key in keys]


class _Line:
    """A line whose keys are its fields."""

    __slots__ = ()

    @classmethod
    def of_json(cls, body: Mapping[str, Any]) -> Self:
        """The line that `body` holds."""
        kind: Any = cls
        needed, others = _reading(kind)
        return cls(*needed(body), *[body.get(key, default) for key, default in others])

    def to_json(self) -> Json:
        """The line as JSON."""
        kind: Any = type(self)
        found: Json = {"kind": _NAMES[kind]}
        for name, key in _keys(kind):
            value = getattr(self, name)
            if value is not None or key not in _LEFT_OUT:
                found[key] = value
        return found


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
class CloseLine(_Line):
    """The last line of a ledger file: its worker left."""


@dataclass(frozen=True, slots=True)
class SkipLine(_Line):
    """How many saves a worker has left out so far."""

    saves: int


@dataclass(frozen=True, slots=True)
class JudgedLine(_Line):
    """What a pruner said of a trial at a step."""

    trial: int
    lives: int
    """How often the runs that judge the trial had been opened again, together."""
    step: int
    value: float
    prune: bool
    attributes: Mapping[str, Any] = field(default_factory=dict)
    """What the pruner keeps in Optuna's attributes of the trial."""
    seeds: int | None = None
    """By how many of its first seeds the trial was judged; older lines do not say."""


@dataclass(frozen=True, slots=True)
class UnknownLine:
    """A line of a kind that this revision does not know; it changes nothing."""

    kind: str


@dataclass(frozen=True, slots=True)
class AttemptLine(_Line):
    """A line about an attempt at a run, other than a report."""

    run: str
    generation: int
    attempt: int
    sequence: int
    """The line's own number within the attempt."""


@dataclass(frozen=True, slots=True)
class ClaimLine(AttemptLine):
    """A worker takes a run: the next attempt begins."""

    worker: str
    supersedes: int | None
    """The last sequence of the attempt before that counts; `None` for the first attempt."""
    step: int
    """The step that it resumes from."""
    file: str | None
    """The checkpoint that it resumes from; `None` where it begins anew."""
    excused: bool = False
    """Whether the attempt before died with its job, which was pushed out or cancelled."""
    time: float | None = None


@dataclass(frozen=True, slots=True)
class StartLine(AttemptLine):
    """A run is stepped from now on, in a pack of `pack` members."""

    pack: int


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
        return {"kind": "report", **dict(zip(_REPORT_KEYS, self, strict=True))}


_REPORT_KEYS = tuple(_SHORT.get(name, name) for name in ReportLine._fields)
_REPORT = itemgetter(*_REPORT_KEYS)


@dataclass(frozen=True, slots=True)
class CheckpointLine(AttemptLine):
    """A run's state was saved at a step, to a file of that name."""

    step: int
    file: str


@dataclass(frozen=True, slots=True)
class ReleaseLine(AttemptLine):
    """A worker gives a run up, for anybody to take."""

    reason: str
    """`stopped`, `split`, `memory`, `raised` or `reopened`."""
    cap: int | None
    """The largest pack that may try the run next."""
    error: str | None = None
    time: float | None = None


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
    """The further scores, normalised, where the space has several; then what it reported last of
    each metric that a constraint bounds."""
    time: float | None = None


RunLine = ReportLine | AttemptLine
"""A line about an attempt at a run."""

LedgerLine = HeaderLine | CloseLine | SkipLine | JudgedLine | UnknownLine | RunLine

_KINDS: dict[str, type[_Line]] = {
    "claim": ClaimLine,
    "start": StartLine,
    "checkpoint": CheckpointLine,
    "release": ReleaseLine,
    "end": EndLine,
    "judged": JudgedLine,
    "close": CloseLine,
    "skip": SkipLine,
}
_NAMES = {of: kind for kind, of in _KINDS.items()}
"""The kind of each class."""


def of_json(body: Mapping[str, Any]) -> LedgerLine:
    """The line that `body` holds."""
    kind = body["kind"]
    if kind == "report":
        return ReportLine(*_REPORT(body))
    if kind == "header":
        return HeaderLine.of_json(body)
    line: Any = _KINDS[kind].of_json(body) if kind in _KINDS else UnknownLine(kind)
    return line  # type: ignore[no-any-return]


def all_of_json(bodies: Iterable[Mapping[str, Any]]) -> Iterator[LedgerLine]:
    """`of_json` of many bodies; fast, as reports, the most frequent kind, need no function call."""
    new, values, report = tuple.__new__, _REPORT, ReportLine
    for body in bodies:
        yield new(report, values(body)) if body["kind"] == "report" else of_json(body)
