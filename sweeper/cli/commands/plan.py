"""`sweeper plan`: a dry run that counts the trials and runs of a space and estimates their cost."""

from __future__ import annotations

import os
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from sweeper import lookup
from sweeper.cli.commands import asked, plan_room
from sweeper.cli.run_options import RunOptions
from sweeper.dispatch import Options, slurm_layout
from sweeper.errors import SweeperError, cut
from sweeper.planning.configurations import notes
from sweeper.planning.plan import Plan
from sweeper.planning.sampling import pruner_schedule
from sweeper.report.progress.work_left import WorkLeft, reached
from sweeper.space.overrides import Override
from sweeper.space.space import Space
from sweeper.study import sources, studies
from sweeper.study.analysed import load
from sweeper.study.sources import sources_of
from sweeper.study.study import Study
from sweeper.text import about, agreed, counted, duration, further, labels_text
from sweeper.trainable import own_files
from sweeper.trainable.contract import Trainable
from sweeper.trainable.loading import load_trainable

_ENDS = 3
"""How many of the first and of the last trials are shown."""

Done = dict[str, int]
"""Steps that need not be done any more, by run: of those that have ended all."""

Costs = Mapping[str, Sequence[float]]
"""Worker-seconds a step of runs that have ended, by their signature."""


def asked_for(path: str, options: RunOptions, changes: Sequence[Override]) -> tuple[Space, Path]:
    """The space in `path`, changed, and the folder that its study has or would have."""
    lookup.find("sweeper.dispatch", options.dispatch)
    if options.dispatch != "slurm":
        options.workers.local_only(options.dispatch)
    space = load(Path(path), options.scale, changes, options.studies)
    folder = options.folder(space)
    if space.warm_start and not studies.is_one(folder):
        studies.warm_start_of(space, folder)
    return space, folder


def lines(
    space: Space,
    folder: Path,
    options: Options,
    *,
    dispatch: str = "local",
    plan: Plan | None = None,
) -> Iterator[str]:
    """The trials and runs of the study of `space` in `folder` with these `options`, and their cost.

    Trials and runs, and what the space asks for; signatures, steps; hours, memory, disk and files;
    the first and last trials; with `dispatch` slurm what would be submitted. `plan` is its plan,
    where that is there already.
    """
    slurm = dispatch == "slurm"
    if slurm:
        options = slurm_layout.resolved(options)
    trainable = load_trainable(space)
    plan = plan or Plan(space, trainable)
    cells = [trainable.signature(run.params, run.task) for run in plan.cells]
    costs = _costs(space, folder.parent, trainable)
    yield f"{folder.name}: {counts(plan)}"
    yield from (f"  {line}" for line in asked.lines(space))
    yield from (f"  {line}" for line in sources.lines(sources_of(space, folder), plan.runs))
    yield from (f"  {line}" for line in _warm_start(space, folder))
    yield f"  {_signatures(plan, trainable, options, len(set(cells)))}"
    yield f"  steps: {plan.steps:,} in all, {space.steps_text} a run{_of_members(plan)}"
    done = _done(plan, folder)
    if done:
        yield f"  left: {_left(plan, done)}"
    yield f"  time: {_time(plan, cells, costs, done, folder.parent, options, slurm)}"
    workers = _workers(plan, options, slurm)
    most = plan_room.largest_pack(plan, trainable, options)
    yield from (f"  {line}" for line in plan_room.lines(plan, trainable, options, workers, most))
    yield from (f"  {line}" for line in plan_room.fit(plan, trainable, options, dispatch, most))
    if slurm:
        needed = _worker_s(plan, cells, costs, done) / 3600 if costs else None
        yield from (f"  {line}" for line in slurm_layout.lines(options, folder, plan.total, needed))
    yield from (
        f"  pruner: {line}" for line in pruner_schedule.lines(space, _first_report(space, folder))
    )
    if plan.unfound:
        yield f"  {further(plan.unfound)}"
    if plan.dropped:
        invalid = counted(plan.dropped, "cell")
        yield f"  {invalid} of the grid {agreed(plan.dropped, 'is', 'are')} invalid and dropped"
    yield from (f"  {line}" for line in notes.lines(plan))
    yield from _trials(plan)
    reference = plan.expansion.reference()
    if reference is not None:
        yield f"  reference: {labels_text(reference.labels)}"


