"""Running episodes of a whole pack: P members x E copies, stepped together.

Environments step one after another. Threads or processes that share a pack's lose where no core is
idle, and where they gain (Humanoid) one more worker gains more (benchmarks/agents/env_stepping.py).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np

from agents import streams
from agents.envs import tasks
from agents.envs.settings import PLAIN, Settings


class Episodes:
    """E copies of every member's task; an ended episode is followed by a fresh one at once.

    Episode k of copy e takes all its randomness from its member's stream at counter e + k E, so
    that its state can be had again from its seed and its actions. A state that another member
    saved is continued, too: the episode is that one's, and those behind it are the member's own.
    `observations`
    [P, E, ...] are the current ones, and the array stays the same object. A copy whose simulation
    diverges, as it raises `FloatingPointError` or gives a reward that is not finite, is `broken`
    [P, E] and never stepped again.

    Where what ended was part of a game that goes on (`goes_on`), what follows belongs to the same
    number, seed, actions and return.
    """

    def __init__(
        self,
        names: Sequence[str],
        keys: np.ndarray,
        copies: int,
        envs: Sequence[Any] | None = None,
        settings: Settings = PLAIN,
        training: bool = True,
    ) -> None:
        """`envs` are those of earlier episodes of as many members and copies, to play on in."""
        shape = tasks.shape(names[0], settings)
        members = len(names)
        self.copies = copies
        self.observations = np.zeros((members, copies, *shape.observation), shape.dtype)
        self.returns = np.zeros((members, copies))
        self.lengths = np.zeros((members, copies), dtype=np.int64)
        self.broken = np.zeros((members, copies), dtype=bool)
        self._names, self._keys = names, keys
        self.taken = np.zeros((members, copies), dtype=np.int64)
        """Environment steps in all episodes so far, where settings tell them from the agent's."""
        self._counts_steps = settings.counts_steps
        self.envs = envs or [
            tasks.make(name, settings, training) for name in names for _ in range(copies)
        ]
        self._numbers = np.zeros((members, copies), dtype=np.int64)
        self._seeds = np.zeros((members, copies), dtype=np.int64)
        self._actions: list[list[Any]] = [[] for _ in self.envs]
        self._action = (shape.actions,) if shape.continuous else ()
        self._type = np.float32 if shape.continuous else np.int64
        self._flat = self.observations.reshape(members * copies, *shape.observation)
        self._rewards = np.zeros((members, copies), dtype=np.float32)
        self._scores = np.zeros((members, copies), dtype=np.float32)
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

        Returns rewards to learn from, terminations and truncations [P, E]. An episode is truncated
        where its task's time limit ends it, and nothing in it. `returns`, of what is scored, and
        `lengths` include this step until `restart` is called for what has ended.
        """
        rewards, terminals, truncations = self._flat_outcomes
        scores = self._scores.reshape(-1)
        going = self._going(live)
        for i, action in enumerate(self._listed(actions)):
            if going is not None and not going[i]:
                rewards[i], terminals[i], truncations[i], scores[i] = 0.0, False, False, 0.0
                continue
            env = self.envs[i]
            try:
                rewards[i], terminals[i], truncations[i], *apart = env.step(action)
                scores[i] = self._scored(i, apart) if apart else rewards[i]
                diverged = not (math.isfinite(rewards[i]) and math.isfinite(scores[i]))
            except FloatingPointError:
                diverged = True
            if diverged:
                rewards[i], terminals[i], truncations[i], scores[i] = 0.0, False, False, 0.0
                self.broken.reshape(-1)[i] = True
                continue
            self._flat[i] = env.observe()
            self._actions[i].append(action)
        self.returns += self._scores
        self.lengths += 1
        return self._rewards, self._terminals, self._truncations

    def _scored(self, place: int, apart: list[Any]) -> float:
        """Counts the environment steps of an outcome, and returns what it scores."""
        score, steps = apart
        self.taken.reshape(-1)[place] += steps
        return float(score)

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

    def goes_on(self, member: int, copy: int) -> bool:
        """Returns whether the game goes on in which one copy's episode has ended."""
        return bool(getattr(self.envs[member * self.copies + copy], "goes_on", False))

    def restart(self, member: int, copy: int) -> None:
        """Begins the next episode of one copy, or the next part of its game."""
        if self.goes_on(member, copy):
            env = self.envs[member * self.copies + copy]
            env.go_on()
            self.observations[member, copy] = env.observe()
            return
        self._numbers[member, copy] += 1
        self._reset(member, copy)

    def save(self, member: int) -> dict[str, np.ndarray]:
        """Returns the numbers, seeds and actions so far of a member's episodes, end to end.

        With them goes what these led to: a replay must lead there again.
        """
        taken = {"taken": self.taken[member].copy()} if self._counts_steps else {}
        own = self._actions[member * self.copies : (member + 1) * self.copies]
        several = {"lengths": np.array([*map(len, own)])} if self.copies > 1 else {}
        return {
            "number": self._numbers[member].copy(),
            "seed": self._seeds[member].copy(),
            "actions": np.array([*chain(*own)], self._type).reshape(-1, *self._action),
            "return": self.returns[member].copy(),
            "observation": self._seen(member).copy(),
            **several,
            **taken,
        }

    def load(self, member: int, state: dict[str, np.ndarray]) -> None:
        """Begins the saved episodes and replays their actions.

        Raises ValueError where the replay has another return, or ends at another observation, as
        far as the state has them: one of an older version has not, nor seeds, which then follow
        from the member's own stream.
        """
        self._numbers[member] = state["number"]
        actions = self._listed(state["actions"])
        lengths = state["lengths"].tolist() if "lengths" in state else [len(actions)]
        seeds = state["seed"].tolist() if "seed" in state else [None] * len(lengths)
        for copy, length in enumerate(lengths):
            begin = sum(lengths[:copy])
            self._replay(member, copy, actions[begin : begin + length], seeds[copy])
        if self._counts_steps:
            self.taken[member] = state["taken"]
        found = {"return": self.returns[member], "observation": self._seen(member)}
        for name, value in found.items():
            if name in state and not np.array_equal(value, state[name], equal_nan=True):
                raise ValueError(_differs(self._names[member], len(actions), name))

    def _seen(self, member: int) -> np.ndarray:
        """A member's observations [E, ...]; of a single copy without that axis."""
        seen: np.ndarray = self.observations[member]
        return seen if self.copies > 1 else seen[0]

    def _replay(self, member: int, copy: int, actions: list[Any], seed: int | None) -> None:
        self._reset(member, copy, seed)
        place = member * self.copies + copy
        env = self.envs[place]
        for action in actions:
            reward, _, _, *apart = env.step(action)
            self.returns[member, copy] += np.float32(apart[0] if apart else reward)
            if self.goes_on(member, copy):
                env.go_on()
        self.lengths[member, copy] = len(actions)
        self._actions[place] = actions
        self.observations[member, copy] = env.observe()

    def _reset(self, member: int, copy: int, seed: int | None = None) -> None:
        if seed is None:
            number = copy + int(self._numbers[member, copy]) * self.copies
            seed = streams.seed(int(self._keys[member]), number)
        self._seeds[member, copy] = seed
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


def _differs(name: str, steps: int, what: str) -> str:
    return (
        f"{name!r} cannot be continued: the {steps} steps of its episode were replayed from seed "
        f"and actions, and their {what} is another; randomness must come from self.np_random, and "
        "nothing may be kept from one episode to the next"
    )
