"""`sweeper plan`: what a space would train, and what that takes; nothing is started."""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterator
from pathlib import Path

from sweeper import study as studies
from sweeper.errors import SweeperError
from sweeper.expand import described
from sweeper.plan import Plan, Run
from sweeper.space import Space
from sweeper.study import Study
from sweeper.trainable import Trainable, Weighable, load_trainable
from sweeper.values import counted

_ENDS = 3
"""How many of the first and of the last trials are shown."""

_LINE_BYTES = 220
"""A ledger line, about; a claim or an end takes a file of as much, in a block of its own."""

_BLOCK_BYTES = 4096


def lines(space: Space, root: Path) -> Iterator[str]:
    """Trials, runs, signatures, steps; hours, memory, disk and files; the first and last trials."""
    trainable = load_trainable(space)
    plan = Plan(space, trainable)
    yield f"{space.name}: {_counts(plan)}"
    yield f"  {_signatures(plan, trainable)}"
    yield f"  steps: {plan.total * space.steps:,} in all, {space.steps:,} a run"
    yield f"  time: {_time(plan, root)}"
    yield from (f"  {line}" for line in _room(plan, trainable))
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


def _signatures(plan: Plan, trainable: Trainable) -> str:
    if not plan.runs:
        return f"trials: {plan.space.sampler.name} chooses them as results come in"
    names = {trainable.signature(run.params, run.task) for run in _one_a_cell(plan)}
    if not trainable.packs:
        return "signatures: 1, each run alone"
    size = max(trainable.pack_size(run.params, run.task, "cpu") for run in _one_a_cell(plan))
    return f"signatures: {len(names)}, in packs of up to {size} runs (on a CPU)"


def _one_a_cell(plan: Plan) -> list[Run]:
    """A run of every trial on every task."""
    return plan.runs[:: len(plan.space.seeds)]


def _time(plan: Plan, root: Path) -> str:
    costs = [cost for name in studies.names(root) for cost in _costs(root / name, plan.space)]
    if not costs:
        return (
            f"unknown: no run of {plan.space.identity} has ended under {root} yet "
            "(scale=smoke would tell, where the space has it)"
        )
    cores = os.cpu_count() or 1
    hours = statistics.median(costs) * plan.total * plan.space.steps / 3600
    return (
        f"about {hours:.2g} worker-hours, {hours / cores:.2g} hours with {cores} workers "
        f"(from {len(costs)} runs under {root})"
    )


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


def _room(plan: Plan, trainable: Trainable) -> Iterator[str]:
    """Memory and disk, as far as the trainable tells how large a run's state is."""
    space, workers = plan.space, os.cpu_count() or 1
    if not isinstance(trainable, Weighable) or not plan.runs:
        yield "memory: only running it can tell"
        states = 0
    else:
        cells = [(run.params, run.task, space.steps) for run in _one_a_cell(plan)]
        sizes = [trainable.pack_size(params, task, "cpu") for params, task, _ in cells]
        pairs = list(zip(cells, sizes, strict=True))
        most = max(trainable.pack_bytes(*cell, size) for cell, size in pairs)
        yield f"memory: up to {_bytes(most)} a worker, beside its packages (on a CPU)"
        largest = max(size * trainable.state_bytes(*cell) for cell, size in pairs)
        states = min(2 * workers * largest, round(space.checkpoint.max_gb * 10**9))
    reports = space.steps // space.evaluation.every if space.evaluation else 1
    records = plan.total * ((reports + 3) * _LINE_BYTES + 2 * _BLOCK_BYTES)
    yield (
        f"disk: about {_bytes(records)} of records and {_bytes(states)} of checkpoints at a time "
        f"({workers} workers), {2 * plan.total + 10:,} files"
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
