"""`sweeper run`: from words on the command line to a study that is done."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from sweeper import lookup, paths
from sweeper.cli.commands.watch import watch
from sweeper.dispatch import Options, Workers
from sweeper.errors import SweeperError
from sweeper.plan.loading import load
from sweeper.report import publish
from sweeper.report.status import summarise, summary_lines
from sweeper.space.overrides import Override, truth
from sweeper.space.space import Space
from sweeper.study import command_hints, study
from sweeper.study.study import Study

INTERRUPTED = 130


def run(path: str, options: Mapping[str, str], overrides: Sequence[Override]) -> int:
    """Runs the space in `path` to its end; returns the exit code.

    Everything that can be wrong with the words is found before anything is started.
    """
    if study.is_one(Path(path)):
        space, folder = _frozen(Path(path), options, overrides)
    else:
        if not Path(path).suffix and study.names(Path(path).parent):
            study.find(Path(path).name, Path(path).parent)  # which says what studies there are
        space = load(Path(path), options.get("scale"), overrides)
        root = Path(options.get("root", paths.STUDIES))
        folder = (root / study.check_name(options.get("name", space.name))).resolve()
    return carry_out(folder, space, options, extend=truth("extend", options))


def rerank(first: Study, options: Mapping[str, str]) -> int:
    """Runs the best configurations of a study on fresh seeds; returns the exit code."""
    from sweeper.results.ranking import rerank

    top = _count("top", options.get("top", "5"), "a whole number from 1")
    number = options.get("seeds")
    seeds = _count("seeds", number, "a whole number from 1") if number is not None else None
    space = rerank.space_of(first, top, seeds)
    folder = rerank.folder_of(first)
    code = carry_out(folder, space, options, extend=True)
    for line in rerank.lines(first):
        print(line)
    if not Study.open(folder).ended:
        named = [f"{name}={options[name]}" for name in options if name not in ("study", "root")]
        again = f"{command_hints.words(first)} {shlex.join(named)}".strip()
        print(f"{os.path.relpath(first.paths.report)} tells of them when the last has ended:")
        print(f"  sweeper rerank {again}  # prints what is known by then")
        print(f"  sweeper report {command_hints.words(first)}  # writes what is known by now")
    return code


def carry_out(folder: Path, space: Space, options: Mapping[str, str], *, extend: bool) -> int:
    """Starts the study of `space` in `folder`, or goes on with it; returns the exit code."""
    dispatch = options.get("dispatch", "local")
    backend = lookup.find("sweeper.dispatch", dispatch)(options_of(options))
    group = truth("group", options)
    console = Console(highlight=False, soft_wrap=True)
    started = study.start(folder, space, group=group, extend=extend)
    started.paths.cancelled.unlink(missing_ok=True)
    if not started.ended:
        if not backend.watched:
            return _leave(started, backend.start(started), options, console)
        if not watch(started, lambda: backend.start(started), console):
            return INTERRUPTED
    return _conclude(started, console)


_OF_WORKERS = "dispatch", "profile", "workers", "pack", "device", "group"


def _leave(started: Study, workers: Workers, options: Mapping[str, str], console: Console) -> int:
    """Says how to follow workers that need nobody."""
    for line in workers.said:
        console.print(line)
    console.print(f"{started.name} goes on without you:")
    same = shlex.join(f"{name}={options[name]}" for name in _OF_WORKERS if name in options)
    for command, about in (
        (f"{command_hints.again(started)} {same} watch=true", "stays and watches"),
        (f"sweeper status {command_hints.words(started)}", "says where it stands"),
        (f"sweeper cancel {command_hints.words(started)}", "stops the workers"),
    ):
        console.print(f"  {command}  # {about}")
    return 0


def _frozen(
    folder: Path, options: Mapping[str, str], overrides: Sequence[Override]
) -> tuple[Space, Path]:
    """The space of a study that is there, and the study's folder."""
    words = [*(name for name in ("scale", "name", "root") if name in options)]
    words += [override.key for override in overrides]
    if words:
        raise SweeperError(
            f"{folder} is a study, which goes on as it is: {words[0]}= needs a space's YAML file"
        )
    return Study.open(folder).space, folder.resolve()


def _conclude(started: Study, console: Console) -> int:
    """Says what came out; draws the figures where no worker did."""
    due = publish.due(started, started.ledger_state(reports=False))
    whole = publish.now(started) if due else True
    publish.tidy(started)
    summary = summarise(started)
    for line in summary_lines(summary):
        console.print(line)
    for file in sorted(started.paths.figures.glob("[!.]*.p[dn][fg]")):
        console.print(f"  {os.path.relpath(file)}")
    if started.paths.report.exists():
        console.print(f"  {os.path.relpath(started.paths.report)}")
    trials = summary["trials"]
    return 0 if whole and trials["total"] and not trials["failed"] else 1


def options_of(options: Mapping[str, str]) -> Options:
    """What the words say of workers; `SweeperError` where they cannot be had."""
    pack = options.get("pack", "auto")
    if pack != "auto":
        _count("pack", pack, "auto or a whole number from 1")
    device = options.get("device")
    if device not in (None, "cpu", "cuda"):
        raise SweeperError(f"device must be cpu or cuda, but got {device!r}")
    workers = options.get("workers")
    return Options(
        workers=_count("workers", workers, "a whole number from 1") if workers else None,
        pack=pack,
        device=device,
        profile=options.get("profile"),
        watch=truth("watch", options),
    )


def _count(name: str, text: str, rule: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise SweeperError(f"{name} must be {rule}, but got {text!r}")
    return number
