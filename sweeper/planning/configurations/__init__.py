"""Configurations: what a space makes of its axes, formulas and blocks."""

from __future__ import annotations

import json

from sweeper.planning.configurations.blocks import BlockExpansion
from sweeper.planning.configurations.expansion import Expansion
from sweeper.space.space import Space
from sweeper.trainable.contract import Parametrised

_KEPT = 2
"""The most expansions that `expanded` keeps: those of a space and of its extension."""

_expansions: list[tuple[Parametrised, str, Expansion]] = []
"""What is trained, the space as text, and its expansion; the newest first."""


def expansion_of(space: Space, trainable: Parametrised) -> Expansion:
    """A new expansion of `space`, of which nothing is known yet."""
    kind = BlockExpansion if space.blocks else Expansion
    return kind(space, trainable)


def expanded(space: Space, trainable: Parametrised) -> Expansion:
    """The expansion of `space`; loading a space and planning it share one."""
    text = json.dumps(space.dump())
    for known_trainable, known_text, known in _expansions:
        if known_text == text and known_trainable == trainable:
            return known
    made = expansion_of(space, trainable)
    _expansions[:] = [(trainable, text, made), *_expansions[: _KEPT - 1]]
    return made
