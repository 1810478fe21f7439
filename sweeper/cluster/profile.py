"""Profiles: what a Slurm job of workers asks for, as YAML with the keys of sbatch and submitit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sweeper.cluster.keys import batch_header, names, refused, values
from sweeper.errors import Invalid, Mistakes, SweeperError, choices, did_you_mean, shown
from sweeper.files import bundled
from sweeper.schema import document
from sweeper.schema.rules import mapping

DEFAULT = "slurm/default.yaml"


@dataclass(frozen=True)
class Profile:
    """A profile that was checked; `parameters` are sbatch's options, with underscores."""

    file: Path
    parameters: Mapping[str, Any]
    name: str | None = None
    """What its jobs' names begin with."""
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Environment variables of its jobs, which may be secrets."""
    spelt: Mapping[str, str] = field(default_factory=dict)
    """What the file calls the options."""

    @property
    def minutes(self) -> int | None:
        """The job's time limit; `None` leaves it to the partition, or asks for none."""
        limit = self.parameters.get("time")
        return None if limit == values.UNLIMITED else limit

    @property
    def unlimited(self) -> bool:
        """Whether it asks for jobs without a time limit."""
        return self.parameters.get("time") == values.UNLIMITED

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
        if "cpus_per_gpu" in self.parameters:
            return int(self.parameters["cpus_per_gpu"]) * self.gpu_count
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
    def requeue(self) -> bool:
        """Whether a job that ends with runs open comes back by itself."""
        return bool(self.parameters.get("requeue", True))

    @property
    def memory_mb(self) -> float:
        """Memory of a job; 0 where it is all of the node's, or left to the cluster."""
        return values.mem_of_job(self.parameters, self.cpus, self.gpu_count)

    @property
    def memory_keys(self) -> str:
        """What the file calls the memory that it asks for."""
        asked = [self.spelt.get(key, key) for key in _MEMORY if key in self.parameters]
        return asked[0] if asked else "mem_gb"

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
        node, task = (self.parameters.get(f"gpus_per_{of}") for of in ("node", "task"))
        asked = values.gpu_count(node) or values.gpu_count(task) * self.tasks
        return asked or values.gres_gpus(self.parameters.get("gres"))


_MEMORY = "mem", "mem_per_cpu", "mem_per_gpu"


def load(name: str) -> Profile:
    """The profile in the file `name`, or the one of that name that comes with sweeper.

    Raises `SweeperError` with file, line, key and what is valid, for all mistakes at once.
    """
    file = find(name)
    lines = batch_header.of_file(file)
    try:
        read = document.read(file, "a profile", later=True)
    except SweeperError as error:
        if not lines:
            raise
        keyed = ", ".join(lines)
        raise SweeperError(
            f"{file}: is a batch script, and a profile is YAML: write its lines as {keyed}"
        ) from error
    try:
        profile = _checked(file, mapping(read.data))
    except Invalid as error:
        raise read.errors([error]) from error
    if read.mistakes:
        raise read.errors([])
    return profile


def load_all(listed: str) -> list[Profile]:
    """The profiles in `listed`, which are separated by commas; no two are the same file."""
    if bundled.find("slurm", listed) is not None:
        return [load(listed)]
    loaded, wrong = list[Profile](), list[str]()
    for name in listed.split(","):
        try:
            loaded.append(load(name.strip()))
        except SweeperError as error:
            wrong.append(str(error))
    if wrong:
        raise SweeperError("\n".join(dict.fromkeys(wrong)))
    for place, one in enumerate(loaded):
        if one.file in [other.file for other in loaded[:place]]:
            raise SweeperError(f"profile= names {one.file} twice: workers= is how many there are")
    return loaded


def find(name: str) -> Path:
    """Where the profile `name` is: a file, else one that comes with sweeper."""
    found = bundled.find("slurm", name)
    if found is None:
        valid = choices(name, bundled.named("slurm"))
        where = f"in {Path.cwd()}{valid}, or a file of your own"
        raise SweeperError(f"there is no profile {shown(name)} {where}")
    return found


