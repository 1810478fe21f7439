"""`sweeper plan`: what a space would train, and what that takes; nothing is started."""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterator
from pathlib import Path

from sweeper import study as studies
from sweeper.cluster import layout
from sweeper.dispatch import Options
from sweeper.errors import SweeperError
from sweeper.expand import described
from sweeper.plan import Plan, Run
from sweeper.space import Space
from sweeper.study import Study
from sweeper.trainable import Trainable, Weighable, load_trainable
from sweeper.values import counted, hours

_ENDS = 3
"""How many of the first and of the last trials are shown."""

_LINE_BYTES = 220
"""A ledger line, about; a claim or an end takes a file of as much, in a block of its own."""

_BLOCK_BYTES = 4096


def lines(space: Space, folder: Path, options: Options, *, slurm: bool = False) -> Iterator[str]:
    """What the study of `space` in `folder` would train with these `options`, and what that takes.

    Trials, runs, signatures, steps; hours, memory, disk and files; the first and last trials; with
    `slurm` what would be submitted.
    """
    if slurm:
        options = layout.resolved(options)
    trainable = load_trainable(space)
    plan = Plan(space, trainable)
    costs = _all_costs(plan, folder.parent)
    yield f"{folder.name}: {_counts(plan)}"
    yield f"  {_signatures(plan, trainable, options)}"
    yield f"  steps: {plan.total * space.steps:,} in all, {space.steps:,} a run"
    yield f"  time: {_time(plan, costs, folder.parent, options, slurm)}"
    yield from (f"  {line}" for line in _room(plan, trainable, options))
    if slurm:
        needed = _worker_hours(plan, costs) if costs else None
        yield from (f"  {line}" for line in layout.lines(options, folder, plan.total, needed))
    if plan.unfound:
        yield f"  {plan.unfound} more were asked for: no further configuration was found"
    if plan.expansion.dropped:
        yield f"  {plan.expansion.dropped} cells of the grid are invalid and dropped"
    yield from _trials(plan)
    reference = plan.expansion.reference()
    if reference is not None:
        yield f"  reference: {described(reference.labels)}"


def _counts(plan: Plan) -> str:
    space = plan.space
    trials = len(plan.trials) + plan.due
    sizes = [(trials, "trial"), (len(space.tasks), "task"), (len(space.seeds), "seed")]
    return f"{' × '.join(counted(*size) for size in sizes)} = {counted(plan.total, 'run')}"


def _signatures(plan: Plan, trainable: Trainable, options: Options) -> str:
    if not plan.runs:
        return f"trials: {plan.space.sampler.name} chooses them as results come in"
    names = {trainable.signature(run.params, run.task) for run in _one_a_cell(plan)}
    if not trainable.packs:
        return "signatures: 1, each run alone"
    size = max(_pack(trainable, run, options) for run in _one_a_cell(plan))
    device = {None: "a CPU", "cpu": "a CPU", "cuda": "a GPU"}[options.device]
    return f"signatures: {len(names)}, in packs of up to {size} runs (on {device})"


def _pack(trainable: Trainable, run: Run, options: Options) -> int:
    """The most members of a pack that `run` is in."""
    if options.pack != "auto":
        return int(options.pack)
    return trainable.pack_size(run.params, run.task, options.device or "cpu")


def _one_a_cell(plan: Plan) -> list[Run]:
    """A run of every trial on every task."""
    return plan.runs[:: len(plan.space.seeds)]


def _time(plan: Plan, costs: list[float], root: Path, options: Options, slurm: bool) -> str:
    if not costs:
        smaller = plan.space.scale != "smoke"
        hint = " (scale=smoke would tell, where the space has it)" if smaller else ""
        return f"unknown: no run of {plan.space.identity} has ended under {root} yet{hint}"
    total = _worker_hours(plan, costs)
    told = f"about {hours(total)} worker-hours"
    if not slurm or options.workers:
        workers = options.workers or os.cpu_count() or 1
        told += f", {hours(total / workers)} hours with {counted(workers, 'worker')}"
    return f"{told} (from {len(costs)} runs under {root})"


def _worker_hours(plan: Plan, costs: list[float]) -> float:
    return statistics.median(costs) * plan.total * plan.space.steps / 3600


def _all_costs(plan: Plan, root: Path) -> list[float]:
    return [cost for name in studies.names(root) for cost in _costs(root / name, plan.space)]


def _costs(folder: Path, space: Space) -> list[float]:
    """Worker-seconds a step of the runs of a study that trained the same."""
    try:
        study = Study.open(folder)
    except SweeperError:
        return []
    if study.space.identity != space.identity:
        return []
    return [
        (record.ended - record.started) / max(1, record.tries[record.last].pack) / record.step
        for record in study.fold(reports=False).runs.values()
        if record.state == "complete" and record.started and record.ended and record.step
    ]


def _room(plan: Plan, trainable: Trainable, options: Options) -> Iterator[str]:
    """Memory and disk, as far as the trainable tells how large a run's state is."""
    space, workers = plan.space, options.workers or os.cpu_count() or 1
    if not isinstance(trainable, Weighable) or not plan.runs:
        yield "memory: only running it can tell"
        states = 0
    else:
        cells = [(run.params, run.task, space.steps) for run in _one_a_cell(plan)]
        sizes = [_pack(trainable, run, options) for run in _one_a_cell(plan)]
        pairs = list(zip(cells, sizes, strict=True))
        most = max(trainable.pack_bytes(*cell, size) for cell, size in pairs)
        yield f"memory: up to {_bytes(most)} a worker, beside its packages (on a CPU)"
        largest = max(size * trainable.state_bytes(*cell) for cell, size in pairs)
        states = min(2 * workers * largest, round(space.checkpoint.max_gb * 10**9))
    reports = space.steps // space.evaluation.every if space.evaluation else 1
    records = plan.total * ((reports + 3) * _LINE_BYTES + 2 * _BLOCK_BYTES)
    yield (
        f"disk: about {_bytes(records)} of records and {_bytes(states)} of checkpoints at a time "
        f"({counted(workers, 'worker')}), {2 * plan.total + 10:,} files"
    )


def _trials(plan: Plan) -> Iterator[str]:
    """The first and the last trials that are planned by now."""
    shown = plan.trials
    if len(shown) > 2 * _ENDS:
        shown = [*shown[:_ENDS], *shown[-_ENDS:]]
    for index, trial in enumerate(shown):
        if index == _ENDS and len(plan.trials) > 2 * _ENDS:
            yield "  …"
        yield f"  trial {trial.number}: {described(trial.labels)}"


def _bytes(number: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.3g} TB"
