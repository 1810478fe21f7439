"""The limits of the cluster, and which of them a profile exceeds.

Slurm accepts a job that asks for more time or processors than a partition will ever give, and
leaves it waiting for ever.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sweeper.cluster import slurm
from sweeper.cluster.profile import Profile
from sweeper.cluster.slurm import Partition
from sweeper.errors import SweeperError
from sweeper.text import counted


@dataclass(frozen=True)
class ClusterLimits:
    """The cluster's limits, as this user sees them."""

    array: int
    """Elements of an array."""
    jobs: int
    """Jobs that the controller keeps in mind."""
    partitions: Sequence[Partition]

    @staticmethod
    def asked() -> ClusterLimits:
        """Asks Slurm; `SweeperError` where it does not answer."""
        try:
            settings, partitions = slurm.settings(), slurm.partitions()
        except slurm.Unanswered as error:
            raise SweeperError(f"Slurm does not answer: {error}") from error
        array, jobs = (_number(settings[key]) for key in ("MaxArraySize", "MaxJobCount"))
        return ClusterLimits(array or 1, jobs, partitions)

    def check(self, profile: Profile) -> None:
        """Raises `SweeperError` where jobs of `profile` would wait for ever."""
        for complaint in self.complaints(profile):
            raise SweeperError(f"{profile.file}: {complaint}")

    def complaints(self, profile: Profile) -> Iterator[str]:
        """What is beyond the limits of all partitions that the profile names."""
        named = self.named(profile)
        if not named:
            return
        given = ", ".join(partition.name for partition in named)
        longest = [partition.minutes for partition in named]
        if profile.minutes and all(most is not None and profile.minutes > most for most in longest):
            most = max(filter(None, longest))
            yield (
                f"timeout_min must be at most {most}, the limit of the partition {given}, but is "
                f"{profile.minutes}: such jobs would wait for ever"
            )
        if profile.unlimited and all(most is not None for most in longest):
            yield (
                f"{profile.spelt.get('time', 'time')} must be at most {max(filter(None, longest))} "
                f"minutes, the limit of the partition {given}, but is UNLIMITED: such jobs would "
                "wait for ever"
            )
        given_s = [60 * default for each in named if (default := _default_minutes(each))]
        left = "time" not in profile.parameters
        if left and given_s and profile.delay_s >= min(given_s):
            yield (
                f"signal_delay_s must be less than the {min(given_s)} seconds that the partition "
                f"{given} gives jobs without timeout_min, but is {profile.delay_s}"
            )
        cpus = max(partition.cpus for partition in named)
        if profile.cpus > cpus:
            by_gpu = "cpus_per_gpu" in profile.parameters
            words = "cpus_per_gpu × GPUs" if by_gpu else "cpus_per_task × tasks_per_node"
            yield (
                f"{words} must be at most {cpus}, the processors of a node "
                f"of the partition {given}, but is {profile.cpus}: such jobs would wait for ever"
            )
        memory = max(partition.memory_mb for partition in named)
        if profile.memory_mb > memory:
            yield (
                f"{profile.memory_keys} must be at most {memory / 1024:.3g} GB a job, the memory "
                f"of a node of the partition {given}, but is {profile.memory_mb / 1024:.3g} GB"
            )

    def check_number(self, jobs: int) -> None:
        """Raises `SweeperError` where there would be more jobs than the controller takes."""
        if jobs > self.jobs:
            raise SweeperError(
                f"workers= must be at most {counted(self.jobs, 'job')}, the cluster's MaxJobCount, "
                f"but there would be {jobs}; sbatch would wait, and then fail"
            )

    def named(self, profile: Profile) -> list[Partition]:
        """The partitions that jobs of `profile` may run in."""
        asked = profile.parameters.get("partition")
        if asked is None:
            return [partition for partition in self.partitions if partition.default]
        names = str(asked).split(",")
        return [partition for partition in self.partitions if partition.name in names]


def _default_minutes(partition: Partition) -> int | None:
    return slurm.minutes(partition.settings.get("DefaultTime", "NONE"))


def _number(text: str) -> int:
    found = re.match(r"\d+", text)
    return int(found[0]) if found else 0
