"""Heartbeats of workers, and whether a worker is alive by its heartbeat and its process.

A worker's own loop counts its progress up in `beats/<worker>`, and writes its memory behind it; an
observer measures on its own monotonic clock how long that number has stood still. No two clocks
are ever compared.
"""

from __future__ import annotations

import functools
import os
import platform
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

from sweeper.cluster import scheduler
from sweeper.cluster.scheduler import Scheduler
from sweeper.ledger.lines.header import WorkerHeader
from sweeper.paths import StudyPaths
from sweeper.worker.process import memory
from sweeper.worker.process.memory import MemoryGauge

BEAT_S = 5.0
"""Seconds between beats."""

STALE_S = 20.0
"""A worker silent for so long is asked about; it is dead where its job has ended."""

T1_S = 90.0
"""A silent worker that nobody can ask about is dead: an NFS attribute cache and a beat later."""

T2_S = 600.0
"""A silent worker whose process or job still exists hangs, and counts as dead."""

SURE_S = 1.0
"""For how long who was alive is believed to be, so that asking often costs nothing."""


class Heartbeat:
    """Counts up in a worker's beat file, and only while its work goes on."""

    def __init__(self, path: Path, gauge: MemoryGauge) -> None:
        path.parent.mkdir(exist_ok=True)  # somebody may have tidied up
        self._descriptor = os.open(path, os.O_CREAT | os.O_WRONLY, 0o666)
        self._gauge = gauge
        self._count = 0
        self._progress = -1
        self._written = -BEAT_S

    def __call__(self, progress: int) -> None:
        """Counts up where `progress` has changed since the last beat and a beat is due."""
        now = time.monotonic()
        if progress == self._progress or now - self._written < BEAT_S:
            return
        self._count, self._progress, self._written = self._count + 1, progress, now
        with suppress(OSError):
            size = self._gauge.read().encode()
            os.pwrite(self._descriptor, b"%020d %s\n" % (self._count, size), 0)

    def close(self) -> None:
        """Closes the file; the number stays."""
        os.close(self._descriptor)


def identity() -> WorkerHeader:
    """Host, boot, process and its start: what tells this process from any other."""
    return WorkerHeader(
        host=socket.gethostname(),
        user=os.getuid(),
        boot=_boot(),
        pid=os.getpid(),
        started=_started(os.getpid()),
    )


class Observer:
    """Watches beats; one observer remembers what it saw of every worker."""

    def __init__(self, paths: StudyPaths) -> None:
        self._beats = paths.beats
        self._scheduler = Scheduler(paths)
        self._seen: dict[str, tuple[bytes, float]] = {}
        self._alive: dict[str, float] = {}

    def alive(self, worker: str, header: WorkerHeader) -> bool:
        """Whether `worker`, whose ledger began with `header`, must be taken for alive."""
        now = time.monotonic()
        if now - self._alive.get(worker, -SURE_S) < SURE_S:
            return True
        there = exists(header)
        alive = there is not False and self._moves(worker, header, there)
        if alive:
            self._alive[worker] = now
        return alive

    def out_of_memory(self, worker: str, header: WorkerHeader) -> str | None:
        """What shows that a dead worker was killed for its memory; `None` where nothing does."""
        job = None
        if header.job is not None:
            self._scheduler.refresh()
            job = self._scheduler.state(header.job)
        return memory.evidence(self._beats / worker, header, job, _boot())

    def excuses(self, header: WorkerHeader) -> bool:
        """Whether the scheduler knows what a dead worker died of, and it was not its runs."""
        return self._scheduler.excuses(header)

    def _moves(self, worker: str, header: WorkerHeader, there: bool | None) -> bool:
        """Whether its number has moved lately: how lately depends on what is known besides."""
        still = self.still_s(worker)
        if there or still < STALE_S:
            return still < T2_S
        word = self._scheduler.word(header)
        return still < {scheduler.RUNNING: T2_S, None: T1_S}.get(word, STALE_S)

    def still_s(self, worker: str) -> float:
        """For how many seconds this observer has seen the worker's number stand still."""
        now = time.monotonic()
        try:
            number = (self._beats / worker).read_bytes()
        except OSError:
            number = b""
        seen = self._seen.get(worker)
        if seen is None or seen[0] != number:
            self._seen[worker] = seen = (number, now)
        return now - seen[1]


def exists(header: WorkerHeader) -> bool | None:
    """Whether the process that wrote `header` exists; `None` where it ran elsewhere."""
    if header.pid is None or header.boot != _boot():
        return None
    return _started(header.pid) == header.started


@functools.cache
def _boot() -> str:
    """This boot of this machine, and the namespace in which its process numbers mean something."""
    if sys.platform == "linux":
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    import psutil  # which Linux needs not: it takes a while

    return f"{platform.node()} {psutil.boot_time():.0f}"


def _started(pid: int) -> str | None:
    """When a process began, in a form fit for comparison only; `None` where it is gone."""
    if sys.platform != "linux":
        return _started_elsewhere(pid)
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    gone = fields[0] in "ZX" and int(fields[17]) <= 1  # a killed one's threads go one by one
    return None if gone else fields[19]


def _started_elsewhere(pid: int) -> str | None:
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.1f}"
    except psutil.Error:
        return None
