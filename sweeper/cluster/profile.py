"""Profiles: what a Slurm job of workers asks for, as YAML with submitit's keys."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sweeper.errors import Invalid, Mistakes, SweeperError, choices, shown
from sweeper.files import bundled
from sweeper.schema import document
from sweeper.schema.rules import mapping, positive, text, whole

DEFAULT = "slurm/default.yaml"

_OURS = {
    "name": "jobs are named after their study, and found by that name",
    "job_name": "jobs are named after their study, and found by that name",
    "nodes": "workers do not talk to each other: workers= is how many there are",
    "num_gpus": "it is gpus_per_node",
    "mem": "it is mem_gb",
    "stderr_to_stdout": "a worker's log is one file",
    "use_srun": "without srun no signal reaches a worker",
    "dependency": "workers depend on nothing",
}
"""What submitit would take, and why a profile has no say in it."""

_INSTEAD = {
    "time": "timeout_min",
    "mem": "mem_gb",
    "signal": "signal_delay_s",
    "array": "array_parallelism",
    "ntasks": "tasks_per_node",
    "gpus": "gpus_per_node",
}
"""Lines of sbatch that a profile's own keys become."""

_SET = "job_name", "nodes", "dependency", "output", "error", "open_mode", "wrap", "wait"
"""Lines of sbatch that sweeper writes, or that would keep it from being answered."""

_LINES = "srun_args", "setup", "teardown"
_WHOLE = (
    "cpus_per_task",
    "cpus_per_gpu",
    "gpus_per_node",
    "gpus_per_task",
    "tasks_per_node",
    "ntasks_per_node",
    "signal_delay_s",
    "array_parallelism",
)
_TIME = re.compile(r"(?:(?P<d>\d+)-)?(?P<a>\d+)(?::(?P<b>\d+))?(?::(?P<c>\d+))?")
_MEMORY = re.compile(r"\d+(\.\d+)?[KMGT]?B?", re.IGNORECASE)


