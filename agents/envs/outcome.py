"""The outcome of a step: of one whose settings tell rewards and scores apart, or of a misfit."""

from __future__ import annotations

from typing import NamedTuple


class Outcome(NamedTuple):
    """What an agent learns from, how the episode ends, what is scored, environment steps taken.

    An environment without settings gives the first three alone: its reward is scored, of one step.
    """

    reward: float
    terminated: bool
    truncated: bool
    score: float
    steps: int


class Misfit(ValueError):
    """Raised where an environment does not fit: says which one, what it has and what to do."""
