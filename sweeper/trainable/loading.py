"""Loads what a space trains: an agent, a function, a command, or an analysis."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from sweeper.lookup import find
from sweeper.trainable.analysing.analysis import Sources
from sweeper.trainable.contract import Trainable


class TrainableKeys(Protocol):
    """The keys of a space by which its trainable is loaded."""

    @property
    def agents(self) -> tuple[str, ...]:
        """The names of the agents, or `path/file.py:Name`; empty for a function."""

    @property
    def analysis(self) -> str | None:
        """The analysis of runs of its agent, if it is one."""

    @property
    def function(self) -> str | None:
        """The function, as `path/file.py:name`."""

    @property
    def command(self) -> tuple[str, ...] | None:
        """The command's words."""

    @property
    def folder(self) -> str:
        """The folder that names of files are relative to."""

    @property
    def pruner(self) -> object | None:
        """The pruner, or `None`; where there is one, a function waits for its judgement."""

    @property
    def evolving(self) -> Mapping[str, Any] | None:
        """What is told of the population that each run is; `None` where it is none."""


def load_trainable(
    space: TrainableKeys, runs: Path | None = None, sources: Sources | None = None
) -> Trainable:
    """The trainable of `space`.

    Starting runs of a function or a command needs `runs`, the folder of their folders, and of an
    analysis `sources`, which finds the weights that it is of.

    The space's folder becomes importable, last of all: names of files in parameters and tasks are
    relative to it.
    """
    if space.command is not None:
        from sweeper.trainable.command.command import Command

        return Command(space.command, Path(space.folder), runs)
    if space.folder not in sys.path:
        sys.path.append(space.folder)
    if space.function is not None:
        from sweeper.trainable.function import Function

        path, name = space.function.rsplit(":", 1)
        return Function(Path(path), name, runs, waits=space.pruner is not None)
    if space.analysis is not None:
        from sweeper.trainable.analysing.trainable import Analysing

        analysis = find("agents.analyses", space.analysis)
        return Analysing(analysis, trained_by(space.agents), sources)
    agent = trained_by(space.agents)
    if space.evolving is None:
        return agent
    from sweeper.trainable.population.trainable import PopulationTrainable

    return PopulationTrainable(agent, space.evolving)


def trained_by(agents: Sequence[str]) -> Trainable:
    """The trainable of one agent, or of several among which runs choose."""
    found: dict[str, Trainable] = {name: find("agents.learners", name) for name in agents}
    if len(found) == 1:
        return found[agents[0]]
    from sweeper.trainable.several_agents import SeveralAgents

    return SeveralAgents(found)
