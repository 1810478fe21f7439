"""`sweeper plan dispatch=slurm`: the jobs that would be submitted, and the resources they need."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from sweeper.cluster import profile as profiles
from sweeper.cluster import script, slurm
from sweeper.cluster.limits import ClusterLimits
from sweeper.cluster.profile import Profile
from sweeper.dispatch import Options
from sweeper.errors import SweeperError
from sweeper.text import counted, hours


def jobs(options: Options, profile: Profile, open_runs: int) -> int:
    """How many jobs there should be: `workers`, or as many as may run at a time."""
    number = options.workers
    if number is None:
        number = min(max(1, open_runs), profile.parallel * profile.tasks)
    return profile.jobs(number)


def resolved(options: Options) -> Options:
    """`options` with the file of the profile and the device that the profile implies."""
    profile = profiles.load(options.profile or profiles.DEFAULT)
    return replace(options, profile=str(profile.file), device=profile.device(options.device))


def lines(options: Options, folder: Path, runs: int, worker_hours: float | None) -> Iterator[str]:
    """Arrays, limits, hours and the batch script of a study in `folder` with so many `runs`.

    `options` are `resolved`.
    """
    profile = profiles.load(options.profile or profiles.DEFAULT)
    number = jobs(options, profile, runs)
    limits, unknown = _limits()
    arrays = script.split(number, limits.array if limits else number, profile.parallel)
    shown = _sizes([size for size, _ in arrays])
    at_a_time = sum(min(pair) for pair in arrays)
    workers = number * profile.tasks
    yield f"Slurm: {counted(workers, 'worker')} in {shown}, {counted(at_a_time, 'job')} at a time"
    if limits is None:
        yield f"limits: unknown, {unknown}"
    else:
        complaints = list(limits.complaints(profile))
        yield from (f"limits: {profile.file}: {complaint}" for complaint in complaints)
        if not complaints:
            yield f"limits: {profile.file} is within the cluster's"
    yield _hours(profile, worker_hours)
    words = script.work_words(folder, options.pack, options.device or "cpu", workers)
    size, parallel = arrays[0]
    name, logs = script.job_name(folder), folder.resolve() / "logs"
    yield f"the script of {'the array' if len(arrays) == 1 else 'the first array'}:"
    text = script.text(profile.throttled(parallel), name, logs, words, size)
    yield from (f"  {line}" for line in text.splitlines())


def _limits() -> tuple[ClusterLimits | None, str]:
    """The cluster's limits, or why nobody knows them."""
    if not slurm.installed():
        return None, "for Slurm is not installed here"
    try:
        return ClusterLimits.asked(), ""
    except SweeperError as error:
        return None, f"for {error}"


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
