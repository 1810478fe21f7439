"""Whether runs find disk: what they keep in the temporary directory beside what is left there."""

from __future__ import annotations

import tempfile
from typing import NamedTuple

from sweeper.dispatch import Options, memory_fit
from sweeper.errors import SweeperError
from sweeper.files import disk_usage
from sweeper.planning.plan import Plan, Run
from sweeper.text import counted, labels_text, size
from sweeper.trainable.abilities import SupportsScratch
from sweeper.trainable.contract import Trainable


class Need(NamedTuple):
    """What the run that keeps the most in the temporary directory keeps there."""

    size: int
    """Bytes, alone in its pack."""
    setting: str
    """What they follow from."""
    run: Run


def largest(plan: Plan, trainable: Trainable) -> Need | None:
    """The run that keeps the most there; `None` where none keeps anything."""
    if not isinstance(trainable, SupportsScratch):
        return None
    needs = []
    for run in memory_fit.of_each_size(plan):
        setting, taken = trainable.scratch_part(run.params, run.task, run.steps)
        needs.append(Need(taken, setting.partition("=")[0], run))
    found = max(needs, key=lambda need: need.size, default=None)
    return found if found is not None and found.size else None


def told(plan: Plan, found: Need, options: Options, dispatch: str) -> str:
    """What `plan` says of it: how much, where, and whether it fits."""
    if dispatch == "slurm":
        where = "the temporary directory of its node (TMPDIR there)"
    elif (said := complaint(plan, found, options, dispatch)) is not None:
        return f"too little: {said}"
    else:
        left = size(disk_usage.scratch_free(), "B")
        where = f"{tempfile.gettempdir()}, which has {left} left"
        if disk_usage.scratch_in_memory():
            where += " and is in memory, so that nothing is spared: name one on a disk by TMPDIR"
    return f"{size(found.size, 'B')} a run in {where}"


def complaint(plan: Plan, found: Need, options: Options, dispatch: str) -> str | None:
    """Why a run finds no room here beside those of other workers; `None` where it does.

    Nobody here knows the nodes of a cluster: a run looks there before it begins.
    """
    if dispatch == "slurm":
        return None
    workers = memory_fit.workers_here(options, dispatch, plan.total)
    left = disk_usage.scratch_free()
    if workers * found.size <= left:
        return None
    run, folder = found.run, tempfile.gettempdir()
    labels = labels_text(plan.trials[run.trial].labels)
    shared, fewer = "", ""
    if workers > 1:
        shared, fewer = f" for {counted(workers, 'worker')}", "fewer workers=, "
    return (
        f"trial {run.trial} ({labels}) on {run.task} keeps {size(found.size, 'B')} in the "
        f"temporary directory, and {folder} has {size(left, 'B')} left{shared}: it takes {fewer}"
        f"another directory, named by TMPDIR, or a smaller {found.setting}"
    )


def check(plan: Plan, trainable: Trainable, options: Options, dispatch: str) -> None:
    """Raises `SweeperError` where a run cannot fit into what is left of the temporary directory."""
    found = largest(plan, trainable)
    said = None if found is None else complaint(plan, found, options, dispatch)
    if said is not None:
        raise SweeperError(f"scratch: {said}")
