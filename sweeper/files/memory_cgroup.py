"""The cgroup that accounts for this process's memory, and how many of its processes were killed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def own_cgroup() -> str | None:
    """The folder of the cgroup that accounts for this process's memory, version 1 or 2."""
    return next((str(folder) for folder in cgroups()), None)


def kills_in(cgroup: str) -> int:
    """How many processes of a cgroup were killed for memory; 0 where it does not say."""
    for name in ("memory.events", "memory.oom_control"):
        with suppress(OSError):
            for line in (Path(cgroup) / name).read_text().splitlines():
                if line.startswith("oom_kill "):
                    return int(line.split()[1])
    return 0


def cgroups() -> Iterator[Path]:
    """The cgroup of this process that accounts for memory, and those above it."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers not in ("", "memory"):
            continue
        root = Path("/sys/fs/cgroup") / controllers
        own = root / path.lstrip("/")
        for folder in (own, *own.parents):
            if (folder / "memory.events").exists() or (folder / "memory.oom_control").exists():
                yield folder
            if folder == root:
                break
