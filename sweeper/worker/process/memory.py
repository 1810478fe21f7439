"""Memory of a worker: its limits, its use, and whether a dead one was killed for it.

A process that is killed for memory cannot say so. So a worker records its size, its limit and its
cgroup's count of such kills behind its beat, and whoever finds it dead reads them.
"""

from __future__ import annotations

import errno
import functools
import os
import re
import resource
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sweeper.files.memory_cgroup import cgroups, kills_in, own_cgroup
from sweeper.ledger.lines.header import WorkerHeader

_NEAR = 0.9
"""Who was last seen at this part of its limit, or above, died of it."""

_CODE = 2**30
"""Bytes of files in memory that may be code. What is beyond, as of a replay on disk, counts as
nothing: the system drops it before it kills anybody."""

_WORDS = re.compile(
    r"(can't|cannot|unable to) allocate (memory|[\d.]+ )|out of memory|bad_alloc|alloc_failed", re.I
)


@dataclass(frozen=True)
class Reading:
    """Bytes that a process takes of its tightest limit, and its cgroup's kills for memory."""

    used: int
    limit: int
    kills: int = 0

    def __str__(self) -> str:
        return f"{self.used / 1e9:.3g} of {self.limit / 1e9:.3g} GB"

    def encode(self) -> bytes:
        """As it stands in a beat: three numbers, always of one length."""
        return b"%020d %020d %020d" % (self.used, self.limit, self.kills)

    @staticmethod
    def of_beat(beat: bytes) -> Reading | None:
        """What a beat says; `None` where it says nothing."""
        numbers = beat.split()
        return Reading(*(int(number) for number in numbers[1:])) if len(numbers) == 4 else None


class MemoryGauge:
    """Reads this process's memory; `workers` processes share this machine's."""

    def __init__(self, workers: int) -> None:
        address_space = resource.getrlimit(resource.RLIMIT_AS)[0]
        self._address_space = sys.maxsize if address_space < 0 else address_space
        self._resident = shared() // max(1, neighbours(workers))
        self.cgroup = own_cgroup()

    def read(self) -> Reading:
        """The limit of which most is taken."""
        return max(self._readings(), key=lambda reading: reading.used / reading.limit)

    def room(self) -> int:
        """Bytes that this process may take yet, and stay below nine tenths of its limits."""
        return max(0, min(int(_NEAR * r.limit) - r.used for r in self._readings()))

    def _readings(self) -> list[Reading]:
        kills = 0 if self.cgroup is None else kills_in(self.cgroup)
        size, resident = _used()
        return [
            Reading(size, self._address_space, kills),
            Reading(resident, self._resident, kills),
        ]


def evidence(beat: Path, header: WorkerHeader, job: str | None, boot: str) -> str | None:
    """What shows that a dead worker was killed for its memory; `None` where nothing does.

    `header` began its ledger, `job` is its job's state in Slurm, `boot` this machine's.
    """
    if job == "OUT_OF_MEMORY":
        return f"Slurm ended its job {header.job} as OUT_OF_MEMORY"
    try:
        last = Reading.of_beat(beat.read_bytes())
    except OSError:
        return None
    if last is None:
        return None
    cgroup = header.cgroup
    kills = kills_in(cgroup) if cgroup is not None and header.boot == boot else 0
    if kills > last.kills:
        return f"processes killed for memory in its cgroup {cgroup}: {kills}, {last.kills} before"
    return f"it took {last} when last seen" if last.used >= _NEAR * last.limit else None


def ran_out(error: BaseException | None) -> bool:
    """Whether `error`, or what it was raised from, says that there was no memory left."""
    if error is None:
        return False
    named = isinstance(error, RuntimeError) and _WORDS.search(str(error)) is not None
    refused = isinstance(error, OSError) and error.errno == errno.ENOMEM
    return isinstance(error, MemoryError) or named or refused or ran_out(error.__cause__)


def shared() -> int:
    """Bytes of memory that all workers here share."""
    return min(_shared())


def _shared() -> Iterator[int]:
    """The limits in bytes of all that is shared by the workers here."""
    yield os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    environment = os.environ
    megabytes = int(environment.get("SLURM_MEM_PER_NODE", "0")) or (
        int(environment.get("SLURM_MEM_PER_CPU", "0"))
        * int(environment.get("SLURM_CPUS_ON_NODE", "1"))
    )
    if megabytes:
        yield megabytes << 20
    for folder in cgroups():
        for name in ("memory.max", "memory.limit_in_bytes"):
            with suppress(OSError, ValueError):  # "max": no limit
                yield int((folder / name).read_text())


def neighbours(workers: int) -> int:
    """How many workers share the memory here: under Slurm the tasks of this job on this node."""
    tasks = os.environ.get("SLURM_STEP_TASKS_PER_NODE")
    if tasks is None or "SWEEPER_TENDER" not in os.environ:
        return workers
    return int(tasks.split("(")[0].split(",")[0])


def _used() -> tuple[int, int]:
    """Bytes of address space and of memory that this process takes."""
    if sys.platform != "linux":
        return _taken_elsewhere()
    pages = Path("/proc/self/statm").read_text().split()
    size, resident, of_files = (int(number) * _page() for number in pages[:3])
    return size, resident - max(0, of_files - _CODE)


def _taken_elsewhere() -> tuple[int, int]:
    import psutil  # which Linux needs not: it takes a while

    size = psutil.Process().memory_info()
    return size.vms, size.rss


@functools.cache
def _page() -> int:
    return os.sysconf("SC_PAGE_SIZE")
