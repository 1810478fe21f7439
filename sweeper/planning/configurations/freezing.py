"""What a study's plan holds of code: enough to make its trials and runs without running it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Self

from sweeper import lookup
from sweeper.errors import SweeperError
from sweeper.planning.configurations import expanded, expansion_of
from sweeper.planning.configurations.expansion import DROP, Expansion
from sweeper.planning.parameters import outdated
from sweeper.planning.sampling import enqueued
from sweeper.space.axes._frozen import FrozenAxis, freeze
from sweeper.space.blocks.parts import every_axis
from sweeper.space.space import Space
from sweeper.trainable import own_files
from sweeper.trainable.contract import Parametrised, Trainable
from sweeper.trainable.frozen import Frozen, digest_of
from sweeper.trainable.loading import trained_by
from sweeper.trainable.population.rules import POPULATION


@dataclass(frozen=True)
class FrozenCode:
    """What is trained, and the axes of users' own kinds, as they were when they were asked."""

    trainable: Frozen
    axes: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of_json(cls, body: Mapping[str, Any]) -> Self:
        """What `to_json` gave."""
        return cls(Frozen.of_json(body["trainable"]), dict(body["axes"]))

    def to_json(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {"trainable": self.trainable.to_json(), "axes": self.axes}


def frozen(space: Space, trainable: Trainable, planned: Parametrised) -> FrozenCode:
    """What looking at a study of `space` needs; `planned` is how its configurations are made."""
    expansion = _planned(space, planned)
    refused = frozenset(map(digest_of, expansion.refused))
    axes = {
        name: freeze(name, space.axes[name], points) for name, points in expansion.drawn.items()
    }
    return FrozenCode(Frozen.of(trainable, planned, refused), axes)


def unfrozen(folder: Path, space: Space) -> Parametrised:
    """What a study of `space` in `folder` trains, whose plan holds nothing of it.

    A function or a command takes anything, and an agent that ships is asked, unless that would run
    files of the user's own. Raises `SweeperError` where only these can tell.
    """
    if space.agent is None:
        return Frozen({}, packs=False)
    files = own_files.named(space.dump())
    if any(map(lookup.is_file, space.agents)) or (files and space.invalid == DROP):
        told = ", ".join(map(str, files)) or ", ".join(space.agents)
        raise SweeperError(
            f"{folder.name} was begun by an earlier version of sweeper, which did not write down "
            f"what looking needs: only running {told} tells; `sweeper run` on it does, and writes "
            "it down"
        )
    trainable = trained_by(space.agents)
    return Frozen.of(trainable, trainable) if files else trainable


def known_outdated(space: Space) -> dict[str, Any]:
    """`outdated`; of an agent of a user's own only where this process has run its file already.

    What a run is told of its population is no default of an agent's.
    """
    return {name: one for name, one in _outdated(space).items() if name != POPULATION}


def _outdated(space: Space) -> dict[str, Any]:
    if not any(map(lookup.is_file, space.agents)):
        return outdated(space, trained_by(space.agents)) if space.agents else {}
    if len(space.agents) > 1:
        return {}
    path, _, name = space.agents[0].rpartition(":")
    module = lookup.imported(Path(path))
    return {} if module is None else outdated(space, getattr(module, name))


def _planned(space: Space, planned: Parametrised) -> Expansion:
    """An expansion from which all trials that follow from the space have been made."""
    if space.sampler.name == "grid":
        expansion = expanded(space, planned)
        expansion.grid()
        return expansion
    expansion = expansion_of(space, planned)
    if not space.sampler.learns:
        for _ in islice(enqueued.planned(space, expansion), space.trials):
            pass
    return expansion


def asked(space: Space) -> Space:
    """`space`; where nobody knows the values of axes of users' own kinds, their files are run."""
    axes = space.axes.values()
    unknown = any(isinstance(axis, FrozenAxis) and axis.made is None for axis in axes)
    return Space.parse(space.dump()) if unknown else space


def own_kinds(space: Space) -> bool:
    """Whether an axis is of a user's own kind."""
    return any(lookup.is_file(axis.kind) for axis in every_axis(space).values())