def _checked(file: Path, data: Mapping[str, Any]) -> Profile:
    parameters: dict[str, Any] = {}
    spelt: dict[str, str] = {}
    mistakes = Mistakes()
    for path, key, value in _flat(data, mistakes):
        name = names.canonical(key)
        with mistakes.under(*path, key):
            if name in refused.REFUSED and (value is None or value is False):
                continue
            _check_key(key, name)
            read = values.value(names.plain(key), name, value)
            if name in parameters and parameters[name] != read:
                raise Invalid(f"is given twice, also as {spelt[name]}")
            if read is not None:
                parameters[name], spelt[name] = read, str(key)
    name, env = parameters.pop("job_name", None), parameters.pop("env", {})
    for dropped in ("use_srun", "stderr_to_stdout", "open_mode", "export"):
        parameters.pop(dropped, None)  # as sweeper has them
    profile = Profile(file, parameters, name, env, spelt)
    for message, key in _conflicts(profile):
        mistakes.add(Invalid(message, _place(data, spelt.get(key, key))))
    mistakes.check()
    none = [key for key in ("gpus_per_node", "gpus_per_task") if parameters.get(key) == 0]
    kept = {key: value for key, value in parameters.items() if key not in none}
    return replace(profile, parameters=kept)  # sbatch gives no GPUs where none are asked for


def _flat(
    data: Mapping[str, Any], mistakes: Mistakes
) -> Iterator[tuple[tuple[str, ...], str, Any]]:
    """All keys with their values, those within the mappings that count as the profile's too."""
    for key, value in data.items():
        if names.plain(key) not in names.WRAPPERS:
            yield (), key, value
            if names.canonical(key) in refused.REFUSED and isinstance(value, Mapping):
                for path, inner, within in _flat(value, mistakes):
                    yield (key, *path), inner, within
            continue
        with mistakes.under(key):
            for inner, within in mapping(value).items():
                yield (key,), inner, within


def _place(data: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Where a key stands: at the top, or within a mapping that counts as the profile's."""
    wrapped = [outer for outer in data if names.plain(outer) in names.WRAPPERS]
    inside = [outer for outer in wrapped if key in (data[outer] or {})]
    return (inside[0], key) if inside and key not in data else (key,)


def _check_key(key: object, name: str) -> None:
    """Raises `Invalid` for a key that a profile does not have, with the one to use."""
    if name in refused.REFUSED:
        raise Invalid(f"must go: {refused.REFUSED[name]}")
    if name not in names.KEYS:
        known = refused.instead(name)
        if known:
            raise Invalid(f"is an unknown key: here it is {known}")
        if len(name) == 1:
            letters = ", ".join(f"{one} ({long})" for one, long in names.SHORT.items())
            raise Invalid(f"is no option of sbatch of one letter; those are {letters}")
        meant = did_you_mean(str(key), sorted({*names.USUAL, *names.KEYS}))
        usual = ", ".join(names.USUAL)
        raise Invalid(
            f"is an unknown key{meant}; valid: {usual}, and what else sbatch takes of one job"
        )


def _conflicts(profile: Profile) -> Iterator[tuple[str, str]]:
    """What options say against each other, and the option at which to say so."""
    given = profile.parameters
    memory = [key for key in _MEMORY if key in given]
    for key in memory[1:]:
        yield f"must go: memory is asked for by {profile.spelt[memory[0]]} already", key
    if "cpus_per_gpu" in given and "cpus_per_task" in given:
        yield "must go: processors are asked for by cpus_per_task already", "cpus_per_gpu"
    for key in ("cpus_per_gpu", "mem_per_gpu"):
        if key in given and not profile.gpus:
            yield "needs GPUs, as in gpus_per_node: 1", key
    for key in ("gpus_per_node", "gpus_per_task"):
        if given.get(key) == 0 and profile.gpus:
            yield "asks for no GPUs, but the profile asks for some elsewhere", key
    if given.get("dependency") == "singleton":
        yield "must go: jobs one after the other are array_parallelism: 1", "dependency"
    least, most = given.get("time_min"), given.get("time")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        yield f"must be at most {profile.spelt['time']}, {most} minutes, but is {least}", "time_min"
    limits = [(key, given[key]) for key in ("time", "time_min") if isinstance(given.get(key), int)]
    for key, limit in limits:
        if 60 * limit <= profile.delay_s:
            yield (
                f"must be more than signal_delay_s, {profile.delay_s} seconds before it at which "
                f"a worker saves its runs, but is {60 * limit} seconds",
                key,
            )
