"""Resets: every so many steps networks are drawn anew, while the replay is kept.

Nikishin et al. 2022, "The Primacy Bias in Deep Reinforcement Learning"; with high replay ratios
D'Oro et al. 2023.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agents.parameter import Parameter

_EVERY, _LAYERS = "reset.every", "reset.layers"
PARAMETERS: Mapping[str, Parameter] = {
    _EVERY: Parameter(int, None, low=1, packable=True),
    _LAYERS: Parameter(int, None, low=1, packable=True),
}
"""After how many steps networks are drawn anew (none: never), and how many layers of each, counted
from its output (none: all of them, and a temperature and an encoder with them)."""


def is_asked(params: Mapping[str, Any]) -> bool:
    """Returns whether a run draws networks anew; runs that do share no packs with others."""
    return params.get(_EVERY) is not None


def check(params: Mapping[str, Any], depths: Mapping[str, int]) -> None:
    """Raises ValueError where layers are named without resets, or more than a network has.

    `depths` are the numbers of parametric layers of the networks, by name.
    """
    layers = params.get(_LAYERS)
    if layers is None:
        return
    if not is_asked(params):
        raise ValueError(
            f"{_LAYERS} says which layers are drawn anew every {_EVERY} steps: give {_EVERY}, or "
            f"leave {_LAYERS} out, got {layers}"
        )
    shallow = min(depths, key=lambda name: depths[name])
    if layers > depths[shallow]:
        raise ValueError(
            f"{_LAYERS} must be at most {depths[shallow]}, the layers of {shallow}, "
            f"got {layers} (leave it out for all layers of all networks)"
        )


@dataclass(frozen=True)
class Reset:
    """The `number`-th reset of the member `row`, of the last `layers` or all (`None`)."""

    row: int
    number: int
    layers: int | None

    @property
    def stream(self) -> str:
        """How the names of the streams that it draws from begin."""
        return f"reset.{self.number}/"


class Resets:
    """The resets of P members, whose `params` are complete."""

    def __init__(self, params: Sequence[Mapping[str, Any]]) -> None:
        self._members = [(member.get(_EVERY), member.get(_LAYERS)) for member in params]
        self._warmup = int(params[0]["warmup_steps"])

    def due(self, step: int) -> list[Reset]:
        """Returns the resets that come before the updates of `step`: those after the step before.

        So an evaluation after that one is of what was learned until then. There are none before the
        warm-up is over.
        """
        done = step - 1
        if done < self._warmup:
            return []
        return [
            Reset(row, done // every, layers)
            for row, (every, layers) in enumerate(self._members)
            if every is not None and done % every == 0
        ]
