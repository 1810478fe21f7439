"""`sweeper run` and `sweeper rerank`: start or continue a study and train its runs to the end."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from sweeper import lookup
from sweeper.cli.commands import retry
from sweeper.cli.commands.watch import after_failures, watch
from sweeper.cli.run_options import RerankOptions, RunOptions
from sweeper.dispatch import Workers, memory_fit, scratch_fit
from sweeper.errors import Stopped, SweeperError, cut
from sweeper.figures import records
from sweeper.files import bundled
from sweeper.files.atomic import remove
from sweeper.ledger.state import LedgerState
from sweeper.planning.configurations import notes
from sweeper.planning.plan import Plan
from sweeper.planning.sampling.pruner_schedule import doubts, first_report
from sweeper.report import publish, worker_status
from sweeper.report.status import summarise
from sweeper.report.status_text import summary_lines
from sweeper.space.figure_options import PRINTED
from sweeper.space.overrides import Override
from sweeper.space.space import Space
from sweeper.study import command_hints, sources, studies
from sweeper.study.analysed import load
from sweeper.study.study import Study
from sweeper.text import counted
from sweeper.trainable import own_files
from sweeper.trainable.contract import Trainable
from sweeper.trainable.loading import load_trainable
from sweeper.worker.process import study_limits

INTERRUPTED = 130


def run(path: str, options: RunOptions, overrides: Sequence[Override]) -> int:
    """Runs the space in `path` to its end; returns the exit code."""
    space, folder = asked(path, options, overrides)
    return carry_out(folder, space, options, extend=options.extend)


def asked(path: str, options: RunOptions, overrides: Sequence[Override]) -> tuple[Space, Path]:
    """The space in `path`, which may be a study's folder, and the folder of its study.

    Everything that can be wrong with the words is found before anything is started.
    """
    if studies.is_one(Path(path)):
        return _frozen(Path(path), options, overrides)
    if _names_a_study(Path(path)):
        studies.find(Path(path).name, Path(path).parent)  # which says what studies there are
    space = load(Path(path), options.scale, overrides, options.studies)
    folder = options.folder(space).resolve()
    if space.warm_start and not studies.is_one(folder):
        studies.warm_start_of(space, folder)
    return space, folder


def _names_a_study(path: Path) -> bool:
    """Whether `path`, where nothing is, looks like the folder of a study and not like a space."""
    shipped = bundled.find("spaces", str(path)) is not None
    return not path.suffix and not shipped and bool(studies.names(path.parent))


def rerank(first: Study, options: RerankOptions) -> int:
    """Runs the best configurations of a study on fresh seeds; returns the exit code."""
    from sweeper.results.ranking import fresh_outcome, fresh_runs

    own_files.tell_strangers(first.space.dump())
    ledger_state = first.ledger_state(reports=False)
    studies.check_code(first, first.space, ledger_state, other_code=options.run.other_code)
    space = fresh_runs.space_of(first, options.top, options.seeds)
    folder = fresh_runs.folder_of(first)
    code = carry_out(folder, space, options.run, extend=True)
    for line in fresh_outcome.lines(first):
        print(line)
    if not Study.open(folder).ended:
        again = f"{command_hints.words(first)} {shlex.join(options.same)}".strip()
        print(f"{os.path.relpath(first.paths.report)} tells of them when the last has ended:")
        print(f"  sweeper rerank {again}  # prints what is known by then")
        print(f"  sweeper report {command_hints.words(first)}  # writes what is known by now")
    return code


def carry_out(folder: Path, space: Space, options: RunOptions, *, extend: bool) -> int:
    """Starts the study of `space` in `folder`, or goes on with it; returns the exit code."""
    backend = lookup.find("sweeper.dispatch", options.dispatch)(options.workers)
    console = Console(highlight=False, markup=False, soft_wrap=True)
    known = studies.is_one(folder)
    if not known:
        trainable = load_trainable(space)
        _check_room(Plan(space, trainable), trainable, options)
    started = studies.start(
        folder,
        space,
        group=options.group,
        extend=extend or space.analysis is not None,
        other_code=options.other_code,
    )
    _tell_sources(started, console)
    ledger_state = started.ledger_state(reports=False)
    if not started.ended_in(ledger_state):
        _check_failures(started, ledger_state)
        if known:
            _check_room(started.plan, started.trainable, options, begun=True)
    _begin_session(started, ledger_state)
    remove(started.paths.cancelled)
    if not started.ended_in(ledger_state):
        aside = publish.set_aside(started, ledger_state)
        if aside:
            old = os.path.relpath(started.paths.old_figures)
            console.print(f"{counted(aside, 'figure')} drawn before: in {old} until drawn anew")
        if space.pruner is not None:
            for line in doubts(space, first_report(space)):
                console.print(f"pruner: {line}")
        for line in notes.lines(started.plan):
            console.print(line)
        if not backend.watched:
            return _leave(started, backend.start(started), options, console)
        if not watch(started, lambda: backend.start(started), console):
            mark = started.cancelled
            return INTERRUPTED if mark is None or mark.limit is None else 1
    return _conclude(started, console)


def _check_room(
    plan: Plan, trainable: Trainable, options: RunOptions, *, begun: bool = False
) -> None:
    """Refuses runs for which a worker has too little memory, or disk for what they keep there.

    Of a study that has `begun` others may be at work, and have taken theirs.
    """
    memory_fit.check(plan, trainable, options.workers, options.dispatch)
    workers = replace(options.workers, workers=1) if begun else options.workers
    scratch_fit.check(plan, trainable, workers, options.dispatch)


def _tell_sources(study: Study, console: Console) -> None:
    """Says what an analysis is of; opens again what had nothing to analyse and has now.

    `SweeperError` where there is nothing at all to analyse.
    """
    sources.check(study)
    for line in sources.lines(study.sources, study.plan.runs):
        console.print(line)
    again = {run.id for run in sources.ready_again(study)}
    if again:
        records = study.ledger_state(reports=False).runs
        opened = retry.reopen(study, [records[run] for run in again])
        console.print(f"  {counted(len(opened), 'run')} can be analysed now: opened again")


def _check_failures(study: Study, ledger_state: LedgerState) -> None:
    """Raises `Stopped` where too many runs have failed by one cause, and its code is the same."""
    why = study_limits.FailureCount(study, ledger_state).reached()
    if why is not None:
        raise Stopped("\n".join([f"{study.name} is stopped: {why}", *after_failures(study)]))


def _begin_session(study: Study, ledger_state: LedgerState) -> None:
    """Counts the hours of `limits.hours` anew where nobody is at work."""
    if study.space.limits.hours is None:
        return
    states = worker_status.worker_states(study, ledger_state).values()
    if study.cancelled is not None or not any(state.busy for state in states):
        study_limits.begin_session(study)


def _leave(started: Study, workers: Workers, options: RunOptions, console: Console) -> int:
    """Says how to follow workers that need nobody."""
    for line in workers.said:
        console.print(line)
    console.print(f"{started.name} goes on without you:")
    same = shlex.join(options.same)
    for command, about in (
        (f"{command_hints.again(started)} {same} watch=true", "stays and watches"),
        (f"sweeper status {command_hints.words(started)}", "says where it stands"),
        (f"sweeper cancel {command_hints.words(started)}", "stops the workers"),
    ):
        console.print(f"  {command}  # {about}")
    return 0


def _frozen(folder: Path, options: RunOptions, overrides: Sequence[Override]) -> tuple[Space, Path]:
    """The space of a study that is there, and the study's folder."""
    given = {"scale": options.scale, "name": options.name, "root": options.root}
    words = [name for name, value in given.items() if value is not None]
    words += [override.key for override in overrides]
    if words:
        raise SweeperError(
            f"{cut(folder)} is a study, which goes on as it is: {cut(words[0])}= needs a space's "
            "YAML file"
        )
    space = Study.open(folder).space
    own_files.tell_strangers(space.dump())
    return space, folder.resolve()


def _conclude(started: Study, console: Console) -> int:
    """Says what came out; draws the figures where no worker did."""
    due = publish.due(started, started.ledger_state(reports=False))
    whole = publish.now(started, own=None) if due else True
    publish.tidy(started)
    summary = summarise(started)
    for line in summary_lines(summary):
        console.print(line)
    edition = started.edition(started.ledger_state(reports=False))
    shown = [one for one in records.read(started.paths) if one.edition == edition]
    for name in records.pictures(shown):
        console.print(f"  {os.path.relpath(started.paths.figures / name)}")
    if started.paths.report.exists():
        console.print(f"  {os.path.relpath(started.paths.report)}")
    for text in records.texts(shown, PRINTED):
        console.print(f"\n{(started.paths.figures / text).read_text(encoding='utf-8')}", end="")
    if not started.space.drawn and started.space.figures is None and started.space.axes:
        x = next(iter(started.space.axes))
        draw = f"sweeper sensitivity {command_hints.words(started)} {shlex.quote(f'x={x}')}"
        console.print(f"  no figures, as the space names none: {draw} draws one", soft_wrap=True)
    trials = summary.trials
    return 0 if whole and trials["total"] and not trials["failed"] else 1
