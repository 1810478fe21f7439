"""What memory, disk and files a plan needs, as `sweeper plan` tells it."""

from __future__ import annotations

from collections.abc import Iterator

from sweeper.dispatch import Options, memory_fit, scratch_fit
from sweeper.doctor import probe
from sweeper.ledger.claims.folders import FOLD_AT
from sweeper.planning.plan import Plan, Run
from sweeper.text import counted, size
from sweeper.trainable.abilities import SupportsMemoryEstimates, shares_packs
from sweeper.trainable.contract import Trainable
from sweeper.worker.checkpoints import checkpoint, checkpoint_store

_LINE_BYTES = 220
"""A ledger line or a packed claim, about; until it is packed a claim has a block of its own."""

_BLOCK_BYTES = 4096

_FILES_OF_A_COMMAND = 3
"""Parameters, metrics and output of a run, in a folder of its own."""


def packs_elsewhere(options: Options) -> bool:
    """Whether only a GPU that is not here can tell how many runs share a pack."""
    return options.device == "cuda" and options.pack == "auto" and not probe.gpus()["gpus"]


def pack(trainable: Trainable, run: Run, options: Options) -> int:
    """The most members of a pack that `run` is in."""
    if not shares_packs(trainable, run.params):
        return 1
    if options.pack != "auto":
        return int(options.pack)
    return trainable.pack_size(run.params, run.task, options.device or "cpu")


def largest_pack(plan: Plan, trainable: Trainable, options: Options) -> int | None:
    """The most bytes of a pack; `None` where only running it can tell."""
    if not isinstance(trainable, SupportsMemoryEstimates) or not plan.runs:
        return None
    alone = packs_elsewhere(options)
    sizes = (
        trainable.pack_bytes(
            run.params, run.task, run.steps, 1 if alone else pack(trainable, run, options)
        )
        for run in memory_fit.of_each_size(plan)
    )
    return max(sizes) or None  # 0 is what says one that asks an agent which cannot tell


def lines(
    plan: Plan, trainable: Trainable, options: Options, workers: int, most: int | None
) -> Iterator[str]:
    """Memory and disk, as far as the trainable tells how large a run's state is.

    `most` is that of the largest pack.
    """
    space, left_out = plan.space, ""
    if most is None or not isinstance(trainable, SupportsMemoryEstimates):
        yield "memory: only running it can tell"
        states = saved = 0
    else:
        alone = packs_elsewhere(options)
        kinds = memory_fit.counted_by_size(plan)
        sizes = [1 if alone else pack(trainable, run, options) for run, _ in kinds]
        whose = "run alone on a GPU, beside its packages"
        whose = whose if alone else "worker, beside its packages (on a CPU)"
        yield f"memory: up to {size(most, 'B')} a {whose}"
        one = [trainable.state_bytes(run.params, run.task, run.steps) for run, _ in kinds]
        largest = max(size * each for size, each in zip(sizes, one, strict=True))
        saved = min(plan.total, workers * max(sizes)) * checkpoint.most_files(max(one))
        bound = round(space.checkpoint.max_gb * 10**9)
        states = min(2 * workers * largest, bound)
        every = min(workers * largest, plan.total * max(one))
        if every > bound:
            left_out = f"; checkpoint.max_gb={space.checkpoint.max_gb:g} is less than the "
            left_out += f"{size(every, 'B')} of all, so that some saves are left out"
        if space.checkpoint.keep == "state":
            under_a_seed = sum(count * each for (_, count), each in zip(kinds, one, strict=True))
            stay = len(space.first_seeds) * under_a_seed
            yield checkpoint_store.kept_states(stay, space.checkpoint.max_gb)
    reports = space.average_steps // space.evaluation.every if space.evaluation else 1
    names = min(2 * plan.total, FOLD_AT)
    files = names + saved + 10 + (_FILES_OF_A_COMMAND * plan.total if space.command else 0)
    records = plan.total * (reports + 5) * _LINE_BYTES + names * _BLOCK_BYTES
    kept = f"{size(states, 'B')} of checkpoints at a time ({counted(workers, 'worker')})"
    several = f"about {counted(files, 'file', ',')} at most"
    yield f"disk: about {size(records, 'B')} of records and {kept}, {several}{left_out}"


def fit(
    plan: Plan, trainable: Trainable, options: Options, dispatch: str, most: int | None
) -> Iterator[str]:
    """What memory a worker has, which run does not fit in it, and what disk runs want."""
    found = memory_fit.largest(plan, trainable)
    if found is not None and most is not None:
        for room in memory_fit.rooms(options, dispatch, plan.total):
            said = memory_fit.complaint(plan, found, room)
            fewer = ", so that fewer runs share a pack" if most > room.given else ""
            fits = f"memory: a worker has {room}{fewer}"
            yield fits if said is None else f"memory: too little: {said}"
    scratch = scratch_fit.largest(plan, trainable)
    if scratch is not None:
        yield f"scratch: {scratch_fit.told(plan, scratch, options, dispatch)}"
