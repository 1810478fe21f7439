"""Faults that end workers: SIGKILL, the time limit, preemption, scancel."""

from __future__ import annotations

import fcntl
import os
import random
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.chaos.kill_points import Log, Trap
from benchmarks.slurm.loopback import ROOT
from benchmarks.slurm.sweep import Sweep
from sweeper.study.study import Study

_TRAPS = "SWEEPER_TRAPS"
"""The file in which kills at places are noted, the study's folder, and how many there may be."""


class _Log(Log):
    """Kills by workers of several nodes, of which each dies in its own place; no more than wanted.

    A node's process numbers mean nothing on another: places are counted, not processes.
    """

    def __init__(self, file: Path, most: int) -> None:
        super().__init__(file)
        self._most = most

    def places(self) -> Counter[str]:
        """How many there were at each place."""
        lines = os.pread(self._descriptor, 1 << 20, 0).decode().splitlines()
        return Counter(line.partition(" ")[2] for line in lines)

    def claim(self, place: str) -> bool:
        """Whether this process is the first to die at `place`, and may; then it is written down."""
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        try:
            hits = self.places()
            free = not hits[place] and hits.total() < self._most
            if free:
                super().add(place, os.getpid())
            return free
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def add(self, place: str, pid: int) -> None:
        """Nothing: `claim` has done so."""


def trap() -> None:
    """Lets this process, a worker that starts, die at a place at which none has died before."""
    file, folder, most = os.environ[_TRAPS].split(":")
    log = _Log(Path(file), int(most))
    known, own = log.places(), random.Random(f"{socket.gethostname()} {time.time_ns()}")
    if known.total() < int(most):
        Trap(
            Path(folder),
            log,
            lambda place: not known[place] and own.random() < 0.3 and log.claim(place),
        )


def kills(sweep: Sweep, number: int = 100) -> None:
    """SIGKILL of workers: half at places that they reach, half at random moments."""
    log = sweep.root / "kills.txt"
    sweep.environment = {
        _TRAPS: f"{log}:{sweep.folder.resolve()}:{number // 2}",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'benchmarks' / 'slurm' / 'traps'}",
    }
    sweep.run()
    looked, hit = time.monotonic(), 0
    while hit < number - number // 2 and not sweep.ended():
        time.sleep(sweep.rng.expovariate(1 / 3))
        there = sweep.processes()
        hit += bool(there) and sweep.rng.choice(there).kill()
        if time.monotonic() - looked > 8:
            looked = time.monotonic()
            if not sweep.jobs() and not sweep.ended():
                sweep.run()
    sweep.finish()
    places = [line.split(" ", 1)[1] for line in log.read_text().splitlines()]
    sweep.injected = hit + len(places)
    sweep.remarks.append(f"{len(places)} of them at as many places; limits.deaths=1000")


def limits(sweep: Sweep) -> None:
    """The time limit: each life of a job is shorter than what it has to do."""
    sweep.run()
    sweep.finish()
    sweep.injected = _restarts(sweep)
    sweep.remarks.append(f"{_restarts(sweep)} requeues")


def _restarts(sweep: Sweep) -> int:
    """How often its jobs were started again, by the workers' ledgers."""
    workers = Study.open(sweep.folder).ledger_state(reports=False).workers.values()
    lives = {(w.header.job, w.header.restart or 0) for w in workers if w.header.job}
    return sum(restart > 0 for _, restart in lives)


@contextmanager
def _grace(sweep: Sweep, seconds: int) -> Iterator[None]:
    site = sweep.site
    site.ask("scontrol", "update", "PartitionName=low", f"GraceTime={seconds}")
    try:
        yield
    finally:
        site.ask("scontrol", "update", "PartitionName=low", "GraceTime=20")


def preempted(sweep: Sweep, grace: int, number: int = 10) -> None:
    """Jobs of the partition `high` push workers out."""
    with _grace(sweep, grace), sweep.watched(given_up=True):
        sweep.run()
        while sweep.injected < number and not sweep.ended():
            victim = sweep.somebody()
            if sweep.ended():
                break
            words = ["-p", "high", "-w", victim.node, "--exclusive", "-t", "1", "-o", "/dev/null"]
            sweep.site.ask("sbatch", "-J", "higher", *words, "--wrap", "sleep 2")
            gone = sweep.until(lambda own=victim: own not in sweep.processes(), 60)
            sweep.injected += gone
            sweep.for_s(sweep.rng.uniform(6, 10))
        sweep.finish()


def cancelled(sweep: Sweep) -> None:
    """`scancel` of the whole array; then of an element that waits; each time the same command."""
    sweep.run()
    sweep.somebody()
    sweep.for_s(15)
    sweep.site.ask("scancel", sweep.jobs()[0].split("_")[0])
    sweep.injected += 1
    sweep.until(lambda: not sweep.jobs())
    open_runs = not sweep.ended()
    sweep.workers = 14
    sweep.run()
    sweep.until(lambda: len(sweep.site.jobs(sweep.job_name, "pending")) == 2, 60)
    before = len(sweep.jobs())
    sweep.site.ask("scancel", sweep.site.jobs(sweep.job_name, "pending")[-1])
    sweep.injected += 1
    sweep.for_s(2)
    after = len(sweep.jobs())
    sweep.run()
    sweep.remarks.append(
        f"runs open after the first: {open_runs}; jobs {before}, {after} after the second, "
        f"{len(sweep.jobs())} after the command again"
    )
    sweep.finish()
