"""Whether runs find memory: what the largest needs alone beside what the machine or job gives."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from sweeper.dispatch import Options, slurm_layout
from sweeper.errors import SweeperError
from sweeper.files import disk_usage
from sweeper.planning.plan import Plan, Run
from sweeper.text import counted, labels_text, size
from sweeper.trainable.abilities import (
    SupportsLargestPart,
    SupportsMemoryEstimates,
    SupportsScratch,
)
from sweeper.trainable.contract import Trainable
from sweeper.worker.process import memory


@dataclass(frozen=True)
class Room:
    """The memory of one worker, and who gives it."""

    given: float
    """Bytes."""
    source: str
    """Where they come from, as in `mem_gb: 1.9 of slurm/default.yaml`."""
    remedy: str
    """What gives more."""
    scratch: int | None = None
    """Bytes of disk in its temporary directory, where that is known here: none of one in memory."""

    def __str__(self) -> str:
        return f"{size(int(self.given), 'B')} ({self.source})"


class Need(NamedTuple):
    """What the run that needs the most memory needs."""

    size: int
    """Bytes, alone in its pack."""
    run: Run
    part: tuple[str, int] = ("", 0)
    """What takes most of it if it is large, as `name=value`, and its bytes."""
    on_scratch: tuple[str, int, int] | None = None
    """What moves that to the temporary directory, as `name: value`, and bytes then: of memory, and
    there."""

    @property
    def mostly(self) -> str | None:
        """What takes more than half of it."""
        return self.part[0] if 2 * self.part[1] > self.size else None


def rooms(options: Options, dispatch: str, runs: int) -> Iterator[Room]:
    """The memory of a worker for up to `runs` runs: of each profile whose tensors are not on a GPU.

    Nothing where nobody says, as where a job has all memory of its node.
    """
    if dispatch != "slurm":
        if options.device in (None, "cpu"):
            yield _of_machine(options, dispatch, runs)
        return
    for kind in slurm_layout.kinds(options):
        profile = kind.profile
        if kind.device == "cpu" and profile.memory_mb:
            shared = f", for {counted(profile.tasks, 'worker')}" if profile.tasks > 1 else ""
            yield Room(
                profile.memory_mb * 2**20 / profile.tasks,
                f"{profile.memory_keys} of {profile.file}{shared}",
                f"more {profile.memory_keys} in {profile.file}",
            )


def _of_machine(options: Options, dispatch: str, runs: int) -> Room:
    workers = workers_here(options, dispatch, runs)
    whole = memory.shared()
    of = f"{size(whole, 'B')} of this machine" if workers > 1 else "this machine's"
    shared = f", for {counted(workers, 'worker')}" if workers > 1 else ""
    fewer = "fewer workers=, or " if workers > 1 else ""
    scratch = 0 if disk_usage.scratch_in_memory() else disk_usage.scratch_free() // workers
    return Room(whole / workers, f"{of}{shared}", f"{fewer}a machine with more", scratch)


def workers_here(options: Options, dispatch: str, runs: int) -> int:
    """How many workers this machine has for up to `runs` runs."""
    asked = 1 if dispatch == "inline" else options.workers or _cores()
    return max(1, min(asked, runs))


def _cores() -> int:
    found = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return found or 1


def largest(plan: Plan, trainable: Trainable) -> Need | None:
    """The run that needs the most memory alone in its pack.

    A larger pack that finds too little is halved. `None` where only running it can tell.
    """
    if not isinstance(trainable, SupportsMemoryEstimates) or not plan.runs:
        return None
    needs = [
        Need(trainable.pack_bytes(run.params, run.task, run.steps, 1), run)
        for run in of_each_size(plan)
    ]
    found = max(needs, key=lambda need: need.size)
    run = found.run
    if isinstance(trainable, SupportsLargestPart):
        found = found._replace(part=trainable.largest_part(run.params, run.task, run.steps))
    if isinstance(trainable, SupportsScratch) and (change := trainable.on_scratch(run.params)):
        params = {**run.params, **change}
        size = trainable.pack_bytes(params, run.task, run.steps, 1)
        there = trainable.scratch_part(params, run.task, run.steps)[1]
        named = " and ".join(f"{name}: {value}" for name, value in change.items())
        found = found._replace(on_scratch=(named, size, there))
    return found


def of_each_size(plan: Plan) -> list[Run]:
    """A run of every kind whose size may be its own."""
    return [run for run, _ in counted_by_size(plan)]


def counted_by_size(plan: Plan) -> list[tuple[Run, int]]:
    """The same, each with how many there are of its kind under one seed."""
    cells = plan.cells
    kinds = [_shape(run) for run in cells]
    first = dict(zip(reversed(kinds), reversed(cells), strict=True))
    return [(first[kind], number) for kind, number in Counter(kinds).items()]


def _shape(run: Run) -> tuple[object, ...]:
    """What may tell the sizes of runs apart: a real number such as a step size never does."""
    params = (f"{k} {v}" for k, v in run.params.items() if not isinstance(v, float))
    return (run.task, run.steps, *params)


def complaint(plan: Plan, found: Need, room: Room) -> str | None:
    """Why a run does not fit in `room`; `None` where it does."""
    if found.size <= room.given:
        return None
    run, mostly = found.run, found.mostly
    needed = size(found.size, "B")
    labels = labels_text(plan.trials[run.trial].labels)
    of_it = f", {size(found.part[1], 'B')} of it for {mostly}" if mostly else ""
    smaller = f"a smaller {mostly.partition('=')[0]}" if mostly else "smaller runs"
    if found.on_scratch and found.on_scratch[1] <= room.given:
        smaller += _in_files(*found.on_scratch, room.scratch)
    return (
        f"trial {run.trial} ({labels}) on {run.task} needs {needed} alone, beside its packages"
        f"{of_it}, and a worker has {room}: it takes {room.remedy}, or {smaller}"
    )


def _in_files(named: str, memory_then: int, there: int, disk: int | None) -> str:
    """What a run needs with `named`, which moves some of it to a `disk` that may be too small."""
    if disk is None or there <= disk:
        needs = f"needs {size(memory_then, 'B')}, and {size(there, 'B')} in the temporary directory"
        return f", or {named}, with which it {needs}"
    left = size(disk, "B") if disk else "no disk"
    takes = f"{size(there, 'B')} in the temporary directory, which has {left} for it"
    return f"; {named} would take {takes}"


def check(plan: Plan, trainable: Trainable, options: Options, dispatch: str) -> None:
    """Raises `SweeperError` where a run cannot fit in the memory that a worker has."""
    found = largest(plan, trainable)
    if found is None:
        return
    for room in rooms(options, dispatch, plan.total):
        said = complaint(plan, found, room)
        if said is not None:
            raise SweeperError(f"memory: {said}")
