"""Tries environments before runs start: whether they are what they say, and repeatable."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from agents.envs.outcome import Misfit
from agents.envs.settings import Settings
from agents.shape import Shape

_STEPS = 24
_Found = TypeVar("_Found")

_Played = list[tuple[bytes, float, bool, bool]]
"""Of each step of an episode the observation, the reward and how it ended."""


@functools.cache
def check_played(environment: Any, name: str, settings: Settings, title: str) -> None:
    """Makes environments of a task and plays; raises ValueError where one is not what it says.

    One that takes settings must also repeat an episode of the same seed and actions.
    """
    trial = _Trial(environment, name, settings, title)
    declared = trial.tried(trial.declared)
    seen = trial.tried(lambda: trial.first_step(declared))
    if seen != declared.observation:
        raise ValueError(f"{title!r} gives observations {seen}, but says {declared.observation}")
    if declared.stack > 1 and not trial.tried(lambda: trial.stacks(declared)):
        raise ValueError(
            f"{title!r} says that its observations hold {declared.stack} frames, but they are not "
            "those of the last steps, the oldest first, and at first the first one repeated"
        )
    if not trial.takes:
        return
    other = trial.tried(lambda: trial.made(training=False).described)
    if other != declared:
        raise ValueError(
            f"{title!r} must evaluate as it trains, on {declared}, but is {other} there"
        )
    if not trial.tried(lambda: trial.repeats(declared)):
        raise ValueError(
            f"{title!r} is not repeatable{trial.told}: an episode must follow from its seed and "
            "actions, but the same ones gave another when played again; randomness must come from "
            "self.np_random, and nothing may be kept from one episode to the next"
        )


@dataclass(frozen=True)
class _Trial:
    """A task with its settings, which may raise whatever a user's code raises."""

    environment: Any
    name: str
    settings: Settings
    title: str

    @property
    def takes(self) -> bool:
        """Whether it takes settings."""
        return hasattr(self.environment, "settings")

    @property
    def told(self) -> str:
        """Its settings, in words."""
        return f" with {self.settings.text}" if self.settings.given else ""

    def tried(self, attempt: Callable[[], _Found]) -> _Found:
        """Returns what `attempt` returns, or raises ValueError that says what it raised."""
        try:
            return attempt()
        except Misfit:
            raise
        except Exception as error:
            if type(error) is ValueError and str(error).startswith("env."):
                raise
            said = f"{type(error).__name__}: {error}"
            raise ValueError(f"{self.title!r} cannot be played{self.told}: {said}") from error

    def declared(self) -> Shape:
        """Returns the shape that it says it has."""
        more = (self.settings,) if self.takes else ()
        found: Shape = self.environment.shape(self.name, *more)
        return found

    def made(self, training: bool = True) -> Any:
        """Returns a new environment."""
        more = (self.settings, training) if self.takes else ()
        return self.environment(self.name, *more)

    def first_step(self, declared: Shape) -> tuple[int, ...]:
        """Makes one step, and returns the shape of the observation before it."""
        made = self.made()
        made.reset(0)
        seen: tuple[int, ...] = np.shape(made.observe())
        made.step(_any_action(declared))
        return seen

    def stacks(self, declared: Shape) -> bool:
        """Whether observations hold the frames of the last steps, and a first frame repeated."""
        made = self.made()
        made.reset(0)
        first = np.split(np.array(made.observe()), declared.stack, axis=-1)
        made.step(_any_action(declared))
        second = np.split(np.array(made.observe()), declared.stack, axis=-1)
        repeated = all(np.array_equal(frame, first[0]) for frame in first)
        return repeated and all(map(np.array_equal, second[:-1], first[1:]))

    def repeats(self, declared: Shape) -> bool:
        """Whether an episode is the same again, after another one and in another environment."""
        one, other = self.made(), self.made()
        first = _episode(one, 1, declared)
        _episode(one, 2, declared)
        return first == _episode(one, 1, declared) == _episode(other, 1, declared)


def _any_action(declared: Shape) -> Any:
    return np.zeros(declared.actions) if declared.continuous else declared.actions - 1


def _episode(made: Any, seed: int, declared: Shape) -> _Played:
    rng = np.random.default_rng(0)
    made.reset(seed)
    played: _Played = [(made.observe().tobytes(), 0.0, False, False)]
    for _ in range(_STEPS):
        if declared.continuous:
            action: Any = rng.uniform(-1.0, 1.0, declared.actions).astype(np.float32)
        else:
            action = int(rng.integers(declared.actions))
        reward, terminated, truncated = made.step(action)[:3]
        played.append((made.observe().tobytes(), float(reward), terminated, truncated))
        if terminated or truncated:
            break
    return played
