"""Starts a study, or goes on with it, from Python."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike, fspath
from typing import Any

from sweeper.cli.app import RUN_OPTIONS
from sweeper.cli.commands import run as command
from sweeper.cli.run_options import RunOptions
from sweeper.interface.opened import OpenStudy
from sweeper.interface.words import words
from sweeper.planning.mistakes import placement
from sweeper.space.overrides import parse_words
from sweeper.study.study import Study


def run(
    space: str | PathLike[str], changes: Mapping[str, Any] | None = None, /, **given: Any
) -> OpenStudy:
    """Runs the study of the space in the file `space` to its end, and opens it to be looked at.

    The same call again goes on with it; `space` may be a study's folder, too. `given` are options
    of `sweeper run` and keys of the space, `changes` keys with dots in them:
    `sweeper.run("mine.yaml", {"axes.lr.values": [0.1, 0.2]}, seeds=3, dispatch="inline")`. On Slurm
    it returns once the jobs are submitted. Raises `SweeperError` for mistakes, and
    `KeyboardInterrupt` where it was interrupted; its runs are saved then. Runs that failed are in
    `failed` of what it returns.
    """
    file = fspath(space)
    asked = words(changes, given, RUN_OPTIONS)
    chosen, overrides = parse_words(asked, list(RUN_OPTIONS), meant=placement.of_file(file))
    options = RunOptions.of(chosen)
    known, folder = command.asked(file, options, overrides)
    code = command.carry_out(folder, known, options, extend=options.extend)
    if code == command.INTERRUPTED:
        raise KeyboardInterrupt
    return OpenStudy(Study.open(folder))
