"""Running episodes of a whole pack: P members x E copies, stepped together.

Environments step one after another. Threads or processes that share a pack's lose where no core is
idle, and where they gain (Humanoid) one more worker gains more (benchmarks/agents/env_stepping.py).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from agents import streams
from agents.envs import tasks


class Episodes:
    """E copies of every member's task; an ended episode is followed by a fresh one at once.

    Episode k of copy e takes all its randomness from its member's stream at counter e + k E, so
    that its state can be had again from its number and its actions. `observations`
    [P, E, ...] are the current ones, and the array stays the same object. A copy whose simulation
    diverges, as it raises `FloatingPointError` or gives a reward that is not finite, is `broken`
    [P, E] and never stepped again.
    """

    def __init__(
        self,
        names: Sequence[str],
        keys: np.ndarray,
        copies: int,
        envs: Sequence[Any] | None = None,
    ) -> None:
        """`envs` are those of earlier episodes of as many members and copies, to play on in."""
        shape = tasks.shape(names[0])
        members = len(names)
        self.copies = copies
        self.observations = np.zeros((members, copies, *shape.observation), shape.dtype)
        self.returns = np.zeros((members, copies))
        self.lengths = np.zeros((members, copies), dtype=np.int64)
        self.broken = np.zeros((members, copies), dtype=bool)
        self._keys = keys
        self.envs = envs or [tasks.make(name) for name in names for _ in range(copies)]
        self._numbers = np.zeros((members, copies), dtype=np.int64)
        self._actions: list[list[Any]] = [[] for _ in self.envs]
        self._action = (shape.actions,) if shape.continuous else ()
        self._type = np.float32 if shape.continuous else np.int64
        self._flat = self.observations.reshape(members * copies, *shape.observation)
        self._rewards = np.zeros((members, copies), dtype=np.float32)
        self._terminals = np.zeros((members, copies), dtype=bool)
        self._truncations = np.zeros((members, copies), dtype=bool)
        outcomes = self._rewards, self._terminals, self._truncations
        self._flat_outcomes = [outcome.reshape(-1) for outcome in outcomes]

    def start(self) -> None:
        """Begins the first episode of every copy."""
        for member in range(len(self._keys)):
            for copy in range(self.copies):
                self._reset(member, copy)

    def step(
        self, actions: np.ndarray, live: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Acts in every copy (of those `live` [P, E]).

        Returns rewards, terminations and truncations [P, E]. An episode is truncated where its
        task's time limit ends it, and nothing in it. `returns` and `lengths` include this step
        until `restart` is called for what has ended.
        """
        rewards, terminals, truncations = self._flat_outcomes
        going = self._going(live)
        for i, action in enumerate(self._listed(actions)):
            if going is not None and not going[i]:
                rewards[i], terminals[i], truncations[i] = 0.0, False, False
                continue
            env = self.envs[i]
            try:
                rewards[i], terminals[i], truncations[i] = env.step(action)
                diverged = not math.isfinite(rewards[i])
            except FloatingPointError:
                diverged = True
            if diverged:
                rewards[i], terminals[i], truncations[i] = 0.0, False, False
                self.broken.reshape(-1)[i] = True
                continue
            self._flat[i] = env.observe()
            self._actions[i].append(action)
        self.returns += self._rewards
        self.lengths += 1
        return self._rewards, self._terminals, self._truncations

    def _going(self, live: np.ndarray | None) -> list[bool] | None:
        """Which copies are stepped; `None` for all."""
        if not self.broken.any():
            return None if live is None else live.reshape(-1).tolist()
        whole = ~self.broken if live is None else live & ~self.broken
        going: list[bool] = whole.reshape(-1).tolist()
        return going

    def _listed(self, actions: np.ndarray) -> list[Any]:
        """Actions one by one: whole numbers, or arrays of their own."""
        if not self._action:
            listed: list[int] = actions.reshape(-1).tolist()
            return listed
        return list(actions.reshape(-1, *self._action).astype(self._type))

    def restart(self, member: int, copy: int) -> None:
        """Begins the next episode of one copy."""
        self._numbers[member, copy] += 1
        self._reset(member, copy)

    def save(self, member: int) -> dict[str, np.ndarray]:
        """Returns the episode number and the actions so far of a member with one copy."""
        return {
            "number": self._numbers[member].copy(),
            "actions": np.array(self._actions[member], self._type).reshape(-1, *self._action),
        }

    def load(self, member: int, state: dict[str, np.ndarray]) -> None:
        """Begins the saved episode and replays its actions."""
        self._numbers[member] = state["number"]
        self._reset(member, 0)
        env = self.envs[member]
        actions = self._listed(state["actions"])
        for action in actions:
            self.returns[member] += np.float32(env.step(action)[0])
        self.lengths[member] = len(state["actions"])
        self._actions[member] = actions
        self.observations[member, 0] = env.observe()

    def _reset(self, member: int, copy: int) -> None:
        number = copy + int(self._numbers[member, copy]) * self.copies
        seed = streams.seed(int(self._keys[member]), number)
        place = member * self.copies + copy
        self._actions[place] = []
        self.returns[member, copy] = 0.0
        self.lengths[member, copy] = 0
        try:
            self.envs[place].reset(seed)
        except FloatingPointError:
            self.broken[member, copy] = True
            return
        self.observations[member, copy] = self.envs[place].observe()
