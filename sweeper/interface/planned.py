"""What a space would train: its trials and runs, before anything is started."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike, fspath
from typing import Any

import pandas as pd

from sweeper.cli.app import PLAN_OPTIONS
from sweeper.cli.commands import plan as preview
from sweeper.cli.run_options import RunOptions
from sweeper.interface.words import words
from sweeper.planning.mistakes import placement
from sweeper.planning.plan import Plan
from sweeper.space.blocks.parts import every_axis
from sweeper.space.overrides import parse_words
from sweeper.trainable.loading import load_trainable


@dataclass(frozen=True)
class Planned:
    """The plan of a space; printed, it says what `sweeper plan` says."""

    name: str
    """What its study is called."""
    trials: pd.DataFrame
    """A row a trial: trial, a column an axis."""
    runs: pd.DataFrame
    """A row a run: run, trial, task, seed, steps, a column an axis."""
    text: str

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.text)}</pre>"


def plan(
    space: str | PathLike[str], changes: Mapping[str, Any] | None = None, /, **given: Any
) -> Planned:
    """What the space in the file `space` would train, and what that takes; nothing is started.

    `given` are options of `sweeper plan` and keys of the space, `changes` keys with dots in them:
    `sweeper.plan("mine.yaml", {"axes.lr.values": [0.1, 0.2]}, seeds=3)`. Raises `SweeperError` for
    all mistakes in the file at once.
    """
    file = fspath(space)
    asked = words(changes, given, PLAN_OPTIONS)
    chosen, overrides = parse_words(asked, list(PLAN_OPTIONS), meant=placement.of_file(file))
    options = RunOptions.of(chosen)
    loaded, folder = preview.asked_for(file, options, overrides)
    found = Plan(loaded, load_trainable(loaded))
    lines = preview.lines(loaded, folder, options.workers, dispatch=options.dispatch, plan=found)
    axes = list(every_axis(loaded))
    labels = {axis: found.labels(axis) for axis in axes}
    trials = pd.DataFrame({"trial": range(len(found.trials)), **labels})
    columns = ["run", "trial", "task", "seed", "steps"]
    rows = [(run.id, run.trial, run.task, run.seed, run.steps) for run in found.runs]
    runs = pd.DataFrame(rows, columns=columns).merge(trials, on="trial", how="left")
    return Planned(folder.name, trials, runs, "\n".join(lines))
