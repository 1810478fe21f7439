"""A worker's header: where it runs, what started it, and with what code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class WorkerHeader:
    """What a worker's ledger says of the worker; `None` where it says nothing of it."""

    host: str | None = None
    user: int | None = None
    """Its user's number."""
    boot: str | None = None
    """The boot of its machine, and the namespace in which `pid` means something."""
    pid: int | None = None
    started: str | None = None
    """When its process began, in a form fit for comparison only."""
    job: str | None = None
    """Its Slurm job."""
    restart: int | None = None
    """How often that job had been requeued."""
    tender: str | None = None
    """The `sweeper work` that started it, and starts another in its place when it is killed."""
    life: int = 0
    """How many workers that one had started before."""
    cgroup: str | None = None
    """The folder of the cgroup that accounts for its memory."""
    gpus: str | None = None
    """Its CUDA_VISIBLE_DEVICES."""
    log: str | None = None
    """The file that it prints to, relative to the study where it lies within."""
    code: Mapping[str, Any] = field(default_factory=dict)
    """Revisions of the code that it runs."""
    time: float | None = None
    command: str | None = None
    """The command that wrote the ledger, where that took no runs: `retry`."""

    @classmethod
    def of_json(cls, body: Mapping[str, Any]) -> Self:
        """The header that a ledger's first line holds."""
        return cls(**{name: body[name] for name in _NAMES if name in body})

    def to_json(self) -> dict[str, Any]:
        """The header as JSON: of a worker all but `command`, of a command its process alone."""
        found = asdict(self)
        if self.command is not None:
            return {name: found[name] for name in (*_PROCESS, "command")}
        del found["command"]
        return found


_NAMES = tuple(field.name for field in fields(WorkerHeader))
_PROCESS = ("host", "user", "boot", "pid", "started")
