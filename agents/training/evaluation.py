"""Evaluation of a whole pack in lockstep, on streams of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from agents import streams
from agents.contract import Schedule, State
from agents.envs.settings import PLAIN, Settings
from agents.training.episodes import Episodes

CHECK_EVERY = 16
_MOST_COPIES = 16


class Watcher(Protocol):
    """An observer of evaluations."""

    def begin(self, observations: np.ndarray, actions: np.ndarray) -> None:
        """Begins an evaluation, with its first observations and actions [P, E, ...]."""

    def see(self, observations: np.ndarray, actions: np.ndarray, live: np.ndarray) -> None:
        """Sees the states [P, E, ...] before each step, the actions, and who is `live` [P, E]."""

    def record(self, rewards: np.ndarray, terminals: np.ndarray, over: np.ndarray) -> None:
        """Records a step [P, E]; episodes that are `over` terminated or were truncated."""


class Evaluation:
    """One evaluation of every member; `advance` until it is `done`.

    `episodes`: as many copies play one episode each. `steps`: `streams` copies share the steps, or
    steps // cap of them (1 ... 16), and an episode that ends is followed by the next. An episode
    that reaches the cap is truncated; its return counts like that of one that ended. One that the
    steps leave `unfinished` counts, too, if that is `count`; else only where none was over.
    """

    def __init__(
        self,
        names: Sequence[str],
        seeds: Sequence[int],
        schedule: Schedule,
        purpose: str,
        watchers: Sequence[Watcher] = (),
        envs: Sequence[Any] | None = None,
        settings: Settings = PLAIN,
    ) -> None:
        """`purpose` names the streams that it draws from, as in `evaluation/1000`.

        `envs` are those of an earlier evaluation of the members: making new ones takes long.
        """
        members = len(names)
        copies, quota = _layout(schedule)
        self._one_episode = schedule.episodes is not None
        self._counts_unfinished = not self._one_episode and schedule.unfinished == "count"
        self._cap = schedule.cap
        self.left = np.tile(quota, (members, 1))
        """The steps that every member's copies have left, [P, E]."""
        keys = streams.keys(seeds, f"{purpose}/episodes")
        self._episodes = Episodes(names, keys, copies, envs, settings, training=False)
        self._draws = streams.Draws(streams.keys(seeds, f"{purpose}/actions"), 2 * copies)
        self._played = 0
        self._watchers = watchers
        self._returns: list[list[float]] = [[] for _ in names]
        self._ended = np.zeros(members, dtype=bool)
        self._episodes.start()

    @property
    def envs(self) -> Sequence[Any]:
        """The environments that are played in."""
        return self._episodes.envs

    @property
    def done(self) -> bool:
        """Whether every member has finished."""
        return not self.left.any()

    @property
    def broken(self) -> np.ndarray:
        """Whether a simulation of the member diverged, [P]; then it has finished."""
        return np.asarray(self._episodes.broken.any(axis=1))

    def advance(self, act: Callable[[np.ndarray, np.ndarray], np.ndarray], deadline: float) -> int:
        """Plays until `deadline` (monotonic seconds) at the latest; returns lockstep steps done.

        `act` maps observations [P, E, ...] and draws [P, 2 E] to actions [P, E].
        """
        before = self._played
        while not self.done:
            observations = self._episodes.observations
            actions = act(observations, self._draws.at(self._played))
            if self._played == 0:
                for watcher in self._watchers:
                    watcher.begin(observations, actions)
            live = self.left > 0
            for watcher in self._watchers:
                watcher.see(observations, actions, live)
            self._play(actions, live)
            self._played += 1
            if self._played % CHECK_EVERY == 0 and time.monotonic() > deadline:
                break
        return self._played - before

    def returns(self, member: int) -> list[float]:
        """Returns the returns of the episodes that count."""
        return self._returns[member] or self._episodes.returns[member].tolist()

    def result(self, member: int) -> dict[str, float]:
        """Returns `return` and `eval_partial` (1 where no episode came to an end by itself)."""
        return {
            "return": float(np.mean(self.returns(member))),
            "eval_partial": float(not self._ended[member]),
        }

    def save(self, member: int) -> State:
        """Returns where a member is: another evaluation that loads it goes on as this one would."""
        return {
            **self._episodes.save(member),
            "left": self.left[member].copy(),
            "played": np.array(self._played),
            "returns": np.array(self._returns[member]),
            "ended": np.array(self._ended[member]),
        }

    def load(self, member: int, state: State) -> None:
        """Puts back what `save` returned; all members must have played as long."""
        self._episodes.load(member, state)
        self.left[member] = state["left"]
        self._played = int(state["played"])
        self._returns[member] = state["returns"].tolist()
        self._ended[member] = bool(state["ended"])

    def _play(self, actions: np.ndarray, live: np.ndarray) -> None:
        rewards, terminals, truncations = self._episodes.step(actions, live)
        self.left -= live
        self.left[self.broken] = 0
        ended = terminals | truncations
        over = live & (ended | (self._episodes.lengths >= self._cap))
        for watcher in self._watchers:
            watcher.record(rewards, terminals, over)
        stopped = live & (self.left == 0) if self._counts_unfinished else over
        for member, copy in np.argwhere(over | stopped).tolist():
            self._returns[member].append(float(self._episodes.returns[member, copy]))
            self._ended[member] |= bool(ended[member, copy])
            if self._one_episode:
                self.left[member, copy] = 0
            if self.left[member, copy] > 0:
                self._episodes.restart(member, copy)


def _layout(schedule: Schedule) -> tuple[int, np.ndarray]:
    """Number of copies and the steps each may play."""
    if schedule.episodes is not None:
        return schedule.episodes, np.full(schedule.episodes, schedule.cap)
    assert schedule.steps is not None
    copies = schedule.streams or min(max(schedule.steps // schedule.cap, 1), _MOST_COPIES)
    return copies, np.array([len(range(e, schedule.steps, copies)) for e in range(copies)])
