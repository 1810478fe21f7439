"""Loads what a space trains: an agent, or a function."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Protocol

from sweeper.lookup import find
from sweeper.trainable.contract import Trainable


class Trained(Protocol):
    """What loading asks of a space."""

    @property
    def agent(self) -> str | None:
        """The agent's name, or `path/file.py:Name`."""

    @property
    def function(self) -> str | None:
        """The function, as `path/file.py:name`."""

    @property
    def folder(self) -> str:
        """The folder that names of files are relative to."""

    @property
    def pruner(self) -> object | None:
        """What ends trials early, if anything does."""


def load_trainable(space: Trained, runs: Path | None = None) -> Trainable:
    """What `space` trains; functions need `runs`, the folder of their folders, to start.

    The space's folder becomes importable, last of all: names of files in parameters and tasks are
    relative to it.
    """
    if space.folder not in sys.path:
        sys.path.append(space.folder)
    if space.function is not None:
        from sweeper.trainable.function import Function

        path, name = space.function.rsplit(":", 1)
        return Function(Path(path), name, runs, waits=space.pruner is not None)
    assert space.agent is not None
    trainable: Trainable = find("agents.learners", space.agent)
    return trainable
