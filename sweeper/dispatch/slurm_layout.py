"""`sweeper plan dispatch=slurm`: the jobs that would be submitted, and the resources they need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sweeper.cluster import profile as profiles
from sweeper.cluster import script, slurm
from sweeper.cluster.limits import ClusterLimits
from sweeper.cluster.profile import Profile
from sweeper.dispatch import Options
from sweeper.errors import SweeperError
from sweeper.text import counted, hours


@dataclass(frozen=True)
class Kind:
    """The jobs of one profile: where their tensors live, and what they are called."""

    profile: Profile
    device: str
    name: str


def kinds(options: Options, folder: Path | None = None) -> list[Kind]:
    """The jobs that a study in `folder` may have, one kind for each profile that was named."""
    loaded = profiles.load_all(options.profile or profiles.DEFAULT)
    if options.shares and len(options.shares) != len(loaded):
        named = ", ".join(str(profile.file) for profile in loaded)
        raise SweeperError(
            f"workers= must be one number, or one for each profile ({named}), but got "
            f"{','.join(map(str, options.shares))}"
        )
    names = script.names(folder or Path("sweeper"), loaded)
    return [
        Kind(profile, profile.device(options.device), name)
        for profile, name in zip(loaded, names, strict=True)
    ]


def jobs(options: Options, kinds: Sequence[Kind], open_runs: int) -> list[int]:
    """How many jobs of each kind there should be: `workers`, or as many as may run at a time.

    Of one number the kinds have equal parts; without any the first has as many as it may have.
    """
    if options.shares:
        return [kind.profile.jobs(n) for kind, n in zip(kinds, options.shares, strict=True)]
    numbers, left = [], max(1, open_runs) if options.workers is None else options.workers
    for place, kind in enumerate(kinds):
        profile = kind.profile
        most = profile.parallel * profile.tasks
        if options.workers is not None:
            most = -(-left // (len(kinds) - place))
        numbers.append(profile.jobs(min(left, most)))
        left -= min(left, most)
    return numbers


def workers(kinds: Sequence[Kind], numbers: Sequence[int]) -> int:
    """How many workers these `numbers` of jobs hold."""
    return sum(kind.profile.tasks * n for kind, n in zip(kinds, numbers, strict=True))


def resolved(options: Options) -> Options:
    """`options` with the files of the profiles and the device that the first implies."""
    found = kinds(options)
    files = ",".join(str(kind.profile.file) for kind in found)
    return replace(options, profile=files, device=found[0].device)


def lines(options: Options, folder: Path, runs: int, worker_hours: float | None) -> Iterator[str]:
    """Arrays, limits, hours and the batch script of a study in `folder` with so many `runs`."""
    found = kinds(options, folder)
    numbers = jobs(options, found, runs)
    sharing = workers(found, numbers)
    limits, unknown = _limits()
    for kind, number in zip(found, numbers, strict=True):
        if len(found) > 1:
            yield f"{kind.profile.file}:"
        if number:
            yield from _kind_lines(kind, number, limits, unknown)
        else:
            yield "no job: the profiles before it have one for each run"
        share = kind.profile.tasks * number / sharing
        yield _hours(kind.profile, None if worker_hours is None else worker_hours * share)
        if number:
            yield from _script(kind, options.pack, folder, number, sharing, limits)


def _arrays(kind: Kind, number: int, limits: ClusterLimits | None) -> list[tuple[int, int]]:
    return script.split(number, limits.array if limits else number, kind.profile.parallel)


def _kind_lines(
    kind: Kind,
    number: int,
    limits: ClusterLimits | None,
    unknown: str,
) -> Iterator[str]:
    """How many jobs in how many arrays, and whether they are within the cluster's limits."""
    profile, arrays = kind.profile, _arrays(kind, number, limits)
    shown = _sizes([size for size, _ in arrays])
    at_a_time = sum(min(pair) for pair in arrays)
    number_of = counted(number * profile.tasks, "worker")
    yield f"Slurm: {number_of} in {shown}, {counted(at_a_time, 'job')} at a time"
    if limits is None:
        yield f"limits: unknown, {unknown}"
        return
    complaints = list(limits.complaints(profile))
    yield from (f"limits: {profile.file}: {complaint}" for complaint in complaints)
    if not complaints:
        yield f"limits: {profile.file} is within the cluster's"


def _script(
    kind: Kind, pack: str, folder: Path, number: int, sharing: int, limits: ClusterLimits | None
) -> Iterator[str]:
    """The batch script of the first array."""
    arrays = _arrays(kind, number, limits)
    words = script.work_words(folder, pack, kind.device, sharing)
    size, parallel = arrays[0]
    yield f"the script of {'the array' if len(arrays) == 1 else 'the first array'}:"
    logs = folder.resolve() / "logs"
    text = script.text(kind.profile.throttled(parallel), kind.name, logs, words, size)
    yield from (f"  {line}" for line in text.splitlines())


def _limits() -> tuple[ClusterLimits | None, str]:
    """The cluster's limits, or why nobody knows them."""
    if not slurm.installed():
        return None, "for Slurm is not installed here"
    try:
        return ClusterLimits.asked(), ""
    except SweeperError as error:
        return None, f"for {' '.join(str(error).split())}"


def _sizes(sizes: list[int]) -> str:
    if len(sizes) == 1:
        return f"1 array of {counted(sizes[0], 'job')}"
    least, most = min(sizes), max(sizes)
    least_or = "" if least == most else f"{least} or "
    return f"{len(sizes)} arrays of {least_or}{counted(most, 'job')}"


def _hours(profile: Profile, worker_hours: float | None) -> str:
    """What all runs take of the cluster: processors or GPUs, times hours."""
    kind = "GPU" if profile.gpus else "CPU"
    each = (profile.gpu_count if profile.gpus else profile.cpus) / profile.tasks
    if worker_hours is None:
        return f"{kind}-hours: unknown, {each:g} a worker-hour"
    return f"{kind}-hours: about {hours(worker_hours * each)}, {each:g} a worker-hour"
