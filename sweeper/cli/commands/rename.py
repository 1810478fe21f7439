"""`sweeper rename`: gives a study, and the one of its fresh runs, another name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from sweeper.errors import SweeperError, cut
from sweeper.report import publish, worker_status
from sweeper.results.export import optuna_storage
from sweeper.results.ranking import fresh_runs
from sweeper.study import command_hints
from sweeper.study.studies import check_name
from sweeper.study.study import Study


def rename(study: Study, name: str) -> Iterator[str]:
    """Renames the study to `name`, and makes anew all that names it; says what else there is.

    `SweeperError` where it is at work, or there is something of that name.
    """
    fresh = fresh_runs.study_of(study)
    moves = [(study, study.folder.with_name(check_name(name)))]
    if fresh is not None:
        moves.append((fresh, fresh_runs.folder_of(Study(moves[0][1], study.versions))))
    first = fresh_runs.first_of(study)
    if first is not None:
        raise SweeperError(
            f"{study.name} is named after {first.name}: sweeper rename "
            f"{command_hints.words(first)} to=… renames both"
        )
    for one, target in moves:
        if target.exists():
            raise SweeperError(f"{cut(target.resolve())} is there already")
        worker_status.check_idle(one)
    for one, target in moves:
        try:
            os.rename(one.folder, target)
        except OSError as error:
            raise SweeperError(f"cannot rename {one.folder}: {error.strerror}") from error
        yield f"{one.name} is now {target.name}: {target.resolve()}"
    for _, target in moves:
        yield from _named_anew(target, study.name)


def _named_anew(folder: Path, before: str) -> Iterator[str]:
    """Writes what a study says its name in, as far as it is there; tells which figures are old."""
    study = Study.open(folder)
    study.share_files()
    old = {file: file.stat().st_mtime_ns for file in study.paths.figures.glob("[!.]*")}
    if study.paths.report.exists():
        publish.now(study)
    elif study.paths.optuna.exists():
        optuna_storage.write(study, study.ledger_state())
    left = [
        file.name
        for file, written in sorted(old.items())
        if file.exists() and file.stat().st_mtime_ns == written
    ]
    if left:
        yield f"drawn by commands of their own, and still captioned {before}: {', '.join(left)}"