@dataclass(frozen=True)
class Profile:
    """A profile that was checked; `parameters` are submitit's."""

    file: Path
    parameters: Mapping[str, Any]
    minutes: int | None
    """The job's time limit; `None` leaves it to the partition."""

    @property
    def tasks(self) -> int:
        """Workers a job."""
        return int(self.parameters.get("ntasks_per_node", 1))

    def jobs(self, workers: int) -> int:
        """How many jobs hold so many workers."""
        return -(-workers // self.tasks)

    @property
    def cpus(self) -> int:
        """Processors a job asks for."""
        return self.tasks * int(self.parameters.get("cpus_per_task", 1))

    @property
    def parallel(self) -> int:
        """How many jobs may run at a time."""
        return int(self.parameters.get("array_parallelism", 256))

    @property
    def delay_s(self) -> int:
        """How long before its limit a job is told."""
        return int(self.parameters.get("signal_delay_s", 90))

    @property
    def memory_mb(self) -> float:
        """Memory of a job on a node; 0 where it is given otherwise, or left to the cluster."""
        asked = self.parameters.get("mem")
        return 0.0 if asked is None else 1024 * float(asked)

    def throttled(self, parallel: int) -> Profile:
        """The same, with so many jobs of an array at a time."""
        return replace(self, parameters={**self.parameters, "array_parallelism": parallel})

    @property
    def gpus(self) -> bool:
        """Whether it asks for GPUs."""
        return self.gpu_count > 0

    def device(self, asked: str | None) -> str:
        """Where tensors live: where it was asked for, else on its GPUs if it has them."""
        return asked or ("cuda" if self.gpus else "cpu")

    @property
    def gpu_count(self) -> int:
        """GPUs of a job."""
        node, task = (int(self.parameters.get(f"gpus_per_{of}", 0)) for of in ("node", "task"))
        if node or task:
            return node or task * self.tasks
        gres = str(self.parameters.get("gres", "")).split(",")
        parts = [part.removeprefix("gres:").split(":") for part in gres if "gpu" in part]
        return sum(int(part[-1]) if part[-1].isdecimal() else 1 for part in parts)


def load(name: str) -> Profile:
    """The profile in the file `name`, or the one of that name that comes with sweeper.

    Raises `SweeperError` with file, line, key and what is valid.
    """
    file = find(name)
    read = document.read(file, "a profile", later=True)
    try:
        profile = _checked(file, mapping(read.data))
    except Invalid as error:
        raise read.errors([error]) from error
    if read.mistakes:
        raise read.errors([])
    return profile


def find(name: str) -> Path:
    """Where the profile `name` is: a file, else one that comes with sweeper."""
    found = bundled.find("slurm", name)
    if found is None:
        valid = choices(name, bundled.named("slurm"))
        where = f"in {Path.cwd()}{valid}, or a file of your own"
        raise SweeperError(f"there is no profile {shown(name)} {where}")
    return found


def _checked(file: Path, data: Mapping[str, Any]) -> Profile:
    import submitit  # takes a while

    names: dict[str, Any] = dict(submitit.SlurmExecutor._equivalence_dict())
    valid = sorted({*submitit.SlurmExecutor._valid_parameters(), *names} - set(_OURS))
    parameters: dict[str, Any] = {}
    mistakes = Mistakes()
    for key, value in data.items():
        native = str(names.get(key, key))
        with mistakes.under(key):
            if key in _OURS:
                raise Invalid(f"must go: {_OURS[key]}")
            if key not in valid:
                raise Invalid(f"is an unknown key{choices(str(key), valid)}")
            if native in parameters:
                raise Invalid("is given twice, under two names")
            if value is not None:
                parameters[native] = _value(key, value)
    with mistakes.under():
        _check_additional(parameters.get("additional_parameters", {}), valid)
    mistakes.check()
    profile = Profile(file, parameters, parameters.get("time"))
    if profile.minutes is not None and 60 * profile.minutes <= profile.delay_s:
        raise Invalid(
            f"must be more than signal_delay_s, {profile.delay_s} seconds before it at which a "
            f"worker saves its runs, but is {60 * profile.minutes} seconds",
            ("time" if "time" in data else "timeout_min",),
        )
    return profile


def _check_additional(given: Mapping[str, Any], valid: Sequence[str]) -> None:
    """Refuses lines for sbatch that would undo what the profile says, unseen by all checks."""
    for key in given:
        name = str(key).replace("-", "_")
        ours = _INSTEAD.get(name, name)
        if ours in valid:
            raise Invalid(f"must go: it is the profile's {ours}", ("additional_parameters", key))
        if name in _SET:
            raise Invalid("must go: sweeper sets it", ("additional_parameters", key))


def _value(key: str, value: Any) -> Any:
    if key in ("timeout_min", "time"):
        return _minutes(value)
    if key in _WHOLE:
        return whole(1)(value)
    if key == "mem_gb":
        return positive(value)
    if key in ("mem_per_cpu", "mem_per_gpu"):
        return _memory(value)
    if key in _LINES:
        return [text(line) for line in (value if isinstance(value, list) else [value])]
    if key == "additional_parameters":
        return mapping(value)
    if key == "exclusive" and isinstance(value, bool):
        return value
    return text(str(value) if isinstance(value, int | float) else value)


def _memory(value: Any) -> str:
    written = str(value)
    if not _MEMORY.fullmatch(written):
        raise Invalid(f"must be a size like 4000M or 16G, but got {shown(value)}")
    return written


def _minutes(value: Any) -> int:
    """Minutes, also from Slurm's `minutes:seconds`, `hours:minutes:seconds`, `days-hours:…`."""
    rule = "must be whole minutes, or a time as Slurm writes it (2-12:00:00, 12:00:00)"
    found = _TIME.fullmatch(str(value).strip()) if isinstance(value, str | int | float) else None
    if found is None or isinstance(value, bool):
        raise Invalid(f"{rule}, but got {shown(value)}")
    days = int(found["d"] or 0)
    a, b, c = (int(found[name] or 0) for name in "abc")
    if found["d"] is not None or found["c"] is not None:
        hours, minutes, seconds = a, b, c
    else:
        hours, minutes, seconds = 0, a, b
    whole_minutes = (days * 24 + hours) * 60 + minutes + -(-seconds // 60)
    if whole_minutes < 1:
        raise Invalid(f"{rule} of at least a minute, but got {shown(value)}")
    return whole_minutes