def _of_members(plan: Plan) -> str:
    """What members of populations step together, where runs are populations."""
    population = plan.space.population
    return f", each of {population.size} members" if population is not None else ""


def _warm_start(space: Space, folder: Path) -> Iterator[str]:
    """The trials of earlier studies that the sampler knows, or would know if it began now."""
    if space.warm_start and studies.is_one(folder):
        known = Counter(trial.study for trial in Study.open(folder).earlier)
        said = [f"{counted(number, 'trial')} of {name}" for name, number in known.items()]
        yield f"warm start: {', '.join(said) or 'no trial'}"
    elif space.warm_start:
        found = studies.warm_start_of(space, folder)
        yield f"warm start: {', '.join(found.said)}"
        yield from found.doubts


def _first_report(space: Space, folder: Path) -> int | None:
    """The step of a run's first report: of a function, as a pruner has seen it in the study."""
    first = pruner_schedule.first_report(space)
    if space.pruner is not None and first is None and studies.is_one(folder):
        judged = Study.open(folder).ledger_state(reports=False).judged.values()
        return min((min(steps) for steps in judged), default=None)
    return first


def counts(plan: Plan) -> str:
    """How many trials, tasks, seeds and runs: `2 trials × 1 task × 3 seeds = 6 runs`."""
    space = plan.space
    trials = len(plan.trials) + plan.due
    sizes = [counted(trials, "trial"), counted(len(space.tasks), "task")]
    seeds, runs = counted(len(space.seeds), "seed"), counted(plan.total, "run")
    if plan.most > plan.total:
        seeds = f"{len(space.first_seeds)} to {seeds}"
        runs = f"{plan.total} to {counted(plan.most, 'run')}"
    return f"{' × '.join([*sizes, seeds])} = {runs}"


def _signatures(plan: Plan, trainable: Trainable, options: Options, number: int) -> str:
    if not plan.runs:
        return f"trials: {plan.space.sampler.told} chooses them as results come in"
    if not trainable.packs:
        return "signatures: 1, each run alone"
    if plan_room.packs_elsewhere(options):
        return f"signatures: {number}, in packs that a GPU's memory holds (none is here)"
    size = max(plan_room.pack(trainable, run, options) for run in plan.cells)
    device = {None: "a CPU", "cpu": "a CPU", "cuda": "a GPU"}[options.device]
    return f"signatures: {number}, in packs of up to {counted(size, 'run')} (on {device})"


def _workers(plan: Plan, options: Options, slurm: bool) -> int:
    """How many workers there would be."""
    if not slurm:
        return options.workers or os.cpu_count() or 1
    kinds = slurm_layout.kinds(options)
    return slurm_layout.workers(kinds, slurm_layout.jobs(options, kinds, plan.total))


def _done(plan: Plan, folder: Path) -> Done:
    """What the study in `folder` has done of the runs of `plan`, where there is one."""
    if not studies.is_one(folder):
        return {}
    done: dict[str, int] = {}
    for name, record in Study.open(folder).ledger_state(reports=False).runs.items():
        run = plan.find(name)
        if run is not None or plan.due:
            steps = plan.space.average_steps if run is None else run.steps
            done[name] = steps if record.settled else reached(record)
    return done


def _left(plan: Plan, done: Done) -> str:
    lengths, usual = {run.id: run.steps for run in plan.runs}, plan.space.average_steps
    ended = sum(steps == lengths.get(run, usual) for run, steps in done.items())
    return WorkLeft(plan.total - ended, plan.steps - sum(done.values())).line()


