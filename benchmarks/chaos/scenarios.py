"""Sweeps of many kinds, and how each is disturbed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.chaos import spaces
from sweeper.study.study import Study

Make = Callable[[Path, str], Study]


def of(*parts: dict[str, Any]) -> Make:
    """Makes studies of a space with these parts."""
    return lambda root, name: spaces.make(root, name, *parts)


def extended(*parts: dict[str, Any]) -> Make:
    """Extends studies to a space with these parts."""
    return lambda root, name: spaces.extend(root, name, *parts)


@dataclass(frozen=True)
class Scenario:
    """Sweeps of one kind, and how they are disturbed."""

    title: str
    make: Make
    share: float
    """Its part of all kills."""
    workers: int = 3
    pack: str = "4"
    pause_s: float | None = None
    """Seconds between kills at random moments, if there are such."""
    forced: bool = False
    stops: bool = False
    """Whether processes are also stopped beyond the liveness limit, and then continued."""
    then: Make | None = None
    """Extends a study that has ended; workers go on with it, and are killed as before."""
    compared: str = "tables"
    """What must be equal: `tables`, `trials` or, where packs decide, only their `number`."""


SCENARIOS = (
    Scenario(
        "functions, stopped beyond the liveness limit and continued, and killed; also forced",
        of(spaces.GRID, {"seeds": 50}),
        0.1,
        workers=5,
        pause_s=1.0,
        forced=True,
        stops=True,
    ),
    Scenario("functions, at random", of(spaces.GRID), 0.1, pause_s=0.06),
    Scenario("functions, forced", of(spaces.GRID), 0.15, forced=True),
    Scenario(
        "functions and their figures, forced",
        of(spaces.GRID, {"figures": spaces.FIGURES}),
        0.02,
        forced=True,
    ),
    Scenario(
        "functions that keep a state of their own, at random and forced",
        of(spaces.GRID, {"function": "train.py:stateful"}),
        0.1,
        pause_s=0.06,
        forced=True,
    ),
    Scenario(
        "rungs of seeds, then extended by a value and a rung, at random and forced",
        of(spaces.GRID, spaces.RUNGS),
        0.1,
        pause_s=0.06,
        forced=True,
        then=extended(spaces.GRID, spaces.MORE_RUNGS),
    ),
    Scenario("packs with segments and weights, at random", of(spaces.HOARD), 0.1, pause_s=0.08),
    Scenario("packs with segments and weights, forced", of(spaces.HOARD), 0.15, forced=True),
    Scenario("DQN in packs, at random", spaces.make_dqn, 0.04, workers=2, pause_s=0.8),
    Scenario("DQN in packs, forced", spaces.make_dqn, 0.06, workers=2, forced=True),
    Scenario(
        "TPE, three workers, at random and forced",
        of(spaces.SEARCH, spaces.TPE),
        0.06,
        pause_s=0.1,
        forced=True,
        compared="number",
    ),
    Scenario(
        "TPE, one worker, forced",
        of(spaces.SEARCH, spaces.TPE),
        0.05,
        workers=1,
        pack="1",
        forced=True,
        compared="trials",
    ),
    Scenario(
        "TPE, trials that pause and go on, then extended by six, one worker, forced",
        of(spaces.SEARCH, spaces.TPE, spaces.PROMOTION),
        0.05,
        workers=1,
        pack="1",
        forced=True,
        then=extended(spaces.SEARCH, spaces.TPE, spaces.PROMOTION, {"trials": 22}),
        compared="trials",
    ),
    Scenario(
        "TPE with a pruner, one worker, forced",
        of(spaces.SEARCH, spaces.TPE, spaces.PRUNER),
        0.05,
        workers=1,
        pack="1",
        forced=True,
        compared="trials",
    ),
)
