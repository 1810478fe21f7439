"""The status of a study, as `sweeper status format=json` prints it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sweeper.ledger.damage import DamagedFile
from sweeper.report.progress.work_left import WorkLeft
from sweeper.study.study import Cancellation


@dataclass(frozen=True)
class WorkerStatus:
    """A worker as its ledger's header names it, its state (one of `worker_status.STATES`) and why.

    `silent_s` is for how many seconds it has given no sign; `None` where nobody can tell.
    """

    name: str
    host: str | None
    job: str | None
    restart: int | None
    log: str | None
    state: str
    evidence: str
    silent_s: float | None


@dataclass(frozen=True)
class BestTrial:
    """The complete trial with the best value, which aggregates the scores of its `n` runs.

    Of several scores that is the first; `values` has all of them by name.
    """

    trial: int
    value: float
    values: Mapping[str, float]
    aggregate: str
    n: int
    diverged: int
    params: Mapping[str, Any]
    """Its labels by axis."""
    breaks: Sequence[str] = ()
    """The constraints of the score that it breaks, as no trial keeps them all."""


@dataclass(frozen=True)
class Provenance:
    """The code and the machine that the study began with, and workers that ran other code."""

    code: Mapping[str, str]
    """Revisions by repository."""
    packages: Mapping[str, str]
    """Versions by package."""
    machine: Mapping[str, Any]
    tasks: Mapping[str, Mapping[str, str]]
    dirty: list[str]
    """Repositories with uncommitted changes."""
    other_code: Mapping[str, list[str]]
    """By worker, a line for each difference from the code that the study began with."""
    source: Mapping[str, str] = field(default_factory=dict)
    """Of an analysis the study that it is of, and which weights these are."""
    mixed: str = ""
    """How many runs ran with other files, and which; empty where none did."""
    edited: Sequence[str] = ()
    """Files that training runs and that have changed since the study was planned last."""


@dataclass(frozen=True)
class DamagedBytes:
    """Bytes `start` to `end` of a ledger file that hold no whole line."""

    file: str
    start: int
    end: int


@dataclass(frozen=True)
class StudyStatus:
    """Counts of runs and trials by state, workers, the best trial, and damage to the ledger."""

    study: str
    folder: str
    runs: Mapping[str, int]
    """By state, and their `total`."""
    trials: Mapping[str, int]
    """By state, and their `total`."""
    progress: WorkLeft
    """What is left, and how fast it goes."""
    seeds: Mapping[int, int]
    """How many trials have so many seeds, where these go in rungs; else empty."""
    unfound: int
    """Trials that were asked for beyond the last configuration that could be found."""
    workers: list[WorkerStatus]
    pruner: list[str]
    """What the pruner's arguments probably do not mean, by what was reported."""
    jobs: Mapping[str, int] | None
    """Slurm jobs by state; `None` where the study has none or Slurm does not answer."""
    cancelled: Cancellation | None
    """When and by whom it was cancelled; `None` where it goes on."""
    best: BestTrial | None
    errors: Mapping[str, int]
    """Failed runs by cause, which the last line of an error stands for; the most frequent first."""
    raised: Mapping[str, int]
    """Runs that raised and have not ended, alike."""
    provenance: Provenance
    disk: Mapping[str, int]
    """Bytes by part of the study, their `total`, and the number of `files`."""
    skipped_saves: int
    damaged: list[DamagedBytes]
    missing: list[str]
    """Ledger files that are gone."""
    unsound: list[DamagedFile]
    """What else of its files is damaged, and what is lost by that."""
    note: str
    """What somebody wrote about it."""
    tags: Sequence[str]

    @property
    def unended(self) -> int:
        """How many runs have not ended."""
        return self.runs["open"] + self.runs["running"]

    def as_json(self) -> dict[str, Any]:
        """All of it as plain dictionaries and lists, by the names above and in their order."""
        return asdict(self)