def _time(
    plan: Plan,
    cells: list[str],
    costs: Costs,
    done: Done,
    root: Path,
    options: Options,
    slurm: bool,
) -> str:
    if not costs:
        smaller = plan.space.scale != "smoke"
        hint = " (scale=smoke would tell roughly, where the space has it)" if smaller else ""
        return f"unknown: no run of {cut(plan.space.identity)} has ended under {root} yet{hint}"
    total, doubt = _worker_s(plan, cells, costs, done), _doubt(cells, costs)
    estimate = f"{f'at a guess {duration(total)}' if doubt else about(total)} of one worker"
    if not slurm or options.workers:
        workers = options.workers or os.cpu_count() or 1
        estimate += f", {duration(total / workers)} with {counted(workers, 'worker')}"
    if plan.space.pruner is not None:
        estimate += ", less what the pruner saves"
    ended = sum(len(each) for each in costs.values())
    return f"{estimate} (from {counted(ended, 'run')} under {root}{doubt})"


def _doubt(cells: list[str], costs: Costs) -> str:
    """How much of the plan is guessed from runs of other networks, batches or tasks."""
    guessed, all_of_them = len(set(cells) - set(costs)), len(set(cells))
    if not guessed:
        return ""
    return (
        f", none of {guessed} of these {counted(all_of_them, 'signature')}: larger networks or "
        "batches take longer"
    )


def _worker_s(plan: Plan, cells: list[str], costs: Costs, done: Done) -> float:
    """Seconds of one worker for what is left.

    A signature that no run has had yet counts as the median of those that some had.
    """
    usual = statistics.median(cost for each in costs.values() for cost in each)
    medians = {signature: statistics.median(each) for signature, each in costs.items()}
    known = [medians.get(signature, usual) for signature in cells]
    a_step = statistics.fmean(known) if known else usual
    total = a_step * plan.steps
    a_cell = {(run.trial, run.task): cost for run, cost in zip(plan.cells, known, strict=False)}
    for run in plan.runs if done else ():
        total -= done.get(run.id, 0) * a_cell[run.trial, run.task]
    unplanned = sum(steps for run, steps in done.items() if plan.find(run) is None)
    return total - a_step * unplanned


def _costs(space: Space, root: Path, trainable: Trainable) -> Costs:
    """Those of all studies under `root` that trained the same, with no other files.

    Their signatures are asked of `trainable`, which is the space's own: no other code is run.
    """
    costs = defaultdict(list)
    ours = set(own_files.named(space.dump()))
    for name in studies.names(root):
        with suppress(SweeperError):  # of a study that cannot be read any more
            study = Study.open(root / name)
            same = _trained(study.space) == _trained(space)
            if same and ours.issuperset(own_files.named(study.space.dump())):
                for signature, cost in _ended(study, trainable):
                    costs[signature].append(cost)
    return costs


def _trained(space: Space) -> tuple[str, int]:
    """What a run trains: the agent, and how many members, where it is a population."""
    return space.identity, 0 if space.population is None else space.population.size


def _ended(study: Study, trainable: Trainable) -> Iterator[tuple[str, float]]:
    """Signature and worker-seconds a step of a study's complete runs."""
    records = study.ledger_state(reports=False).runs
    for run in study.plan.runs:
        record = records.get(run.id)
        if record is None or record.state != "complete" or not record.step:
            continue
        attempt = record.tries[record.last]
        if attempt.began and record.ended and record.step > attempt.resumed:
            seconds = (record.ended - attempt.began) / max(1, attempt.pack)
            signature = trainable.signature(run.params, run.task)
            yield signature, seconds / (record.step - attempt.resumed)


def _trials(plan: Plan) -> Iterator[str]:
    """The first and the last trials that are planned by now."""
    shown = plan.trials
    if len(shown) > 2 * _ENDS:
        shown = [*shown[:_ENDS], *shown[-_ENDS:]]
    for index, trial in enumerate(shown):
        if index == _ENDS and len(plan.trials) > 2 * _ENDS:
            yield "  …"
        yield f"  trial {trial.number}: {labels_text(trial.labels)}"
